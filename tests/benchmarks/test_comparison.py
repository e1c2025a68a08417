"""What rounds make of a comparison: made-up rounds, gates, the control, exit codes, and how it is told."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import comparison, kept, verdict_text
from benchmarks.comparison import Plan, Sides, compare
from benchmarks.errors import PartnerDiedError, WorkerError
from benchmarks.outcome import CONTROL, FAILED, OK, UNSURE, WORSE, Comparison
from benchmarks.sides import Side

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = tuple(f"bridge.as_tensor/float32/C/{size}/1t" for size in ("64B", "4KiB", "64KiB", "1MiB"))
PEERS = tuple(f"torch.tensor/float32/C/{size}/1t" for size in ("64B", "4KiB", "64KiB", "1MiB"))
A = Side(name="v1 <a> | &", commit="0123456789abcdef", folder=Path(), bridge_hash="a" * 16)
B = Side(name=".", commit=None, folder=Path(), bridge_hash="b" * 16)


class Watcher:
    """Notes how many steps were done."""

    def __init__(self) -> None:
        self.total, self.done = 0, 0

    def begin(self, total: int, passes: int) -> None:
        """Note."""
        del passes
        self.total = total

    def started(self, name: str, stage: int) -> None:
        """Nothing."""

    def finished(self, stage: int) -> None:
        """Note."""
        del stage
        self.done += 1


class World:
    """Sides whose calls cost what `cost` says of a case, a side and a round; `does` says what else they do."""

    def __init__(self, cost: Callable[[str, str, int], float], does: Callable[[str, str], dict] | None = None) -> None:
        self.cost, self.does = cost, does or (lambda _case, _side: {})
        self.rounds: set[int] = set()
        self.software = {name: {"python": "3.11", "torch": "2.13"} for name in "ab"}

    def start(self, name: str, number: int) -> Played:
        """Start a partner."""
        self.rounds.add(number)
        return Played(self, name, number)


class Played:
    """A partner of that world."""

    def __init__(self, world: World, name: str, number: int) -> None:
        self.world, self.name, self.number, self.case = world, name, number, ""
        self.who = {"bridge": f"hash of {name}", "file": f"{name}/bridge/__init__.py", "software": world.software[name]}

    def ask(self, line: dict) -> dict:
        """Answer as a real one does."""
        if "take" in line:
            self.case = line["take"]
            did = self.world.does(self.case, self.name)
            if "dies" in did:
                raise PartnerDiedError(did["dies"])
            if "refused" in did:
                return did
            return {"taken": {"aliasing": "shares", "alloc_bytes": 0} | did}
        faults = self.world.does(self.case, self.name).get("minflt", lambda _number: 0.0)(self.number)
        return {"call_ns": self.world.cost(self.case, self.name, self.number), "minflt": faults}

    def close(self) -> None:
        """Nothing to end."""


def noisy(spread: float, **factors: float) -> Callable[[str, str, int], float]:
    """Return costs with a spread a round; B costs so many times as much where a case of bridge, or a path, is named."""

    def cost(case: str, name: str, number: int) -> float:
        hit = (one for word, one in factors.items() if word in case and (case.startswith("bridge.") or "." in word))
        factor = next(hit, 1.0) if name == "b" else 1.0
        return 1000 * factor * math.exp(random.Random(f"{case}{name}{number}").gauss(0, spread))

    return cost


def compared(world: World, effort: str = "normal", **changes: object) -> Comparison:
    """Compare in a world."""
    plan = Plan(**({"cases": OURS, "control": PEERS, "effort": effort} | changes))
    return compare(Sides(a=A, b=B, start=world.start), plan, Watcher())


def words(found: Comparison) -> list[str]:
    """Return the verdicts."""
    return [one.word for one in found.cases]


def test_the_same_code_is_the_same() -> None:
    """With two percent of noise nothing is called changed, and the exit code says so."""
    found = compared(World(noisy(0.02)))
    assert words(found) == ["same"] * len(OURS)
    assert (found.exit_code, found.control_moved) == (OK, False)


def test_a_planted_slowdown_is_found_and_named() -> None:
    """Twenty percent on one case are slower with its interval around them; the others are the same."""
    found = compared(World(noisy(0.02, **{"64KiB": 1.2})))
    assert words(found) == ["same", "same", "slower", "same"]
    known = found.cases[2].verdict.shift
    assert known.ratio_low < 1.2 < known.ratio_high
    assert found.exit_code == WORSE


def test_what_got_faster_is_no_reason_to_fail() -> None:
    """A case that got faster is said so, and the exit code is that of success."""
    found = compared(World(noisy(0.01, **{"1MiB": 0.7})))
    assert words(found)[3] == "faster"
    assert found.exit_code == OK


def test_what_does_not_repeat_is_unclear() -> None:
    """A change that is there in the first rounds and gone in fresh ones is not said."""

    def cost(case: str, name: str, number: int) -> float:
        slower = name == "b" and number < 1000 and "64KiB" in case
        return 1000 * (1.3 if slower else 1.0) * math.exp(random.Random(f"{case}{name}{number}").gauss(0, 0.01))

    world = World(cost)
    found = compared(world)
    assert words(found)[2] == "unclear"
    assert "did not repeat" in found.cases[2].verdict.reason
    assert {number for number in world.rounds if number > 1000} == set(range(1001, 1011))


def test_a_machine_that_drifts_is_the_same() -> None:
    """A machine that gets slower from round to round slows both sides alike."""
    found = compared(World(lambda _case, _name, number: 1000 * 1.05**number))
    assert words(found) == ["same"] * len(OURS)


def test_a_machine_that_moves_is_told_by_the_control() -> None:
    """Where paths that do not touch bridge change too, nothing can be said, whatever the cases seem to do."""
    found = compared(World(noisy(0.01, **{"torch.tensor": 1.3})))
    assert found.control_moved
    assert (words(found), found.exit_code) == (["same"] * len(OURS), UNSURE)
    assert "may be the machine" in verdict_text.to_table(found)


def test_too_much_noise_is_not_the_same() -> None:
    """Where noise hides what was asked, the cases are unclear, and the exit code says that nothing can be said."""
    found = compared(World(noisy(0.5)))
    assert found.too_unclear
    assert found.exit_code == UNSURE
    assert "could be seen" in found.cases[0].verdict.reason


def test_what_is_settled_is_played_no_more() -> None:
    """A case that the first look settles has its rounds alone; what is unclear there goes on to the second look."""
    found = compared(World(noisy(0.02, **{"64KiB": 1.03})))
    rounds = {one.case: one.rounds for one in found.cases}
    assert rounds[OURS[0]] == 10
    assert rounds[OURS[2]] == 20


@pytest.mark.parametrize(("effort", "rounds"), [("quick", 10), ("normal", 10), ("careful", 20)])
def test_an_effort_is_a_number_of_rounds(effort: str, rounds: int) -> None:
    """Each effort has the rounds of its first look when that settles everything."""
    assert {one.rounds for one in compared(World(noisy(0.005)), effort).cases} == {rounds}


def test_a_path_that_became_a_copy_is_worse() -> None:
    """A case that shares on A and copies on B is a regression of its own, however fast it is."""
    did = {"a": {}, "b": {"aliasing": "copies", "alloc_bytes": 64}}
    found = compared(World(noisy(0.01), lambda case, side: did[side] if case == OURS[0] else {}))
    assert found.exit_code == WORSE
    assert found.cases[0].became_copy
    assert found.cases[0].changes == ("shares -> copies", "new memory 0 -> 64 bytes")


def test_a_path_that_became_a_view_is_told_and_not_worse() -> None:
    """The other way round is a change that is told, and no failure."""
    did = {"b": {}, "a": {"aliasing": "copies", "alloc_bytes": 64}}
    found = compared(World(noisy(0.01), lambda case, side: did[side] if case == OURS[0] else {}))
    assert (found.exit_code, found.cases[0].changes[0]) == (OK, "copies -> shares")
    assert "copies -> shares" in verdict_text.to_table(found)


def same_faults(number: float) -> Callable[[int], float]:
    """Return the faults of a side that are the same in all rounds."""
    return lambda _round: number


@pytest.mark.parametrize(("a", "b", "told"), [(0.0, 16.0, True), (16.0, 17.0, False), (0.0, 5.0, False)])
def test_page_faults_are_told_when_they_matter(a: float, b: float, *, told: bool) -> None:
    """More pages than a few and half as many again are told, whichever side has them."""
    for ours, theirs in ((a, b), (b, a)):
        known = {"a": same_faults(ours), "b": same_faults(theirs)}
        found = compared(World(noisy(0.01), lambda _case, side, known=known: {"minflt": known[side]}))
        assert (f"page faults {ours:.0f} -> {theirs:.0f}" in found.cases[0].changes) is told


def test_luck_with_huge_pages_is_no_change() -> None:
    """Where both sides have rounds with a huge page and rounds without, neither faults more often than the other."""
    lucky = {"a": (1, 2, 5), "b": (3, 7, 9)}
    does = lambda _case, side: {"minflt": lambda number: 17.0 if number in lucky[side] else 528.0}  # noqa: E731
    assert compared(World(noisy(0.01), does)).cases[0].changes == ()


@pytest.mark.parametrize(("sides", "code"), [(("b",), WORSE), (("a", "b"), FAILED), (("a",), FAILED)])
@pytest.mark.parametrize("how", [{"refused": "TypeError: <no>"}, {"dies": "was killed by SIGSEGV"}])
def test_a_case_that_fails_on_b_alone_is_worse(sides: tuple[str, ...], code: int, how: dict) -> None:
    """Failing where A does not is a regression; failing on A is a failure of another kind. Either is named."""
    found = compared(World(noisy(0.01), lambda case, side: how if case == OURS[1] and side in sides else {}))
    assert (found.exit_code, found.cases[1].word) == (code, "failed")
    assert set(found.cases[1].failed) <= set(sides)
    assert next(iter(how.values())).replace("<", "&lt;") in verdict_text.to_markdown(found)


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("factor", [1.3, 0.7])
def test_what_fails_while_it_is_confirmed_has_failed(side: str, factor: float) -> None:
    """A change whose fresh rounds fail is no change that was repeated: the case failed, on the side where it did."""

    class Fragile(World):
        def start(self, name: str, number: int) -> Played:
            self.does = lambda case, who: (
                {"refused": "<no>"} if (case, who) == (OURS[0], side) and number > 1000 else {}
            )
            return super().start(name, number)

    found = compared(Fragile(noisy(0.01, **{"64B": factor})))
    assert (found.cases[0].word, found.cases[0].failed) == ("failed", {side: "<no>"})
    assert found.exit_code == (WORSE if side == "b" else FAILED)


def test_a_side_that_does_not_start_is_worse() -> None:
    """A bridge that cannot be imported on B alone fails every case there, with the reason; on A it is an error."""

    class Broken(World):
        broken = "b"

        def start(self, name: str, number: int) -> Played:
            if name == self.broken:
                raise WorkerError(f"a process of {B.name} ended with exit code 1: SyntaxError before it took a case")
            return super().start(name, number)

    found = compared(Broken(noisy(0.01)))
    assert found.exit_code == WORSE
    assert {one.word for one in found.cases} == {"failed"}
    assert "SyntaxError" in verdict_text.to_table(found)
    Broken.broken = "a"
    with pytest.raises(WorkerError):
        compared(Broken(noisy(0.01)))


def test_others_paths_are_control_wherever_they_are_asked_for() -> None:
    """Cases of the control that a filter names too are still the control; a false alarm on them is not B's fault."""
    found = compared(World(noisy(0.01, **{"torch.tensor": 1.3})), cases=PEERS, control=PEERS)
    assert [one.case for one in found.control] == list(PEERS)
    assert (words(found)[0], found.exit_code) == ("slower", UNSURE)


def test_without_a_control_nothing_can_be_said() -> None:
    """Where no path of others was judged, nobody knows what the machine did."""
    found = compared(World(noisy(0.01)), control=())
    assert found.exit_code == UNSURE
    assert "There is no control" in verdict_text.to_table(found)


def test_nothing_below_the_threshold_is_said_to_be_visible() -> None:
    """However narrow the intervals, what a comparison says it could see is not less than its threshold."""
    told = verdict_text.to_table(compared(World(noisy(0.0005))))
    assert "Changes from 5.0% on could be seen in half of the cases, from 5.0% on in all." in told
    assert "hits only some calls" in told


def test_a_change_is_told_with_what_fresh_rounds_said() -> None:
    """A change that was picked out for being large looks larger than it is; what fresh rounds said stands beside it."""
    found = compared(World(noisy(0.01, **{"1MiB": 1.5})))
    row = next(line for line in verdict_text.to_table(found).splitlines() if OURS[3] in line)
    again = found.cases[3].verdict.again
    assert row.endswith(f"again {again.ratio:.3g}x")
    assert again.ratio == pytest.approx(1.5, rel=0.05)


def between_interpreters(world: World, **changes: object) -> Comparison:
    """Compare two interpreters: the control plays side A against itself."""
    world.software["b"] = {"python": "3.11", "torch": "2.14 <b>"}
    twins = lambda _name, number: world.start("a", number)  # noqa: E731  what starts the control
    plan = Plan(**({"cases": (*OURS, *PEERS), "control": PEERS} | changes))
    return compare(Sides(a=A, b=B, start=world.start, start_control=twins), plan, Watcher())


def test_another_interpreter_may_slow_down_any_path() -> None:
    """Between interpreters a path of others that got slower is a regression, for nothing else explains it."""
    found = between_interpreters(World(noisy(0.01, **{"torch.tensor": 1.3})))
    assert words(found) == ["same"] * len(OURS) + ["slower"] * len(PEERS)
    assert found.exit_code == WORSE


def test_the_control_of_interpreters_is_one_side_against_itself() -> None:
    """What another version changes does not move the control, whose processes are all of side A."""
    found = between_interpreters(World(noisy(0.01, **{"torch.tensor": 1.3})))
    assert not found.control_moved
    assert [one.word for one in found.control] == ["same"] * len(PEERS)
    assert "4 paths measured against themselves, stood still" in verdict_text.to_table(found)


def test_an_interpreter_that_lacks_something_is_no_regression() -> None:
    """Where an interpreter cannot load bridge nothing was compared: an error, not a bridge that got worse."""

    class Lacking(World):
        def start(self, name: str, number: int) -> Played:
            if name == "b":
                raise WorkerError("a process of . ended with exit code 1: ModuleNotFoundError: No module named 'torch'")
            return super().start(name, number)

    with pytest.raises(WorkerError, match="No module named 'torch'"):
        between_interpreters(Lacking(noisy(0.01)))


def test_interpreters_are_named_by_what_differs() -> None:
    """The heading has the versions that differ, and only those; the JSON object has all."""
    found = between_interpreters(World(noisy(0.01)))
    assert "with torch 2.13 against B" in verdict_text.to_table(found).splitlines()[0]
    assert "with torch 2.14 &lt;b>: nothing got worse" in verdict_text.to_markdown(found).splitlines()[0]
    assert json.loads(kept.to_json(found))["b"]["software"] == {"python": "3.11", "torch": "2.14 <b>"}


def test_interpreters_that_do_not_differ_are_said_so() -> None:
    """Two interpreters with the same versions are told as such."""
    world = World(noisy(0.01))
    found = replace(between_interpreters(world), loaded={"a": {"software": {}}, "b": {"software": {}}})
    assert "with the same versions against B" in verdict_text.to_table(found)


def test_what_only_seems_worse_is_not_headed_as_well() -> None:
    """Sessions that were measured apart never fail, but a heading that all is well would lie above a slower row."""
    found = replace(compared(World(noisy(0.01, **{"1MiB": 1.5}))), interleaved=False)
    assert found.exit_code == OK
    assert verdict_text.heading(found).endswith("(not interleaved): some cases look worse")


def test_the_table_begins_with_what_got_worse() -> None:
    """The first line says which sides and what came of it; then the worst case; what did not change is counted."""
    found = compared(World(noisy(0.01, **{"64B": 0.8, "1MiB": 1.5})))
    lines = verdict_text.to_table(found).splitlines()
    assert lines[0] == "A v1 <a> | & (01234567) against B . (the working tree): B is worse"
    assert lines[3].startswith(OURS[3])
    assert lines[4].startswith(OURS[0])
    assert "4 cases: 1 slower, 1 faster, 2 same." in lines


def test_markdown_keeps_its_cells() -> None:
    """Names with pipes and tags stay inside their cells."""
    hostile = "bridge.<a> | &/float32/C/64B/1t"
    found = compared(World(noisy(0.001, **{"64B": 1.5})), cases=(hostile,), control=PEERS[1:])
    row = next(line for line in verdict_text.to_markdown(found).splitlines() if "slower" in line)
    assert row.replace("\\|", "").count("|") == 6
    assert "<a>" not in row


def test_json_has_every_case_and_the_exit_code() -> None:
    """One object with both sides, settings, control, each case's numbers, and the exit code."""
    found = compared(World(noisy(0.01, **{"1MiB": 1.5})), started="2026-11-25T00:00:00Z")
    known = json.loads(kept.to_json(found))
    assert {"a", "b", "settings", "control", "cases", "exit"} <= set(known)
    assert (known["format"], known["kind"], known["started"]) == (1, "comparison", "2026-11-25T00:00:00Z")
    assert known["b"]["loaded"] == {"bridge_hash": "hash of b", "file": "b/bridge/__init__.py"}
    assert known["exit"] == WORSE
    assert known["a"]["commit"] == A.commit
    slower = known["cases"][3]
    assert (slower["case"], slower["verdict"], slower["rounds"]) == (OURS[3], "slower", 10)
    assert slower["low"] < slower["ratio"] < slower["high"]
    assert {"reason", "visible"} <= set(slower)
    assert slower["confirmation"]["low"] < 1.5 < slower["confirmation"]["high"]
    assert (len(slower["log_ratios"]), len(slower["confirmation"]["log_ratios"])) == (10, 10)
    assert known["cases"][0]["confirmation"] is None
    assert [one["case"] for one in known["control"]["cases"]] == list(PEERS)


def test_bridges_own_cases_are_compared_unless_a_filter_says_otherwise() -> None:
    """By default the cases are bridge's own; a filter may name any that make sense, and one without hits says so."""
    assert all(case.startswith("bridge.") for case in comparison.chosen(None))
    assert comparison.chosen("^torch.tensor/float32/C/64B/1t") == ("torch.tensor/float32/C/64B/1t",)
    with pytest.raises(comparison.NoCasesError, match="'<none>'"):
        comparison.chosen("<none>")


def test_the_control_runs_others_code_alone() -> None:
    """No case of the control is a path of bridge, and each exists."""
    assert set(CONTROL) <= set(comparison.chosen("."))
    assert not any(case.startswith("bridge.") for case in CONTROL)


def test_other_behaviour_is_told_and_cut() -> None:
    """What calls do otherwise with awkward sources is listed below the cases, in Markdown too, and not endlessly."""
    lines = tuple(f"bridge.as_tensor array=<a>{number}: copies -> shares" for number in range(25))
    found = replace(compared(World(noisy(0.005))), behaviour=lines)
    table, markdown = verdict_text.to_table(found), verdict_text.comment(found) or ""
    assert "  bridge.as_tensor array=<a>0: copies -> shares" in table.splitlines()
    assert "- bridge.as_tensor array=&lt;a>19: copies -> shares" in markdown.splitlines()
    assert all("<a>20" not in text for text in (table, markdown))
    assert all("and 5 more" in text for text in (table, markdown))


def test_nothing_to_say_is_no_comment() -> None:
    """Where nothing changed there is no comment; where the control moved there is one, though no case changed."""
    assert verdict_text.comment(compared(World(noisy(0.005)))) is None
    assert "may be the machine" in (verdict_text.comment(compared(World(noisy(0.005, **{"torch.tensor": 1.3})))) or "")


def test_a_comment_fits() -> None:
    """However many cases changed, a comment keeps the worst and says how many it leaves out."""
    found = compared(World(noisy(0.001, as_tensor=1.5)))
    whole = verdict_text.comment(found, 60_000)
    assert whole == verdict_text.to_markdown(found)
    limit = len(whole.encode()) - 1
    cut = verdict_text.comment(found, limit)
    assert len(cut.encode()) <= limit
    assert cut.count("| slower |") == 2
    assert "2 cases more are left out here." in cut


def test_what_is_unclear_is_counted_and_not_listed() -> None:
    """A table of what changed is not drowned in cases that noise hides: they are counted."""
    told = verdict_text.to_table(compared(World(noisy(0.5))))
    assert not any(case in told for case in OURS)
    assert "unclear" in told
