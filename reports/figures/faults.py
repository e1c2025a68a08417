"""Page faults: what fresh memory costs, and what the same copy takes into memory that is already there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import units
from reports.view import COPY_INTO

from .registry import Cell, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.view import Row, View

#: Below one fault in ten calls a fault says nothing about a call.
FEWEST_FAULTS: Final = 0.1


@section(
    50,
    "faults",
    title="Page faults",
    lead="New memory is handed out page by page: the first write to each page faults into the kernel. One fault every "
    "4 KiB means small pages; a copy into memory that is already there has none.",
)
def page_faults(view: View) -> Iterator[Figure]:
    """List every case that faults, with the same copy into existing memory beside it."""
    rows = [row for row in view.rows if row.record.minflt_per_call >= FEWEST_FAULTS]
    if rows:
        yield Figure(
            anchor="faults-per-call",
            title="Cases that fault",
            caption="Minor faults per call in the timed rounds. The last two columns are the case that copies the same "
            "bytes into existing memory, and how many times as long the faulting one takes.",
            table=Table(
                headers=("case", "faults", "new memory", "time", "of the limit", "into existing", "ratio"),
                lines=tuple(_line(view, row) for row in sorted(rows, key=_most_first)),
            ),
        )


def fault_anchor(row: Row) -> str:
    """Return the id of a case's row here."""
    return f"faults-{slug(row.record.case)}"


def into_existing(view: View, row: Row) -> Row | None:
    """Return the case that copies the same bytes into memory that is already there."""
    path = COPY_INTO.get(row.record.source)
    return view.twin(row, path=path, family="copy_into") if path and row.record.family == "copy" else None


def _most_first(row: Row) -> tuple[float, str]:
    return (-row.record.minflt_per_call, row.record.case)


def _line(view: View, row: Row) -> Line:
    paired = into_existing(view, row)
    cells = (
        Cell(row.record.case, kind="path"),
        Cell(units.count(row.record.minflt_per_call)),
        Cell(units.size(row.record.alloc_bytes)),
        Cell(units.time(row.time.value), units.interval(row.time, units.time)),
        Cell(units.times(row.of_limit.value), units.interval(row.of_limit, units.times)) if row.of_limit else _NOTHING,
        Cell(units.time(paired.time.value), units.interval(paired.time, units.time)) if paired else _NOTHING,
        Cell(units.times(row.time.value / paired.time.value)) if paired else _NOTHING,
    )
    return Line(cells=cells, anchor=fault_anchor(row))


_NOTHING: Final = Cell(units.NONE)
