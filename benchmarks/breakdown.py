"""Where the time of one case goes: fixed cost, rate, page faults, multiple of the limit.

The case is measured with its smaller sizes and the memcpy of each, as a session of its own. What the numbers do not
allow is said instead of guessed.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from . import matrix, store
from .errors import CaseFailedError, NoCasesError
from .model import REGIMES, Fit, Flat, NoFit, fit, flat, within
from .records import WALL, Failed, Measured
from .session import Request, run
from .statistics import Estimate, estimate, ratio
from .suite.cases import SIZES, Case
from .suite.paths import PATHS

if TYPE_CHECKING:
    from .model import Regime
    from .records import Session
    from .session import Observer

_LIMIT: Final = "ref.memcpy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """What is known of one case.

    `fits` holds a line or a reason for each regime that has sizes, `flat` the one time of a path whose cost does not
    depend on the size. `gigabytes_per_s` is None where nothing moves because the result shares memory.
    """

    case: str
    spelling: str
    aliasing: str
    time_ns: Estimate
    minflt_per_call: float
    gigabytes_per_s: float | None
    times_limit: Estimate
    flat: Flat | NoFit
    fits: tuple[tuple[Regime, Fit | NoFit], ...]


def measure(case: Case, passes: int, observer: Observer) -> Breakdown:
    """Measure a case with its smaller sizes in a session that is not kept.

    Raises:
        NoCasesError: the case makes no sense here; the message says why.
        CaseFailedError: it was tried and failed.
    """
    if case.path not in PATHS:
        raise NoCasesError(f"there is no path {case.path!r}; run --list shows the cases")
    if reason := matrix.skip_reason(case, matrix.Surroundings.here()):
        raise NoCasesError(f"{case.id} makes no sense here: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        request = Request(cases=tuple(ladder(case)), passes=passes, out=Path(folder), with_semantics=False)
        return explain(store.read(run(request, observer)), case)


def ladder(case: Case) -> list[Case]:
    """Return the case, its smaller sizes, and the limit of each."""
    sizes = [size_bytes for size_bytes in SIZES.values() if size_bytes <= case.nbytes]
    both = [replace(one, nbytes=size_bytes) for one in (limit_of(case), case) for size_bytes in sizes]
    return list(dict.fromkeys(both))


def limit_of(case: Case) -> Case:
    """Return the memcpy of the same bytes."""
    return Case(path=_LIMIT, dtype="uint8", layout="C", nbytes=case.nbytes, threads="1t")


def explain(session: Session, case: Case) -> Breakdown:
    """Derive the breakdown from the records of a case's ladder.

    Raises:
        CaseFailedError: the case itself, or its limit, was not measured.
    """
    found = {record.case: record for record in session.measured}
    record, limit = _measured(session, case), _measured(session, limit_of(case))
    time_ns = estimate(record.passes())
    points = {one.nbytes: one.passes() for one in found.values() if _same_line(one, record)}
    return Breakdown(
        case=case.id,
        spelling=record.spelling,
        aliasing=record.aliasing,
        time_ns=time_ns,
        minflt_per_call=record.minflt_per_call,
        gigabytes_per_s=None if record.aliasing == "shares" else record.nbytes / time_ns.value,
        times_limit=ratio(record.passes(), limit.passes()),
        flat=flat(points),
        fits=tuple((regime, fit(inside)) for regime in REGIMES if (inside := within(points, regime))),
    )


def _same_line(one: Measured, other: Measured) -> bool:
    same = ("path", "dtype", "layout", "threads")
    return WALL in one.samples_ns and all(getattr(one, name) == getattr(other, name) for name in same)


def _measured(session: Session, case: Case) -> Measured:
    for record in session.records:
        if record.case == case.id and isinstance(record, Measured):
            return record
        if record.case == case.id and isinstance(record, Failed):
            raise CaseFailedError(f"{case.id} failed in {record.failed['stage']}: {record.error}")
    raise CaseFailedError(f"{case.id} was not measured")


def to_json(found: Breakdown) -> str:
    """Return a breakdown as one JSON object; times in nanoseconds, rates in bytes per nanosecond (GB/s)."""
    plain: dict[str, Any] = asdict(found)
    plain["fits"] = {regime.name: asdict(line) for regime, line in found.fits}
    return json.dumps(plain, indent=2, default=str)


def to_text(found: Breakdown) -> str:
    """Return a breakdown in words."""
    lines = [
        found.case,
        f"  {found.spelling}   ({found.aliasing})",
        f"  time          {_ns(found.time_ns)} per call",
        f"  payload       {_payload_text(found)}",
        f"  limit         {_times(found.times_limit)} the memmove of the same bytes into warm memory",
        f"  page faults   {found.minflt_per_call:,.6g} minor faults per call",
    ]
    if isinstance(found.flat, Flat):
        return "\n".join([*lines, "  any size      the same time: the cost does not depend on the size"])
    return "\n".join(lines + [f"  {regime.name:<13} {_fit_text(line)}" for regime, line in found.fits])


def _payload_text(found: Breakdown) -> str:
    if found.gigabytes_per_s is None:
        return "none moves: the result shares memory with its source"
    return f"{found.gigabytes_per_s:.3g} GB/s (1e9 bytes of payload a second, counted once)"


def _fit_text(line: Fit | NoFit) -> str:
    if isinstance(line, NoFit):
        return f"no line: {line.reason}"
    fixed = "no fixed cost that can be told from 0" if line.fixed_ns is None else f"{_ns(line.fixed_ns)} fixed"
    return (
        f"{fixed}, then {line.rate.value:.3g} GB/s [{line.rate.low:.3g}, {line.rate.high:.3g}] over {line.sizes} sizes"
    )


def _times(found: Estimate) -> str:
    return f"{found.value:.3g}x [{found.low:.3g}, {found.high:.3g}]"


def _ns(found: Estimate) -> str:
    """Return a time and its interval in the unit that fits the value."""
    scale, unit = next((one for one in _UNITS if found.value >= one[0]), _UNITS[-1])
    value, low, high = (f"{one / scale:.4g}" for one in (found.value, found.low, found.high))
    return f"{value} {unit} [{low}, {high}]"


_UNITS: Final = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))
