"""Over which sizes one line holds: the regimes of a path, found from its own times.

A regime is a run of sizes that one line describes within `model.WORST_MISS`. Of all ways to cut the sizes into runs the
one is taken that leaves the fewest sizes to none, then the one with the fewest runs, then the nearest to the times. The
fixed cost is the call's own: it is fitted in the first regime, or is nothing there where it cannot be told from zero,
and is taken over to the larger ones, where it drowns in noise and would come out below zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, product, takewhile
from statistics import median
from typing import TYPE_CHECKING, Final

from .model import FEWEST_SIZES, Fit, fit, medians, through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .model import NoFit, Points

    Fitted = Callable[[Points], Fit | NoFit]

#: A regime has sizes this far apart at least: two that lie side by side are on one line whatever they cost.
LEAST_SPAN: Final = 1.5
#: Nor are neighbours farther apart than this: of what lies between 4 KiB and 1 MiB two points say nothing.
LARGEST_STEP: Final = 64
#: With the fixed cost known there is one number less to find.
FEWEST_LATER: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring sizes, smallest first, and the line that describes them."""

    sizes: tuple[int, ...]
    fit: Fit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Runs of sizes, and what speaks against them: sizes in none, and the squares of the relative misses."""

    runs: tuple[Run, ...] = ()
    left_out: int = 0
    squares: float = 0.0

    @property
    def cost(self) -> tuple[int, int, float]:
        return self.left_out, len(self.runs), self.squares

    def without(self, sizes: int) -> _Cut:
        return replace(self, left_out=self.left_out + sizes)

    def after(self, run: Run, points: Points) -> _Cut:
        times = medians(_some(points, run.sizes))
        squares = sum((run.fit.at(size).value / time - 1) ** 2 for size, time in times.items())
        return replace(self, runs=(run, *self.runs), squares=self.squares + squares)


def runs(points: Points) -> tuple[Run, ...]:
    """Return the regimes of one path, smallest sizes first; none where its sizes were not measured in the same passes.

    Args:
        points: payload in bytes -> rounds of each pass in nanoseconds per call.
    """
    if not points or any(len(one) != len(other) for one, other in pairwise(points.values())):
        return ()
    return _best({size: [[median(rounds)] for rounds in points[size]] for size in sorted(points)}).runs


def _best(points: Points) -> _Cut:
    """Return the best cut: every first regime is tried, each with the best of what can follow it."""
    nothing = [0.0] * len(next(iter(points.values())))

    def without_fixed_cost(some: Points) -> Fit | NoFit:
        return through(some, nothing)

    cuts = [_Cut(left_out=len(points))]
    for start, fitted in product(range(len(points)), (fit, without_fixed_cost)):
        for run in _runs_from(points, start, FEWEST_SIZES, fitted):
            rest = _later(points, start + len(run.sizes), [cost for cost, _ in run.fit.lines])
            cuts.append(rest.after(run, points).without(start))
    return min(cuts, key=lambda cut: cut.cost)


def _later(points: Points, start: int, fixed_ns: Sequence[float]) -> _Cut:
    """Return the best cut from the size numbered `start` on, where the fixed cost of each pass is known."""

    def rate_alone(some: Points) -> Fit | NoFit:
        return through(some, fixed_ns)

    best = {len(points): _Cut()}
    for first in range(len(points) - 1, start - 1, -1):
        found = _runs_from(points, first, FEWEST_LATER, rate_alone)
        cuts = [best[first + len(run.sizes)].after(run, points) for run in found]
        best[first] = min([best[first + 1].without(1), *cuts], key=lambda cut: cut.cost)
    return best[start]


def _runs_from(points: Points, start: int, fewest: int, fitted: Fitted) -> Iterator[Run]:
    """Yield the runs that begin at one size, long enough to be one, that a line describes."""
    sizes = tuple(points)[start:]
    near = 1 + sum(1 for _ in takewhile(lambda pair: pair[1] <= pair[0] * LARGEST_STEP, pairwise(sizes)))
    for end in range(fewest, near + 1):
        some = sizes[:end]
        line = fitted(_some(points, some))
        if isinstance(line, Fit) and some[-1] >= some[0] * LEAST_SPAN:
            yield Run(sizes=some, fit=line)


def _some(points: Points, sizes: Sequence[int]) -> Points:
    return {size: points[size] for size in sizes}
