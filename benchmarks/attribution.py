"""What a change comes from: the fixed cost of a call, the time of each byte, or page faults.

The regimes of a path are found from the fastest round of A at each size, for delays only add. In each round the same
lines are fitted to both sides, so that their fixed costs and slopes give one ratio a round, which is judged as the
ratio of a case is. A line may miss a size by more than a change is worth, so nothing is said where the lines do not
give what each case was seen to change by; and a part has changed only where a case has, after fresh rounds too.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from . import amounts
from .paired_lines import FIXED, PER_BYTE, Rounds
from .regimes import runs
from .suite.cases import Case
from .verdicts import shift, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .outcome import Found
    from .paired_lines import Lines
    from .verdicts import Verdict

    #: The cases of one path that can be used, by their payload in bytes.
    Known = Mapping[int, Found]

_COVERAGE: Final = 0.99
#: Fewer rounds give no interval of 99 %.
_FEWEST_ROUNDS: Final = 8
#: A part is judged where this share of the rounds has one: below zero, a fixed cost has no ratio.
_MOST_ROUNDS: Final = 0.9
#: Lines may miss a change by this share of it, or by half the threshold, whichever is more.
_MISSED_SHARE: Final = 0.25
_CHANGED: Final = frozenset({"faster", "slower"})
_FAULTS: Final = re.compile(r"page faults ([\d,]+) -> ([\d,]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the time of a path, from `low` to `high` bytes: B over A.

    `faults` says that a case which changed with it faults on more pages if slower, on fewer if faster.
    """

    what: str
    low: int
    high: int
    verdict: Verdict
    faults: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What the changes of one path come from, and `unsaid`: of what that cannot be said, and why.

    `line` is the id of its cases without their size.
    """

    line: str
    parts: tuple[Part, ...]
    unsaid: tuple[str, ...]


def attributions(cases: Sequence[Found], threshold: float) -> tuple[Attribution, ...]:
    """Return one attribution a path, dtype, layout and threads that has a case which changed and whose times are known.

    Cases without a verdict, or with too few rounds, are left out of their path, and `unsaid` names them.
    """
    lines: dict[str, list[Found]] = {}
    for one in cases:
        lines.setdefault(_line(one.case), []).append(one)
    changed = {name: some for name, some in lines.items() if any(one.word in _CHANGED and _rounds(one) for one in some)}
    return tuple(_attributed(name, some, threshold) for name, some in changed.items())


def _line(case: str) -> str:
    *which, _, threads = case.split("/")
    return "/".join([*which, threads])


def _rounds(one: Found) -> int:
    """Return of how many rounds the times of both sides are known."""
    return min(len(one.fastest_ns.get(side, ())) for side in ("a", "b"))


def _attributed(line: str, some: Sequence[Found], threshold: float) -> Attribution:
    by_size = {Case.parse(one.case).nbytes: one for one in some}
    known = {size: one for size, one in by_size.items() if one.verdict and _rounds(one) >= _FEWEST_ROUNDS}
    said = [*(_said(known, threshold) if known else ()), *_left_out(by_size.keys() - known.keys())]
    return Attribution(
        line=line,
        parts=tuple(one for one in said if isinstance(one, Part)),
        unsaid=tuple(one for one in said if isinstance(one, str)),
    )


def _left_out(sizes: Iterable[int]) -> Iterator[str]:
    if named := _listed(sizes):
        yield f"failed, or fewer than the {_FEWEST_ROUNDS} rounds that an interval needs: {named}"


def _said(known: Known, threshold: float) -> Iterator[Part | str]:
    """Yield the parts of one path, and in words what cannot be said of it."""
    rounds = _of_both(known)
    level = rounds.flat_sides()
    if level == "ab":
        yield from _told(rounds.level(), (FIXED,), known, threshold)
    elif level:
        other = "b" if level == "a" else "a"
        yield f"the times of {other.upper()} differ from size to size and those of {level.upper()} do not"
    else:
        yield from _by_regime(rounds, known, threshold)


def _of_both(known: Known) -> Rounds:
    """Return the rounds that every size has: what was unclear at the first look was played longer."""
    numbers = range(min(map(_rounds, known.values())))
    a, b = (
        tuple({size: one.fastest_ns[side][number] for size, one in known.items()} for number in numbers)
        for side in ("a", "b")
    )
    return Rounds(a=a, b=b)


def _by_regime(rounds: Rounds, known: Known, threshold: float) -> Iterator[Part | str]:
    """Yield the fixed cost and the time per byte of each regime that both sides have."""
    found = runs(rounds.fastest("a"))
    first: Lines | None = None
    for run in found:
        lines = rounds.later(run, first.costs) if first else rounds.first(run)
        whats = (FIXED, PER_BYTE) if run.fit.fixed_ns else (PER_BYTE,)
        told = tuple(_told(lines, whats, known, threshold)) if lines else (_off_line(run.sizes),)
        yield from told
        if not any(isinstance(one, Part) for one in told) and not first:
            # They would take over a fixed cost that is not known, and what a call costs would be told as their bytes.
            yield from ("nothing is said of larger sizes",) if run is not found[-1] else ()
            break
        first = first or lines
    held = {size for run in found for size in run.sizes}
    outside = _listed(size for size, one in known.items() if one.word in _CHANGED and size not in held)
    if outside:
        yield f"on no line of A, but changed: {outside}"


def _off_line(sizes: Sequence[int]) -> str:
    return f"B is on no line from {amounts.size(min(sizes))} to {amounts.size(max(sizes))}, where A is on one"


def _told(lines: Lines, whats: Iterable[str], known: Known, threshold: float) -> Iterator[Part | str]:
    """Yield the parts of some lines, or at which sizes the lines do not give what was seen."""
    missed = _listed(size for size in lines.sizes if _misses(lines.log_ratio(size), known[size], threshold))
    if missed:
        yield f"lines do not give the change that was seen at {missed}"
        return
    for what in whats:
        yield _judged(what, lines, known, threshold)


def _misses(said: float, one: Found, threshold: float) -> bool:
    """Whether a change is not what a case was seen to change by, its interval and what lines may miss allowed for."""
    assert one.verdict is not None, "cases without a verdict are left out"
    seen = one.verdict.shift
    allowed = max(math.log1p(threshold) / 2, _MISSED_SHARE * abs(seen.value))
    return not seen.low - allowed <= said <= seen.high + allowed


def _judged(what: str, lines: Lines, known: Known, threshold: float) -> Part | str:
    """Return a part of the time, judged by its ratio in each round, or that too few rounds have one."""
    pairs, low, high = lines.pairs(what), min(lines.sizes), max(lines.sizes)
    ratios = [math.log(b / a) for a, b in pairs if a > 0 and b > 0]
    if len(ratios) < max(_FEWEST_ROUNDS, _MOST_ROUNDS * len(pairs)):
        zero = " and ".join(name for name, side in zip("AB", zip(*pairs, strict=True), strict=True) if min(side) <= 0)
        return f"the {what} of {zero} ({amounts.size(low)} to {amounts.size(high)}) cannot be told from zero"
    judged = verdict(shift(ratios, _COVERAGE), threshold)
    if judged.word not in _CHANGED:
        return Part(what=what, low=low, high=high, verdict=judged)
    bearing = tuple(_with_word(lines, known, judged.word, what))
    if not bearing:
        judged = replace(judged, word="unclear", reason=f"no case is {judged.word} by it for certain")
    faults = any(map(_faults_moved_along, bearing))
    return Part(what=what, low=low, high=high, verdict=judged, faults=faults)


def _with_word(lines: Lines, known: Known, word: str, what: str) -> Iterator[Found]:
    """Yield the cases that changed in one direction, for the most part by one part of their time."""
    yield from (known[size] for size in lines.sizes if known[size].word == word and lines.decided_by(what, size))


def _faults_moved_along(one: Found) -> bool:
    """Whether a slower case faults on more pages, or a faster one on fewer."""
    found = _FAULTS.search("; ".join(one.changes))
    if not found:
        return False
    a, b = (int(pages.replace(",", "")) for pages in found.groups())
    return (b > a) == (one.word == "slower")


def _listed(sizes: Iterable[int]) -> str:
    return ", ".join(map(amounts.size, sorted(sizes)))
