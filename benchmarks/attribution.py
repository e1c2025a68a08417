"""What a change comes from: the fixed cost of a call, the time of each byte, or page faults.

The regimes of a path are found from the times of A. In each round the same lines are fitted to both sides, so that
their fixed costs and slopes give one ratio a round, which is judged as the ratio of a case is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .model import Fit, Flat, by_pass, fit, flat, through
from .regimes import runs
from .suite.cases import Case
from .verdicts import shift, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .outcome import Found
    from .regimes import Run
    from .verdicts import Verdict

    Rounds = Mapping[int, Sequence[Sequence[float]]]

_COVERAGE: Final = 0.99
#: Fewer rounds give no interval of 99 %.
_FEWEST_ROUNDS: Final = 8
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
    a, b = (_rounds(some, name, rounds) for name in ("a", "b"))
    if isinstance(flat(a), Flat) and isinstance(flat(b), Flat):
        parts: tuple[Part, ...] = (_of_any_size(a, b, threshold),)
    else:
        faulty = {Case.parse(one.case).nbytes for one in some if any("page faults" in said for said in one.changes)}
        parts = tuple(_parts(a, b, threshold, faulty))
    return Attribution(line=line, parts=parts, reason="" if parts else "no line holds the times of both sides")


def _rounds(some: Sequence[Found], side: str, rounds: int) -> Rounds:
    """Return size -> rounds, each as a pass of one sample, as the cost model takes them."""
    return {Case.parse(one.case).nbytes: [[time] for time in one.fastest_ns[side][:rounds]] for one in some}


def _of_any_size(a: Rounds, b: Rounds, threshold: float) -> Part:
    both = zip(by_pass(a), by_pass(b), strict=True)
    means = [math.fsum(math.log(other[size] / one[size]) for size in one) / len(one) for one, other in both]
    return Part(what=FIXED, low=min(a), high=max(a), verdict=verdict(shift(means, _COVERAGE), threshold))


def _parts(a: Rounds, b: Rounds, threshold: float, faulty: set[int]) -> Iterator[Part]:
    """Yield the fixed cost and the time per byte of each regime, where both sides have one."""
    costs = [0.0] * len(next(iter(b.values())))
    for run in runs(a):
        other = {size: b[size] for size in run.sizes}
        line = through(other, costs) if run.fit.fixed_given or run.fit.fixed_ns is None else fit(other)
        if not isinstance(line, Fit):
            continue
        if run.fit.fixed_ns is not None and line.fixed_ns is not None:
            costs = [cost for cost, _ in line.lines]
            yield _part(FIXED, run, _ratios(run.fit, line, 0), threshold)
        hit = not faulty.isdisjoint(run.sizes)
        yield _part(PER_BYTE, run, _ratios(run.fit, line, 1), threshold, faults=hit)


def _part(what: str, run: Run, rounds: Sequence[float], threshold: float, *, faults: bool = False) -> Part:
    judged = verdict(shift(rounds, _COVERAGE), threshold)
    return Part(what=what, low=run.sizes[0], high=run.sizes[-1], verdict=judged, faults=faults)


def _ratios(a: Fit, b: Fit, place: int) -> list[float]:
    """Return ln(B / A) of a fixed cost or a slope, one a round."""
    return [math.log(other[place] / one[place]) for one, other in zip(a.lines, b.lines, strict=True)]
