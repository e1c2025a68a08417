"""What the studies of `compare` make of runs: false alarms, planted slowdowns, and what fixed looks promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.studies import false_alarms, found_changes, instruction_layouts, looks, one_cpu, runs
from benchmarks.studies.found_changes import planted, shares
from benchmarks.studies.planted import SHARES
from benchmarks.verdicts import LOOKS

if TYPE_CHECKING:
    import random
    from pathlib import Path

CASES = ("bridge.as_tensor/float32/C/64B/1t", "bridge.as_tensor.copy/float32/C/64B/1t")


def a_case(case: str, verdict: str = "same", **changes: Any) -> dict[str, Any]:
    """Return one case of a run."""
    known = {"case": case, "verdict": verdict, "reason": "", "visible": 0.02, "log_ratios": [0.01, -0.01, 0.02]}
    return known | changes


def a_run(*cases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a run with one path of the control."""
    control = {"cases": [a_case("torch.tensor/float32/C/4KiB/1t")]}
    known = {"cases": list(cases), "control": control, "settings": {"threshold": 0.05}, "exit": 0, "seconds": 61.4}
    return known | changes


def test_whatever_identical_code_is_called_is_false() -> None:
    """Faster and slower are false alarms, the control's too; the rate is bounded where there was none."""
    quiet = list(false_alarms.summary([a_run(a_case(CASES[0]), a_case(CASES[1]))]))
    assert quiet[0] == "1 runs, 3 case comparisons: {'same': 3}"
    assert quiet[1] == "called faster or slower: 0; with 95 % the rate is below 100.00%"
    loud = list(false_alarms.summary([a_run(a_case(CASES[0], "slower"), a_case(CASES[1], "faster"))]))
    assert loud[1] == "called faster or slower: 2"


def test_rounds_that_hang_together_are_seen() -> None:
    """Rounds that come in runs correlate with the next one, rounds that alternate correlate the other way."""
    steady = [a_case(CASES[0], log_ratios=[0.1] * 9 + [-0.1] * 9)]
    turning = [a_case(CASES[0], log_ratios=[0.1, -0.1] * 9)]
    lags = [_told_lag(cases) for cases in (steady, turning)]
    assert lags[0] > 0.2 > -0.2 > lags[1]


def _told_lag(cases: list[dict[str, Any]]) -> float:
    told = next(line for line in false_alarms.summary([a_run(*cases)]) if "lag-1" in line)
    return float(told.rpartition(" ")[2])


def test_rounds_that_do_not_differ_have_no_correlation() -> None:
    """Constant rounds say nothing of how rounds hang together."""
    assert false_alarms._lag_1([0.1] * 8) is None


def test_every_case_has_every_share_once_in_four_runs() -> None:
    """In four runs each case is slowed by each of the shares, and in one run all shares are there."""
    cases = tuple(f"case {number}" for number in range(8))
    known = [shares(cases, number) for number in range(4)]
    assert all({run[case] for run in known} == set(SHARES) for case in cases)
    assert all(set(run.values()) == set(SHARES) for run in known)


def sizes(size: float) -> dict[str, Any]:
    """Return the file of sizes for all shares of the cases."""
    known = {f"{share:g}": {"iterations": 5, "ratio": 1 + size} for share in SHARES}
    return dict.fromkeys(CASES, known)


@pytest.mark.parametrize(("size", "visible", "enough"), [(0.11, 0.02, True), (0.09, 0.02, False), (0.15, 0.1, False)])
def test_what_could_be_seen_is_never_below_the_threshold(size: float, visible: float, *, enough: bool) -> None:
    """A slowdown is large enough where it is twice what the comparison says it could see, by its measured size."""
    run = a_run(a_case(CASES[0], "slower", visible=visible), planted={CASES[0]: 0.1})
    (one,) = planted([run], sizes(size))
    assert (one.enough, one.found, one.family) == (enough, True, "share")


def test_a_slowdown_is_found_only_if_it_is_called_slower() -> None:
    """The shares found are counted by what was planted, by true size and by family; faster is counted apart."""
    chosen = dict.fromkeys(CASES, 0.1)
    known = [
        a_run(a_case(CASES[0], "slower"), a_case(CASES[1], "unclear"), planted=chosen),
        a_run(a_case(CASES[0], "slower"), a_case(CASES[1], "faster"), planted=chosen),
        a_run(a_case(CASES[0], "failed", visible=None), planted=chosen),
    ]
    told = list(found_changes.summary(known, sizes(0.1)))
    assert told[0] == "3 runs, 4 planted slowdowns, exit codes [0, 0, 0]"
    assert "called faster: 1; of the control called faster or slower: 0" in told
    by_share, by_size, by_family = "| 10% | 4 | 50% |", "| 7.5% to 12.5% | 4 | 50% |", "| copy | 2 | 0% |"
    assert {by_share, by_size, by_family} <= set(told)


def test_errors_of_rounds_are_told_by_kind() -> None:
    """The spread of a round and the share of large errors stand beside each other, free and together."""
    ratios = {"free": (0.3, -0.3, 0.0, 0.0), "together": (0.01, -0.01, 0.0, 0.0)}
    lines = [{"round": 1, "case": CASES[0], "kind": kind, "ratio": one} for kind in ratios for one in ratios[kind]]
    told = list(one_cpu.summary(lines))
    assert told[2] == "| free | 1 | 4 | 24.5% | 24.5% | 50.0% |"
    assert told[3] == "| together | 1 | 4 | 0.8% | 0.8% | 0.0% |"


def test_code_that_nobody_calls_is_what_differs(tmp_path: Path) -> None:
    """Sides of the study of counts differ in their folder's length and in unused code, and import all the same."""
    one, other = instruction_layouts.sides(tmp_path, 2)
    assert len(one.folder.name) != len(other.folder.name)
    assert one.bridge_hash != other.bridge_hash
    added = (
        (other.folder / "bridge" / "__init__.py")
        .read_text()
        .removeprefix((one.folder / "bridge" / "__init__.py").read_text())
    )
    space: dict[str, Any] = {}
    exec(added, space)  # noqa: S102  what the study has just written
    assert all(name.startswith(("_unused_", "__")) for name in space)


def test_spreads_of_counts_are_told_the_largest_first() -> None:
    """The table has each case that all sides counted, by the largest count over the smallest."""
    told = list(instruction_layouts.summary([{"a": 1000, "b": 200, "c": 1}, {"a": 1006, "b": 210}]))
    assert told[2:] == ["| b | 200 | 5.00% |", "| a | 1,000 | 0.60% |"]


def test_a_study_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    """Each run is on the disk when it ends; a later call plays the next numbers and returns all."""
    out = tmp_path / "runs.jsonl"
    runs.play(out, 2, lambda number: {"number": number}, busy=False)
    known = runs.play(out, 1, lambda number: {"number": number}, busy=False)
    assert [run["number"] for run in known] == [0, 1, 2]
    assert runs.read(out) == known
    assert {run["busy"] for run in known} == {False}


def test_fixed_looks_flag_fewer_than_one_in_a_hundred() -> None:
    """Made-up rounds of identical code: fixed looks keep their promise, a look after every round does not."""

    def noise(dice: random.Random) -> Any:
        return looks.rounds(looks.NOISES["two modes"], dice, spread=1.0, memory=0.0, change=0.0)

    assert looks.shares(LOOKS["normal"], noise, 3000, seed=1)[0] < 0.015
    assert looks.shares(looks.EVERY_ROUND, noise, 3000, seed=1)[0] > 0.025


def test_rounds_that_remember_break_the_promise() -> None:
    """With a correlation of one half far more than one in a hundred are flagged: why the study measures it."""

    def noise(dice: random.Random) -> Any:
        return looks.rounds(looks.NOISES["normal"], dice, spread=1.0, memory=0.5, change=0.0)

    assert looks.shares(LOOKS["normal"], noise, 1000, seed=1)[0] > 0.05
