"""What a change comes from: the fixed cost of a call, the time of each byte, or page faults.

The regimes of a path are found from the fastest round of A at each size, for delays only add. In each round the same
lines are fitted to both sides, so that their fixed costs and slopes give one ratio a round, which is judged as the
ratio of a case is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

from .model import Fit, Flat, fit, flat, line_of, slope_of, through
from .regimes import runs
from .suite.cases import Case
from .verdicts import shift, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .model import NoFit, Points
    from .outcome import Found
    from .regimes import Run
    from .verdicts import Verdict

    Times = Mapping[int, float]
    Pair = tuple[float, float]

_COVERAGE: Final = 0.99
#: Fewer rounds give no interval of 99 %.
_FEWEST_ROUNDS: Final = 8
#: A part is judged where this share of the rounds has one: below zero, a fixed cost has no ratio.
_MOST_ROUNDS: Final = 0.9
_CHANGED: Final = frozenset({"faster", "slower"})
FIXED: Final = "fixed cost"
PER_BYTE: Final = "time per byte"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the time of a path, from `low` to `high` bytes: B over A. `faults` says that page faults changed."""

    what: str
    low: int
    high: int
    verdict: Verdict
    faults: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What the changes of one path come from, or the reason why that cannot be said.

    `line` is the id of its cases without their size.
    """

    line: str
    parts: tuple[Part, ...] = ()
    reason: str = ""


def attributions(cases: Sequence[Found], threshold: float) -> tuple[Attribution, ...]:
    """Return one attribution a path, dtype, layout and threads that has a case which changed."""
    lines: dict[str, list[Found]] = {}
    for one in cases:
        if one.fastest_ns:
            lines.setdefault(_line(one.case), []).append(one)
    changed = {name: some for name, some in lines.items() if any(one.word in _CHANGED for one in some)}
    return tuple(_attributed(name, some, threshold) for name, some in changed.items())


def _line(case: str) -> str:
    known = Case.parse(case)
    return f"{known.path}/{known.dtype}/{known.layout}/{known.threads}"


def _attributed(line: str, some: Sequence[Found], threshold: float) -> Attribution:
    rounds = min(len(one.fastest_ns["a"]) for one in some)
    if rounds < _FEWEST_ROUNDS:
        return Attribution(line=line, reason=f"{rounds} of the {_FEWEST_ROUNDS} rounds that an interval needs")
    sides = _Sides(a=_rounds(some, "a", rounds), b=_rounds(some, "b", rounds))
    faulty = {Case.parse(one.case).nbytes for one in some if any("page faults" in said for said in one.changes)}
    parts = tuple(_parts(sides, threshold, faulty))
    return Attribution(line=line, parts=parts, reason="" if parts else "no line holds the times of both sides")


def _rounds(some: Sequence[Found], side: str, rounds: int) -> tuple[Times, ...]:
    """Return size -> nanoseconds of one side, one mapping a round."""
    known = {Case.parse(one.case).nbytes: one.fastest_ns[side] for one in some}
    return tuple({size: times[number] for size, times in known.items()} for number in range(rounds))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """What one path took on both sides, round by round: size -> nanoseconds."""

    a: tuple[Times, ...]
    b: tuple[Times, ...]

    def fastest(self, side: str, sizes: Sequence[int] = ()) -> Points:
        """Return the fastest round of each size, as the cost model takes it."""
        rounds: tuple[Times, ...] = getattr(self, side)
        return {size: [[min(one[size] for one in rounds)]] for size in sizes or rounds[0]}

    def fixed(self, run: Run) -> list[Pair]:
        """Return the fixed cost of A and of B over some sizes, one pair a round."""
        rounds = zip(self.a, self.b, strict=True)
        return [(line_of(_some(a, run))[0], line_of(_some(b, run))[0]) for a, b in rounds]

    def slopes(self, run: Run, costs: Sequence[Pair]) -> list[Pair]:
        """Return the time per byte of A and of B over some sizes where their fixed costs are known, a pair a round."""
        rounds = zip(self.a, self.b, costs, strict=True)
        return [(slope_of(_some(a, run), one), slope_of(_some(b, run), other)) for a, b, (one, other) in rounds]


def _some(times: Times, run: Run) -> Times:
    return {size: times[size] for size in run.sizes}


def _parts(sides: _Sides, threshold: float, faulty: set[int]) -> Iterator[Part]:
    """Yield the fixed cost and the time per byte of each regime that both sides have."""
    a, b = sides.fastest("a"), sides.fastest("b")
    if isinstance(flat(a), Flat) and isinstance(flat(b), Flat):
        yield from _judged(FIXED, tuple(a), [_whole(*pair) for pair in zip(sides.a, sides.b, strict=True)], threshold)
        return
    costs = [(0.0, 0.0)] * len(sides.a)
    for run in runs(a):
        own = run.fit.fixed_ns is not None
        if not isinstance(fit(sides.fastest("b", run.sizes)) if own else _later(sides, run, costs), Fit):
            continue
        if own:
            costs = sides.fixed(run)
            yield from _judged(FIXED, run.sizes, costs, threshold)
        hit = not faulty.isdisjoint(run.sizes)
        yield from _judged(PER_BYTE, run.sizes, sides.slopes(run, costs), threshold, faults=hit)


def _whole(a: Times, b: Times) -> Pair:
    """Return the mean of each side over the sizes: of what costs the same at all of them."""
    return fmean(a.values()), fmean(b.values())


def _later(sides: _Sides, run: Run, costs: Sequence[Pair]) -> Fit | NoFit:
    """Return B's line over the sizes of a larger regime, through its fixed cost."""
    return through(sides.fastest("b", run.sizes), [median(cost for _, cost in costs)])


def _judged(
    what: str, sizes: Sequence[int], pairs: Sequence[Pair], threshold: float, *, faults: bool = False
) -> Iterator[Part]:
    """Yield a part of the time, judged by its ratio in each round; nothing where too few rounds have one."""
    ratios = [math.log(b / a) for a, b in pairs if a > 0 and b > 0]
    if len(ratios) >= max(_FEWEST_ROUNDS, _MOST_ROUNDS * len(pairs)):
        judged = verdict(shift(ratios, _COVERAGE), threshold)
        yield Part(what=what, low=min(sizes), high=max(sizes), verdict=judged, faults=faults)
