"""Candidates timed in turn: each round calls all that are still in question, in a new random order.

A round counts for all of them or for none, so that a slow moment of the machine is on no side. Measuring ends when the
first is known, when nothing more is worth knowing, or when the time that was given is over.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.measure import ROUND_NS, batch_ns, no_garbage_collected
from benchmarks.verdicts import shift

from .expected import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    #: Calls by their names. Of several, each counts for its share: the first call of many, and those after it.
    Parts = Sequence[tuple[float, Callable[[], object]]]
    Runs = Mapping[str, Parts]
    Clock = Callable[[], int]

#: All that advice may measure, in nanoseconds.
BUDGET_NS: Final = 10_000_000_000
#: Looks at the rounds: at each, what is certainly slower is left out; after the last, no more is learnt.
_LOOKS: Final = (12, 24, 48)
#: So sure has a look to be that something is slower; three looks of it are one in a hundred.
_COVERAGE: Final = 0.995
#: After so many rounds, what takes this multiple of the best is left out without asking further.
_TRIAL: Final = 3
_HOPELESS: Final = 2.0
#: What lies within this of the first, in both directions, is as good.
_NO_MATTER: Final = math.log(1.02)


@dataclass(slots=True)
class _Race:
    """The rounds of all candidates; those in `open_` are still called."""

    runs: Runs
    clock: Clock
    loops: dict[str, int]
    open_: list[str]
    rounds_ns: dict[str, list[float]] = field(default_factory=dict)

    def round(self, dice: random.Random, ends_ns: int) -> bool:
        """Time every open candidate once; a round that does not end in time does not count."""
        order, times = dice.sample(self.open_, len(self.open_)), {}
        for name in order:
            if self.clock() >= ends_ns:
                return False
            times[name] = _call_ns(self.runs[name], self.loops[name], self.clock)
        for name, time_ns in times.items():
            self.rounds_ns.setdefault(name, []).append(max(time_ns, 1e-3))
        return True

    def best(self) -> str:
        """Return which has the lowest median."""
        return min(self.open_, key=lambda name: median(self.rounds_ns[name]))


def measure(runs: Runs, clock: Clock, *, budget_ns: int = BUDGET_NS, seed: int = 0) -> dict[str, Expected]:
    """Time some calls in turn, for `budget_ns` at most; one that did not come to a round is not in the answer.

    A call that was begun is ended, so one that takes longer than what is left goes over by itself.
    """
    ends_ns, dice = clock() + budget_ns, random.Random(seed)  # noqa: S311  an order, no secret
    with no_garbage_collected():
        race = _Race(runs=runs, clock=clock, loops=_calibrated(runs, clock, ends_ns), open_=[])
        race.open_ = list(race.loops)
        while race.open_ and race.round(dice, ends_ns):
            done = len(race.rounds_ns[race.open_[0]])
            if done >= _LOOKS[-1] or (done >= _TRIAL and not _goes_on(race, done)):
                break
    return {name: _expected(rounds) for name, rounds in race.rounds_ns.items()}


def certainly_slower(rounds: Sequence[float], than: Sequence[float]) -> bool:
    """Whether rounds that were timed in turn say that one takes longer than another."""
    logs = [math.log(one / other) for one, other in zip(rounds, than, strict=False)]
    return len(logs) >= _LOOKS[0] and shift(logs, _COVERAGE).low > 0


def _calibrated(runs: Runs, clock: Clock, ends_ns: int) -> dict[str, int]:
    """Return how many calls make a round, after calls that warm caches, heap and thread pool."""
    loops: dict[str, int] = {}
    for name, parts in runs.items():
        if clock() >= ends_ns:
            break
        first_ns = max(_call_ns(parts, 1, clock), 1)
        many = max(1, min(1000, int(ROUND_NS / first_ns)))
        call_ns = max(_call_ns(parts, many, clock), 1) if clock() < ends_ns else first_ns
        loops[name] = max(1, min(10_000, int(ROUND_NS / call_ns)))
    return loops


def _call_ns(parts: Parts, loops: int, clock: Clock) -> float:
    return sum(share * batch_ns(run, loops, clock) / loops for share, run in parts)


def _goes_on(race: _Race, done: int) -> bool:
    """Leave out what lost, and say whether there is more to learn."""
    best = race.best()
    best_ns = median(race.rounds_ns[best])
    race.open_ = [name for name in race.open_ if median(race.rounds_ns[name]) <= _HOPELESS * best_ns]
    if done in _LOOKS:
        race.open_ = [name for name in race.open_ if _in_question(race.rounds_ns[name], race.rounds_ns[best])]
    rivals = [name for name in race.open_ if name != best]
    return done < _LOOKS[0] or any(not _as_good(race.rounds_ns[name], race.rounds_ns[best]) for name in rivals)


def _in_question(rounds: Sequence[float], best: Sequence[float]) -> bool:
    return rounds is best or not certainly_slower(rounds, best)


def _as_good(rounds: Sequence[float], best: Sequence[float]) -> bool:
    if len(rounds) < _LOOKS[0]:
        return False
    found = shift([math.log(one / other) for one, other in zip(rounds, best, strict=False)], _COVERAGE)
    return found.low >= -_NO_MATTER and found.high <= _NO_MATTER


def _expected(rounds: Sequence[float]) -> Expected:
    """Return the median of the rounds; its interval is that of the order statistics, of few rounds their range."""
    ordered, skip = sorted(rounds), _skipped(len(rounds))
    return Expected(
        value_ns=median(ordered),
        low_ns=ordered[skip],
        high_ns=ordered[-1 - skip],
        origin="measured now",
        rounds_ns=tuple(rounds),
    )


def _skipped(rounds: int) -> int:
    """How many rounds at each end lie outside an interval that holds the median in 97 of 100 cases."""
    below, skip = 0.5**rounds, 0
    while 2 * (below + math.comb(rounds, skip + 1) * 0.5**rounds) <= 0.03:
        skip += 1
        below += math.comb(rounds, skip) * 0.5**rounds
    return skip
