import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.statistics import NOISY_SPREAD, Estimate, estimate, of_values, ratio

TIMES = st.floats(min_value=1e-3, max_value=1e12, allow_nan=False)
PASSES = st.lists(st.lists(TIMES, min_size=1, max_size=7), min_size=1, max_size=8)


def an_estimate(value: float, low: float, high: float, passes: int = 6) -> Estimate:
    """Return an estimate of these numbers."""
    return Estimate(value=value, low=low, high=high, passes=passes)


@given(PASSES)
def test_an_estimate_lies_within_its_samples(passes: list[list[float]]) -> None:
    """Value and interval are never outside the samples, and the interval holds the value."""
    found = estimate(passes)
    samples = [sample for rounds in passes for sample in rounds]
    assert min(samples) <= found.low <= found.value <= found.high <= max(samples)
    assert found.passes == len(passes)


@given(PASSES, st.integers())
def test_the_order_of_rounds_does_not_matter(passes: list[list[float]], seed: int) -> None:
    """Shuffling the rounds of each pass, or the passes, changes nothing."""
    dice = random.Random(seed)
    shuffled = [dice.sample(rounds, len(rounds)) for rounds in dice.sample(passes, len(passes))]
    assert estimate(shuffled) == estimate(passes)


@given(PASSES, st.integers(min_value=-8, max_value=8))
def test_a_scale_goes_through(passes: list[list[float]], power: int) -> None:
    """Times in another unit give the same estimate in that unit."""
    scale = 2.0**power
    found, scaled = estimate(passes), estimate([[sample * scale for sample in rounds] for rounds in passes])
    assert (scaled.value, scaled.low, scaled.high) == (found.value * scale, found.low * scale, found.high * scale)


def test_the_value_is_the_median_of_pass_medians() -> None:
    """An outlier in a pass moves neither value nor interval: 9 ms in one round of three is not seen."""
    found = estimate([[1.0, 2.0, 9e6], [3.0, 4.0, 5.0], [4.0, 5.0, 9e6]])
    assert (found.value, found.low, found.high, found.passes) == (4.0, 2.0, 5.0, 3)


@pytest.mark.parametrize("passes", [[], [[]], [[1.0], []]])
def test_no_samples_no_estimate(passes: list[list[float]]) -> None:
    """Without a pass, or with a pass without rounds, there is an error instead of a number."""
    with pytest.raises(ValueError, match="at least one pass and one round in each"):
        estimate(passes)


@pytest.mark.parametrize("value", [0.9, 2.1])
def test_a_value_outside_its_interval_is_refused(value: float) -> None:
    """An estimate cannot be made with a value outside its interval; the message has all three numbers."""
    with pytest.raises(ValueError, match=rf"{value} lies outside \[1, 2\]"):
        an_estimate(value, 1, 2)


@pytest.mark.parametrize(("passes", "coverage"), [(1, 0.0), (2, 0.5), (3, 0.75), (6, 0.96875), (7, 0.984375)])
def test_the_coverage_follows_the_passes(passes: int, coverage: float) -> None:
    """The range of n medians covers the true one with 1 - 2 * (1/2)**n: six passes reach 97 %."""
    assert an_estimate(1, 1, 1, passes).coverage == coverage


def test_six_passes_cover_the_truth_97_times_of_100() -> None:
    """In 4000 made-up sessions the range of six pass medians holds the true median in 97 % of them, +- 1 %."""
    dice = random.Random(1)
    ranges = [of_values([dice.gauss(100, 5) for _ in range(6)]) for _ in range(4000)]
    assert sum(one.low <= 100 <= one.high for one in ranges) / len(ranges) == pytest.approx(0.96875, abs=0.01)


def test_a_wide_interval_is_noisy() -> None:
    """Passes that disagree by more than a quarter are flagged; by a quarter, they are not."""
    assert an_estimate(100, 100, 100 * NOISY_SPREAD + 1).noisy
    assert not an_estimate(100, 100, 100 * NOISY_SPREAD).noisy


@pytest.mark.parametrize(("low", "high", "apart"), [(2.5, 3, True), (2, 3, False), (0.1, 0.9, True), (0.5, 1, False)])
def test_intervals_that_touch_are_not_apart(low: float, high: float, apart: bool) -> None:  # noqa: FBT001
    """Two estimates are apart when no value lies in both, whichever is asked first."""
    known, other = an_estimate(1.5, 1, 2), an_estimate(low, low, high)
    assert known.apart(other) is other.apart(known) is apart


def test_a_ratio_is_taken_pass_by_pass() -> None:
    """A machine that slows down by half from pass to pass leaves a ratio of 2 with no width."""
    base = [[100.0], [150.0], [225.0]]
    found = ratio([[2 * sample for sample in rounds] for rounds in base], base)
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


@given(PASSES)
def test_a_case_is_once_itself(passes: list[list[float]]) -> None:
    """The ratio of a case to itself is one."""
    found = ratio(passes, passes)
    assert (found.low, found.high) == (1.0, 1.0)


def test_a_ratio_of_different_passes_is_refused() -> None:
    """Two cases of different numbers of passes have no ratio; the message has both numbers."""
    with pytest.raises(ValueError, match="there are 2 and 1"):
        ratio([[1.0], [1.0]], [[1.0]])


@given(st.lists(TIMES, min_size=1, max_size=9))
def test_one_value_a_pass_is_its_own_median(values: list[float]) -> None:
    """Values that are one a pass give their median and range."""
    found = of_values(values)
    assert (found.value, found.low, found.high) == (median(values), min(values), max(values))
