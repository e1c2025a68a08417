"""Overlap: how much of a copy hides behind work on the device."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.statistics import Estimate, of_values
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table

from .parts import part, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.transfers import Transfer, Transfers

_COMPUTE: Final = "ovl.compute"
#: What overlaps -> the same copy without the work.
_COPIES: Final = {
    "ovl.serial": "h2d.pageable",
    "ovl.pageable_nb": "h2d.pageable",
    "ovl.pinned_side": "h2d.pinned",
    "ovl.ring": "h2d.ring",
}


@part(90)
def overlap_of_copy_and_work(transfers: Transfers) -> Iterator[Figure]:
    """List the overlap of each path with the times that it is made of."""
    rows = [row for row in transfers.family("overlap") if row.record.path in _COPIES]
    if rows:
        yield Figure(
            anchor="transfer-overlap",
            title="Copying while the GPU works",
            caption="The overlap is (copy + work - both) / the shorter of copy and work, pass by pass: 1 hides all of "
            "the shorter one, 0 nothing, below 0 both together are dearer than one after the other.",
            table=Table(
                headers=("path", "size", "copy alone", "work alone", "both", "overlap"),
                lines=tuple(_line(transfers, row) for row in rows),
            ),
        )


def overlap(copy: Transfer | None, work: Transfer | None, both: Transfer) -> Estimate | None:
    """Return the part of the shorter that is hidden, pass by pass; None where a part of it was not measured alike."""
    if copy is None or work is None or not len(copy.passes) == len(work.passes) == len(both.passes):
        return None
    passes = zip(*(map(median, one.passes) for one in (copy, work, both)), strict=True)
    return of_values([(alone + works - together) / min(alone, works) for alone, works, together in passes])


def _line(transfers: Transfers, row: Transfer) -> Line:
    copy = transfers.find(row, path=_COPIES[row.record.path], family="h2d")
    work = transfers.find(row, path=_COMPUTE)
    hidden = overlap(copy, work, row)
    shown = Cell(_plain(hidden.value), units.interval(hidden, _plain)) if hidden else Cell(units.NONE)
    size = Cell(units.size(row.record.nbytes))
    return Line(cells=(Cell(row.name, kind="path"), size, timed(copy), timed(work), timed(row), shown))


def _plain(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # + 0.0: there is no minus zero
