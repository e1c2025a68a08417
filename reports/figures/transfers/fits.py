"""Fixed cost and rate of each path, and the size from which it is cheaper than the usual one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.crossings import changes, orders
from benchmarks.curves import curve
from reports import crossing, units
from reports.figures.registry import Cell, Figure, Line, Table
from reports.transfers import DIRECTIONS, USUAL

from .parts import NOTHING, estimated, part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.curves import Curve, Regime
    from reports.transfers import Transfers

_HEADERS = ("path", "fixed cost", "half size", "sizes", "rate", "worst miss")


@part(30)
def fixed_cost_and_rate(transfers: Transfers) -> Iterator[Figure]:
    """List the lines of each path and where it crosses the usual one."""
    for family, words in DIRECTIONS.items():
        known = {name: curve(row.record for row in rows) for name, rows in transfers.curves(family).items()}
        if any(one.regimes for one in known.values()):
            yield _figure(family, words, known)


def against(usual: Curve, other: Curve) -> str:
    """Return from or up to which size `other` is cheaper than `usual`, or that it is so everywhere or nowhere.

    An order is claimed where the intervals of both are apart at a measured size.
    """
    certain = {order for _, order in orders(other, usual)} - {"cannot tell"}
    if len(certain) == 1:
        return f"{certain.pop()} wherever they can be told apart"
    if not certain:
        return "cannot be told apart at any size"
    return ", ".join(
        f"cheaper up to {crossing.at(one)}" if one.cheaper_below else f"cheaper from {crossing.at(one)} on"
        for one in changes(other, usual)
    )


def _figure(family: str, words: str, known: Mapping[str, Curve]) -> Figure:
    usual = USUAL[family]
    return Figure(
        anchor=f"transfer-fits-{family}",
        title=f"{words}: fixed cost and rate",
        caption="Over which sizes one line holds is found from the times of each path; the half size takes as long as "
        "the fixed cost. No line misses a size by more than 15 %. The last column compares the times with those of "
        f"`{usual}` and says where the lines cross.",
        table=Table(
            headers=(*_HEADERS, f"against {usual}"),
            lines=tuple(
                line
                for name, one in known.items()
                for line in _lines(name, one, "" if name == usual else against(known.get(usual, curve(())), one))
            ),
        ),
    )


def _lines(name: str, known: Curve, said: str) -> Iterator[Line]:
    """Yield one line a regime, the first with the fixed cost and what was said; one line where there is no regime."""
    path = Cell(name, kind="path")
    if not known.regimes:
        why = "; ".join(filter(None, (known.reason, said)))
        yield Line(cells=(path, *(NOTHING,) * (len(_HEADERS) - 1), Cell(why, kind="text")))
    for regime in known.regimes:
        own = Cell(said or units.NONE, kind="text") if regime is known.regimes[0] else Cell("")
        yield Line(cells=(path, *_numbers(regime), own))


def _numbers(regime: Regime) -> tuple[Cell, ...]:
    half = regime.fit.half_size_bytes
    return (
        estimated(regime.fit.fixed_ns, units.time),
        NOTHING if half is None else Cell(units.size(half)),
        Cell(f"{units.size(regime.low)} to {units.size(regime.high)}"),
        estimated(regime.fit.rate, units.rate),
        Cell(units.percent(regime.fit.worst_miss)),
    )
