"""How often a line over commits shows a step that is none, and how often one that is there is found.

Lines are made up: normal noise of a known size, and for the second question a level that is 20 % higher from the middle
on. Each is given to asv's step detection alone, and to what the history's page shows of it.

    python benchmarks/studies/steps.py
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from reports.history.lines import Point
from reports.history.steps import LEAST_CHANGE, levels, steps

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
    """Whether any two levels that follow each other differ by more than the page's least change."""
    known = [level.value for level in levels(points)]
    return any(abs(new / old - 1) > LEAST_CHANGE for old, new in pairwise(known))


def rows() -> Iterator[str]:
    """Yield the table, a line each for every noise and length."""
    dice = random.Random(1)  # noqa: S311  noise, no secrets
    yield "| noise | commits | false alarms, asv alone | false alarms, shown | a step of 20 %, shown |"
    yield "|---|---|---|---|---|"
    for noise in NOISES:
        for commits in COMMITS:
            flat = [line(dice, commits, noise) for _ in range(LINES)]
            stepped = [line(dice, commits, noise, CHANGE) for _ in range(LINES)]
            counts = (
                sum(map(asv_alone, flat)),
                sum(any(steps(one)) for one in flat),
                sum(any(steps(one)) for one in stepped),
            )
            yield f"| {noise:.0%} | {commits} | " + " | ".join(f"{count / LINES:.1%}" for count in counts) + " |"


if __name__ == "__main__":
    for text in rows():
        print(text)
