"""What this machine's records say of a path: the newest sessions first, none of another machine or other versions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from benchmarks.curves import NOTHING, common, curve
from benchmarks.model import NoFit
from benchmarks.statistics import estimate
from benchmarks.store import read, read_header, sessions_in
from benchmarks.suite.cases import CASE_VERSION, DTYPES, OURS, SIZES

from .expected import Expected
from .geometry import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path as File

    from benchmarks.curves import Common, Curve
    from benchmarks.records import Header, Json, Measured
    from benchmarks.statistics import Estimate

    from .candidates import Candidate
    from .wanted import Wanted

    Line = tuple[str, str, str, int]
    Lines = Mapping[Line, Mapping[int, Measured]]

_SMALLEST_BYTES: Final = min(SIZES.values())
_VERSIONS: Final = ("numpy", "torch")
_CHANGED: Final = "bridge has changed since it was recorded"
#: Elements that are copied as bytes, whatever they mean: in C order only their number of bytes counts.
_PLAIN: Final = ("float32", *sorted(set(DTYPES) - {"bfloat16", "float32"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The measured cases of one session: (path, dtypes, layout, number of threads) -> payload -> record.

    `current` says that `bridge` is the one that it measured, `all_threads` how many threads it calls all; `common` is
    what its paths have in common.
    """

    name: str
    lines: Lines
    current: bool = True
    all_threads: int = 1
    common: Common = NOTHING
    _curves: dict[Line, Curve] = field(default_factory=dict, init=False, repr=False, compare=False)

    def exactly(self, line: Line, nbytes: int) -> Expected | None:
        """Return what was measured of a payload."""
        record = self.lines.get(line, {}).get(nbytes)
        return self._expected(estimate(record.passes(record.clock)), "recorded") if record else None

    def predicted(self, line: Line, nbytes: int) -> Expected | None:
        """Return what the cost model says of a payload that was not measured."""
        if line not in self.lines:
            return None
        if line not in self._curves:
            self._curves[line] = curve(self.lines[line].values(), self.common)
        found = self._curves[line].predict(nbytes)
        if isinstance(found, NoFit):
            return None
        return self._expected(found.time_ns, "by the cost model" if found.regime else "between recorded sizes")

    def _expected(self, time: Estimate, origin: str) -> Expected:
        return Expected(value_ns=time.value, low_ns=time.low, high_ns=time.high, origin=origin, sessions=(self.name,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The sessions of this machine, newest first; `notes` says which are used and which not."""

    sessions: tuple[Recorded, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def all_threads(self) -> int:
        """How many threads the newest session calls all."""
        return self.sessions[0].all_threads if self.sessions else 1

    def expected(self, wanted: Wanted, one: Candidate) -> Expected | None:
        """Return what a candidate takes for what is wanted, or None where the records do not say."""
        ours = one.path.name.startswith(OURS)
        current = tuple(session for session in self.sessions if session.current or not ours)
        for dtypes, layout, assumed in _stand_ins(wanted, one):
            line = (one.path.name, dtypes, layout, wanted.threads)
            for sessions, changed in ((current, ()), (self.sessions, (_CHANGED,))):
                if found := _newest(sessions, line, wanted.payload_bytes):
                    return _assuming(found, (*assumed, *changed))
        return None


def _newest(sessions: Sequence[Recorded], line: Line, nbytes: int) -> Expected | None:
    """Return what the newest session says that measured a payload, else the newest that can predict it.

    A line through times of two days would be of neither. Less than 64 bytes take as long as these.
    """
    size = max(nbytes, _SMALLEST_BYTES)
    measured = (session.exactly(line, size) for session in sessions)
    predicted = (session.predicted(line, size) for session in sessions)
    return next((found for found in chain(measured, predicted) if found), None)


def _assuming(found: Expected, assumes: tuple[str, ...]) -> Expected:
    return replace(found, assumes=(*found.assumes, *assumes))


def load(folders: Iterable[File], machine: Json, software: Json, bridge_hash: str) -> Records:
    """Read the sessions of this machine."""
    sessions, notes = [], []
    for file in sorted((one for folder in folders for one in sessions_in(folder)), key=lambda one: one.name):
        if reason := _unfit(read_header(file), machine, software):
            notes.append(f"{file.name} is not used: {reason}")
            continue
        sessions.append(_recorded(file, bridge_hash))
        notes.append(f"records: {file.name}")
    return Records(sessions=tuple(reversed(sessions)), notes=tuple(notes))


def _recorded(file: File, bridge_hash: str) -> Recorded:
    session = read(file)
    threads = session.header.settings["threads"]
    lines: dict[Line, dict[int, Measured]] = {}
    for record in session.measured:
        line = (record.path, record.dtype, record.layout, threads.get(record.threads, 1))
        lines.setdefault(line, {})[record.nbytes] = record
    return Recorded(
        name=file.name,
        lines=lines,
        current=session.header.bridge_hash == bridge_hash,
        all_threads=threads["allt"],
        common=common(session.measured),
    )


def _stand_ins(wanted: Wanted, one: Candidate) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the dtypes and layouts whose records may speak for what is wanted, each with what is assumed."""
    layout = wanted.layout
    if layout != OTHER and wanted.flags <= {layout}:
        shape = () if layout in _ANY_SHAPE else (f"the records' {layout} array has another shape",)
        yield wanted.dtypes, layout, shape
        for dtype in [] if wanted.casts else _as_many_bytes(wanted.dtype, layout):
            yield dtype, layout, (*shape, f"{wanted.dtype} takes as long as {dtype} of as many bytes")
    if one.aliasing == "shares":
        yield "float32", "C", (f"sharing {wanted.dtype} {layout} takes as long as sharing float32 C",)


def _as_many_bytes(dtype: str, layout: str) -> list[str]:
    """Return dtypes whose elements are moved alike: of one size, and where all bytes lie together, of any size."""
    plain = [other for other in _PLAIN if other != dtype and dtype in _PLAIN]
    return [other for other in plain if layout == "C" or DTYPES[other] == DTYPES[dtype]]


#: A copy walks over such an array in one go, whatever its shape.
_ANY_SHAPE: Final = frozenset({"C", "readonly", "misaligned", "bigendian", "requires_grad"})


def _unfit(header: Header, machine: Json, software: Json) -> str | None:
    """Return why a session says nothing of this machine as it is now; the name of its card may follow its own."""
    named = header.machine_name.startswith(f"{machine['name']}-") and "gpu" in header.machine
    if header.machine_name != machine["name"] and not named:
        return f"it is of the machine {header.machine_name}, and this is {machine['name']} unless --machine says so"
    if header.case_version != CASE_VERSION:
        return f"its cases are of version {header.case_version}, and those of here of version {CASE_VERSION}"
    for name in _VERSIONS:
        if header.software.get(name) != software.get(name):
            return f"it was measured with {name} {header.software.get(name)}, here is {software.get(name)}"
    return None
