"""Rounds of a duet with partners whose costs are known."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import pytest
import torch

from benchmarks import affinity, partners
from benchmarks.checkout import ROOT, tree_hash
from benchmarks.duet import DISCARDED, QUADS_MAX, QUADS_MIN, SAMPLE_NS, Duet
from benchmarks.errors import ForeignBridgeError, PartnerDiedError, WorkerError
from benchmarks.partner import Partner
from benchmarks.partners import Process, Settings, starter
from benchmarks.sides import Side, side

if TYPE_CHECKING:
    from pathlib import Path

CASES = ("torch.tensor/float32/C/64B/1t", "bridge.as_tensor/float32/C/64B/1t")


SETTINGS = Settings(threads={"1t": 1, "allt": 1}, cache_bytes=1 << 20)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Side:
    """Return the working tree as a side."""
    return side(".", tmp_path_factory.mktemp("sides") / "ours")


class Partners:
    """Two sides that are played: what a call costs each, and what goes wrong."""

    def __init__(self, a_ns: float = 1000, b_ns: float = 1000, **trouble: object) -> None:
        self.ns, self.trouble = {"a": a_ns, "b": b_ns}, trouble
        self.log: list[tuple[str, str]] = []
        self.started: list[tuple[str, int]] = []
        self.cpus: list[tuple[str, int]] = []
        self.closed, self.looks = 0, 0

    def start(self, name: str, number: int) -> Played:
        """Start one."""
        self.started.append((name, number))
        return Played(self, name)


class Played:
    """One played partner."""

    def __init__(self, both: Partners, name: str) -> None:
        self.both, self.name, self.samples, self.who = both, name, 0, {}

    def ask(self, line: dict) -> dict:
        """Answer as a real one does."""
        what = next(iter(line))
        self.both.log.append((self.name, what))
        self.both.looks += line.get("look", 0)
        self.both.cpus.append((self.name, line.get("cpu", -1)))
        if (self.name, what) == self.both.trouble.get("dies"):
            raise PartnerDiedError("ended with -11")
        if what == "take":
            refused = self.both.trouble.get("refuses") == self.name
            said = self.both.trouble.get("says", "TypeError: <no>")
            return {"refused": said} if refused else {"taken": {"aliasing": "copies"}}
        self.samples += 1
        slow = 50.0 if self.samples <= 1 + DISCARDED else 1.0 + self.samples / 100
        return {"call_ns": self.both.ns[self.name] * (slow if what == "time" else 1), "minflt": self.samples % 3}

    def close(self) -> None:
        """End it."""
        self.both.closed += 1


def played(both: Partners, *numbers: int, cases: tuple[str, ...] = CASES) -> Duet:
    """Play some rounds."""
    made = Duet(both.start)
    for number in numbers:
        assert len(list(made.play(cases, number))) <= len(cases)
    return made


def test_a_round_is_the_ratio_of_the_fastest_samples() -> None:
    """Samples that are thrown away do not count, and each round gives one number a case: ln(B / A)."""
    found = played(Partners(1000, 1250), 1, 2).seen
    assert [len(one.rounds) for one in found.values()] == [2, 2]
    for one in found.values():
        assert one.rounds == pytest.approx([math.log(1.25)] * 2, abs=0.02)


def test_a_round_has_the_page_faults_of_the_middle_sample() -> None:
    """Beside its ratio each round keeps the faults of a call, the median of the samples of each side."""
    found = played(Partners(), 1, 2).seen
    assert all(one.faults == {"a": [1, 1], "b": [1, 1]} for one in found.values())


def test_sides_take_turns() -> None:
    """Samples come in quads that cancel drift; who begins changes, and not with who was started first."""
    for number, first in ((1, "a"), (2, "b"), (3, "b"), (4, "a")):
        both = Partners()
        played(both, number, cases=CASES[:1])
        timed = [name for name, what in both.log if what == "time"][2 * DISCARDED :]
        other = {"a": "b", "b": "a"}[first]
        quad = [first, other, other, first]
        assert timed == [*quad, *[{"a": "b", "b": "a"}[one] for one in quad]] * (QUADS_MAX // 2)


def test_each_round_has_fresh_processes_that_start_in_turn() -> None:
    """No process sees two rounds; the side that starts first alternates; all are ended."""
    both = Partners()
    played(both, 1, 2, 3)
    assert [name for name, _ in both.started] == ["a", "b", "b", "a", "a", "b"]
    assert [number for _, number in both.started] == [1, 1, 2, 2, 3, 3]
    assert both.closed == len(both.started)


def test_loops_are_the_same_on_both_sides_and_in_all_rounds() -> None:
    """A sample is as many calls on either side, found in the first round and kept."""
    both = Partners(1000, 4000)
    found = played(both, 1, 2).seen
    assert {one.loops for one in found.values()} == {SAMPLE_NS // 2000}
    assert [what for _, what in both.log].count("calibrate") == 2 * len(CASES)


def test_what_a_side_says_is_told_without_paths() -> None:
    """A refusal is kept without folders and short enough for a table, for it enters files that are published."""
    both = Partners(refuses="b", says=f"OSError: no file '/home/alice/<a>'{'x' * 999}")
    (seen,) = played(both, 1, cases=CASES[:1]).seen.values()
    assert seen.failed["b"].startswith("OSError: no file '<a>'x")
    assert len(seen.failed["b"]) == 300


def test_a_side_that_refuses_is_named_and_not_timed() -> None:
    """A case that one side cannot do is failed there with the reason, and later rounds leave it out."""
    both = Partners(refuses="b")
    found = played(both, 1, 2).seen
    assert all(one.failed == {"b": "TypeError: <no>"} and one.rounds == [] for one in found.values())
    assert not any(what == "time" for _, what in both.log)
    assert [what for _, what in both.log].count("take") == 2 * len(CASES)


@pytest.mark.parametrize("what", ["take", "calibrate", "time"])
def test_a_side_that_dies_costs_its_case(what: str) -> None:
    """A process that dies fails its case on its side; the next case gets a fresh process."""
    both = Partners(dies=("b", what))
    found = played(both, 1).seen
    assert all(one.failed == {"b": "ended with -11"} for one in found.values())
    assert [name for name, _ in both.started].count("b") == len(CASES)


def test_neither_side_always_takes_a_case_first() -> None:
    """Who builds its inputs first changes from round to round."""
    both = Partners()
    played(both, 1, 2, cases=CASES[:1])
    assert [name for name, what in both.log if what == "take"] == ["a", "b", "b", "a"]


def test_both_sides_of_a_round_stay_on_one_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round has a CPU that both sides are told to stay on, and all CPUs have their turn."""
    monkeypatch.setattr(affinity, "cpus", lambda: (3, 5))
    told = []
    for number in range(1, 17):
        both = Partners()
        played(both, number, cases=CASES[:1])
        cpus = {cpu for _, cpu in both.cpus if cpu >= 0}
        assert len(cpus) == 1
        told += cpus
    assert (told.count(3), told.count(5)) == (8, 8)


def test_a_case_of_one_thread_stays_where_it_is_told(ours: Side) -> None:
    """A process runs a case of one thread on the CPU that it is told, and one of all threads on all of them."""
    cpus = affinity.cpus()
    partner = Process(ours, SETTINGS, 1)
    try:
        for case, allowed in ((CASES[1], {cpus[-1]}), (CASES[1].replace("1t", "allt"), set(cpus))):
            partner.ask({"take": case, "look": False, "cpu": cpus[-1]})
            assert os.sched_getaffinity(partner._process.pid) == allowed
    finally:
        partner.close()


@pytest.mark.parametrize(("call_ns", "loops", "quads"), [(100, 10_000, 12), (5e6, 1, 8), (1e9, 1, 3)])
def test_long_calls_have_fewer_quads(call_ns: float, loops: int, quads: int) -> None:
    """A sample is one millisecond of calls, or one call; a round of long calls has fewer of them, and never too few."""
    both = Partners(call_ns, call_ns)
    (seen,) = played(both, 1, cases=CASES[:1]).seen.values()
    timed = [what for _, what in both.log].count("time")
    assert (seen.loops, seen.quads) == (loops, quads)
    assert timed == 2 * DISCARDED + 4 * quads
    assert QUADS_MIN <= quads <= QUADS_MAX


def test_a_side_that_became_far_slower_does_not_take_for_ever() -> None:
    """Where one side takes thousands of times as long, its samples are bounded, and a round has fewer of them."""
    (seen,) = played(Partners(500, 3e7), 1, cases=CASES[:1]).seen.values()
    assert (seen.loops, seen.quads) == (1, 3)


def test_each_side_is_looked_at_once() -> None:
    """What a side does with a case is proved and observed in the first round alone; later ones only warm it up."""
    both = Partners()
    played(both, 1, 2, 3)
    assert both.looks == 2 * len(CASES)


def test_orders_are_random_and_repeat() -> None:
    """The order of the cases differs between rounds and is the same for the same seed."""
    many = tuple(f"case {number}" for number in range(12))
    first, second = (list(Duet(Partners().start, seed=3).play(many, number)) for number in (1, 2))
    assert first != second
    assert first == list(Duet(Partners().start, seed=3).play(many, 1))
    assert sorted(first) == sorted(many)


def test_a_real_partner_has_the_bridge_of_its_side(ours: Side) -> None:
    """A process of its own says which bridge it has, takes a case, and times it; what fails is told."""
    partner = Process(ours, SETTINGS, 1)
    try:
        assert partner.who["bridge"] == ours.bridge_hash == tree_hash(ROOT / "bridge")
        assert partner.who["file"] == f"{ours.folder.name}/bridge/__init__.py"
        assert partner.who["software"]["torch"] == torch.__version__
        taken = partner.ask({"take": CASES[1], "look": True, "cpu": affinity.cpus()[0]})["taken"]
        assert (taken["aliasing"], taken["alloc_bytes"]) == ("shares", 0)
        assert partner.ask({"calibrate": True})["call_ns"] > 0
        assert partner.ask({"time": 10})["call_ns"] > 0
        refused = partner.ask({"take": "torch.tensor/float32/reversed/64B/1t", "look": False, "cpu": 0})
        assert refused["refused"].startswith("ValueError: ")
    finally:
        partner.close()


def test_a_partner_keeps_the_memory_behind_a_bare_address() -> None:
    """`ref.memcpy` gets addresses alone: while it is timed, the array that it writes into has to stay."""
    alone = Partner({"1t": 1, "allt": 1}, 1 << 20)
    cpus = affinity.cpus()
    try:
        for case in ("ref.memcpy/uint8/C/64KiB/1t", "ref.memcpy/uint8/C/1MiB/1t"):
            alone.answer({"take": case, "look": False, "cpu": cpus[0]})
            written, *_ = alone._run.args
            assert alone._ready.expected().ctypes.data == written
    finally:
        affinity.stay_on(cpus)


def test_a_side_that_loads_another_bridge_is_refused(ours: Side) -> None:
    """A process that finds another bridge than its side's measures nothing: both sides would be the same."""
    liar = Side(name="<v1>", commit="0" * 40, folder=ours.folder, bridge_hash="0" * 16)
    with pytest.raises(ForeignBridgeError, match=r"<v1> loads the bridge of ours/bridge/__init__.py, not its own"):
        Process(liar, SETTINGS, 1)


def test_a_bridge_that_does_not_import_is_an_error(tmp_path: Path) -> None:
    """A side whose bridge cannot be imported ends the comparison with its name."""
    (tmp_path / "bridge").mkdir()
    (tmp_path / "bridge" / "__init__.py").write_text("import no_such_thing\n")
    broken = Side(name="<v2>", commit=None, folder=tmp_path, bridge_hash=tree_hash(tmp_path / "bridge"))
    with pytest.raises(WorkerError, match=r"<v2> ended with exit code 1: Mod.*'no_such_thing' before it took a case"):
        starter({"a": broken, "b": broken}, SETTINGS)("a", 1)


def test_a_partner_that_says_nothing_is_given_up(ours: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that falls silent is an error of its case, not a comparison that hangs."""
    partner = Process(ours, SETTINGS, 1)
    monkeypatch.setattr(partners, "ANSWER_LIMIT_S", 0.01)
    try:
        with pytest.raises(PartnerDiedError, match=r"said nothing for 0\.01 s and was killed"):
            partner.ask({"take": CASES[0], "look": True, "cpu": affinity.cpus()[0]})
    finally:
        partner.close()
