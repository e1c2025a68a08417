"""Instruction counts at their boundary: what valgrind writes, how it fails, and what a comparison makes of it."""

from __future__ import annotations

import gc
import json
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import instructions, kept, verdict_text
from benchmarks.callgrind import MACHINE, Callgrind
from benchmarks.checkout import tree_hash
from benchmarks.counter import BLOCKS, CALLS, EMPTY, WARM_UP_CALLS, counted
from benchmarks.errors import NotCountedError
from benchmarks.instructions import LEAST, changed, count, parts, sharing, unavailable, with_instructions
from benchmarks.outcome import Comparison, Found
from benchmarks.sides import Side
from benchmarks.suite.registry import path
from benchmarks.verdicts import shift, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TO_TENSOR, TO_ARRAY = "bridge.as_tensor/float32/C/64B/1t", "bridge.as_array/float32/C/64B/1t"
COPY = "bridge.as_tensor.copy/float32/C/64B/1t"
CASES = (TO_TENSOR, TO_ARRAY)
HASH = "a" * 16

Order = dict[str, object]


@pytest.fixture
def valgrind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Side]:
    """Put a played valgrind on the PATH, and return what makes a side on which it does as told."""
    program = tmp_path / "programs" / "valgrind"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S "{Path(__file__).with_name("fake_valgrind.py")}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(platform, "machine", lambda: MACHINE)

    def side(name: str, **order: object) -> Side:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "order.json").write_text(json.dumps(said() | order))
        return Side(name=f"{name} <a> | &", commit=None, folder=folder, bridge_hash=HASH)

    return side


def said(*shared: int, bridge: str = HASH) -> Order:
    """Return the order to say which cases were counted, of which bridge."""
    said = {"bridge": bridge, "file": "site-packages/bridge/__init__.py", "counted": shared, "calls": CALLS}
    return {"says": json.dumps(said)}


def blocks(*per_call: int, spikes: int = 0) -> Order:
    """Return the order to write the blocks of these cases; all but one of each took some instructions more."""
    names = {EMPTY: 500} | {str(number): 500 + CALLS * each for number, each in enumerate(per_call)}
    written = [(name, most + spikes * (at != 2)) for name, most in names.items() for at in range(BLOCKS)]
    return said(*range(len(per_call))) | {"blocks": written}


def found(*cases: str, a: Side, b: Side) -> Comparison:
    """Return a comparison that found these cases to be the same."""
    same = verdict(shift((0.001, -0.001) * 5, 0.99), 0.05)
    known = tuple(Found(case=case, verdict=same) for case in cases)
    return Comparison(a=a, b=b, effort="quick", threshold=0.05, cases=known, control=known[:1])


def test_a_call_takes_what_its_smallest_block_does_without_what_counting_takes(valgrind: Callable[..., Side]) -> None:
    """Whatever else a file of callgrind has in it, under whatever names, each case gets its own count."""
    sides = valgrind("a", **blocks(1234, 777, spikes=90)), valgrind("b", **blocks(1300, 777))
    assert count(sides, CASES) == [{TO_TENSOR: 1234, TO_ARRAY: 777}, {TO_TENSOR: 1300, TO_ARRAY: 777}]


def test_both_sides_are_started_alike(valgrind: Callable[..., Side]) -> None:
    """Options, cases and hash seed are the same, and no option of the user's own is read."""
    sides = [valgrind(name, **blocks(1, 1)) for name in ("a", "b")]
    count(sides, CASES)
    a, b = (json.loads((side.folder / "arguments.json").read_text()) for side in sides)
    for one in (a, b):
        one["arguments"] = [text for text in one["arguments"] if not text.startswith("--callgrind-out-file")]
    assert a == b
    assert a["seed"] == "0"
    assert {"--command-line-only=yes", *CASES} <= set(a["arguments"])


def test_only_what_shares_is_counted(valgrind: Callable[..., Side]) -> None:
    """A case that the process left out has no count."""
    order = blocks(100, 200) | said(1)
    assert count([valgrind("a", **order)], CASES) == [{TO_ARRAY: 200}]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"signal": "SIGILL"}, r"x <a> \| & was killed by SIGILL under valgrind$"),
        (
            {"exit": 1, "complains": "one\nvalgrind: no <memory>\n"},
            "ended with exit code 1 under valgrind: valgrind: no <memory>$",
        ),
        ({"file": ""}, "block 'empty' was not counted 6 times"),
        ({}, "no counts of x .* can be read"),
        ({"file": "part: 1\ndesc: Trigger: Client Request: 0\nsummary: <many>\n"}, "can be read: invalid literal"),
        ({"blocks": [(EMPTY, 5)] * BLOCKS + [("0", 99)]}, "block '0' was not counted 6 times"),
        ({"blocks": [(EMPTY, 5)] * BLOCKS + [("0", 5)] * BLOCKS}, "no more instructions than none"),
        ({"blocks": [(EMPTY, 5)] * BLOCKS} | said(0), "can be read: '0'"),
        ({"says": "<nothing> | &"}, "can be read: Expecting value"),
        (said(bridge="b" * 16), "loads the bridge of site-packages/bridge/__init__.py, not its own"),
        ({"sleep": 60}, "took too long under valgrind and was killed"),
    ],
    ids=str,
)
def test_what_goes_wrong_is_said(valgrind: Callable[..., Side], order: Order, reason: str) -> None:
    """A process that dies, hangs, counts another bridge, or leaves no file that can be trusted is an error of ours."""
    side = valgrind("x", **order)
    with pytest.raises(NotCountedError, match=reason):
        count([side], CASES, limit_s=0.5 if "sleep" in order else 30)


def test_without_valgrind_nothing_is_started(
    valgrind: Callable[..., Side], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where valgrind is missing, or the processor is another, the reason is said before anything starts."""
    side = valgrind("x", **blocks(1, 1))
    assert unavailable() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotCountedError, match="valgrind is not installed"):
        count([side], CASES)
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(NotCountedError, match="a processor of x86_64, and this is riscv64"):
        count([side], CASES)
    assert not (side.folder / "arguments.json").exists()


def test_a_change_is_told_of_its_case(valgrind: Callable[..., Side]) -> None:
    """The case has both counts and keeps its verdict and the exit code; a note says that instructions were counted."""
    a, b = valgrind("a", **blocks(12_345, 10_000)), valgrind("b", **blocks(15_432, 10_020))
    told = with_instructions(found(TO_TENSOR, COPY, TO_ARRAY, a=a, b=b))
    assert [one.changes for one in told.cases] == [("instructions 12,345 -> 15,432 (+25.0%)",), (), ()]
    assert ([one.word for one in told.cases], told.exit_code) == (["same"] * 3, 0)
    assert told.notes == ("Instructions of one call were counted in 2 sharing cases: 1 changed by 2% or more.",)
    assert "instructions 12,345 -> 15,432 (+25.0%)" in verdict_text.to_table(told)


def test_that_nothing_changed_is_told_too(valgrind: Callable[..., Side]) -> None:
    """Where both sides count the same no case is told, and the note says that none changed; earlier notes are kept."""
    whole = found(*CASES, a=valgrind("a", **blocks(5000, 5000)), b=valgrind("b", **blocks(5000, 5000)))
    told = with_instructions(replace(whole, notes=("Before.",)))
    assert told.cases == whole.cases
    assert told.notes[0] == "Before."
    assert told.notes[1].endswith("counted in 2 sharing cases: none changed by 2% or more.")


def test_a_failure_is_a_sentence_below_the_control(valgrind: Callable[..., Side]) -> None:
    """Whatever happens to valgrind, the comparison is told, and says why it has no counts."""
    whole = found(*CASES, a=valgrind("a", **blocks(1, 1)), b=valgrind("b", signal="SIGSEGV"))
    told = with_instructions(whole)
    sentence = "Instructions were not counted: b <a> | & was killed by SIGSEGV under valgrind."
    lines = verdict_text.to_table(told).splitlines()
    assert told.cases == whole.cases
    assert lines[lines.index(sentence) - 1].startswith("The control, ")
    assert sentence.replace("<", "&lt;") in verdict_text.to_markdown(told).splitlines()
    assert json.loads(kept.to_json(told))["notes"] == [sentence]


def test_without_sharing_cases_nothing_is_started(valgrind: Callable[..., Side]) -> None:
    """Cases that copy, or that failed in the rounds, are no reason to wait for valgrind."""
    a, b = valgrind("a", exit=1), valgrind("b", exit=1)
    whole = found(COPY, a=a, b=b)
    failed = Comparison(
        a=a, b=b, effort="quick", threshold=0.05, control=(), cases=(Found(case=TO_ARRAY, verdict=None),)
    )
    assert [with_instructions(one) for one in (whole, failed)] == [whole, failed]


def test_changes_begin_at_a_share_and_a_number() -> None:
    """Two percent of many instructions and a hundred of few are changes, in both directions; what is less is none."""
    assert changed(100_000, 102_000) == "instructions 100,000 -> 102,000 (+2.0%)"
    assert changed(100_000, 98_000) == "instructions 100,000 -> 98,000 (-2.0%)"
    assert changed(100_000, 101_999) is changed(1000, 1000 + LEAST - 1) is None
    assert changed(1000, 1000 + LEAST) == "instructions 1,000 -> 1,100 (+10.0%)"


def test_one_size_stands_for_all() -> None:
    """Of each sharing path, dtype and layout the smallest case is counted, on one thread, in the order given."""
    asked = (
        "bridge.as_tensor/float32/C/1MiB/1t",
        "bridge.as_tensor/float32/C/64B/1t",
        "bridge.as_tensor/int32/C/64B/allt",
        "bridge.as_tensor/float32/F/1MiB/1t",
        "bridge.as_tensor/uint8/C/1MiB/1t",
        "bridge.as_tensor.copy/float32/C/64B/1t",
        "Tensor.numpy/float32/C/4KiB/1t",
    )
    assert sharing(asked) == (asked[1], asked[3], asked[4], asked[6])


def test_a_part_that_nobody_asked_for_is_not_counted() -> None:
    """What is written at the end of a process, or without a summary, is no count."""
    lines = ["part: 1", "desc: Trigger: Client Request: x", "part: 2", "desc: Trigger: Program termination"]
    assert list(parts([*lines, "summary: 7", "part: 3", "desc: Trigger: Client Request: y", "summary: 8"])) == [
        ("y", 8)
    ]


class Noted:
    """A callgrind that notes what it is asked, and how many calls there were by then."""

    def __init__(self) -> None:
        self.calls, self.asked = 0, []

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Return what notes a request."""
        return lambda *text: self.asked.append((name, *text, self.calls))


@pytest.fixture
def collecting() -> Iterator[None]:
    """Let the garbage be collected again, which a counter stops."""
    yield
    gc.enable()


def test_calls_are_counted_in_blocks_once_they_are_warm(registry: None, collecting: None) -> None:
    """Nothing is looked at before all calls are warm; each block is counted from its first call to its last."""
    noted = Noted()

    @path("test.counted", family="share")
    def _counted(a: object) -> object:
        noted.calls += 1
        import torch  # noqa: PLC0415

        return torch.from_numpy(a)

    answer = counted(["test.counted/float32/C/64B/1t"], noted)
    warm = noted.calls - BLOCKS * CALLS
    assert warm >= WARM_UP_CALLS
    assert noted.asked[0] == ("start", warm)
    assert noted.asked[1 : 1 + 3 * BLOCKS] == [("toggle", warm), ("toggle", warm), ("dump", EMPTY, warm)] * BLOCKS
    assert noted.asked[-4:-1] == [
        ("toggle", noted.calls - CALLS),
        ("toggle", noted.calls),
        ("dump", "0", noted.calls),
    ]
    assert noted.asked[-1] == ("stop", noted.calls)
    assert not gc.isenabled()
    assert answer["bridge"] == tree_hash(Path(instructions.__file__).parents[1] / "bridge")


def test_what_copies_or_refuses_is_left_out(collecting: None) -> None:
    """Only cases that are seen to share are counted; they keep their numbers."""
    cases = ["bridge.as_tensor/float32/readonly/64B/1t", "torch.from_numpy/float32/reversed/64B/1t", TO_ARRAY]
    noted = Noted()
    assert counted(cases, noted)["counted"] == [2]
    assert {one[1] for one in noted.asked if one[0] == "dump"} == {EMPTY, "2"}


@pytest.mark.skipif(platform.machine() != MACHINE, reason=f"the requests are instructions of {MACHINE}")
def test_requests_do_nothing_where_nobody_listens() -> None:
    """Outside valgrind a request comes back, and the process goes on."""
    callgrind = Callgrind()
    for request in (callgrind.start, callgrind.toggle, callgrind.stop):
        request()
    callgrind.dump("<a> | &")
