"""Page faults: what fresh memory costs, and what the same copy takes into memory that is already there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import charts, units
from reports.view import COPY_INTO

from .registry import Cell, Chart, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.view import Row, View

#: Below one fault in ten calls a fault says nothing about a call.
FEWEST_FAULTS: Final = 0.1
PAGES: Final = ("no faults", "fewer faults than pages", "a fault for every small page")


@section(
    50,
    "faults",
    title="Page faults",
    lead="New memory is handed out page by page: the first write to each page faults into the kernel. One fault every "
    "4 KiB means small pages; a copy into memory that is already there has none.",
)
def page_faults(view: View) -> Iterator[Figure]:
    """Draw the largest copies by their faults, and list every case that faults."""
    for source in COPY_INTO:
        yield from _largest(view, source)
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


def _largest(view: View, source: str) -> Iterator[Figure]:
    groups = [group for group in view.groups if group.source == source and group.family in {"copy", "copy_into"}]
    rows = [row for group in groups for row in view.groups[group] if row.choice == view.choices(group)[0]]
    size = max((row.record.nbytes for row in rows), default=0)
    largest = sorted((row for row in rows if row.record.nbytes == size), key=lambda row: row.time.value)
    if len(groups) > 1 and any(row.record.minflt_per_call >= FEWEST_FAULTS for row in largest):
        yield Figure(
            anchor=f"faults-{source}",
            title=f"From {source}s of {units.size(size)}: into fresh and into existing memory",
            caption=f"For {largest[0].choice.text}. The families promise different things: a copy brings new memory, "
            "copy into needs some that is there.",
            table=Table(headers=("path", "family", "faults", "time"), lines=tuple(map(_by_path, largest))),
            chart=by_faults(f"faults-{source}", largest),
        )


def _by_path(row: Row) -> Line:
    record = row.record
    time = Cell(units.time(row.time.value), units.interval(row.time, units.time))
    family = Cell(record.family.replace("_", " "), kind="text")
    return Line(cells=(Cell(record.path, kind="path"), family, Cell(units.count(record.minflt_per_call)), time))


def by_faults(name: str, rows: Sequence[Row]) -> Chart:
    """Return the bars of some cases, coloured by whether they fault for every page."""
    drawn = tuple(
        {
            "name": row.record.path,
            "value": row.time.value,
            "low": row.time.low,
            "high": row.time.high,
            "text": _pages(row),
            "tip": f"{units.with_interval(row.time, units.time)} · {units.count(row.record.minflt_per_call)} faults",
        }
        for row in rows
    )
    spec = charts.bars(name, [row.record.path for row in rows], PAGES, "time by path, coloured by page faults")
    return Chart(spec=spec, dataset=name, rows=drawn)


def _pages(row: Row) -> str:
    faults = row.record.minflt_per_call
    if faults < FEWEST_FAULTS:
        return PAGES[0]
    return PAGES[2] if faults > row.record.nbytes / 8192 else PAGES[1]


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
