from dataclasses import replace

import pytest

from benchmarks.crossings import changes, crossings
from benchmarks.curves import Curve, Regime
from benchmarks.model import Fit
from benchmarks.statistics import Estimate

KIB = 1024


def a_curve(*regimes: tuple[int, int, list[tuple[float, float]]]) -> Curve:
    """Return a curve of these regimes: smallest and largest size, the fixed cost and the rate of each pass."""
    made = (
        Regime(
            name="cache",
            low=low,
            high=high,
            fit=Fit(lines=tuple((cost, 1 / rate) for cost, rate in lines), sizes=4, worst_miss=0.0),
        )
        for low, high, lines in regimes
    )
    return Curve(times={}, regimes=tuple(made))


def test_lines_cross_where_algebra_says() -> None:
    """1 us at 10 bytes a ns and 3 us at 30 cross at 30,000 bytes; passes that differ make the interval."""
    first = a_curve((64, 2**20, [(1000, 10), (1100, 10), (900, 10)]))
    second = a_curve((64, 2**20, [(3000, 30)] * 3))
    (found,) = crossings(first, second)
    assert found.size_bytes == pytest.approx(30_000)
    assert (found.low, found.high) == (pytest.approx(28_500), pytest.approx(31_500))
    assert found.cheaper_below
    (back,) = crossings(second, first)
    assert not back.cheaper_below


def test_a_pass_whose_lines_do_not_cross_here_reaches_to_the_end() -> None:
    """Where a pass has one path ahead at all sizes, the interval ends where the sizes do."""
    first = a_curve((64, 2**20, [(1000, 10), (1000, 10), (3100, 10)]))
    second = a_curve((64, 2**20, [(3000, 30), (3000, 30), (3000, 30)]))
    (found,) = crossings(first, second)
    assert found.low == 64
    parallel = a_curve((64, 2**20, [(1000, 10), (1000, 10), (2000, 30)]))
    (found,) = crossings(parallel, second)
    assert found.high == 2**20


def test_what_never_crosses_has_no_crossing() -> None:
    """One path ahead everywhere, and two that share no size, cross nowhere."""
    cheap, dear = a_curve((64, 2**20, [(1000, 30)])), a_curve((64, 2**20, [(3000, 10)]))
    assert crossings(cheap, dear) == ()
    assert crossings(cheap, a_curve((2**21, 2**24, [(1, 1)]))) == ()
    assert crossings(cheap, a_curve()) == ()


def test_between_two_regimes_the_crossing_is_a_range() -> None:
    """A path that is cheaper up to 1 MiB and dearer from 4 MiB on crosses somewhere between them."""
    first = a_curve((64, 2**20, [(1000, 40)]), (2**22, 2**26, [(1000, 2)]))
    second = a_curve((64, 2**26, [(2000, 20)]))
    (found,) = crossings(first, second)
    assert (found.low, found.size_bytes, found.high, found.cheaper_below) == (2**20, None, 2**22, True)


def test_uneven_passes_make_the_whole_range() -> None:
    """Paths that were not measured in the same passes cross somewhere in their common sizes; no size is named."""
    first, second = a_curve((64, 2**20, [(1000, 10)] * 3)), a_curve((64, 2**20, [(3000, 30)] * 2))
    (found,) = crossings(first, second)
    assert (found.low, found.size_bytes, found.high) == (64, None, 2**20)


def measured(known: Curve, times: dict[int, float], *, passes: int = 3) -> Curve:
    """Return a curve with these measured times, each certain to 1 %."""
    near = {n: Estimate(value=time, low=0.99 * time, high=1.01 * time, passes=passes) for n, time in times.items()}
    return replace(known, times=near)


FIRST = a_curve((64, 2**20, [(1000, 10)] * 3))
SECOND = a_curve((64, 2**20, [(3000, 30)] * 3))


def test_a_change_is_narrowed_to_where_the_lines_cross() -> None:
    """Cheaper at 4 KiB and dearer at 1 MiB: the lines say that the order changes at 30,000 bytes."""
    first = measured(FIRST, {64: 1000, 4096: 1400, 2**16: 5000, 2**20: 1e5})
    second = measured(SECOND, {64: 1005, 4096: 3100, 2**16: 5050, 2**20: 3e4})
    (found,) = changes(first, second)
    assert found.size_bytes == pytest.approx(30_000)
    assert found.cheaper_below


def test_a_range_ends_where_measured_times_are_certain() -> None:
    """Passes that cross from 28,500 to 31,500 bytes say no more than certain times at 29,000 and 31,000."""
    lines = a_curve((64, 2**20, [(1000, 10), (1100, 10), (900, 10)]))
    first = measured(lines, {29_000: 3000, 31_000: 5000})
    second = measured(SECOND, {29_000: 4000, 31_000: 4000})
    (found,) = changes(first, second)
    assert (found.low, found.size_bytes, found.high) == (29_000, pytest.approx(30_000), 31_000)


def test_lines_that_cross_elsewhere_say_nothing_of_a_change() -> None:
    """Where the measured order changes the other way, or at other sizes, the measured sizes stand."""
    back = measured(FIRST, {4096: 3100, 2**20: 3e4}), measured(SECOND, {4096: 1400, 2**20: 1e5})
    (found,) = changes(*back)
    assert (found.low, found.size_bytes, found.high, found.cheaper_below) == (4096, None, 2**20, False)
    above = measured(FIRST, {2**18: 100, 2**20: 900}), measured(SECOND, {2**18: 200, 2**20: 500})
    (found,) = changes(*above)
    assert (found.low, found.size_bytes, found.high) == (2**18, None, 2**20)


def test_every_certain_change_is_told() -> None:
    """An order that changes twice, once where the lines cross and once where they do not, is told twice."""
    first = measured(FIRST, {4096: 1, 2**16: 2, 2**20: 1})
    second = measured(SECOND, {4096: 2, 2**16: 1, 2**20: 2})
    one, two = changes(first, second)
    assert (one.size_bytes, one.cheaper_below) == (pytest.approx(30_000), True)
    assert (two.low, two.size_bytes, two.high, two.cheaper_below) == (2**16, None, 2**20, False)


def test_without_certain_times_no_change_is_told() -> None:
    """Lines that cross say nothing where the measured times cannot be told apart on one side, or share no sizes."""
    assert changes(measured(FIRST, {4096: 1400, 2**20: 1e5}), measured(SECOND, {4096: 1410, 2**20: 3e4})) == ()
    assert changes(measured(FIRST, {4096: 1400, 2**20: 1e5}), measured(SECOND, {512: 1, 2**18: 1})) == ()
