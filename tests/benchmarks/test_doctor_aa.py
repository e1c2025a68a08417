"""The A/A run with processes that are played, and once for real."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from benchmarks.doctor import aa
from benchmarks.duet import Seen
from benchmarks.errors import PartnerDiedError
from benchmarks.verdicts import shift

if TYPE_CHECKING:
    from collections.abc import Callable


class Watched:
    """An observer that counts."""

    def __init__(self) -> None:
        self.total, self.done = 0, 0

    def begin(self, total: int, _passes: int) -> None:
        """Keep how much there is."""
        self.total = total

    def started(self, name: str, stage: int) -> None:
        """Say nothing."""

    def finished(self, _stage: int) -> None:
        """Count."""
        self.done += 1


class Sides:
    """Starts partners that answer at once; `dies` names a case that ends the process."""

    def __init__(self, dies: str = "") -> None:
        self.dies, self.began, self.ended = dies, 0, 0

    def __call__(self, _name: str, _number: int) -> Played:
        """Start one."""
        self.began += 1
        return Played(self)


class Played:
    """A partner whose calls all take a microsecond."""

    def __init__(self, sides: Sides) -> None:
        self.sides, self.who = sides, {"bridge": "<a>"}

    def ask(self, line: dict) -> dict:
        """Answer as a real one does."""
        if self.sides.dies and line.get("take") == self.sides.dies:
            raise PartnerDiedError("ended with -9")
        return {"taken": {"aliasing": "copies"}} if "take" in line else {"call_ns": 1000.0, "minflt": 0}

    def close(self) -> None:
        """End."""
        self.sides.ended += 1


def ticking(step_s: float) -> Callable[[], float]:
    """Return a clock that moves on with each look."""
    state = [0.0]

    def now() -> float:
        state[0] += step_s
        return state[0]

    return now


def test_identical_sides_leave_nothing_to_see() -> None:
    """Ten rounds of every case are played; where both sides take the same time, every change could be seen."""
    watched = Watched()
    known = aa.visible(aa.played(Sides(), watched, ticking(0.0)))
    assert known == dict.fromkeys(aa.CASES, 0.0)
    assert watched.done == watched.total == len(aa.CASES) * 10


def test_a_fast_machine_has_fresh_processes_each_round() -> None:
    """While time is left, each round has a pair of its own, and every process is ended."""
    sides = Sides()
    aa.played(sides, Watched(), ticking(0.001))
    assert sides.began == sides.ended == 20


def test_a_slow_machine_shares_processes() -> None:
    """Where rounds take longer than their part of the time, processes are kept, and every process is ended."""
    sides = Sides()
    seen = aa.played(sides, Watched(), ticking(1.8))
    assert sides.began == sides.ended == 2
    assert len(aa.visible(seen)) == len(aa.CASES)


def test_the_run_ends_with_its_time() -> None:
    """No round begins after the limit, and what was not played to its end tells of no change."""
    sides = Sides()
    seen = aa.played(sides, Watched(), ticking(8.0))
    assert {len(one.rounds) for one in seen.values()} == {2}
    assert aa.visible(seen) == {}
    assert sides.began == sides.ended


def test_a_case_that_dies_is_missing() -> None:
    """A process that dies costs its case, is replaced, and what is left makes a bad finding."""
    sides = Sides(dies=aa.CASES[1])
    known = aa.visible(aa.played(sides, Watched(), ticking(0.001)))
    assert set(known) == set(aa.CASES) - {aa.CASES[1]}
    assert aa.judged(known).severity == "bad"
    assert "only 3 of 4 cases" in aa.judged(known).says


def test_what_can_be_seen_is_what_a_comparison_says() -> None:
    """The smallest change is the one a verdict of the first look of preset normal would name."""
    rounds = [math.log(1 + 0.01 * number) for number in range(-5, 5)]
    known = aa.visible({"<a>": Seen(rounds=rounds)})
    assert known == {"<a>": shift(rounds, 0.995).visible}
    assert aa.visible({"<a>": Seen(rounds=rounds, failed={"a": "died <a> | &"})}) == {}


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ((0.01, 0.01, 0.02, 0.2), "ok"),
        ((0.01, 0.01, 0.02, 0.3), "warning"),
        ((0.01, 0.01, 0.12, 0.13), "warning"),
        ((0.01, 0.01, 0.09, 0.13), "ok"),
        ((0.01, 0.2, 0.3, 0.3), "bad"),
    ],
)
def test_the_middle_case_decides(changes: tuple[float, ...], severity: str) -> None:
    """More than 10 % in the middle is a warning, more than 25 % is bad; one case of more than 25 % warns."""
    assert aa.judged(dict(zip(aa.CASES, changes, strict=True))).severity == severity


def test_less_than_the_threshold_is_not_promised() -> None:
    """A comparison calls nothing below its threshold, so no smaller change is said to be seen."""
    found = aa.judged(dict.fromkeys(aa.CASES, 0.001))
    assert "from 5.0% on in half of 4 cases, from 5.0% on in all" in found.says
    assert set(found.values.values()) == {0.001}
    said = aa.judged(dict(zip(aa.CASES, (0.01, 0.02, 0.06, 0.08), strict=True))).says
    assert "from 6.0% on in half of 4 cases, from 8.0% on in all" in said


@pytest.mark.slow
def test_a_run_for_real_says_what_can_be_seen() -> None:
    """Real processes of the working tree play all cases, and the finding has a number for each."""
    found = aa.measure(Watched())
    assert found.name == "smallest-change"
    assert set(found.values) == set(aa.CASES)


def test_a_kept_process_is_the_one_that_was_started() -> None:
    """A pair gives the same process again, which survives its round and ends when the pair is renewed."""
    sides = Sides()
    pair = aa.Pair(sides)
    one = pair("a", 1)
    one.close()
    assert (one.who, sides.began, sides.ended) == ({"bridge": "<a>"}, 1, 0)
    pair("a", 2)
    pair.renew()
    assert (sides.began, sides.ended) == (1, 1)
