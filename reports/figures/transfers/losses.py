"""Where bridge's paths lose against the usual spelling: a report that hides it is an advertisement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.suite.cases import OURS
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table, slug, texts
from reports.figures.versus import ratio_cell
from reports.transfers import USUAL, against

from .parts import part, timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.statistics import Estimate
    from reports.transfers import Transfer, Transfers

#: More lines than this are not read; the caption says how many there are.
CAP: Final = 40
_RINGS: Final = frozenset({"h2d.ring", "d2h.ring"})


class Pair(NamedTuple):
    """A case of ours, the usual spelling of it, and how many times as long ours takes."""

    row: Transfer
    usual: Transfer
    ratio: Estimate


@part(100)
def where_bridge_loses(transfers: Transfers) -> Iterator[Figure]:
    """List every measured case where bridge or its ring is slower than the usual spelling, or say there is none."""
    known = pairs(transfers)
    if known:
        lost = [pair for pair in known if pair.ratio.low > 1]
        yield Figure(
            anchor="transfer-losses",
            title=f"Where bridge is slower than the usual spelling: {len(lost)} of {len(known)} measured cases",
            caption=_caption(known, lost),
            table=_table(lost) if lost else _none(len(known)),
        )


def pairs(transfers: Transfers) -> list[Pair]:
    """Return bridge's cases and its ring's beside the usual spelling of the same, those that lose most first."""
    ours = (row for row in transfers.rows if row.record.path.startswith(OURS) or row.record.path in _RINGS)
    beside = ((row, usual) for row in ours if (usual := transfers.usual(row)))
    found = (Pair(row, usual, ratio) for row, usual in beside if (ratio := against(row, usual)))
    return sorted(found, key=lambda pair: -pair.ratio.value)


def loss_anchor(row: Transfer) -> str:
    """Return the id of a case's row here."""
    return f"transfer-loses-{slug(row.record.case)}"


def _caption(known: Sequence[Pair], lost: Sequence[Pair]) -> str:
    faster = sum(pair.ratio.high < 1 for pair in known)
    unsure = len(known) - len(lost) - faster
    said = f"In {faster} cases it is faster, in {unsure} neither can be said. Ratios are taken pass by pass."
    compared = ", ".join(f"`{usual}`" for usual in dict.fromkeys(USUAL[one.row.record.family] for one in known))
    more = f" The {CAP} that lose most are listed." if len(lost) > CAP else ""
    return f"Compared with {compared}. {said} The ring alone (`h2d.ring`, `d2h.ring`) is forced at any size.{more}"


def _table(lost: Sequence[Pair]) -> Table:
    return Table(
        headers=("path", "size", "dtype, layout", "time", "usual spelling", "its time", "times as long"),
        lines=tuple(_line(pair) for pair in lost[:CAP]),
    )


def _line(pair: Pair) -> Line:
    record = pair.row.record
    said = (Cell(units.size(record.nbytes)), Cell(f"{record.dtype}, {record.layout}"))
    usual = (Cell(pair.usual.name, kind="path"), timed(pair.usual))
    cells = (Cell(pair.row.name, kind="path"), *said, timed(pair.row), *usual, ratio_cell(pair.ratio))
    return Line(anchor=loss_anchor(pair.row), cells=cells)


def _none(count: int) -> Table:
    said = texts(("every measured case", f"none of {count} loses"))
    return Table(headers=("cases", "what was seen"), lines=(Line(cells=said),))
