"""Instructions counted by valgrind itself, of the same `bridge` twice and of one with a few instructions more."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.checkout import tree_hash
from benchmarks.instructions import changed, count, unavailable
from benchmarks.sides import WORKING_TREE, Side, side
from tests.uncovered import uncovered

if TYPE_CHECKING:
    from collections.abc import Iterator

TOUCHED, UNTOUCHED, COPIED = (
    "bridge.as_tensor/float32/C/64B/1t",
    "bridge.as_array/float32/C/64B/1t",
    "bridge.as_tensor/float32/readonly/64B/1t",
)
BEFORE = '    usual = dtype is None and order == "K" and readonly == "copy" and casting == "same_kind"\n'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(unavailable() is not None, reason=f"instructions cannot be counted: {unavailable()}"),
]


def with_planted(made: Side) -> Side:
    """Put a loop of two empty turns into as_tensor, before anything else: a twentieth more instructions."""
    source = made.folder / "bridge" / "host.py"
    text = source.read_text()
    assert text.count(BEFORE) == 1
    source.write_text(text.replace(BEFORE, f"    for _ in (1, 2):\n        pass\n{BEFORE}"))
    return replace(made, bridge_hash=tree_hash(source.parent))


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, int]]]:
    """Count three sides at once: the working tree, the same again, and one with a planted change."""
    folder = tmp_path_factory.mktemp("sides")
    sides = [side(WORKING_TREE, folder / name) for name in "abc"]
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - uncovered().keys():  # they would be counted too
            patch.delenv(name)
        yield count([*sides[:2], with_planted(sides[2])], (TOUCHED, UNTOUCHED, COPIED))


def test_identical_code_takes_as_many_instructions(counts: list[dict[str, int]]) -> None:
    """Two processes of the same code count the same, to a thousandth, of every case that shares."""
    first, again, _ = counts
    assert first.keys() == again.keys() == {TOUCHED, UNTOUCHED}
    for case, instructions in first.items():
        assert again[case] == pytest.approx(instructions, rel=0.001)
        assert changed(instructions, again[case]) is None


def test_a_few_instructions_more_are_told(counts: list[dict[str, int]]) -> None:
    """A loop that does nothing is told of the path it was put into, and of no other."""
    before, _, after = counts
    assert changed(before[UNTOUCHED], after[UNTOUCHED]) is None
    told = changed(before[TOUCHED], after[TOUCHED])
    assert told is not None
    assert "(+" in told
