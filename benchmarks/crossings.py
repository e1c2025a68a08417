"""Where one path becomes cheaper than another: the sizes at which their curves cross, as ranges.

That the order changes is said by measured times whose intervals are apart; between which sizes, by the lines. Where one
line of each holds, they cross at (a2 - a1) / (1/r1 - 1/r2) for fixed costs a and rates r, once a pass; the range of the
passes is the interval. Where the order changes between two regimes, the range is what lies between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .curves import Curve
    from .model import Fit
    from .statistics import Estimate

    Line = tuple[float, float]

Order = Literal["cheaper", "cannot tell", "dearer"]
ORDERS: Final[tuple[Order, ...]] = ("cheaper", "cannot tell", "dearer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Somewhere from `low` to `high` bytes the first path stops being the `cheaper` or the dearer one.

    `size_bytes` is the size in the middle pass, None where no two lines of the same passes say it.
    """

    low: float
    high: float
    size_bytes: float | None
    cheaper_below: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """Sizes over which one line holds for each of two paths."""

    low: int
    high: int
    first: Fit
    second: Fit

    def dearer(self, nbytes: float) -> float:
        """Return how much longer the first path takes, in nanoseconds."""
        return self.first.at(nbytes).value - self.second.at(nbytes).value

    def crossing(self) -> Crossing | None:
        """Return where the lines cross within these sizes; None where they do not."""
        below, above = self.dearer(self.low), self.dearer(self.high)
        if below * above >= 0:
            return None
        if len(self.first.lines) != len(self.second.lines):
            return Crossing(low=self.low, high=self.high, size_bytes=None, cheaper_below=below < 0)
        both = zip(self.first.lines, self.second.lines, strict=True)
        every = [self._of_pass(one, other, cheaper_below=below < 0) for one, other in both]
        return Crossing(low=min(every), high=max(every), size_bytes=median(every), cheaper_below=below < 0)

    def _of_pass(self, first: Line, second: Line, *, cheaper_below: bool) -> float:
        """Return where two lines cross, the nearer end of these sizes where that lies outside."""
        sign = 1 if cheaper_below else -1
        below, above = (sign * (first[0] - second[0] + (first[1] - second[1]) * size) for size in (self.low, self.high))
        if below >= 0:
            return self.low
        return self.high if above <= 0 else self.low + (self.high - self.low) * below / (below - above)


def orders(first: Curve, second: Curve) -> tuple[tuple[int, Order], ...]:
    """Return how the first path stands to the second at each measured size of both; intervals that meet do not tell."""
    shared = [size for size in first.times if size in second.times]
    return tuple((size, _order(first.times[size], second.times[size])) for size in shared)


def _order(one: Estimate, other: Estimate) -> Order:
    if not one.apart(other):
        return "cannot tell"
    return "cheaper" if one.value < other.value else "dearer"


def changes(first: Curve, second: Curve) -> tuple[Crossing, ...]:
    """Return where two paths change their order for certain, smallest sizes first.

    They do between two measured sizes at which their intervals are apart, once this way and once that. Where their
    lines cross that way once between the two, that range is returned, else all between the two.
    """
    lines = crossings(first, second)
    return tuple(_narrowed(one, lines) for one in _measured(first, second))


def _measured(first: Curve, second: Curve) -> Iterator[Crossing]:
    certain = [(size, order) for size, order in orders(first, second) if order != "cannot tell"]
    for (low, before), (high, after) in pairwise(certain):
        if before != after:
            yield Crossing(low=low, high=high, size_bytes=None, cheaper_below=before == "cheaper")


def _narrowed(measured: Crossing, lines: Sequence[Crossing]) -> Crossing:
    inside = [one for one in lines if _lies_in(one, measured)]
    if len(inside) != 1:
        return measured
    return replace(inside[0], low=max(inside[0].low, measured.low), high=min(inside[0].high, measured.high))


def _lies_in(one: Crossing, measured: Crossing) -> bool:
    """Whether lines cross where the order changes, and the same way."""
    sizes = (one.low, one.high) if one.size_bytes is None else (one.size_bytes,)
    held = all(measured.low <= size <= measured.high for size in sizes)
    return held and one.cheaper_below == measured.cheaper_below


def crossings(first: Curve, second: Curve) -> tuple[Crossing, ...]:
    """Return where the lines of two paths cross, smallest sizes first; sizes that no lines hold are stepped over."""
    found: list[Crossing] = []
    before: _Shared | None = None
    for shared in _shared(first, second):
        if before and before.dearer(before.high) * shared.dearer(shared.low) < 0:
            cheaper = before.dearer(before.high) < 0
            found.append(Crossing(low=before.high, high=shared.low, size_bytes=None, cheaper_below=cheaper))
        if inside := shared.crossing():
            found.append(inside)
        before = shared
    return tuple(found)


def _shared(first: Curve, second: Curve) -> Iterator[_Shared]:
    for one in first.regimes:
        for other in second.regimes:
            low, high = max(one.low, other.low), min(one.high, other.high)
            if low < high:
                yield _Shared(low=low, high=high, first=one.fit, second=other.fit)
