"""What this machine's records say of a path: the newest sessions first, none of another machine or other versions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from benchmarks.curves import NOTHING, common, curve
from benchmarks.model import NoFit
from benchmarks.statistics import Estimate, estimate
from benchmarks.store import read, read_header, sessions_in
from benchmarks.suite.cases import DTYPES, OURS, SIZES

from .expected import Expected
from .geometry import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path as File

    from benchmarks.curves import Common, Curve
    from benchmarks.records import Header, Json, Measured

    from .candidates import Candidate
    from .wanted import Wanted

    Line = tuple[str, str, str, str]
    Lines = Mapping[Line, Mapping[int, Measured]]

_SMALLEST_BYTES: Final = min(SIZES.values())
_VERSIONS: Final = ("numpy", "torch")
_CHANGED: Final = "bridge has changed since it was recorded"
#: Elements that are copied as bytes, whatever they mean: in C order only their number of bytes counts.
_PLAIN: Final = ("float32", *sorted(set(DTYPES) - {"bfloat16", "float32"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The measured cases of this machine: (path, dtypes, layout, threads) -> payload -> record.

    `current` are the same without what another `bridge` took; `notes` says which sessions were used and which not.
    """

    lines: Lines
    current: Lines = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    common: Common = NOTHING
    _curves: dict[tuple[bool, Line], Curve] = field(default_factory=dict, init=False, repr=False, compare=False)

    def expected(self, wanted: Wanted, one: Candidate) -> Expected | None:
        """Return what a candidate takes for what is wanted, or None where the records do not say."""
        for dtypes, layout, assumed in _stand_ins(wanted, one):
            line = (one.path.name, dtypes, layout, wanted.thread_word)
            for lines, changed in ((self.current, ()), (self.lines, (_CHANGED,))):
                if found := self._at(lines, line, wanted.payload_bytes):
                    return _assuming(found, (*assumed, *changed))
        return None

    def _at(self, lines: Lines, line: Line, nbytes: int) -> Expected | None:
        """Return what a payload takes by one line's records; less than 64 bytes take as long as these."""
        known, key = lines.get(line, {}), (lines is self.current, line)
        size = max(nbytes, _SMALLEST_BYTES)
        if size in known:
            return _expected(estimate(known[size].passes(known[size].clock)), "recorded")
        if key not in self._curves:
            self._curves[key] = curve(known.values(), self.common)
        found = self._curves[key].predict(size)
        if isinstance(found, NoFit):
            return None
        return _expected(found.time_ns, "by the cost model" if found.regime else "between recorded sizes")


def _assuming(found: Expected, assumes: tuple[str, ...]) -> Expected:
    return replace(found, assumes=(*found.assumes, *assumes))


def load(folders: Iterable[File], machine: Json, software: Json, bridge_hash: str) -> Records:
    """Read the sessions of this machine, the newest of each case winning."""
    lines: dict[Line, dict[int, Measured]] = {}
    current: dict[Line, dict[int, Measured]] = {}
    notes = []
    for file in sorted((one for folder in folders for one in sessions_in(folder)), key=lambda one: one.name):
        if reason := _unfit(read_header(file), machine, software):
            notes.append(f"{file.name} is not used: {reason}")
            continue
        session = read(file)
        for record in session.measured:
            line = (record.path, record.dtype, record.layout, record.threads)
            lines.setdefault(line, {})[record.nbytes] = record
            if session.header.bridge_hash == bridge_hash or not record.path.startswith(OURS):
                current.setdefault(line, {})[record.nbytes] = record
        notes.append(f"records: {file.name}")
    shared = common(record for line in lines.values() for record in line.values())
    return Records(lines=lines, current=current, notes=tuple(notes), common=shared)


def _expected(time: Estimate, origin: str) -> Expected:
    return Expected(value_ns=time.value, low_ns=time.low, high_ns=time.high, origin=origin)


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
    if header.machine_name != machine["name"] and not header.machine_name.startswith(f"{machine['name']}-"):
        return f"it is of the machine {header.machine_name}, this is {machine['name']}"
    for name in _VERSIONS:
        if header.software.get(name) != software.get(name):
            return f"it was measured with {name} {header.software.get(name)}, here is {software.get(name)}"
    return None
