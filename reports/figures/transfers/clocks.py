"""Four clocks side by side: until the device is done, until the call returns, between events, the copies alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.records import DMA, DONE, EVENT, ISSUE
from benchmarks.suite.cases import MIDDLE_BYTES
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table
from reports.transfers import DIRECTIONS

from .parts import estimated, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.transfers import Transfer, Transfers

_CLOCKS: Final = (DONE, ISSUE, EVENT, DMA)


@part(45)
def four_clocks(transfers: Transfers) -> Iterator[Figure]:
    """List what each clock says of each path, one figure a direction."""
    for family, words in DIRECTIONS.items():
        if rows := transfers.middle(family):
            yield Figure(
                anchor=f"transfer-clocks-{family}",
                title=f"{words}: four clocks at {units.size(MIDDLE_BYTES)}",
                caption="`done`: until the device is done. `issue`: until the call returns. `event`: between two "
                "events on the caller's stream. `dma`: the copies alone, as the profiler saw them in one pass "
                "of its own. No number mixes two of them.",
                table=Table(headers=("path", *_CLOCKS), lines=tuple(_line(*one) for one in rows.items())),
            )


def _line(name: str, row: Transfer) -> Line:
    return Line(cells=(Cell(name, kind="path"), *(estimated(row.by(clock), units.time) for clock in _CLOCKS)))
