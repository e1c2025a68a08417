"""Many small arrays at once: the time of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.statistics import Estimate
from benchmarks.suite.cases import BATCHES
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table

from .parts import NOTHING, estimated, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.transfers import Transfer, Transfers


@part(70)
def many_arrays(transfers: Transfers) -> Iterator[Figure]:
    """List the time of one array of each path that takes many."""
    rows = [row for row in transfers.family("many") if row.record.layout in BATCHES]
    columns = {(row.record.layout, row.record.nbytes): _header(row) for row in rows}
    cells = {(row.name, row.record.layout, row.record.nbytes): row for row in rows}
    lines = tuple(
        Line(cells=(Cell(name, kind="path"), *(_cell(cells.get((name, *column))) for column in columns)))
        for name in dict.fromkeys(row.name for row in rows)
    )
    if lines:
        yield Figure(
            anchor="transfer-many",
            title="Many arrays at once: time of each array",
            caption="The time of one call over the number of its arrays.",
            table=Table(headers=("path", *columns.values()), lines=lines),
        )


def _count(row: Transfer) -> int:
    return row.record.nbytes // BATCHES[row.record.layout]


def _header(row: Transfer) -> str:
    return f"{_count(row):,} of {units.size(BATCHES[row.record.layout])}"


def _cell(row: Transfer | None) -> Cell:
    if row is None:
        return NOTHING
    time, count = row.time, _count(row)
    each = Estimate(value=time.value / count, low=time.low / count, high=time.high / count, passes=time.passes)
    return estimated(each, units.time)
