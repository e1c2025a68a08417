"""What each path moves: copies and bytes over the link, page faults, new memory on the device, new pinned memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.suite.cases import MIDDLE_BYTES
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table
from reports.transfers import DIRECTIONS

from .parts import NOT_LOOKED_AT, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.records import Measured
    from reports.transfers import Transfers


@part(40)
def what_paths_move(transfers: Transfers) -> Iterator[Figure]:
    """List what one call of each path moves and takes, one figure a direction."""
    for family, words in DIRECTIONS.items():
        if rows := transfers.middle(family):
            yield Figure(
                anchor=f"transfer-moves-{family}",
                title=f"{words}: what one call of {units.size(MIDDLE_BYTES)} moves",
                caption="Copies by kind as the profiler named them, in a call of its own; page faults in the timed "
                "calls; memory is the most that a call took beyond what was taken before.",
                table=Table(
                    headers=("path", "over the link", "page faults", "new GPU memory", "new pinned memory"),
                    lines=tuple(_line(name, row.record) for name, row in rows.items()),
                ),
            )


def _line(name: str, record: Measured) -> Line:
    return Line(
        cells=(
            Cell(name, kind="path"),
            Cell(_link(record), kind="text"),
            Cell(units.count(record.minflt_per_call)),
            Cell(_bytes(record.device_peak_bytes)),
            Cell(_bytes(record.pinned_peak_bytes)),
        )
    )


def _link(record: Measured) -> str:
    if record.link is None:
        return NOT_LOOKED_AT
    kinds = (f"{one['copies']:,} x {kind}: {units.size(one['nbytes'])}" for kind, one in record.link.items())
    return "; ".join(kinds) or "nothing"


def _bytes(taken: int | None) -> str:
    return NOT_LOOKED_AT if taken is None else units.size(taken)
