"""What a call costs before it moves a byte, and what each byte costs: t(n) = fixed + n / rate, one regime at a time.

The line is fitted once a pass, by least squares of the relative error, so that 64 bytes weigh as much as 64 KiB; the
interval is the range over the passes. Where a line does not describe the times there is a reason instead of a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
class Regime:
    """Sizes over which the same thing limits a copy, from `low` to `high` bytes, both included."""

    name: str
    low: int
    high: float


#: Up to 256 KiB source and result stay in a core's cache; from 32 MiB on every new result is freshly mapped memory.
REGIMES: Final = (
    Regime(name="cache", low=0, high=256 * 1024),
    Regime(name="memory", low=256 * 1024 + 1, high=32 * 2**20 - 1),
    Regime(name="fresh pages", low=32 * 2**20, high=math.inf),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A line: `fixed_ns` is None where it cannot be told from zero; `rate` is in bytes per nanosecond (1e9 a second).

    `worst_miss` is the largest relative distance of a median from the line.
    """

    fixed_ns: Estimate | None
    rate: Estimate
    sizes: int
    worst_miss: float

    @property
    def half_size_bytes(self) -> float | None:
        """The payload whose moving costs as much as the call itself: fixed * rate."""
        return None if self.fixed_ns is None else self.fixed_ns.value * self.rate.value


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


def within(points: Points, regime: Regime) -> dict[int, Sequence[Sequence[float]]]:
    """Return the sizes of one regime."""
    return {size: passes for size, passes in points.items() if regime.low <= size <= regime.high}


def fit(points: Points) -> Fit | NoFit:
    """Fit fixed + n / rate to the times of one regime.

    Returns:
        The line, or why there is none: too few sizes, times that do not grow, a fixed cost below zero, or a line that
        misses a size by more than `WORST_MISS`.
    """
    if refused := _unfit(points):
        return refused
    lines = [_line(times) for times in _by_pass(points)]
    if any(slope <= 0 for _, slope in lines):
        return NoFit(reason="the time does not grow with the size")
    fixed = of_values([intercept for intercept, _ in lines])
    if fixed.high < 0:
        return NoFit(reason="the fixed cost comes out below zero, so the time is no straight line")
    if fixed.low <= 0:
        return _checked(points, None, [(0.0, _slope_alone(times)) for times in _by_pass(points)])
    return _checked(points, fixed, lines)


def flat(points: Points) -> Flat | NoFit:
    """Return the one time of a path whose cost does not depend on the size, or why there is none."""
    if refused := _unfit(points):
        return refused
    smallest, largest = min(points), max(points)
    if largest < smallest * FLAT_RANGE:
        return NoFit(reason=f"the sizes differ by less than {FLAT_RANGE}x")
    passes = list(_by_pass(points))
    medians = _medians(points)
    time = of_values([median(times.values()) for times in passes])
    growth = _growth(medians)
    near = sum(abs(one / time.value - 1) <= WORST_MISS for one in medians.values())
    if abs(growth - 1) >= FLAT_GROWTH or near < FLAT_SHARE * len(medians):
        return NoFit(reason="the time depends on the size")
    return Flat(time_ns=time, growth=growth, smallest_bytes=smallest, largest_bytes=largest)


def _unfit(points: Points) -> NoFit | None:
    if len(points) < FEWEST_SIZES:
        return NoFit(reason=f"{len(points)} of the {FEWEST_SIZES} sizes that a line needs")
    if any(len(one) != len(other) for one, other in pairwise(points.values())):
        return NoFit(reason="the sizes were not all measured in the same passes")
    return None


def _checked(points: Points, fixed: Estimate | None, lines: Sequence[tuple[float, float]]) -> Fit | NoFit:
    intercept, slope = median(one for one, _ in lines), median(one for _, one in lines)
    miss = max(abs((intercept + slope * size) / time - 1) for size, time in _medians(points).items())
    if miss > WORST_MISS:
        return NoFit(reason=f"a straight line misses a size by {miss:.0%}")
    rate = of_values([1 / one for _, one in lines])
    return Fit(fixed_ns=fixed, rate=rate, sizes=len(points), worst_miss=miss)


def _line(times: Mapping[int, float]) -> tuple[float, float]:
    """Return intercept and slope that minimise the sum of ((intercept + slope * n - t) / t)**2."""
    weights = {size: 1 / time**2 for size, time in times.items()}
    whole = sum(weights.values())
    size_mean = sum(weight * size for size, weight in weights.items()) / whole
    time_mean = sum(weight * times[size] for size, weight in weights.items()) / whole
    spread = sum(weight * (size - size_mean) ** 2 for size, weight in weights.items())
    common = sum(weight * (size - size_mean) * (times[size] - time_mean) for size, weight in weights.items())
    slope = common / spread
    return time_mean - slope * size_mean, slope


def _slope_alone(times: Mapping[int, float]) -> float:
    """Return the slope through zero that minimises the sum of ((slope * n - t) / t)**2."""
    return sum(size / time for size, time in times.items()) / sum((size / time) ** 2 for size, time in times.items())


def _growth(times: Mapping[int, float]) -> float:
    """Return the ratio of the last time to the first of a power law fitted to the times."""
    logs = [(math.log(size), math.log(time)) for size, time in times.items()]
    size_mean = sum(size for size, _ in logs) / len(logs)
    time_mean = sum(time for _, time in logs) / len(logs)
    spread = sum((size - size_mean) ** 2 for size, _ in logs)
    slope = sum((size - size_mean) * (time - time_mean) for size, time in logs) / spread
    return math.exp(slope * (max(logs)[0] - min(logs)[0]))


def _by_pass(points: Points) -> list[dict[int, float]]:
    count = len(next(iter(points.values())))
    return [{size: median(passes[one]) for size, passes in points.items()} for one in range(count)]


def _medians(points: Points) -> dict[int, float]:
    return {size: median(median(rounds) for rounds in passes) for size, passes in points.items()}
