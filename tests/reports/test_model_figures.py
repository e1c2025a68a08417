"""The cost model in the report: rows of regimes, lines over points, sizes where paths cross."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reports import units
from reports.view import View
from tests.builders import a_full_session, a_record, a_session
from tests.reports.tables import section, texts

if TYPE_CHECKING:
    from reports.figures.registry import Figure

MIB = 2**20
SIZES = {"64B": 64, "4KiB": 4096, "64KiB": 65536, "1MiB": MIB, "16MiB": 16 * MIB, "64MiB": 64 * MIB}


def figures(session: Any) -> dict[str, Figure]:
    """Return a session's figures of the cost model by their anchor."""
    view = View(session)
    return section("fixed", view) | section("overtakes", view)


@pytest.fixture(scope="module")
def copies() -> Figure:
    """Return the fixed costs and rates of copies of a whole session."""
    return figures(a_full_session())["fixed-copy-array"]


def rows_of(figure: Figure, path: str) -> list[dict[str, str]]:
    """Return the rows of one path by their headers."""
    return [dict(zip(figure.table.headers, row, strict=True)) for row in texts(figure) if row[0] == path]


def test_each_regime_has_a_row(copies: Figure) -> None:
    """A copy of 36 bytes a ns that gets fresh pages from 32 MiB on has two rows, the fixed cost in the first alone."""
    first, second = rows_of(copies, "torch.tensor")
    assert (first["regime"], second["regime"]) == ("cache", "fresh pages")
    assert first["sizes"].startswith("64 B to ")
    assert second["sizes"].startswith("32 MiB to ")
    assert first["fixed cost"].startswith("2.3")
    assert second["fixed cost"] == units.NONE
    assert second["rate"].startswith(("2.0", "1.9"))


def test_the_anchor_stands_once(copies: Figure) -> None:
    """Findings link to a path's first row; no two rows have one id."""
    anchors = [line.anchor for line in copies.table.lines if line.anchor]
    assert len(set(anchors)) == len(anchors)
    assert "fixed-copy-array-torch.tensor" in anchors


def test_lines_are_drawn_where_a_regime_holds_and_nowhere_else(copies: Figure) -> None:
    """Each measured time is a point; a line begins and ends with its regime, and none bridges the gap between two."""
    assert copies.chart is not None
    rows = [row for row in copies.chart.rows if row["name"] == "torch.tensor"]
    points = {row["bytes"] for row in rows if not row["piece"]}
    pieces = {
        piece: [row["bytes"] for row in rows if row["piece"] == piece] for piece in {row["piece"] for row in rows}
    }
    ends = sorted((min(sizes), max(sizes)) for piece, sizes in pieces.items() if piece)
    assert len(ends) == 2
    assert ends[0][1] < ends[1][0] == 32 * MIB
    assert {end for both in ends for end in both} <= points


def test_a_size_that_no_line_holds_is_named() -> None:
    """A size five times as dear as its line is named beside the path, not hidden in a bad fit."""
    records = [
        a_record("torch.tensor", ns=(5 if size == "16MiB" else 1) * (2000 + n / 30), size=size, **COPY)
        for size, n in SIZES.items()
    ]
    first, *_ = rows_of(figures(a_session(records))["fixed-copy-array"], "torch.tensor")
    assert first["remark"] == "no line holds 16 MiB, 64 MiB"


COPY: dict[str, Any] = {"family": "copy", "aliasing": "copies", "spread": 0.001}


def test_the_size_where_two_lines_cross_is_said() -> None:
    """1 µs at 10 bytes a ns and 3 µs at 30 cross at 29.3 KiB, with the range of the passes."""
    costs = {"torch.tensor": (1000, 10), "torch.from_numpy.clone": (3000, 30)}
    records = [
        a_record(path, ns=fixed + n / rate, size=size, **COPY)
        for path, (fixed, rate) in costs.items()
        for size, n in SIZES.items()
    ]
    figure = figures(a_session(records))["overtakes-copy-array"]
    assert figure.table.headers[-1] == "the order changes at"
    assert texts(figure)[0][-1].startswith("29.")
    assert "KiB]" in texts(figure)[0][-1]


def test_without_lines_the_range_between_measured_sizes_is_said() -> None:
    """Two paths of two sizes far apart change their order somewhere between them, and no more is claimed."""
    costs = {"torch.tensor": (1000, 9e6), "torch.from_numpy.clone": (3000, 2e6)}
    records = [
        a_record(path, ns=ns, size=size, **COPY)
        for path, both in costs.items()
        for size, ns in zip(("4KiB", "16MiB"), both, strict=True)
    ]
    assert texts(figures(a_session(records))["overtakes-copy-array"])[0][-1] == "between 4 KiB and 16 MiB"
