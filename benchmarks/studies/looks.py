"""What the looks of a comparison promise: false alarms and found changes, simulated with made-up rounds.

    python benchmarks/studies/looks.py [--cases 20000] [--seed 0]

The rules are those of `benchmarks.verdicts`, fed with rounds whose truth is known. Rounds of the same code are
symmetric around zero, whatever they come from, because the two sides could change their names; so several shapes of
noise are tried, and rounds that hang together (each remembers a part of the one before), which the rule does not allow.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.verdicts import CONFIRMATION_ROUNDS, LOOKS, Look, confirmed, settled, shift, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.verdicts import Verdict

#: Draws one round of noise of spread 1.
Noise = Callable[[random.Random], float]

#: Far more than the threshold, so that it protects nobody: only the intervals do.
_LOUD: Final = 1.0
_CHANGES: Final = (0.05, 0.075, 0.10, 0.15, 0.25)
#: A look after every round from the first that can have an interval, each at the coverage of quick's one look.
EVERY_ROUND: Final = tuple(Look(rounds=number, coverage=0.99) for number in range(8, 21))


def _normal(dice: random.Random) -> float:
    return dice.gauss(0, 1)


def _two_modes(dice: random.Random) -> float:
    """Each process is in one of two states, as where memory happens to lie well or badly."""
    return dice.choice((-1, 0, 0, 1)) + dice.gauss(0, 0.1)


def _outliers(dice: random.Random) -> float:
    return dice.gauss(0, 10 if dice.random() < 0.1 else 1)


NOISES: Final[dict[str, Noise]] = {"normal": _normal, "two modes": _two_modes, "outliers": _outliers}


def rounds(noise: Noise, dice: random.Random, *, spread: float, memory: float, change: float) -> Iterator[float]:
    """Yield rounds for ever: a change, and noise of which each round remembers a part of the one before."""
    state = noise(dice)
    while True:
        yield change + spread * state
        state = memory * state + math.sqrt(1 - memory**2) * noise(dice)


def judged(looks: Sequence[Look], stream: Iterator[float]) -> Verdict:
    """Judge one case as a comparison does, before fresh rounds confirm it."""
    known: list[float] = []
    for look in looks:
        known += [next(stream) for _ in range(look.rounds - len(known))]
        found = verdict(shift(known, look.coverage))
        if settled(found):
            break
    return found


def shares(
    looks: Sequence[Look], make: Callable[[random.Random], Iterator[float]], cases: int, seed: int
) -> tuple[float, float]:
    """Return the share of cases that are called changed at a look, and that fresh rounds then confirm."""
    dice = random.Random(seed)  # noqa: S311  made-up rounds, no secret
    flagged = kept = 0
    for _ in range(cases):
        found = judged(looks, make(dice))
        if found.word in {"faster", "slower"}:
            flagged += 1
            stream = make(dice)
            again = [next(stream) for _ in range(CONFIRMATION_ROUNDS)]
            kept += confirmed(found, again).word == found.word
    return flagged / cases, kept / cases


def false_alarms(cases: int, seed: int) -> Iterator[str]:
    """Yield the table of false alarms on identical code."""
    yield "| looks | noise | memory of rounds | flagged at a look | said after confirmation |"
    yield "| --- | --- | ---: | ---: | ---: |"
    rules = {**{name: tuple(looks) for name, looks in LOOKS.items()}, "every round from 8 to 20": EVERY_ROUND}
    for rule, looks in rules.items():
        for kind, memory in (*((kind, 0.0) for kind in NOISES), ("normal", 0.1), ("normal", 0.3), ("normal", 0.5)):
            make = partial(rounds, NOISES[kind], spread=_LOUD, memory=memory, change=0.0)
            flagged, kept = shares(looks, make, cases, seed)
            yield f"| {rule} | {kind} | {memory:g} | {flagged:.2%} | {kept:.3%} |"


def found(cases: int, seed: int) -> Iterator[str]:
    """Yield the table of true changes that are found."""
    yield "| looks | spread of a round | 5 % | 7.5 % | 10 % | 15 % | 25 % |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for rule, looks in LOOKS.items():
        for spread in (0.01, 0.02, 0.04, 0.08):
            make = partial(partial, rounds, _normal, spread=spread, memory=0.0)
            kept = [shares(looks, make(change=math.log1p(size)), cases, seed)[1] for size in _CHANGES]
            yield f"| {rule} | {spread:.0%} | {' | '.join(f'{one:.0%}' for one in kept)} |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(f"{asked.cases} made-up cases a line of false alarms, a tenth of that a cell of changes\n")
    print("\n".join([*false_alarms(asked.cases, asked.seed), "", *found(asked.cases // 10, asked.seed)]))


if __name__ == "__main__":
    main()
