"""Measurements -> lines: one a key, a point a commit, in the order of the commits."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.suite.cases import SIZES

from . import steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.commits import Commit

    from .measurements import Key, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a line says of one commit: the median of its measurements, and the range of them and their intervals."""

    commit: str
    place: float
    value: float
    low: float
    high: float
    measurements: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One case, measured by one of both, over commits; `failed` are those where it failed and nothing else is known."""

    key: Key
    points: tuple[Point, ...]
    failed: tuple[str, ...]

    @cached_property
    def steps(self) -> tuple[steps.Step, ...]:
        """Where it changes."""
        found = steps.steps if self.key.quantity == "time" else steps.changes
        return tuple(found(self.points))


class Order:
    """The order of commits as git tells it, the oldest first. What git does not know is put among them by its date."""

    def __init__(self, commits: Sequence[Commit]) -> None:
        self.commits = {one.name: one for one in commits}
        self._places = {one.name: float(place) for place, one in enumerate(commits)}
        self._seconds = list(accumulate((one.seconds for one in commits), max))

    def place(self, commit: str, seconds: float) -> float:
        """Return where a commit stands; between two commits where only its date is known."""
        return self._places.get(commit, bisect_right(self._seconds, seconds) - 0.5)

    def between(self, old: Point, new: Point) -> int:
        """Return how many commits that git knows lie between two points."""
        return sum(old.place < place < new.place for place in self._places.values())


def lines(measurements: Iterable[Measurement], order: Order) -> tuple[Line, ...]:
    """Return one line a key: by machine, then by case, the smallest size first."""
    known: dict[Key, list[Measurement]] = {}
    for one in measurements:
        known.setdefault(one.key, []).append(one)
    return tuple(_line(key, known[key], order) for key in sorted(known, key=_rank))


def _rank(key: Key) -> tuple[object, ...]:
    """Return what keys are sorted by: like their texts, but sizes by their bytes."""
    case = [(SIZES.get(part, 0), part) for part in key.case.split("/")]
    return key.machine, case, *key[2:]


def _line(key: Key, measured: list[Measurement], order: Order) -> Line:
    by_commit: dict[str, list[Measurement]] = {}
    for one in sorted(measured, key=lambda one: (order.place(one.commit, one.seconds), one.commit)):
        by_commit.setdefault(one.commit, []).append(one)
    points = {commit: _point(some, order) for commit, some in by_commit.items()}
    return Line(
        key=key,
        points=tuple(point for point in points.values() if point),
        failed=tuple(commit for commit, point in points.items() if not point),
    )


def _point(some: list[Measurement], order: Order) -> Point | None:
    known = [(one.value, one.low, one.high) for one in some if one.value is not None]
    if not known:
        return None
    return Point(
        commit=some[0].commit,
        place=order.place(some[0].commit, some[0].seconds),
        value=median(value for value, _, _ in known),
        low=min(value if low is None else low for value, low, _ in known),
        high=max(value if high is None else high for value, _, high in known),
        measurements=len(known),
    )
