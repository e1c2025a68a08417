"""From rounds to verdicts: pure functions of the logarithms of the ratios that the rounds of a comparison gave.

Each round is one pair of fresh processes and gives one number, x = ln(time of B / time of A). They are estimated by
the median of their pairwise means (Hodges and Lehmann 1963), with the exact interval of Wilcoxon's signed-rank test:
no distribution is assumed but that rounds are independent and their errors symmetric. A case is looked at once or
twice, at numbers of rounds fixed beforehand, so that looking does not make false alarms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Word = Literal["faster", "slower", "same", "unclear"]

#: A change within this is not worth a word; users may ask for another threshold.
THRESHOLD: Final = 0.05
CONFIRMATION_ROUNDS: Final = 10
_CONFIRMATION_COVERAGE: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A number of rounds at which a case is judged, and how often the interval then holds the true ratio."""

    rounds: int
    coverage: float


#: How much a comparison may spend: quick has one look, the others two, whose errors add up to at most one in a hundred.
#: With eight rounds an interval of 99 % would be their whole range, and one round gone wrong makes a case unclear: 116
#: of 198 cases of identical code were. With ten of the same rounds, 83 were (docs/comparison-study.md).
LOOKS: Final[dict[str, tuple[Look, ...]]] = {
    "quick": (Look(rounds=10, coverage=0.99),),
    "normal": (Look(rounds=10, coverage=0.995), Look(rounds=20, coverage=0.995)),
    "careful": (Look(rounds=20, coverage=0.995), Look(rounds=40, coverage=0.995)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """An estimated logarithm of a ratio with its exact interval; the ratio is time of B over time of A."""

    value: float
    low: float
    high: float
    rounds: int

    @property
    def ratio(self) -> float:
        """How many times as long B takes as A."""
        return math.exp(self.value)

    @property
    def ratio_low(self) -> float:
        """The low end of the ratio's interval."""
        return math.exp(self.low)

    @property
    def ratio_high(self) -> float:
        """The high end of the ratio's interval."""
        return math.exp(self.high)

    @property
    def visible(self) -> float:
        """The smallest change these rounds could have told from none: half the interval, as a share of the time."""
        return math.expm1((self.high - self.low) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of a case, and why in a few words; of a change also what fresh rounds said of it."""

    word: Word
    shift: Shift
    reason: str
    again: Shift | None = None


def shift(rounds: Sequence[float], coverage: float) -> Shift:
    """Estimate the shift of some rounds, with the narrowest exact interval of at least this coverage.

    Raises:
        ValueError: there are too few rounds for such an interval; the message says how many it takes.
    """
    rank = rank_for(len(rounds), coverage)
    walsh = sorted((one + other) / 2 for index, one in enumerate(rounds) for other in rounds[index:])
    return Shift(value=median(walsh), low=walsh[rank - 1], high=walsh[-rank], rounds=len(rounds))


def verdict(found: Shift, threshold: float = THRESHOLD) -> Verdict:
    """Judge a shift: changed where the interval excludes none and the estimate is beyond the threshold.

    It is the same where the whole interval lies within the threshold, else unclear.
    """
    least = math.log1p(threshold)
    certain = found.low > 0 or found.high < 0
    if certain and abs(found.value) > least:
        return Verdict(word="slower" if found.value > 0 else "faster", shift=found, reason="")
    if -least <= found.low and found.high <= least:
        return Verdict(word="same", shift=found, reason="")
    if certain:
        return Verdict(word="unclear", shift=found, reason=f"a change, but not certainly more than {threshold:.0%}")
    return Verdict(word="unclear", shift=found, reason=f"only changes above {found.visible:.0%} could be seen")


def settled(found: Verdict) -> bool:
    """Whether a case needs no further look."""
    return found.word != "unclear"


def confirmed(first: Verdict, again: Sequence[float], threshold: float = THRESHOLD) -> Verdict:
    """Return a change as it is if fresh rounds repeat it, else call it unclear.

    They repeat it with the same sign, an interval of 90 % that excludes none, and more than half the threshold.
    """
    if first.word not in {"faster", "slower"}:
        return first
    second = shift(again, _CONFIRMATION_COVERAGE)
    sign = math.copysign(1.0, first.shift.value)
    excludes_none = sign * (second.low if sign > 0 else second.high) > 0
    if excludes_none and sign * second.value > math.log1p(threshold / 2):
        return replace(first, again=second)
    reason = f"{first.word} at first, but fresh rounds did not repeat it"
    return Verdict(word="unclear", shift=first.shift, reason=reason, again=second)


@cache
def rank_for(rounds: int, coverage: float) -> int:
    """Return which of the sorted pairwise means, from either end, bounds an interval of at least this coverage.

    Raises:
        ValueError: even the widest interval of so few rounds has less.
    """
    allowed = (1 - coverage) / 2 * 2**rounds
    below, rank = 0, 0
    for count in _signed_rank_counts(rounds):
        below += count
        if below > allowed:
            break
        rank += 1
    if rank == 0:
        needed = math.ceil(1 - math.log2(1 - coverage))
        raise ValueError(f"{rounds} rounds give no interval of {coverage:.1%}; it takes {needed}")
    return rank


def _signed_rank_counts(rounds: int) -> list[int]:
    """Return in how many of the 2**rounds patterns of signs the positive ranks sum to 0, 1, 2, ..."""
    counts = [1]
    for rank in range(1, rounds + 1):
        longer = counts + [0] * rank
        for total, count in enumerate(counts):
            longer[total + rank] += count
        counts = longer
    return counts
