"""Whether the first choice of `advise` is the best: random arrays, advised on, then all their candidates measured.

    python benchmarks/studies/advice_against_brute_force.py [--arrays 200] [--seed 0] [--raw FILE]

Brute force times every correct candidate in every round, on another source than the one that the advice measured, and
leaves nothing out. The best is chosen by every second round and judged by the others, so that luck is not counted as
speed. A first choice is right where it takes at most 10 % more than the best, or cannot be told from it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING, Any, Final, TypeVar

import torch

from benchmarks import advice
from benchmarks.advice import sources
from benchmarks.advice.candidates import candidates
from benchmarks.advice.geometry import WORDS
from benchmarks.advice.text import question
from benchmarks.errors import MachineBusyError, UsageError
from benchmarks.lock import LOCK_FILE, machine_lock
from benchmarks.machine import in_one_line
from benchmarks.measure import batch_ns
from benchmarks.suite.cases import DTYPES, MIB
from benchmarks.verdicts import shift

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.advice import Wanted
    from benchmarks.advice.advising import Adviser

_ROUNDS: Final = 24
_BATCH_NS: Final = 300_000
_GOOD: Final = 1.10
_COVERAGE: Final = 0.99
_SMALLEST, _LARGEST = 64, 64 * MIB
_WAIT_S: Final = 5.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How a first choice fared: its time over the best's, and whether the two could be told apart."""

    first: str | None
    best: str
    ratio: float
    apart: bool
    paths: int

    @property
    def right(self) -> bool:
        """Whether it is within 10 % of the best or not distinguishable from it."""
        return self.first is not None and (self.ratio <= _GOOD or not self.apart)

    def in_words(self) -> str:
        """Return the choice and how it fared."""
        return f"{'right' if self.right else 'WRONG'}, {self.first} {self.ratio:.2f}x {self.best} of {self.paths}"


def random_wanted(dice: random.Random) -> Wanted:
    """Return a random conversion; what makes no sense, or what no path can do, is drawn again."""
    while True:
        with suppress(UsageError):
            wanted = _drawn(dice)
            if candidates(wanted)[0]:
                return wanted


def _drawn(dice: random.Random) -> Wanted:
    dtype = dice.choice(list(DTYPES))
    elements = math.exp(dice.uniform(math.log(_SMALLEST), math.log(_LARGEST))) / DTYPES[dtype]
    casts = dice.random() < 0.4
    return advice.described(
        shape=",".join(map(str, _shape(dice, elements))),
        dtype=dtype,
        to=dice.choice(list(DTYPES)) if casts else None,
        layout="C" if dice.random() < 0.4 else dice.choice(WORDS),
        reuse=dice.choice((1, 1, 2, 10, 100)),
        mutate=dice.random() < 0.4,
    )


def _shape(dice: random.Random, elements: float) -> list[int]:
    """Return one to four lengths whose product is about a number."""
    axes, shape, left = dice.randint(1, 4), [], max(elements, 1)
    for one in range(axes, 1, -1):
        shape.append(max(1, round(left ** dice.uniform(0.3 / one, 1.7 / one))))
        left = max(1, left / shape[-1])
    return dice.sample([*shape, max(1, round(left))], axes)


def brute_force(
    wanted: Wanted, dice: random.Random, clock: Callable[[], int] = perf_counter_ns
) -> dict[str, list[float]]:
    """Return the rounds of every correct candidate, in nanoseconds a call."""
    found, _ = candidates(wanted)
    source = sources.build(wanted)
    calls: dict[str, list[tuple[float, Any]]] = {}
    for one in found:
        warm = sources.call(wanted, one.path, source)
        if not one.reuses:
            calls[one.path.name] = [(1.0, warm.run)]
        elif wanted.reuse > 1:
            share = 1 / wanted.reuse
            calls[one.path.name] = [(share, sources.first_call(warm)), (1 - share, warm.run)]
    return timed(calls, dice, clock)


def timed(
    calls: Mapping[str, Sequence[tuple[float, Callable[[], object]]]], dice: random.Random, clock: Callable[[], int]
) -> dict[str, list[float]]:
    """Time all calls in every round, in a new random order."""
    loops = {}
    for name, parts in calls.items():
        once = [max(1, min(batch_ns(run, 1, clock) for _ in range(3))) for _, run in parts]
        loops[name] = [max(1, min(2000, _BATCH_NS // ns)) for ns in once]
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(_ROUNDS):
        for name in dice.sample(list(calls), len(calls)):
            both = zip(calls[name], loops[name], strict=True)
            call_ns = sum(share * batch_ns(run, many, clock) / many for (share, run), many in both)
            rounds[name].append(max(call_ns, 1e-3))
    return rounds


def judged(first: str | None, rounds: Mapping[str, Sequence[float]]) -> Judged:
    """Judge a first choice: the best by the even rounds, against it in the odd ones."""
    best = min(rounds, key=lambda name: median(rounds[name][::2]))
    if first is None or first not in rounds:
        return Judged(first=None, best=best, ratio=math.inf, apart=True, paths=len(rounds))
    pairs = zip(rounds[first][1::2], rounds[best][1::2], strict=True)
    found = shift([math.log(one / other) for one, other in pairs], _COVERAGE)
    return Judged(first=first, best=best, ratio=found.ratio, apart=found.low > 0, paths=len(rounds))


def summary(found: Sequence[Judged]) -> str:
    """Return the share of right answers in words, and what the wrong ones cost."""
    answered = [one for one in found if one.first is not None]
    right = sum(one.right for one in answered)
    within = sum(one.ratio <= _GOOD for one in answered)
    worst = max((one.ratio for one in answered if not one.right), default=1.0)
    share = f"{right / len(answered):.1%}" if answered else "none"
    return (
        f"{right} of {len(answered)} right ({share}), {within} within 10 % of the best; worst wrong {worst:.2f}x; "
        f"{len(found) - len(answered)} without an answer"
    )


def _line(wanted: Wanted, answers: Mapping[str, Judged], rounds: Mapping[str, Sequence[float]]) -> str:
    """Return an array's line of the raw results."""
    said = {name: asdict(one) | {"right": one.right} for name, one in answers.items()}
    times = {name: float(f"{median(many):.4g}") for name, many in rounds.items()}
    return json.dumps({"question": question(wanted), **said, "median_ns": times}, default=str).replace(
        "Infinity", "null"
    )


def tried(
    wanted: Wanted, advisers: Mapping[str, Adviser], dice: random.Random, *, lock_file: Path = LOCK_FILE
) -> tuple[dict[str, Judged], str]:
    """Return how each adviser's first choice fared, and the line of the raw results."""
    said = {name: one.advise(wanted).first for name, one in advisers.items()}
    with machine_lock(lock_file):
        rounds = brute_force(wanted, dice)
    answers = {name: judged(one.path if one else None, rounds) for name, one in said.items()}
    return answers, _line(wanted, answers, rounds)


def patiently(work: Callable[[], T], wait: Callable[[float], object] = sleep) -> T:
    """Do what needs the machine, and wait as long as another run holds it."""
    while True:
        try:
            return work()
        except MachineBusyError:
            wait(_WAIT_S)


def main() -> None:
    """Print how often the first choice is right, with measuring and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrays", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--raw", type=Path)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)  # noqa: S311  arrays, no secrets
    advisers = {"measured": advice.adviser(), "not measured": advice.adviser(measures=False)}
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    found, lines = [], []
    for number in range(asked.arrays):
        wanted = random_wanted(dice)
        answers, line = patiently(partial(tried, wanted, advisers, dice))
        found.append(answers)
        lines.append(line)
        print(f"{number} {question(wanted)}: {answers['measured'].in_words()}", file=sys.stderr, flush=True)
    if asked.raw:
        asked.raw.write_text("\n".join(lines) + "\n", encoding="utf-8")
    bests = Counter(one["measured"].best for one in found).most_common(8)
    print(f"best most often: {', '.join(f'{name} {many}' for name, many in bests)}")
    print(f"arrays that one path alone can convert: {sum(one['measured'].paths == 1 for one in found)}")
    for name in advisers:
        print(f"{name}: {summary([one[name] for one in found])}")
    print(in_one_line())


if __name__ == "__main__":
    main()
