"""The lines of both sides of one path, round by round, over the sizes that one line of A holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

from .model import Fit, Flat, fit, flat, line_of, slope_of, through

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .model import Points
    from .regimes import Run

    Times = Mapping[int, float]
    Pairs = Sequence[tuple[float, float]]

FIXED: Final = "fixed cost"
PER_BYTE: Final = "time per byte"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The fixed costs and the times per byte of A and of B over some sizes, one pair a round, in nanoseconds."""

    sizes: tuple[int, ...]
    costs: Pairs
    slopes: Pairs

    def pairs(self, what: str) -> Pairs:
        """Return one part of the lines."""
        return self.costs if what == FIXED else self.slopes

    def log_ratio(self, size: int) -> float:
        """Return ln(B / A) of one size as the lines have it; NaN where they have no time above zero."""
        at = zip(self.costs, self.slopes, strict=True)
        both = [(cost_a + slope_a * size, cost_b + slope_b * size) for (cost_a, cost_b), (slope_a, slope_b) in at]
        known = [math.log(b / a) for a, b in both if a > 0 and b > 0]
        return median(known) if known else math.nan

    def decided_by(self, what: str, size: int) -> bool:
        """Whether a part makes up at least half of the change of one size, and in its direction."""
        of = {FIXED: _change(self.costs), PER_BYTE: _change(self.slopes) * size}
        whole = sum(of.values())
        return whole != 0 and of[what] / whole >= 1 / 2


def _change(pairs: Pairs) -> float:
    return median(b - a for a, b in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What one path took on both sides, one mapping a round: size -> nanoseconds."""

    a: tuple[Times, ...]
    b: tuple[Times, ...]

    def fastest(self, side: str, sizes: Sequence[int] = ()) -> Points:
        """Return the fastest round of each size, as the cost model takes it."""
        rounds: tuple[Times, ...] = getattr(self, side)
        return {size: [[min(one[size] for one in rounds)]] for size in sizes or sorted(rounds[0])}

    def flat_sides(self) -> str:
        """Return the sides that cost the same at any size: `ab`, `a`, `b`, or nothing."""
        return "".join(side for side in "ab" if isinstance(flat(self.fastest(side)), Flat))

    def level(self) -> Lines:
        """Return the lines of sides that cost the same at any size: their mean over the sizes, and nothing a byte."""
        costs = [(fmean(a.values()), fmean(b.values())) for a, b in zip(self.a, self.b, strict=True)]
        return Lines(sizes=tuple(sorted(self.a[0])), costs=costs, slopes=self._nothing())

    def first(self, run: Run) -> Lines | None:
        """Return the lines over A's first regime, through zero where A's fixed cost is; None where B is on none."""
        if run.fit.fixed_ns is None:
            return self.later(run, self._nothing())
        if not isinstance(fit(self.fastest("b", run.sizes)), Fit):
            return None
        pairs = zip(self.a, self.b, strict=True)
        costs = [(line_of(_some(a, run))[0], line_of(_some(b, run))[0]) for a, b in pairs]
        return self._through(run, costs)

    def later(self, run: Run, costs: Pairs) -> Lines | None:
        """Return the lines over a regime where the fixed costs are known; None where B is on none."""
        known = median(cost for _, cost in costs)
        return self._through(run, costs) if isinstance(through(self.fastest("b", run.sizes), [known]), Fit) else None

    def _through(self, run: Run, costs: Pairs) -> Lines:
        rounds = zip(self.a, self.b, costs, strict=True)
        slopes = [(slope_of(_some(a, run), one), slope_of(_some(b, run), other)) for a, b, (one, other) in rounds]
        return Lines(sizes=run.sizes, costs=costs, slopes=slopes)

    def _nothing(self) -> Pairs:
        return [(0.0, 0.0)] * len(self.a)


def _some(times: Times, run: Run) -> Times:
    return {size: times[size] for size in run.sizes}
