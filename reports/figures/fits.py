"""Fixed cost and rate: what a call costs before it moves a byte, and what the bytes cost, one regime at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.model import FEWEST_SIZES, REGIMES, Fit, Flat, NoFit, fit, flat, within
from reports import units
from reports.view import USUAL, Group

from .registry import Cell, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.model import Points, Regime
    from reports.view import Choice, View

_TITLES: Final = {"share": "one cost at any size"}
_CACHE: Final = REGIMES[0]


@section(
    30,
    "fixed",
    title="Fixed cost and rate",
    lead="A copy takes a fixed cost plus its bytes over a rate. Up to 256 KiB both stay in the cache, beyond "
    "that they come from memory, from 32 MiB on each new result also lies on fresh pages. A line is fitted once a "
    "pass; the interval is the range over the passes. Where a line misses a size by more than 15 % there is no number.",
)
def fixed_cost_and_rate(view: View) -> Iterator[Figure]:
    """List what each path costs at any size, or its fixed cost and its rates."""
    for group in view.groups:
        first = view.choices(group)[0]
        paths = [path for path in view.paths(group) if _fits(points(view, group, path, first))]
        if paths:
            table = _flat_table if group.family == "share" else _fit_table
            yield Figure(
                anchor=f"fixed-{group.anchor}",
                title=f"{group.heading}: {_TITLES.get(group.family, 'fixed cost and rate')}",
                caption=f"For {first.text}.",
                table=table(view, group, first, paths),
            )


def fixed_anchor(group: Group, path: str) -> str:
    """Return the id of a path's row here."""
    return f"fixed-{group.anchor}-{slug(path)}"


def points(view: View, group: Group, path: str, choice: Choice) -> Points:
    """Return one path's times by size, as the model takes them."""
    return {row.record.nbytes: row.record.passes() for row in view.line(group, path, choice)}


def cache_fit(view: View, group: Group, path: str, choice: Choice) -> Fit | NoFit:
    """Return the line of a path where everything stays in the cache."""
    return fit(within(points(view, group, path, choice), _CACHE))


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
    fits = {path: _fits(points(view, group, path, choice)) for path in paths}
    regimes = [regime for regime in REGIMES if any(regime in known for known in fits.values())]
    lines = (
        Line(
            anchor=fixed_anchor(group, path),
            cells=(
                Cell(path, kind="path"),
                *_fixed(known.get(_CACHE), of_sharing(view, group, known.get(_CACHE))),
                *(_rate(known.get(regime)) for regime in regimes),
                Cell(_reasons(known), kind="text"),
            ),
        )
        for path, known in fits.items()
    )
    rates = (f"rate, {regime.name}" for regime in regimes)
    return Table(headers=("path", "fixed cost", "of a sharing call", "half size", *rates, "remark"), lines=tuple(lines))


def _fits(known: Points) -> dict[Regime, Fit | NoFit]:
    """Return the line of each regime, or why it has none; a regime with too few sizes is left out."""
    parts = {regime: within(known, regime) for regime in REGIMES}
    return {regime: fit(part) for regime, part in parts.items() if len(part) >= FEWEST_SIZES}


def _reasons(fits: Mapping[Regime, Fit | NoFit]) -> str:
    return "; ".join(f"{regime.name}: {one.reason}" for regime, one in fits.items() if isinstance(one, NoFit))


def of_sharing(view: View, group: Group, known: Fit | NoFit | None) -> float | None:
    """Return a fixed cost as a multiple of the usual call that shares, where both have a number."""
    share = Group("share", group.source)
    if not isinstance(known, Fit) or known.fixed_ns is None or share not in view.groups:
        return None
    shares = flat(points(view, share, USUAL[share], view.choices(share)[0]))
    return known.fixed_ns.value / shares.time_ns.value if isinstance(shares, Flat) else None


def _fixed(known: Fit | NoFit | None, of_share: float | None) -> tuple[Cell, ...]:
    """Return fixed cost and half size; in larger regimes the fixed cost drowns in noise and is not shown."""
    if not isinstance(known, Fit) or known.fixed_ns is None or known.half_size_bytes is None:
        return _nothing(3)
    cost = Cell(units.time(known.fixed_ns.value), units.interval(known.fixed_ns, units.time))
    more = Cell(units.times(of_share) if of_share else units.NONE)
    return cost, more, Cell(units.size(known.half_size_bytes))


def _rate(known: Fit | NoFit | None) -> Cell:
    if not isinstance(known, Fit):
        return Cell(units.NONE)
    return Cell(units.rate(known.rate.value), units.interval(known.rate, units.rate))


def _nothing(count: int) -> tuple[Cell, ...]:
    return (Cell(units.NONE),) * count
