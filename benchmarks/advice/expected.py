"""What a call is expected to take: a time with its interval, where it comes from, and what it takes for granted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: Where times of records are from, the surest first.
ORIGINS: Final = ("recorded", "by the cost model", "between recorded sizes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The time of one call in nanoseconds, with its interval.

    `rounds_ns` are the rounds, where it was timed now in turn with others, whose rounds have the same places;
    `assumes` says what of the wanted array the records do not have; `sessions` are the names of those that it is from.
    """

    value_ns: float
    low_ns: float
    high_ns: float
    origin: str
    assumes: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    rounds_ns: tuple[float, ...] = field(default=(), repr=False)

    @property
    def measured_here(self) -> bool:
        """Whether it was timed now, in turn with others."""
        return bool(self.rounds_ns)

    def apart(self, other: Expected) -> bool:
        """Whether the two intervals have nothing in common."""
        return self.high_ns < other.low_ns or other.high_ns < self.low_ns


def spread_over(first: Expected, later: Expected, calls: int) -> Expected:
    """Return the mean call of several, of which the first makes what the later ones use again.

    It is as sure as the less sure of the two.
    """
    share = 1 / calls
    return Expected(
        value_ns=share * first.value_ns + (1 - share) * later.value_ns,
        low_ns=share * first.low_ns + (1 - share) * later.low_ns,
        high_ns=share * first.high_ns + (1 - share) * later.high_ns,
        origin=max(first.origin, later.origin, key=ORIGINS.index),
        assumes=tuple(dict.fromkeys((*first.assumes, *later.assumes))),
        sessions=tuple(dict.fromkeys((*first.sessions, *later.sessions))),
    )
