"""What becomes of new memory: results dropped at once, held, in small pages, and memory that is filled again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from reports import units
from reports.view import Group, ratio_of

from .faults import by_faults
from .registry import Cell, Figure, Line, Table, section, slug
from .versus import ratio_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.view import Choice, Row, View


class Fate(NamedTuple):
    """What becomes of the memory of a family's results, in words, and what such a path's name ends in."""

    words: str
    ending: str


FATES: Final = {
    "copy": Fate("dropped at once", ""),
    "held": Fate("eight are held", ".held"),
    "small_pages": Fate("dropped, small pages", ".small_pages"),
    "copy_into": Fate("filled again", ""),
}
#: The families that this section is there for; without one of them, the sections before it have said it all.
_ASKED: Final = frozenset({"held", "small_pages"})
_INTO: Final = Group("copy_into", "array")


@section(
    52,
    "memory",
    title="What becomes of new memory",
    lead="The same copy where its result is dropped at once, where the last eight results stay as in the queue of a "
    "loader, where the process gets small pages only, and where memory is filled again. NumPy asks for huge pages from "
    "4 MiB on, PyTorch does not.",
)
def what_becomes_of_memory(view: View) -> Iterator[Figure]:
    """List the copies of each size by what becomes of their memory."""
    asked = [row for row in view.rows if row.record.family in _ASKED]
    paths = {_copy(row) for row in asked}
    known = [row for row in view.rows if _copy(row) in paths or row.group == _INTO]
    for size in sorted({row.record.nbytes for row in asked}):
        held = chosen(view, size)
        yield _figure(view, size, [row for row in known if (row.record.nbytes, row.choice) == (size, held)])


def chosen(view: View, size: int) -> Choice | None:
    """Return what the table of a size holds still: the axes of the first case that is held or refused huge pages."""
    asked = (row for row in view.rows if row.record.family in _ASKED)
    return next((row.choice for row in asked if row.record.nbytes == size), None)


def memory_anchor(row: Row) -> str:
    """Return the id of a case's row here."""
    return f"memory-{slug(row.record.case)}"


def dropped(view: View, row: Row) -> Row | None:
    """Return the case that makes the same copy and drops its result at once."""
    path = _copy(row)
    return view.twin(row, path=path, family="copy") if path and row.record.family in _ASKED else None


def _copy(row: Row) -> str | None:
    """Return the path that makes the same copy and drops its result; None for a case that makes no new memory."""
    family = row.record.family
    return row.record.path.removesuffix(FATES[family].ending) if family in {"copy", *_ASKED} else None


def _figure(view: View, size: int, rows: Sequence[Row]) -> Figure:
    order = list(FATES)
    lines = sorted(rows, key=lambda row: (order.index(row.record.family), row.time.value))
    name = f"memory-{size}"
    return Figure(
        anchor=name,
        title=f"Copies of {units.size(size)} by what becomes of their memory",
        caption=f"For {rows[0].choice.text}. The last column is the ratio to the same copy dropped at once, taken pass "
        "by pass.",
        table=Table(
            headers=("path", "its memory", "time", "faults", "against dropped"),
            lines=tuple(_line(view, row) for row in lines),
        ),
        chart=by_faults(name, sorted(rows, key=lambda row: row.time.value)),
    )


def _line(view: View, row: Row) -> Line:
    base = dropped(view, row)
    cells = (
        Cell(row.record.path, kind="path"),
        Cell(FATES[row.record.family].words, kind="text"),
        Cell(units.time(row.time.value), units.interval(row.time, units.time)),
        Cell(units.count(row.record.minflt_per_call)),
        ratio_cell(ratio_of(row, base) if base else None),
    )
    return Line(cells=cells, anchor=memory_anchor(row))
