"""What a call costs before it moves a byte, and what each byte costs: one line t(n) = fixed + n / rate.

The line is fitted once a pass, by least squares of the relative error, so that 64 bytes weigh as much as 64 KiB; the
interval is the range over the passes. Where a line does not describe the times there is a reason instead of a number.
Over which sizes one line holds is found in `curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from .statistics import Estimate, of_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    #: Payload in bytes -> the rounds of each pass in nanoseconds per call.
    Points = Mapping[int, Sequence[Sequence[float]]]

#: A line that misses a size by more than this does not describe it.
WORST_MISS: Final = 0.15
FEWEST_SIZES: Final = 3
#: A cost is flat when its fitted growth over the whole range stays within this ...
FLAT_GROWTH: Final = 0.05
#: ... and this many of its medians lie within `WORST_MISS` of it ...
FLAT_SHARE: Final = 0.95
#: ... over sizes that differ at least this much.
FLAT_RANGE: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A line, one a pass: `lines` are its fixed cost in nanoseconds and its nanoseconds per byte.

    `worst_miss` is the largest relative distance of a median from the line. `fixed_given` says that the fixed cost was
    not fitted to these times but is that of smaller ones.
    """

    lines: tuple[tuple[float, float], ...]
    sizes: int
    worst_miss: float
    fixed_given: bool = False

    @property
    def fixed_ns(self) -> Estimate | None:
        """The fixed cost, or None where these times cannot tell it from zero."""
        costs = [cost for cost, _ in self.lines]
        return None if self.fixed_given or not any(costs) else of_values(costs)

    @property
    def rate(self) -> Estimate:
        """Bytes per nanosecond, 1e9 a second."""
        return of_values([1 / slope for _, slope in self.lines])

    @property
    def half_size_bytes(self) -> float | None:
        """The payload whose moving costs as much as the call itself: fixed * rate."""
        return None if self.fixed_ns is None else self.fixed_ns.value * self.rate.value

    def at(self, nbytes: float) -> Estimate:
        """Return the time of a payload in nanoseconds: the range over the passes, widened by the worst miss."""
        found = of_values([cost + slope * nbytes for cost, slope in self.lines])
        less, more = 1 - self.worst_miss, 1 + self.worst_miss
        return replace(found, low=found.low * less, high=found.high * more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """One time at every size: `growth` is the fitted ratio of the time at the largest size to that at the smallest."""

    time_ns: Estimate
    growth: float
    smallest_bytes: int
    largest_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFit:
    """Why there is no number."""

    reason: str


def fit(points: Points) -> Fit | NoFit:
    """Fit fixed + n / rate to the times of one regime.

    Returns:
        The line, or why there is none: too few sizes, times that do not grow, a fixed cost below zero, or a line that
        misses a size by more than `WORST_MISS`.
    """
    if refused := _unfit(points):
        return refused
    lines = [line_of(times) for times in by_pass(points)]
    if any(slope <= 0 for _, slope in lines):
        return NoFit(reason="the time does not grow with the size")
    costs = [cost for cost, _ in lines]
    if max(costs) < 0:
        return NoFit(reason="the fixed cost comes out below zero, so the time is no straight line")
    if min(costs) <= 0:
        return through(points, [0.0] * len(lines))
    return _checked(Fit(lines=tuple(lines), sizes=len(points), worst_miss=0.0), points)


def through(points: Points, fixed_ns: Sequence[float]) -> Fit | NoFit:
    """Fit the rate alone, by least squares of the relative error, where the fixed cost of each pass is known.

    Returns:
        The line, or why there is none: times below the fixed cost, or a miss of more than `WORST_MISS`.
    """
    slopes = [slope_of(times, cost) for times, cost in zip(by_pass(points), fixed_ns, strict=True)]
    if min(slopes) <= 0:
        return NoFit(reason="the time is not above the fixed cost")
    lines = tuple(zip(fixed_ns, slopes, strict=True))
    return _checked(Fit(lines=lines, sizes=len(points), worst_miss=0.0, fixed_given=any(fixed_ns)), points)


def flat(points: Points) -> Flat | NoFit:
    """Return the one time of a path whose cost does not depend on the size, or why there is none."""
    if refused := _unfit(points):
        return refused
    smallest, largest = min(points), max(points)
    if largest < smallest * FLAT_RANGE:
        return NoFit(reason=f"the sizes differ by less than {FLAT_RANGE}x")
    times = medians(points)
    time = of_values([median(one.values()) for one in by_pass(points)])
    growth = _growth(times)
    near = sum(abs(one / time.value - 1) <= WORST_MISS for one in times.values())
    if abs(growth - 1) >= FLAT_GROWTH or near < FLAT_SHARE * len(times):
        return NoFit(reason="the times differ from size to size")
    return Flat(time_ns=time, growth=growth, smallest_bytes=smallest, largest_bytes=largest)


def _unfit(points: Points) -> NoFit | None:
    if len(points) < FEWEST_SIZES:
        return NoFit(reason=f"{len(points)} of the {FEWEST_SIZES} sizes that a line needs")
    if any(len(one) != len(other) for one, other in pairwise(points.values())):
        return NoFit(reason="the sizes were not all measured in the same passes")
    return None


def _checked(known: Fit, points: Points) -> Fit | NoFit:
    miss = max(abs(known.at(size).value / time - 1) for size, time in medians(points).items())
    if miss > WORST_MISS:
        return NoFit(reason=f"a straight line misses a size by {miss:.0%}")
    return replace(known, worst_miss=miss)


def line_of(times: Mapping[int, float]) -> tuple[float, float]:
    """Return intercept and slope that minimise the sum of ((intercept + slope * n - t) / t)**2."""
    weights = {size: 1 / time**2 for size, time in times.items()}
    whole = sum(weights.values())
    size_mean = sum(weight * size for size, weight in weights.items()) / whole
    time_mean = sum(weight * times[size] for size, weight in weights.items()) / whole
    spread = sum(weight * (size - size_mean) ** 2 for size, weight in weights.items())
    common = sum(weight * (size - size_mean) * (times[size] - time_mean) for size, weight in weights.items())
    slope = common / spread
    return time_mean - slope * size_mean, slope


def slope_of(times: Mapping[int, float], cost: float) -> float:
    """Return the slope that minimises the sum of ((cost + slope * n - t) / t)**2."""
    above = sum(size * (time - cost) / time**2 for size, time in times.items())
    return above / sum((size / time) ** 2 for size, time in times.items())


def _growth(times: Mapping[int, float]) -> float:
    """Return the ratio of the last time to the first of a power law fitted to the times."""
    logs = [(math.log(size), math.log(time)) for size, time in times.items()]
    size_mean = sum(size for size, _ in logs) / len(logs)
    time_mean = sum(time for _, time in logs) / len(logs)
    spread = sum((size - size_mean) ** 2 for size, _ in logs)
    slope = sum((size - size_mean) * (time - time_mean) for size, time in logs) / spread
    return math.exp(slope * (max(logs)[0] - min(logs)[0]))


def by_pass(points: Points) -> list[dict[int, float]]:
    """Return the median of each size, one mapping a pass."""
    count = len(next(iter(points.values())))
    return [{size: median(passes[one]) for size, passes in points.items()} for one in range(count)]


def medians(points: Points) -> dict[int, float]:
    """Return the time of each size: the median of its pass medians."""
    return {size: median(median(rounds) for rounds in passes) for size, passes in points.items()}
