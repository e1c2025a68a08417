"""How often a line over commits shows a step that is none, and how often one that is there is found.

Lines are made up: normal noise of a known size, and for the second question a level that is 20 % higher from the middle
on. Each is given to asv's step detection alone, and to that of the history's page, where a level has two commits or
more. The page shows steps from six commits on.

    python benchmarks/studies/steps.py
"""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from asv.step_detect import detect_steps

from reports.history.lines import Point
from reports.history.steps import LEAST_CHANGE, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES: Final = 1000
NOISES: Final = (0.02, 0.03, 0.05)
COMMITS: Final = (4, 5, 6, 8, 10, 20)
CHANGE: Final = 1.2


def line(dice: random.Random, commits: int, noise: float, change: float = 1.0) -> tuple[Point, ...]:
    """Return one made-up line of times in nanoseconds, without intervals."""
    values = [500 * (1 + dice.gauss(0, noise)) * (change if at >= commits // 2 else 1) for at in range(commits)]
    return tuple(
        Point(commit=str(at), place=float(at), value=one, low=one, high=one, measurements=1)
        for at, one in enumerate(values)
    )


def asv_alone(points: tuple[Point, ...]) -> bool:
    """Whether asv's own detection has two levels that follow each other and differ by more than the least change."""
    known = [value for _, _, value, _, _ in detect_steps([one.value for one in points])]
    return any(abs(math.log(new / old)) > math.log1p(LEAST_CHANGE) for old, new in pairwise(known))


def shown(points: tuple[Point, ...]) -> bool:
    """Whether the page's levels have such a pair, however few the commits are."""
    return any(abs(math.log(new.value / old.value)) > math.log1p(LEAST_CHANGE) for old, new in pairwise(levels(points)))


def rows() -> Iterator[str]:
    """Yield the table, a line each for every noise and length."""
    dice = random.Random(1)  # noqa: S311  noise, no secrets
    yield "| noise | commits | false alarms: asv alone | ours | a step of 20 % is found: asv alone | ours |"
    yield "|---|---|---|---|---|---|"
    for noise in NOISES:
        for commits in COMMITS:
            flat = [line(dice, commits, noise) for _ in range(LINES)]
            stepped = [line(dice, commits, noise, CHANGE) for _ in range(LINES)]
            counts = [sum(map(seen, lines)) for lines in (flat, stepped) for seen in (asv_alone, shown)]
            yield f"| {noise:.0%} | {commits} | " + " | ".join(f"{count / LINES:.1%}" for count in counts) + " |"


if __name__ == "__main__":
    for text in rows():
        print(text)
