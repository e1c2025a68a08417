"""Where a line changes its level: asv's own step detection, and which of its steps are shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from asv.step_detect import detect_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .lines import Point

#: A step is shown above this, as asv's list of regressions does.
LEAST_CHANGE: Final = 0.05
#: A level is one that at least so many commits have. asv's detection alone, on noise of 3 %, sees a step in one of
#: five lines of four points; with two commits a level it is one of a hundred (benchmarks/studies/steps.py).
LEAST_COMMITS: Final = 2
#: With fewer commits there are no two levels.
FEWEST_COMMITS: Final = 2 * LEAST_COMMITS


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
    """Return the levels of a line of times as asv finds them, points of a narrow interval weighing more."""
    found = detect_steps([one.value for one in points], [_weight(one) for one in points])
    return tuple(Level(first=left, last=right - 1, value=value) for left, right, value, _, _ in found)


def steps(points: Sequence[Point]) -> Iterator[Step]:
    """Yield the changes of a line of times that two levels of enough commits show."""
    if len(points) < FEWEST_COMMITS:
        return
    known = levels(points)
    for old, new in pairwise(known):
        step = Step(
            last_before=points[old.last],
            first_after=points[new.first],
            before=old.value,
            after=new.value,
            commits_after=new.commits,
        )
        enough = min(old.commits, new.commits) >= LEAST_COMMITS
        if enough and step.size > math.log1p(LEAST_CHANGE):
            yield step


def changes(points: Sequence[Point]) -> Iterator[Step]:
    """Yield every change of a line whose values are exact, such as aliasing: that needs no statistics."""
    for index, (old, new) in enumerate(pairwise(points), start=1):
        if old.value != new.value:
            same = next((at for at, one in enumerate(points[index:]) if one.value != new.value), len(points) - index)
            yield Step(last_before=old, first_after=new, before=old.value, after=new.value, commits_after=same)


def _weight(point: Point) -> float | None:
    """Return what asv weighs a point with: the inverse of half its interval, None where it has none."""
    return 2 / (point.high - point.low) if point.high > point.low else None
