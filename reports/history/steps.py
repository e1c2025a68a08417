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
#: With fewer commits noise of 3 % shows a step in one of 25 lines; from six on in one of 70, from eight in one of 170.
FEWEST_COMMITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A part of a line that has one value: the first and the last of its points, by index."""

    first: int
    last: int
    value: float

    @property
    def commits(self) -> int:
        """How many commits of the line have it."""
        return self.last - self.first + 1


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
    """Return the levels of a line of times as asv finds them, points of a narrow interval weighing more.

    A line too short for two levels has one.
    """
    if len(points) < 2 * LEAST_COMMITS:
        return (Level(first=0, last=len(points) - 1, value=median(one.value for one in points)),)
    rights, values, _, _ = solve_potts_autogamma(
        [one.value for one in points], w=_weights(points), min_size=LEAST_COMMITS
    )
    lefts = [0, *rights[:-1]]
    found = zip(lefts, rights, values, strict=True)
    return _joined(tuple(Level(first=left, last=right - 1, value=value) for left, right, value in found))


def _joined(known: tuple[Level, ...]) -> tuple[Level, ...]:
    """Join levels of too few commits, which the solver leaves behind, with the neighbour whose value is nearer."""
    for at, level in enumerate(known):
        if level.commits < LEAST_COMMITS and len(known) > 1:
            near = [other for other in (at - 1, at + 1) if 0 <= other < len(known)]
            other = min(near, key=lambda index: abs(math.log(known[index].value / level.value)))
            first, last = min(at, other), max(at, other)
            whole = Level(first=known[first].first, last=known[last].last, value=known[other].value)
            return _joined((*known[:first], whole, *known[last + 1 :]))
    return known


def steps(points: Sequence[Point]) -> Iterator[Step]:
    """Yield the changes of a line of times between two levels, where there are commits enough."""
    if len(points) < FEWEST_COMMITS:
        return
    for old, new in pairwise(levels(points)):
        step = Step(
            last_before=points[old.last],
            first_after=points[new.first],
            before=old.value,
            after=new.value,
            commits_after=new.commits,
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
