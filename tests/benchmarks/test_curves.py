from dataclasses import replace
from typing import Any

import pytest

from benchmarks.curves import Common, Curve, Predicted, common, curve
from benchmarks.model import NoFit
from benchmarks.suite.cases import SIZES
from tests.builders import a_record

MIB = 2**20
EVERY = ("64B", "512B", "4KiB", "16KiB", "64KiB", "256KiB", "1MiB", "4MiB", "16MiB", "64MiB", "256MiB")


def copying(cost: Any, sizes: Any = EVERY, **more: Any) -> list[Any]:
    """Return records of a copy over some sizes: `cost(n)` in nanoseconds."""
    common = {"family": "copy", "aliasing": "copies", "spread": 0.0} | more
    return [a_record("torch.tensor", ns=cost(SIZES[size]), size=size, **common) for size in sizes]


def memmove(n: float) -> float:
    """Cost 200 ns, 40 bytes a ns up to 4 MiB and 10 above."""
    return 200 + n / (40 if n <= 4 * MIB else 10)


@pytest.fixture(scope="module")
def limit() -> Common:
    """Return what a session says whose memmove has a cache up to 4 MiB and memory above it."""
    return common(copying(memmove), "torch.tensor")


def names(known: Curve) -> list[tuple[str, int, int]]:
    """Return the regimes in short."""
    return [(one.name, one.low, one.high) for one in known.regimes]


def told(known: Curve, nbytes: float) -> Predicted:
    """Return a prediction that has to be there."""
    found = known.predict(nbytes)
    assert isinstance(found, Predicted)
    return found


def test_the_limit_says_what_a_cache_holds(limit: Common) -> None:
    """What nothing can beat has a cache up to its first border and memory above it; paths are named after it."""
    assert names(limit.limit) == [("cache", 64, 4 * MIB), ("memory", 16 * MIB, 256 * MIB)]
    slow = curve(copying(lambda n: 5e4 + n / 2), limit)
    assert names(slow) == [("cache and memory", 64, 256 * MIB)]


def test_no_cache_is_named_where_nothing_says_what_it_holds() -> None:
    """Without a limit, or with one that has no border, a regime is that of the cache or of memory."""
    slow = copying(lambda n: 5e4 + n / 2)
    assert names(curve(slow)) == [("cache or memory", 64, 256 * MIB)]
    small = common(copying(memmove, EVERY[:5]), "torch.tensor")
    assert (names(small.limit), small.cache_bytes) == ([("cache or memory", 64, 64 * 1024)], None)
    assert names(curve(slow, small)) == [("cache or memory", 64, 256 * MIB)]


def test_why_there_is_no_line_is_said() -> None:
    """Too few sizes, sizes too far apart and sharing whose times differ have a reason; what has a line has none."""
    reasons = [curve(copying(memmove, sizes)).reason for sizes in (EVERY[:2], ("64B", "16KiB", "4MiB"), EVERY)]
    assert reasons == ["2 of the 3 sizes that a line needs", "the sizes lie too far apart for a line", ""]
    odd = [a_record("torch.from_numpy", ns=540 + SIZES[size] / 1e3, size=size) for size in EVERY]
    assert curve(odd).reason == "the times differ from size to size"


def test_new_pages_are_told_by_their_faults(limit: Common) -> None:
    """Sizes that fault for every huge page are fresh pages, small pages as well; the same times without are memory."""
    small = copying(memmove, EVERY[:-2]) + [
        a_record("torch.tensor", ns=SIZES[size] / 2, size=size, aliasing="copies", minflt=faults, spread=0.0)
        for size, faults in (("64MiB", 16385.0), ("256MiB", 640.0))
    ]
    assert names(curve(small, limit))[-1] == ("fresh pages", 64 * MIB, 256 * MIB)
    warm = copying(lambda n: n / 2 if n > 20 * MIB else memmove(n))
    assert names(curve(warm, limit))[-1] == ("memory", 64 * MIB, 256 * MIB)


def test_a_device_has_a_link() -> None:
    """What crosses a link is limited by it, whatever the size."""
    crossing = copying(lambda n: 9000 + n / 25, device="cuda")
    assert {one.name for one in curve(crossing).regimes} == {"link"}


def test_inside_a_regime_its_line_predicts(limit: Common) -> None:
    """A size between two measured ones has the time of the line, within the line's interval."""
    known = curve(copying(lambda n: 2000 + n / 40 if n <= 4 * MIB else 2000 + n / 10), limit)
    found = told(known, 3 * MIB)
    assert found.regime == "cache"
    assert found.time_ns.value == pytest.approx(2000 + 3 * MIB / 40)
    assert told(known, 100 * MIB).time_ns.value == pytest.approx(2000 + 100 * MIB / 10)


def test_between_two_sizes_the_time_grows_as_the_limits_does(limit: Common) -> None:
    """Of a path measured at two sizes a thousand times apart, those between follow the limit's own times."""
    known = curve(copying(lambda n: 2000 + 2 * memmove(n), ("4KiB", "4MiB")), limit)
    found = told(known, 64 * 1024)
    assert found.regime == ""
    assert found.time_ns.value == pytest.approx(2000 + 2 * memmove(64 * 1024))
    assert found.time_ns.low < 0.9 * found.time_ns.value < 1.1 * found.time_ns.value < found.time_ns.high


def test_without_a_limit_the_time_grows_with_the_bytes() -> None:
    """With nothing to follow, a size between two others has its share of their difference."""
    known = curve(copying(lambda n: 2000 + n, ("4KiB", "4MiB")))
    assert told(known, MIB).time_ns.value == pytest.approx(2000 + MIB)


def test_a_limit_that_does_not_grow_is_not_followed() -> None:
    """Where the limit's own times fall on the way, they say nothing: the time grows with the bytes."""
    falling = common(copying(lambda n: 2e5 if n == MIB else memmove(n), EVERY), "torch.tensor")
    known = curve(copying(lambda n: 2000 + n, ("4KiB", "4MiB")), falling)
    assert told(known, MIB).time_ns.value == pytest.approx(2000 + MIB)


def beginning(size: str = "4MiB", ns: float = 1e6) -> list[Any]:
    """Return a path with a size in memory that was there before, and 64 MiB on fresh pages."""
    fresh = a_record("torch.tensor", ns=3e7, size="64MiB", aliasing="copies", minflt=16385, spread=0.0)
    return [*copying(lambda _: ns, (size,)), fresh]


def test_other_paths_say_where_new_pages_begin() -> None:
    """Where the others' results of 32 MiB are fresh, one of 33 MiB is; one of 31 MiB may cost anything between."""
    others = [
        a_record(f"path {number}", size=size, aliasing="copies", minflt=16385 if size != "31MiB" else 0)
        for number in range(3)
        for size in ("31MiB", "32MiB", "64MiB")
    ]
    shared = common(others)
    assert shared.fresh_bytes == 32 * MIB
    known = curve(beginning(), shared)
    assert told(known, 33 * MIB).time_ns.value == pytest.approx(3e7 * 33 / 64)
    assert told(known, 31 * MIB).time_ns.low == pytest.approx(1e6)
    assert told(known, 8 * MIB).time_ns.value < told(known, 31 * MIB).time_ns.value < 3e7 * 32 / 64
    wider = [a_record("cast", size="4MiB", aliasing="copies"), beginning()[1]]
    wider = [replace(one, alloc_bytes=4 * one.nbytes) for one in wider]
    assert curve(wider, shared).fresh_from == 8 * MIB


def test_where_new_pages_begin_is_not_guessed(limit: Common) -> None:
    """Between a size without faults and one with, the interval spans both where no other path says where they begin."""
    assert limit.fresh_bytes is None
    found = told(curve(beginning(), limit), 32 * MIB).time_ns
    assert (found.low, found.high) == (pytest.approx(1e6), pytest.approx(3e7))
    times = [told(curve(beginning(), limit), size * MIB).time_ns.value for size in (5, 8, 16, 32, 63)]
    assert [1e6, *times, 3e7] == sorted([1e6, *times, 3e7])
    assert told(curve(beginning(), limit), 16 * MIB).time_ns.value == pytest.approx((1e6 * 3e7) ** 0.5)


def test_what_was_measured_stands_where_no_line_holds(limit: Common) -> None:
    """A size that no line describes is left out of the regimes, and predicted as it was measured."""
    odd = 3 * memmove(MIB)
    known = curve(copying(lambda n: odd if n == 16 * MIB else memmove(n)), limit)
    assert known.left_out == (16 * MIB,)
    assert told(known, 16 * MIB).time_ns.value == pytest.approx(odd)


def test_sharing_has_one_time_and_no_rate() -> None:
    """A path that shares memory has its one time at every size, and where its times differ it has no line at all."""
    same = [a_record("torch.from_numpy", ns=540, size=size) for size in EVERY]
    found = told(curve(same), 5 * MIB)
    assert (found.regime, found.time_ns.value) == ("any size", pytest.approx(540, rel=0.01))
    assert curve(same).fixed_ns == curve(same).flat.time_ns
    odd = [a_record("torch.from_numpy", ns=540 + SIZES[size] / 1e3, size=size) for size in EVERY]
    assert curve(odd).regimes == ()
    assert curve(odd).left_out == tuple(SIZES[size] for size in EVERY)


def test_the_interval_of_one_time_is_that_of_its_passes() -> None:
    """A line's interval is widened by its worst miss, and the one time of a path that shares is not widened."""
    line = [a_record("torch.from_numpy", ns=540, size=size, spread=0) for size in EVERY]
    found = told(curve(line), 5 * MIB).time_ns
    assert (found.low, found.high) == (540, 540)


def test_nothing_is_said_beyond_what_was_measured(limit: Common) -> None:
    """Smaller and larger sizes than the measured ones are refused in words, as is a path without records."""
    for known, size in ((limit.limit, 63), (limit.limit, 257 * MIB), (curve([]), 64)):
        found = known.predict(size)
        assert isinstance(found, NoFit)
        assert "beyond the sizes" in found.reason


def test_uneven_passes_have_no_regime() -> None:
    """Sizes that were not measured in the same passes are no line, but each keeps its time."""
    known = curve([*copying(memmove, EVERY[:4]), *copying(memmove, EVERY[4:], passes=5)])
    assert known.regimes == ()
    assert told(known, 64).time_ns.value == pytest.approx(memmove(64))
