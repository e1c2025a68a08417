"""Casts on the way to the device: the time, and the bytes that the link carries for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import units
from reports.figures.registry import Cell, Figure, Line, Table
from reports.figures.versus import ratio_cell
from reports.transfers import USUAL, against

from .parts import on_link, part, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.transfers import Transfer, Transfers


@part(50)
def casts(transfers: Transfers) -> Iterator[Figure]:
    """List every cast with its time and its bytes on the link."""
    if rows := transfers.family("h2d_cast"):
        usual = USUAL["h2d_cast"]
        yield Figure(
            anchor="transfer-casts",
            title="Host to GPU with a cast",
            caption="Who casts decides what the link carries: the device takes the bytes of the source, the host sends "
            f"those of the result. The ratio is to `{usual}`, pass by pass; below 1 is faster.",
            table=Table(
                headers=("path", "cast", "payload", "time", "ratio", "bytes over the link"),
                lines=tuple(_line(transfers, row) for row in sorted(rows, key=_dtype)),
            ),
        )


def _dtype(row: Transfer) -> tuple[str, int]:
    return row.record.dtype, row.record.nbytes


def _line(transfers: Transfers, row: Transfer) -> Line:
    said = (Cell(row.record.dtype), Cell(units.size(row.record.nbytes)))
    usual = transfers.usual(row)
    ratio = ratio_cell(None if usual is row else against(row, usual))
    return Line(cells=(Cell(row.name, kind="path"), *said, timed(row), ratio, on_link(row)))
