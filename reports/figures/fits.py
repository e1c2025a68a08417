"""Fixed cost and rate: what a call costs before it moves a byte, and what the bytes cost, one regime at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.curves import BOTH, CACHE, EITHER
from benchmarks.model import FEWEST_SIZES, Fit, Flat, NoFit, flat
from reports import charts, model_chart, units
from reports.view import USUAL, Group

from .registry import Cell, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.curves import Curve, Regime
    from benchmarks.model import Points
    from reports.view import Choice, View

_TITLES: Final = {"share": "one cost at any size"}
_HEADERS: Final = ("fixed cost", "of a sharing call", "half size", "regime", "sizes", "rate", "worst miss", "remark")


@section(
    30,
    "fixed",
    title="Fixed cost and rate",
    lead="A copy takes a fixed cost plus its bytes over a rate. The rate changes with what holds the bytes: a cache, "
    "memory, or pages that are new. Over which sizes one line holds is found from the times of each path itself; it is "
    "fitted once a pass, and the interval is the range over the passes. No line misses a size by more than 15 %: sizes "
    "that none describes are left out.",
)
def fixed_cost_and_rate(view: View) -> Iterator[Figure]:
    """List what each path costs at any size, or its fixed cost and its rates, and draw the model over the times."""
    for group in view.groups:
        first = view.choices(group)[0]
        paths = [path for path in view.paths(group) if len(view.line(group, path, first)) >= FEWEST_SIZES]
        if paths:
            shares = group.family == "share"
            yield Figure(
                anchor=f"fixed-{group.anchor}",
                title=f"{group.heading}: {_TITLES.get(group.family, 'fixed cost and rate')}",
                caption=_caption(first, paths, drawn=not shares),
                table=(_flat_table if shares else _fit_table)(view, group, first, paths),
                chart=None if shares else model_chart.chart(view, group, first, paths[: charts.LINES_CAP]),
            )


def fixed_anchor(group: Group, path: str) -> str:
    """Return the id of a path's row here."""
    return f"fixed-{group.anchor}-{slug(path)}"


def points(view: View, group: Group, path: str, choice: Choice) -> Points:
    """Return one path's times by size, as the model takes them."""
    return {row.record.nbytes: row.record.passes() for row in view.line(group, path, choice)}


def cache_fit(view: View, group: Group, path: str, choice: Choice) -> Fit | None:
    """Return the line of a path over its smallest sizes, unless the cache cannot hold them."""
    known = view.curve(group, path, choice).regimes
    return known[0].fit if known and known[0].name in {CACHE, BOTH, EITHER} else None


def of_sharing(view: View, group: Group, known: Fit | None) -> float | None:
    """Return a fixed cost as a multiple of the usual call that shares, where both have a number."""
    share = Group("share", group.source)
    if known is None or known.fixed_ns is None or share not in view.groups:
        return None
    shares = flat(points(view, share, USUAL[share], view.choices(share)[0]))
    return known.fixed_ns.value / shares.time_ns.value if isinstance(shares, Flat) else None


def _caption(choice: Choice, paths: Sequence[str], *, drawn: bool) -> str:
    said = [f"For {choice.text}."]
    if drawn:
        said.append("Points are measured times, lines the model; where no line is drawn the model says nothing.")
    if drawn and len(paths) > charts.LINES_CAP:
        said.append(f"The first {charts.LINES_CAP} paths are drawn.")
    return " ".join(said)


def _flat_table(view: View, group: Group, choice: Choice, paths: Sequence[str]) -> Table:
    lines = (
        Line(anchor=fixed_anchor(group, path), cells=(Cell(path, kind="path"), *_flat_cells(known)))
        for path in paths
        for known in [flat(points(view, group, path, choice))]
    )
    return Table(headers=("path", "time", "growth", "sizes", "remark"), lines=tuple(lines))


def _flat_cells(known: Flat | NoFit) -> tuple[Cell, ...]:
    if not isinstance(known, Flat):
        return (*_nothing(3), Cell(known.reason, kind="text"))
    sizes = f"{units.size(known.smallest_bytes)} to {units.size(known.largest_bytes)}"
    return (_time(known), Cell(units.times(known.growth)), Cell(sizes), Cell(""))


def _time(known: Flat) -> Cell:
    return Cell(units.time(known.time_ns.value), units.interval(known.time_ns, units.time))


def _fit_table(view: View, group: Group, choice: Choice, paths: Sequence[str]) -> Table:
    lines = (line for path in paths for line in _lines(view, group, path, choice))
    return Table(headers=("path", *_HEADERS), lines=tuple(lines))


def _lines(view: View, group: Group, path: str, choice: Choice) -> Iterator[Line]:
    """Yield one line a regime, the first with the fixed cost and what is left out; one line too where there is none."""
    known, anchor, name = view.curve(group, path, choice), fixed_anchor(group, path), Cell(path, kind="path")
    first = cache_fit(view, group, path, choice)
    cost = _fixed(first, of_sharing(view, group, first))
    remark = Cell(known.reason or _remark(known), kind="text")
    if not known.regimes:
        yield Line(anchor=anchor, cells=(name, *_nothing(len(_HEADERS) - 1), remark))
    for regime in known.regimes:
        own, said = (cost, remark) if regime is known.regimes[0] else (_nothing(3), Cell(""))
        yield Line(anchor=anchor if own is cost else "", cells=(name, *own, *_regime(regime), said))


def _regime(regime: Regime) -> tuple[Cell, ...]:
    line = regime.fit
    return (
        Cell(regime.name, kind="text"),
        Cell(f"{units.size(regime.low)} to {units.size(regime.high)}"),
        Cell(units.rate(line.rate.value), units.interval(line.rate, units.rate)),
        Cell(units.percent(line.worst_miss)),
    )


def _remark(known: Curve) -> str:
    """Say which sizes no line describes."""
    left_out = ", ".join(map(units.size, known.left_out))
    return f"no line holds {left_out}" if left_out else ""


def _fixed(known: Fit | None, of_share: float | None) -> tuple[Cell, ...]:
    """Return fixed cost, its multiple of a sharing call, and half size; nothing where it drowns in noise."""
    if known is None or known.fixed_ns is None or known.half_size_bytes is None:
        return _nothing(3)
    cost = Cell(units.time(known.fixed_ns.value), units.interval(known.fixed_ns, units.time))
    more = Cell(units.times(of_share) if of_share else units.NONE)
    return cost, more, Cell(units.size(known.half_size_bytes))


def _nothing(count: int) -> tuple[Cell, ...]:
    return (Cell(units.NONE),) * count
