"""End to end: batches from a loader, arrays into a batch, and a cast before or after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.suite.cases import BATCHES
from benchmarks.suite.feeds import Feed, batches
from reports import charts, units
from reports.transfers import rate
from reports.view import USUAL, ratio_of

from .registry import Cell, Chart, Figure, Line, Table, section, slug
from .versus import ratio_cell, ratio_to_usual

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.statistics import Estimate
    from reports.view import Choice, Group, Row, View

_STARTED: Final = {None: "in the process that takes batches", "fork": "forked workers", "spawn": "spawned workers"}
_TITLES: Final = {"stack": "A batch from a list", "stack_cast": "A batch of another dtype: cast before or after"}
_DEFAULT: Final = "default_collate"


@section(
    80,
    "end-to-end",
    title="End to end",
    lead="What a training loop waits for. A loader's epoch goes once over a list of arrays that lie in memory; its "
    "workers are started before, do nothing but collate, and hand each batch over in shared memory. Nobody reads the "
    "batch, and page faults of workers are not counted.",
)
def end_to_end(view: View) -> Iterator[Figure]:
    """List batches per second of each loader, then how lists of arrays become a batch, with and without a cast."""
    for group in view.groups:
        if group.family == "feed":
            yield from (_loaders(view, group, *of) for of in _kinds(view, group))
    for group in view.groups:
        if group.family in _TITLES:
            yield from (_lists(view, group, *of) for of in _kinds(view, group))


def loader_anchor(row: Row) -> str:
    """Return the id of a loader's row here."""
    return f"loader-{slug(row.record.case)}"


def per_second(row: Row) -> Estimate:
    """Return the batches of a loader in one second."""
    return rate(batches(row.record.nbytes, BATCHES[row.record.layout]) * 10**9, row.time)


def _kinds(view: View, group: Group) -> list[tuple[Choice, int]]:
    """Return the lists that were measured with one thread: their choice of axes and bytes, the smallest first."""
    rows = (row for row in view.groups[group] if row.record.layout in BATCHES and row.choice.threads == "1t")
    return sorted({(row.choice, row.record.nbytes) for row in rows}, key=lambda one: (one[1], one[0]))


def _of(view: View, group: Group, choice: Choice, nbytes: int) -> list[Row]:
    return [row for row in view.groups[group] if (row.choice, row.record.nbytes) == (choice, nbytes)]


def _loaders(view: View, group: Group, choice: Choice, nbytes: int) -> Figure:
    rows = _of(view, group, choice, nbytes)
    name = slug(f"end-to-end-loader-{choice.layout}-{nbytes}")
    item_bytes = BATCHES[choice.layout]
    return Figure(
        anchor=name,
        title=f"Batches from a loader: {units.size(nbytes)} of arrays of {units.size(item_bytes)}",
        caption=f"Eight arrays are a batch, {batches(nbytes, item_bytes)} batches an epoch; {choice.dtype}. Ratios are "
        "of times, pass by pass: below 1 the loader of the line is faster.",
        table=Table(
            headers=("loader", "batches per second", "one epoch", f"against {_DEFAULT}", "against no workers"),
            lines=tuple(_loader_line(view, row) for row in rows),
        ),
        chart=_chart(name, rows),
    )


def _loader_line(view: View, row: Row) -> Line:
    per = per_second(row)
    cells = (
        Cell(row.record.path, kind="path"),
        Cell(units.digits(per.value), units.interval(per, units.digits)),
        Cell(units.time(row.time.value), units.interval(row.time, units.time)),
        ratio_cell(against(view, row, collate=_DEFAULT)),
        ratio_cell(against(view, row, how="workers0")),
    )
    return Line(cells=cells, anchor=loader_anchor(row))


def against(view: View, row: Row, *, collate: str | None = None, how: str | None = None) -> Estimate | None:
    """Return the ratio of a loader to the one with another collate, or with other processes; None for itself."""
    feed = Feed.parse(row.record.path)
    assert feed is not None, "a path of this family is named for its loader"
    other = f"loader.{collate or feed.collate}.{how or feed.how}"
    twin = view.twin(row, path=other) if other != row.record.path else None
    return ratio_of(row, twin) if twin else None


def _chart(name: str, rows: Sequence[Row]) -> Chart:
    drawn = tuple(
        {
            "name": row.record.path,
            "value": row.time.value,
            "low": row.time.low,
            "high": row.time.high,
            "text": _STARTED[feed.start],
            "tip": f"{units.with_interval(per_second(row), units.digits)} batches per second",
        }
        for row in rows
        if (feed := Feed.parse(row.record.path))
    )
    what = "time of an epoch by loader, coloured by how its workers start"
    names, kinds = [row.record.path for row in rows], tuple(_STARTED.values())
    return Chart(spec=charts.bars(name, names, kinds, what), dataset=name, rows=drawn)


def _lists(view: View, group: Group, choice: Choice, nbytes: int) -> Figure:
    rows = sorted(_of(view, group, choice, nbytes), key=lambda row: row.time.value)
    usual = USUAL[group]
    return Figure(
        anchor=slug(f"end-to-end-{group.family}-{choice.dtype}-{choice.layout}-{nbytes}"),
        title=f"{_TITLES[group.family]}: {nbytes // BATCHES[choice.layout]} arrays of "
        f"{units.size(BATCHES[choice.layout])}, {choice.dtype}",
        caption="The fastest first. The ratio is taken pass by pass.",
        table=Table(
            headers=("path", "time", "faults", f"against {usual}"),
            lines=tuple(_list_line(view, row) for row in rows),
        ),
    )


def _list_line(view: View, row: Row) -> Line:
    cells = (
        Cell(row.record.path, row.record.spelling, kind="path"),
        Cell(units.time(row.time.value), units.interval(row.time, units.time)),
        Cell(units.count(row.record.minflt_per_call)),
        ratio_cell(ratio_to_usual(view, row) if row.record.path != USUAL[row.group] else None),
    )
    return Line(cells=cells)
