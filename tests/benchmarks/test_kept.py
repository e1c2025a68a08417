"""Comparisons on disk: their names, and what they say when they are read back."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import kept, verdict_text
from benchmarks.errors import NewerFormatError, RecordError
from benchmarks.sides import Side
from tests.builders import HOSTILE
from tests.comparison_builders import a_comparison, a_found, as_data

if TYPE_CHECKING:
    from benchmarks.outcome import Comparison

BETWEEN_INTERPRETERS = {
    "interpreters": True,
    "started": "2026-11-25T10:11:12Z",
    "machine": {"name": f"box {HOSTILE}"},
    "loaded": {name: {"bridge": name, "file": f"{name}/bridge", "software": {"torch": name}} for name in ("a", "b")},
    "notes": (f"a note {HOSTILE}",),
    "behaviour": (f"bridge.as_tensor array={HOSTILE}: copies -> shares",),
}
NOW = datetime(2026, 11, 25, 10, 11, 12, tzinfo=UTC)


def named(a: str, b: str) -> Comparison:
    """Return a comparison of sides with these names."""
    sides = {key: Side(name=name, commit=None, folder=Path(), bridge_hash="0") for key, name in (("a", a), ("b", b))}
    return a_comparison((), control=(), **sides)


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        ("HEAD~3", ".", "20261125T101112Z-HEAD-3-working-tree.json"),
        (f"feature/x {HOSTILE}", "v1.2", "20261125T101112Z-feature-x-a-v1.2.json"),
        ("../../etc", "...", "20261125T101112Z-etc-unnamed.json"),
        ("a" * 300, "\n", f"20261125T101112Z-{'a' * 40}-unnamed.json"),
    ],
    ids=["revision", "hostile", "parent folder", "endless"],
)
def test_a_comparison_is_named_by_its_time_and_sides(tmp_path: Path, a: str, b: str, name: str) -> None:
    """Whatever the sides are called, the file lies in the folder under a plain name and holds them whole."""
    path = kept.keep(named(a, b), tmp_path / "kept", NOW)
    assert path == tmp_path / "kept" / name
    assert json.loads(path.read_text(encoding="utf-8"))["a"]["name"] == a


def test_no_comparison_takes_the_place_of_another(tmp_path: Path) -> None:
    """Three of one second with the same sides are three files."""
    paths = [kept.keep(named("a", "b"), tmp_path, NOW) for _ in range(3)]
    assert [path.stem[17:] for path in paths] == ["a-b", "a-b-2", "a-b-3"]
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize(
    "found",
    [
        a_comparison(),
        a_comparison((a_found(factor=1.2),), interleaved=False, effort="6 and 6 passes", control=()),
        a_comparison((a_found(),), control=tuple(a_found(case, 1.3) for case in ("x", "y"))),
        a_comparison((a_found(),), control=tuple(a_found(case, 1.3, repeats=False) for case in ("x", "y"))),
        a_comparison((a_found("torch.tensor/float32/C/64B/1t", 1.3),), **BETWEEN_INTERPRETERS),
    ],
    ids=["one of each", "sessions", "moved", "flagged", "interpreters"],
)
def test_what_is_read_back_says_the_same(found: Comparison) -> None:
    """Table, Markdown, JSON and exit code of a comparison are those of the one that was written."""
    again = kept.from_json(json.loads(kept.to_json(found)))
    for text in (verdict_text.to_table, verdict_text.to_markdown):
        assert text(again) == text(found)
    heads = [
        {key: value for key, value in as_data(one).items() if key not in {"cases", "control"}} for one in (again, found)
    ]
    assert heads[0] == heads[1]
    assert (again.exit_code, again.control_moved) == (found.exit_code, found.control_moved)
    for one, before in zip(again.cases, found.cases, strict=True):
        assert one.log_ratios == pytest.approx(before.log_ratios, rel=1e-4)
        assert one.confirmation == pytest.approx(before.confirmation, rel=1e-4)


def test_what_cannot_be_read_is_refused() -> None:
    """A later format is named with the way out; what lacks a part is no comparison, and the part is named."""
    data = as_data(a_comparison())
    with pytest.raises(NewerFormatError, match=r"format 2; this checkout reads up to 1. Update it"):
        kept.from_json(data | {"format": 2})
    del data["control"]
    with pytest.raises(RecordError, match="no 'control'"):
        kept.from_json(data)


def test_a_flag_is_kept() -> None:
    """A change that fresh rounds did not repeat is still told after it was read back."""
    found = a_comparison((a_found(factor=1.2, repeats=False),))
    (case,) = kept.from_json(as_data(found)).cases
    assert (case.word, case.flagged) == ("unclear", True)
    assert dataclasses.replace(case, verdict=None) == dataclasses.replace(found.cases[0], verdict=None)
