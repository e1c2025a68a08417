"""What is timed, what is taken from records, and how both stand in one ranking: on made-up times."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from benchmarks.advice import advising, sources
from benchmarks.advice.advising import in_question
from benchmarks.advice.candidates import Candidate
from benchmarks.advice.expected import Expected, spread_over
from benchmarks.advice.ranking import is_slower, ranked
from benchmarks.errors import UsageError
from benchmarks.suite.cases import SIZES
from benchmarks.suite.paths import PATHS
from tests.benchmarks.test_advice import CROSSING, adviser, asked, expected, first, of_registry, records


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Let whatever is timed take so long; what is not named here takes a millisecond."""
    known: dict[str, float] = {}

    def measure(runs: Mapping[str, Any], _clock: Callable[[], int]) -> dict[str, Expected]:
        return {name: expected(*[known.get(name, 1e6)] * 12, spread=0.01) for name in runs}

    monkeypatch.setattr(advising, "measure", measure)
    return known


def test_what_is_timed_now_takes_the_place_of_records(tmp_path: Path, timed: dict[str, float]) -> None:
    """A path that was timed has its time of now; one left out has its own of another day, and its multiple of it."""
    timed["torch.from_numpy.clone"] = 2e5
    found = adviser(tmp_path, records(CROSSING, spread=0.0), measures=True).advise(asked())
    known = {one.path: one for one in found.ranked}
    best, behind = known["torch.from_numpy.clone"], known["torch.tensor"]
    assert first(found) == best.path
    assert (best.expected.value_ns, best.expected.origin) == (2e5, "measured now")
    assert (behind.expected.value_ns, behind.expected.origin) == (pytest.approx(4e5), "recorded")
    assert (behind.times_best, behind.tied) == (pytest.approx(4), False)
    assert found.ranked[-1] is behind


def test_records_do_not_speak_where_measuring_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the device nothing can be measured, whatever the records say: that is an error, not old advice."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    known = records({"h2d.pageable": {"1MiB": 3e5}}, device="cuda")
    with pytest.raises(UsageError, match="--no-measure takes what this machine recorded"):
        adviser(tmp_path, known, measures=True).advise(asked(device="cuda"))


def test_a_first_call_that_nobody_measured_has_no_mean(tmp_path: Path) -> None:
    """Memory that is kept has no time with reuse where the records lack a copy into fresh memory."""
    found = adviser(tmp_path, records({"Tensor.copy_": {"1MiB": 2e4}})).advise(asked(reuse=10))
    assert "Tensor.copy_" in found.unknown
    assert any(
        one.startswith("over reuse: not known")
        for one in adviser(tmp_path / "b", records({"torch.tensor": {"1MiB": 1e5}, "Tensor.copy_": {"1MiB": 2e4}}))
        .advise(asked())
        .flips
    )


def test_arrays_that_are_kept_begin_with_a_copy_of_a_tensor(tmp_path: Path) -> None:
    """From tensors to arrays, the first call is one into fresh memory of that direction."""
    costs = {"Tensor.clone.numpy": {"1MiB": 1e5}, "np.copyto.out_array": {"1MiB": 2e4}}
    found = adviser(tmp_path, records(costs, spread=0.0)).advise(asked(source="tensor", reuse=10))
    assert found.ranked[0].path == "np.copyto.out_array"
    assert found.ranked[0].expected.value_ns == pytest.approx(0.1 * 1e5 + 0.9 * 2e4)


@pytest.mark.parametrize(("free_mib", "measured"), [(3.9, False), (4.1, True)])
def test_memory_has_to_do_for_source_result_and_what_is_made_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timed: dict[str, float], *, free_mib: float, measured: bool
) -> None:
    """Four times the array have to be free."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": free_mib * (1 << 20)}))
    found = adviser(tmp_path, [], measures=True).advise(asked())
    assert (found.first is not None) == measured


def test_what_is_timed_has_the_threads_that_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch has as many threads as are wanted while it is timed, and as many as before afterwards."""
    seen: list[int] = []
    monkeypatch.setattr(advising, "measure", lambda _runs, _clock: (seen.append(torch.get_num_threads()), {})[1])
    before = torch.get_num_threads()
    for threads in (1, 3):
        adviser(tmp_path / str(threads), [], measures=True).advise(asked("4KiB", threads=threads))
    assert (seen, torch.get_num_threads()) == ([1, 3], before)


def test_a_mean_has_the_ends_of_both_and_what_both_assume() -> None:
    """Of four calls the first has a quarter of value, low and high; intervals that overlap are not apart."""
    first_, later = recorded(400.0, spread=0.5, assumes=("<a>",)), recorded(100.0, spread=0.1, assumes=("<b>", "<a>"))
    mean = spread_over(first_, later, 4)
    assert (mean.value_ns, mean.low_ns, mean.high_ns) == (175, 0.25 * 200 + 0.75 * 90, 0.25 * 600 + 0.75 * 110)
    assert mean.assumes == ("<a>", "<b>")
    assert not recorded(100.0, spread=0.2).apart(recorded(120.0, spread=0.2))
    assert recorded(100.0, spread=0.05).apart(recorded(120.0, spread=0.05))


def recorded(ns: float, *, spread: float = 0.01, **more: Any) -> Expected:
    """Return a time of records."""
    known = {"value_ns": ns, "low_ns": ns * (1 - spread), "high_ns": ns * (1 + spread), "origin": "recorded"}
    return Expected(**(known | more))


def names(every: list[Candidate]) -> list[str]:
    """Return the names of candidates."""
    return [one.path.name for one in every]


@pytest.mark.parametrize("soft", [{"assumes": ("<a> | &",)}, {"origin": "between recorded sizes"}])
def test_only_records_of_this_very_case_settle_it(soft: dict[str, Any]) -> None:
    """What is assumed, or lies between sizes, is timed even where it is certain by its interval."""
    every = of_registry(*CROSSING)
    slow, fast = CROSSING
    assert in_question(every, {slow: recorded(9e5), fast: recorded(1e5)}) == []
    assert names(in_question(every, {slow: recorded(9e5), fast: recorded(1e5, **soft)})) == [slow, fast]
    assert names(in_question(every, {slow: recorded(9e5, **soft), fast: recorded(1e5)})) == [slow, fast]


def test_who_is_within_twice_the_best_is_timed_again() -> None:
    """Beside a path without a record, one that takes 1.9 times the best is timed, and one of 2.1 is not."""
    every = of_registry("torch.tensor", "np.copy.from_numpy", "torch.from_numpy.clone", "torch.asarray.copy")
    times = {"torch.tensor": 2.1e5, "np.copy.from_numpy": 1.9e5, "torch.from_numpy.clone": 1e5}
    open_ = in_question(every, {name: recorded(ns) for name, ns in times.items()})
    assert names(open_) == ["np.copy.from_numpy", "torch.from_numpy.clone", "torch.asarray.copy"]


def test_a_first_call_has_new_memory_and_its_share() -> None:
    """Of four arrays one call in four makes the memory, and the others fill what is there."""
    wanted = asked("4KiB", reuse=4)
    (made, first_), (kept, later) = advising._parts(
        wanted, Candidate(path=PATHS["Tensor.copy_"], aliasing="copies"), sources.build(wanted)
    )
    assert (made, kept) == (0.25, 0.75)
    held, new = later(), first_()
    assert later().data_ptr() == held.data_ptr() != new.data_ptr()
    assert new.nbytes == SIZES["4KiB"]


def test_new_memory_is_that_of_the_result(tmp_path: Path) -> None:
    """A cast to half the size makes half as many bytes as its source has."""
    known = records({"torch.from_numpy.to": {"1MiB": 1e5}}, dtype="float32>float16")
    (only,) = adviser(tmp_path, known).advise(asked(to="float16")).ranked
    assert only.new_bytes == SIZES["1MiB"] // 2


def test_what_was_only_recorded_never_ties_with_what_was_timed() -> None:
    """What records put far behind stays there; of two that were timed, the one that left early is slower."""
    now = expected(*[100.0] * 12, spread=0.5)
    assert is_slower(recorded(101.0, spread=0.5), now)
    assert not is_slower(now, recorded(101.0, spread=0.5))
    assert is_slower(expected(*[100.0] * 11, spread=0.5), now)


def test_the_order_is_that_of_the_values() -> None:
    """A lower end of an interval wins nothing."""
    wide, narrow = of_registry("torch.tensor", "torch.from_numpy.clone")
    known = {wide.path.name: recorded(110.0, spread=0.9), narrow.path.name: recorded(100.0)}
    assert [one.path for one in ranked(asked(), [wide, narrow], known, known)] == [narrow.path.name, wide.path.name]
