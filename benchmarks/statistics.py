"""From samples to numbers: pure functions of the rounds of each pass.

A case's time is the median of its pass medians, its interval the range of the pass medians. With six passes that
range covers the true median with 1 - 2 * (1/2)**6 = 97 % (order statistics; no distribution is assumed).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: An interval wider than this times its low end is flagged as noisy; it is shown all the same.
NOISY_SPREAD: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with the range of its pass medians; `passes` says how much that range is worth."""

    value: float
    low: float
    high: float
    passes: int

    def __post_init__(self) -> None:
        """Refuse an estimate outside its own interval."""
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} lies outside [{self.low}, {self.high}]")

    @property
    def noisy(self) -> bool:
        """Whether the passes disagree by more than `NOISY_SPREAD`."""
        return self.high > self.low * NOISY_SPREAD

    @property
    def coverage(self) -> float:
        """The probability that the range covers the true median: 1 - 2 * (1/2)**passes."""
        return max(0.0, 1 - 2 * 0.5**self.passes)

    def apart(self, other: Estimate) -> bool:
        """Whether the two intervals have nothing in common."""
        return self.high < other.low or other.high < self.low


def estimate(passes: Sequence[Sequence[float]]) -> Estimate:
    """Return the median of the pass medians and their range.

    Raises:
        ValueError: there is no pass, or a pass without rounds.
    """
    if not passes or not all(passes):
        raise ValueError("an estimate needs at least one pass and one round in each")
    return of_values([median(rounds) for rounds in passes])


def of_values(values: Sequence[float]) -> Estimate:
    """Return the median and range of one value a pass."""
    return Estimate(value=median(values), low=min(values), high=max(values), passes=len(values))


def ratio(passes: Sequence[Sequence[float]], base: Sequence[Sequence[float]]) -> Estimate:
    """Return the ratio of two cases, pass by pass: slow drift of the machine moves both sides of a pass.

    Raises:
        ValueError: the two were not measured in the same number of passes.
    """
    if len(passes) != len(base):
        raise ValueError(f"a ratio needs the same passes on both sides, but there are {len(passes)} and {len(base)}")
    return of_values([median(one) / median(other) for one, other in zip(passes, base, strict=True)])
