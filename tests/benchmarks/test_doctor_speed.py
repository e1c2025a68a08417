"""Whether the same work takes the same time: judged on made-up slices, watched with a clock that moves when told."""

import itertools

import pytest

from benchmarks.doctor.checks import speed


@pytest.mark.parametrize(
    ("slices", "severity", "share"),
    [
        ([100] * 99 + [200], "ok", 0.01),
        ([100] * 80 + [130] * 20, "warning", 0.2),
        ([100] * 40 + [195] * 60, "bad", 0.6),
        ([100] * 50 + [124] * 50, "ok", 0.0),
    ],
)
def test_steadiness_is_judged_by_the_share_of_slow_slices(slices: list[int], severity: str, share: float) -> None:
    """A slice in a hundred is nothing, a fifth is a warning, most are bad; a quarter more than the fastest is slow."""
    found = speed.judged(slices)
    assert (found.severity, found.values["slow_share"]) == (severity, share)
    assert bool(found.do) == (severity != "ok")


def test_one_late_slice_does_not_make_the_range() -> None:
    """The range told is that of 95 % of the slices: one that took a hundred times as long is not in it."""
    assert speed.judged([100] * 99 + [10_000]).values["times_fastest"] == 1
    assert "up to 1.95x" in speed.judged([100] * 40 + [195] * 60).says


@pytest.mark.parametrize("slices", [[], [100], [100] * 9, [100] * 4 + [300] * 5])
def test_a_few_slices_tell_nothing(slices: list[int]) -> None:
    """With fewer than ten slices it could not be told whether the machine is steady: a note, which is no pass."""
    found = speed.judged(slices)
    assert (found.severity, found.unfit) == ("note", False)
    assert f"{len(slices)} slices" in found.says
    assert speed.judged([100] * 10).severity == "ok"


def test_what_is_slow_all_along_is_said_to_be_unseen() -> None:
    """Slices that are all slow differ from none, so the finding says that it sees changes within its second alone."""
    quick, slow = speed.judged([100] * 99), speed.judged([200] * 99)
    assert quick == slow
    assert "slow all along" in slow.says


def test_work_is_watched_for_a_second() -> None:
    """Slices are the time between two looks at the clock, and end when a second is over."""
    ticks = itertools.accumulate(itertools.chain([0], itertools.cycle([300_000_000, 500_000_000])))
    assert speed.watched(lambda: next(ticks)) == [300_000_000, 500_000_000, 300_000_000]
