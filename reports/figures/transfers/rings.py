"""The geometry of the pinned ring: rate by size of a slot and number of threads, one table a number of slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.suite.cases import Geometry
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table
from reports.transfers import sizes

from .parts import estimated, part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.transfers import Transfer, Transfers

#: No more than so many are named of those that cannot be told from the best.
_NAMED: Final = 4


@part(80)
def ring_geometry(transfers: Transfers) -> Iterator[Figure]:
    """Draw a table of rates for each number of slots, the best of all marked."""
    rows = transfers.family("ring")
    top = max(sizes(rows), default=0)
    known = {
        geometry: row for row in rows if row.record.nbytes == top and (geometry := Geometry.parse(row.record.path))
    }
    if not known:
        return
    best = min(known.values(), key=lambda row: row.time.value)
    for slots in sorted({geometry.slots for geometry in known}):
        yield Figure(
            anchor=f"transfer-ring-{slots}",
            title=f"The ring at {units.size(best.record.nbytes)} with {slots} slots a thread",
            caption=_caption(known, best),
            table=_table({one: row for one, row in known.items() if one.slots == slots}, best),
        )


def _caption(known: Mapping[Geometry, Transfer], best: Transfer) -> str:
    near = [row.name for row in known.values() if row is not best and not row.time.apart(best.time)]
    more = f" and {len(near) - _NAMED} others" if len(near) > _NAMED else ""
    said = f" Not to be told from it: {', '.join(near[:_NAMED])}{more}." if near else ""
    return f"The best of all is {best.name} with {units.with_interval(best.rate, units.rate)}.{said}"


def _table(known: Mapping[Geometry, Transfer], best: Transfer) -> Table:
    threads = sorted({one.threads for one in known})
    cells = {(one.slot_bytes, one.threads): _cell(row, best) for one, row in known.items()}
    lines = (
        Line(cells=(Cell(units.size(slot)), *(cells.get((slot, count), Cell(units.NONE)) for count in threads)))
        for slot in sorted({one.slot_bytes for one in known})
    )
    return Table(
        headers=("slot", *(f"{count} {'thread' if count == 1 else 'threads'}" for count in threads)), lines=tuple(lines)
    )


def _cell(row: Transfer, best: Transfer) -> Cell:
    plain = estimated(row.rate, units.rate)
    return Cell(plain.text, f"{plain.note}, the best", "faster") if row is best else plain
