"""Two sessions that were measured on their own, compared afterwards: weaker than a duet, and labelled so.

Nothing took turns, so whatever the machine did between the two stands in the ratio. An interval is as wide as the pass
medians of both allow, and no verdict of this kind fails a merge.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import NoCasesError, NotComparableError
from .outcome import CONTROL, Comparison, Found, changes
from .records import Failed, Measured
from .sides import Side
from .statistics import estimate
from .verdicts import THRESHOLD, Shift, verdict

if TYPE_CHECKING:
    from .records import Header, Json, Session
    from .statistics import Estimate

#: With fewer passes a range of pass medians says next to nothing; of one it is a point.
_FEWEST_PASSES: Final = 3
#: Facts of a header that decide what a number means, by their place.
_FACTS: Final = (
    ("case_version",),
    ("machine", "name"),
    ("machine", "cpu"),
    ("machine", "kernel"),
    ("machine", "huge_pages"),
    ("settings", "device"),
    ("settings", "threads"),
    ("software", "python"),
    ("software", "numpy"),
    ("software", "torch"),
    ("software", "environment"),
)


def compare_sessions(
    a: Session, b: Session, *, pattern: str | None = None, threshold: float = THRESHOLD, force: bool = False
) -> Comparison:
    """Compare the cases that two sessions share, of them those whose ids match a regular expression.

    Raises:
        NoCasesError: there are none.
        NotComparableError: they were measured on different machines, settings or versions of the cases; the message
            has the first key that differs with both values. `force` compares them all the same.
    """
    if not force and (differs := difference(a.header, b.header)):
        raise NotComparableError(
            f"the sessions differ in {differs}. Their numbers mean different things; "
            "measure both here, or say --force to compare them all the same"
        )
    ours, theirs = _outcomes(a), _outcomes(b)
    wanted = re.compile(pattern or "")
    shared = [case for case in ours if case in theirs and (case in CONTROL or wanted.search(case))]
    found = {case: _found(case, ours[case], theirs[case], threshold) for case in shared}
    if not set(found) - set(CONTROL):
        raise NoCasesError(f"the sessions share no case that matches {pattern!r}; cases.csv of a report lists them")
    return Comparison(
        a=_side(a),
        b=_side(b),
        effort=f"{_passes(a)} and {_passes(b)} passes",
        threshold=threshold,
        interleaved=False,
        started=b.header.started,
        machine=b.header.machine,
        loaded={"a": _loaded(a), "b": _loaded(b)},
        cases=tuple(one for case, one in found.items() if case not in CONTROL),
        control=tuple(found[case] for case in CONTROL if case in found),
    )


def difference(a: Header, b: Header) -> str | None:
    """Return the first fact that makes the numbers of two sessions mean different things, with both values."""
    for place in _FACTS:
        one, other = (_fact(header, place) for header in (a, b))
        if one != other:
            return f"{'.'.join(place)}: {one} and {other}"
    return None


def _fact(header: Header, place: tuple[str, ...]) -> object:
    value = getattr(header, place[0])
    return value if len(place) == 1 else value.get(place[1])


def _outcomes(session: Session) -> dict[str, Measured | Failed]:
    known: tuple[Measured | Failed, ...] = (*session.measured, *session.failed)
    return {record.case: record for record in known}


def _found(case: str, a: Measured | Failed, b: Measured | Failed, threshold: float) -> Found:
    if isinstance(a, Measured) and isinstance(b, Measured):
        return _judged(a, b, threshold)
    failed = {name: record.error for name, record in (("a", a), ("b", b)) if isinstance(record, Failed)}
    return Found(case=case, verdict=None, failed=failed)


def _judged(a: Measured, b: Measured, threshold: float) -> Found:
    shift = _shift(*(estimate(record.passes(record.clock)) for record in (a, b)))
    faults = {"a": (a.minflt_per_call,), "b": (b.minflt_per_call,)}
    judged = verdict(shift, threshold)
    if shift.rounds < _FEWEST_PASSES:
        judged = replace(judged, word="unclear", reason=f"takes {_FEWEST_PASSES} passes on both sides")
    return Found(case=a.case, verdict=judged, changes=changes(_did(a), _did(b), faults))


def _did(record: Measured) -> Json:
    return {"aliasing": record.aliasing, "alloc_bytes": record.alloc_bytes}


def _shift(a: Estimate, b: Estimate) -> Shift:
    """Return ln(B / A) of the medians; its interval has every ratio of a pass of one to a pass of the other."""
    return Shift(
        value=math.log(b.value / a.value),
        low=math.log(b.low / a.high),
        high=math.log(b.high / a.low),
        rounds=min(a.passes, b.passes),
    )


def _loaded(session: Session) -> Json:
    versions = {name: session.header.software.get(name) for name in ("python", "numpy", "torch")}
    return {"bridge": session.header.bridge_hash, "software": versions}


def _side(session: Session) -> Side:
    header = session.header
    return Side(name=f"session {header.id}", commit=header.commit, folder=Path(), bridge_hash=header.bridge_hash)


def _passes(session: Session) -> int:
    return int(session.header.settings["passes"])
