"""How the time of one case grows with its size: fixed cost, rate, multiple of the limit.

The case is measured with its smaller sizes and the limit of each, as a session of its own. What the numbers do not
allow is said instead of guessed.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import matrix, store
from benchmarks.curves import common, curve
from benchmarks.errors import CaseFailedError, NoCasesError
from benchmarks.records import Failed, Measured
from benchmarks.session import Request, run
from benchmarks.statistics import estimate, ratio
from benchmarks.suite.cases import SIZES, Case
from benchmarks.suite.paths import PATHS

from .outcome import Growth

if TYPE_CHECKING:
    from benchmarks.matrix import Surroundings
    from benchmarks.records import Session
    from benchmarks.session import Observer

_LIMIT: Final = "ref.memcpy"
_ENGINES: Final = {"array": "ref.dma_h2d", "tensor": "ref.dma_d2h"}


def measure(case: Case, passes: int, observer: Observer, around: Surroundings) -> Growth:
    """Measure a case with its smaller sizes in a session that is not kept.

    Raises:
        NoCasesError: the case makes no sense here; the message says why.
        CaseFailedError: it was tried and failed.
    """
    if case.path not in PATHS:
        raise NoCasesError(f"there is no path {case.path!r}; run --list shows the cases")
    if reason := matrix.skip_reason(case, around):
        raise NoCasesError(f"{case.id} makes no sense here: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        cases, device = tuple(ladder(case)), around.device
        request = Request(cases=cases, passes=passes, device=device, out=Path(folder), with_semantics=False)
        return explain(store.read(run(request, observer)), case)


def ladder(case: Case) -> list[Case]:
    """Return the case, its smaller sizes, and the limit of each."""
    sizes = [size_bytes for size_bytes in SIZES.values() if size_bytes <= case.nbytes]
    both = [replace(one, nbytes=size_bytes) for one in (limit_of(case), case) for size_bytes in sizes]
    return list(dict.fromkeys(both))


def limit_of(case: Case) -> Case:
    """Return the limit of a case: memmove of the same bytes, or for a transfer the pinned copy engine."""
    path = PATHS[case.path]
    limit = _LIMIT if path.device == "cpu" else _ENGINES[path.source]
    return Case(path=limit, dtype="uint8", layout="C", nbytes=case.nbytes, threads="1t")


def explain(session: Session, case: Case) -> Growth:
    """Derive the growth from the records of a case's ladder.

    Raises:
        CaseFailedError: the case itself, or its limit, was not measured.
    """
    found = {record.case: record for record in session.measured}
    record, limit = _measured(session, case), _measured(session, limit_of(case))
    clock = record.clock
    time_ns = estimate(record.passes(clock))
    line, limits = ([one for one in found.values() if _same_line(one, like)] for like in (record, limit))
    return Growth(
        case=case.id,
        spelling=record.spelling,
        aliasing=record.aliasing,
        time_ns=time_ns,
        minflt_per_call=record.minflt_per_call,
        gigabytes_per_s=None if record.aliasing == "shares" else record.nbytes / time_ns.value,
        times_limit=ratio(record.passes(clock), limit.passes(clock)),
        curve=curve(line, common([*line, *limits], limit.path)),
    )


def _same_line(one: Measured, other: Measured) -> bool:
    same = ("path", "dtype", "layout", "threads")
    return other.clock in one.samples_ns and all(getattr(one, name) == getattr(other, name) for name in same)


def _measured(session: Session, case: Case) -> Measured:
    for record in session.records:
        if record.case == case.id and isinstance(record, Measured):
            return record
        if record.case == case.id and isinstance(record, Failed):
            raise CaseFailedError(f"{case.id} failed in {record.failed['stage']}: {record.error}")
    raise CaseFailedError(f"{case.id} was not measured")
