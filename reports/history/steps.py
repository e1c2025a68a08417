"""Where a line changes its level: asv's own step detection, and which of its steps are shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from asv.step_detect import solve_potts_autogamma

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .lines import Point

#: A step is shown above this, as asv's list of regressions does.
LEAST_CHANGE: Final = 0.05
#: A level is one that at least so many commits have. asv's own `detect_steps` is the same solver with levels of one
#: commit: it takes noise for steps in short lines, and cuts true levels into pieces (benchmarks/studies/steps.py).
LEAST_COMMITS: Final = 2
#: In noise of 3 % a line of four commits shows a step that is none in one of 27 cases, one of six in one of 100.
FEWEST_COMMITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Points of a line that follow each other and have one value."""

    points: tuple[Point, ...]

    @property
    def value(self) -> float:
        """The median of its points."""
        return median(one.value for one in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one level to the next: the last point before it, the first after it, and the values of both levels."""

    last_before: Point
    first_after: Point
    before: float
    after: float
    commits_after: int

    @property
    def ratio(self) -> float:
        """The new value as a multiple of the old one; infinite where the old one is none."""
        return self.after / self.before if self.before else math.inf

    @property
    def size(self) -> float:
        """How large the change is, the same up and down."""
        return abs(math.log(self.ratio)) if self.ratio else math.inf


def levels(points: Sequence[Point]) -> tuple[Level, ...]:
    """Return the levels of a line of times as asv finds them, points of a narrow interval weighing more."""
    values = [one.value for one in points]
    rights = solve_potts_autogamma(values, w=_weights(points), min_size=LEAST_COMMITS)[0]
    return _joined(tuple(Level(points=tuple(points[left:right])) for left, right in pairwise([0, *rights])))


def _joined(known: tuple[Level, ...]) -> tuple[Level, ...]:
    """Join a level that is too short with the neighbour it is nearer to: the solver's ends may still overlap."""
    short = next((at for at, level in enumerate(known) if len(level.points) < LEAST_COMMITS), None)
    if short is None or len(known) == 1:
        return known
    beside = [at for at in (short - 1, short + 1) if 0 <= at < len(known)]
    nearer = min(beside, key=lambda at: abs(known[at].value - known[short].value))
    left = min(short, nearer)
    both = Level(points=known[left].points + known[left + 1].points)
    return _joined((*known[:left], both, *known[left + 2 :]))


def steps(points: Sequence[Point]) -> Iterator[Step]:
    """Yield the changes of a line of times between two levels, where there are commits enough."""
    if len(points) < FEWEST_COMMITS:
        return
    for old, new in pairwise(levels(points)):
        step = Step(
            last_before=old.points[-1],
            first_after=new.points[0],
            before=old.value,
            after=new.value,
            commits_after=len(new.points),
        )
        if step.size > math.log1p(LEAST_CHANGE):
            yield step


def changes(points: Sequence[Point]) -> Iterator[Step]:
    """Yield every change of a line whose values are exact, such as aliasing: that needs no statistics."""
    for index, (old, new) in enumerate(pairwise(points), start=1):
        if old.value != new.value:
            same = next((at for at, one in enumerate(points[index:]) if one.value != new.value), len(points) - index)
            yield Step(last_before=old, first_after=new, before=old.value, after=new.value, commits_after=same)


def _weights(points: Sequence[Point]) -> list[float]:
    """Return what asv weighs points with: the inverse of half the interval, of the usual one; 1 where there is none."""
    known = [2 / (one.high - one.low) if one.high > one.low else None for one in points]
    usual = median([one for one in known if one is not None] or [1.0])
    return [1.0 if one is None else one / usual for one in known]
