"""Layouts on the way to the device: the time, and the bytes that the link carries for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.suite.cases import MIDDLE_BYTES
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table
from reports.transfers import DIRECTIONS

from .parts import on_link, part, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reports.transfers import Transfer, Transfers

    Cells = Mapping[tuple[str, str], Transfer]


@part(60)
def layouts(transfers: Transfers) -> Iterator[Figure]:
    """List the paths that were given other layouts: their times, and their bytes on the link."""
    for family, words in DIRECTIONS.items():
        rows = [row for row in transfers.family(family) if _alike(row)]
        odd = {row.name for row in rows if row.record.layout != "C"}
        cells = {(row.name, row.record.layout): row for row in rows if row.name in odd}
        if cells:
            yield Figure(
                anchor=f"transfer-layouts-{family}",
                title=f"{words}: layouts at {units.size(MIDDLE_BYTES)}",
                caption="For float32. The payload is what the array shows, whatever lies under it.",
                table=_table(cells, timed),
            )
            yield from _moved(family, words, cells)


def _moved(family: str, words: str, cells: Cells) -> Iterator[Figure]:
    if any(row.link_bytes is not None for row in cells.values()):
        yield Figure(
            anchor=f"transfer-layouts-link-{family}",
            title=f"{words}: what layouts move over the link at {units.size(MIDDLE_BYTES)}",
            caption="More than the payload: holes were sent as well. Less: elements that stand there more than once "
            "were sent once.",
            table=_table(cells, on_link),
        )


def _alike(row: Transfer) -> bool:
    return row.record.nbytes == MIDDLE_BYTES and row.record.dtype == "float32"


def _table(cells: Cells, text: Callable[[Transfer | None], Cell]) -> Table:
    names, columns = (list(dict.fromkeys(key[at] for key in cells)) for at in (0, 1))
    lines = (
        Line(cells=(Cell(name, kind="path"), *(text(cells.get((name, column))) for column in columns)))
        for name in names
    )
    return Table(headers=("path", *columns), lines=tuple(lines))
