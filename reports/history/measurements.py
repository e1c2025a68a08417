"""One number of one commit, whoever measured it: asv's results and sessions in the same words, marked by who measured.

asv and a session time the same call differently (asv in one process, a session as the median of passes), so their
numbers differ by construction and never stand on one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from benchmarks.suite.asv_names import ALIASING, FAULTS, TIME, named
from reports.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.asv_results import Point, Result
    from benchmarks.records import Session
    from reports.transfers import Transfer
    from reports.view import Row

ASV: Final = "asv"
SESSION: Final = "session"
Quantity = Literal["time", "aliasing"]
_EXISTING: Final = "existing"
_NS_PER_S: Final = 1e9


class Key(NamedTuple):
    """What one line is of. Whatever decides what a number means is part of it: none of these is ever mixed.

    `by` is who measured: `ASV` or `SESSION`.
    """

    machine: str
    case: str
    by: str
    software: str
    version: str
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number of a commit: a time in nanoseconds, or 1 for `copies` and 0 for `shares`; None where it failed.

    `seconds` is the commit's date where the file knows it, else when it was measured.
    """

    key: Key
    commit: str
    seconds: float
    value: float | None
    low: float | None = None
    high: float | None = None


def of_asv(result: Result, pretty_names: Mapping[str, str]) -> Iterator[Measurement]:
    """Yield what one file of asv's says of times and aliasing; page faults stand on asv's own pages alone."""
    known = {"python": result.python, **result.requirements}
    software = _software(known)
    for point in result.points:
        if own := _named(point, pretty_names):
            case, quantity, unit = own
            key = Key(result.machine, case, ASV, software, point.version, quantity)
            value, low, high = (None if one is None else one * unit for one in (point.value, point.low, point.high))
            yield Measurement(key=key, commit=result.commit, seconds=result.seconds, value=value, low=low, high=high)


def in_its_own_environment(result: Result) -> bool:
    """Whether asv installed the commit's bridge; an existing environment holds whatever was installed there."""
    return not result.environment.startswith(_EXISTING)


def of_session(session: Session) -> Iterator[Measurement]:
    """Yield what a session says of times, by each case's primary clock, and of aliasing."""
    view = View(session)
    known: tuple[Row | Transfer, ...] = (*view.rows, *view.transfers.rows, *view.transfers.on_host)
    for row in known:
        copies = float(row.record.aliasing == "copies")
        yield _of_session(session, row.record.case, "time", row.time.value, low=row.time.low, high=row.time.high)
        yield _of_session(session, row.record.case, "aliasing", copies)
    for record in session.failed:
        yield _of_session(session, record.case, "time", None)


def _of_session(session: Session, case: str, quantity: Quantity, value: float | None, **interval: float) -> Measurement:
    header = session.header
    key = Key(header.machine_name, case, SESSION, _software(header.software), header.case_version, quantity)
    started = datetime.fromisoformat(header.started).timestamp()
    return Measurement(key=key, commit=header.commit, seconds=started, value=value, **interval)


def _named(point: Point, pretty_names: Mapping[str, str]) -> tuple[str, Quantity, float] | None:
    """Return the case, the quantity and its unit; a time that this checkout has no case for keeps asv's own name."""
    own = named(point.benchmark, pretty_names.get(point.benchmark, ""), point.point)
    plain = point.benchmark.rpartition(".")[2]
    kind = own.kind if own else next((one for one in (TIME, ALIASING, FAULTS) if plain.startswith(f"{one}_")), "")
    case = own.case.id if own else f"{plain}({point.point})"
    known: dict[str, tuple[str, Quantity, float]] = {TIME: (case, "time", _NS_PER_S), ALIASING: (case, "aliasing", 1.0)}
    return known.get(kind)


def _software(known: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {known[name]}" for name in ("python", "numpy", "torch") if known.get(name))
