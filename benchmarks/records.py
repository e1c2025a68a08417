"""What a session knows: its header, one record a case, one observation a path.

Raw samples are kept and every number is derived from them. This module is standard library only, because reports
read it where neither array library is installed. Fields are described in docs/session-format.md.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from .errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The number of the session format. Older files are upgraded step by step in `store`, newer ones are refused.
FORMAT: Final = 1

Json = dict[str, Any]  # Any: values are whatever JSON holds
Aliasing = Literal["shares", "copies"]
Outcome = Literal["shares", "copies", "raises", "dies", "unobserved"]

#: The clock of the CPU. Device clocks get entries of their own and are never mixed with it: `DONE` until the device
#: has done all that a call gave it, `ISSUE` until the call returns, `EVENT` between two events on the caller's stream,
#: `DMA` the copies alone, as torch's profiler saw them in a pass of its own.
WALL: Final = "wall"
DONE: Final = "done"
ISSUE: Final = "issue"
EVENT: Final = "event"
DMA: Final = "dma"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Everything that makes a session comparable, and the command that redoes it."""

    id: str
    started: str
    commit: str
    dirty: bool
    bridge_hash: str
    case_version: str
    machine: Json
    software: Json
    settings: Json
    command: str

    @property
    def preset(self) -> str:
        """The preset the session was started with."""
        return str(self.settings["preset"])

    @property
    def machine_name(self) -> str:
        """The machine's name: its CPU's, or the one given by ``--machine``; never the host's."""
        return str(self.machine["name"])

    def to_json(self) -> Json:
        """Return the first line of a session file as a mapping."""
        return {"format": FORMAT, "kind": "session"} | _values(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Header:
        """Read the first line of a session file of this format."""
        return cls(**_fields(cls, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseParts:
    """What every record says of its case, whether it was measured, skipped or failed."""

    case: str
    path: str
    family: str
    dtype: str
    layout: str
    nbytes: int
    threads: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(CaseParts):
    """A case that was timed.

    `samples_ns` holds nanoseconds per call: clock -> passes -> rounds. `spelling` is the code that was timed,
    `source` says whether it started from an array or a tensor. `minflt_per_call` are minor page faults per call in
    the timed rounds, `alloc_bytes` bytes of new memory that the result holds.

    Of a path that needs a device, `link` holds what one call copied between host and device: kind, in the words of the
    profiler (``Memcpy HtoD (Pageable -> Device)``), -> ``copies`` and ``nbytes``; None where it was not looked at.
    `device_peak_bytes` and `pinned_peak_bytes` are the most that a call took of the device's and of pinned memory,
    beyond what was taken before it.
    """

    spelling: str
    source: str
    shape: tuple[int, ...]
    aliasing: Aliasing
    loops: int
    minflt_per_call: float
    alloc_bytes: int
    samples_ns: Mapping[str, tuple[tuple[float, ...], ...]]
    link: Mapping[str, Mapping[str, int]] | None = None
    device_peak_bytes: int | None = None
    pinned_peak_bytes: int | None = None

    def __post_init__(self) -> None:
        """Refuse a record without samples: nothing behind it checks again."""
        if not self.samples_ns:
            raise RecordError(f"{self.case}: a measured case needs samples of at least one clock")
        for clock, passes in self.samples_ns.items():
            if not passes or not all(passes) or not all(sample > 0 for rounds in passes for sample in rounds):
                raise RecordError(f"{self.case}: every pass of clock {clock!r} needs samples above 0 ns")

    @property
    def clock(self) -> str:
        """The clock that this case is compared by: the CPU's, or a device's until it is done."""
        return WALL if WALL in self.samples_ns else DONE

    def passes(self, clock: str = WALL) -> tuple[tuple[float, ...], ...]:
        """Return the rounds of each pass in nanoseconds per call."""
        return self.samples_ns[clock]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped(CaseParts):
    """A case that makes no sense here, with the reason in words."""

    skipped: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(CaseParts):
    """A case that was tried and did not finish: `failed` has ``error`` in words and the ``stage`` it happened in."""

    failed: Mapping[str, Any]

    @property
    def error(self) -> str:
        """What went wrong, in one line."""
        return str(self.failed["error"])


Record = Measured | Skipped | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one path did with one trait of its source, seen on an array of a few elements.

    `keeps_order` and `writable` speak of the result and are None where they do not apply. `wrong_values` is True where
    a path returned other values than the source's without a word, `drops_mask` where it returned what a mask hides.
    `keeps_source` says whether the result kept the source's memory alive, None where that was not asked; `leaks` is
    True where that memory stayed when the result was gone.
    """

    outcome: Outcome
    warns: bool = False
    wrong_values: bool = False
    drops_mask: bool = False
    leaks: bool = False
    keeps_order: bool | None = None
    writable: bool | None = None
    keeps_source: bool | None = None
    error: str | None = None

    @property
    def dangles(self) -> bool:
        """Whether memory went that the result still uses."""
        return self.outcome == "shares" and self.keeps_source is False

    def to_json(self) -> Json:
        """Return what was seen as a mapping; what does not apply is left out."""
        said = _values(self).items()
        return {name: value for name, value in said if value is not None and (value or name not in _RARE)}


#: Said only where they are true.
_RARE: Final = frozenset({"warns", "wrong_values", "drops_mask", "leaks"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Semantics:
    """The semantics of one path: what it did with every trait that was tried."""

    path: str
    family: str
    source: str
    spelling: str
    observed: Mapping[str, Observation]

    def to_json(self) -> Json:
        """Return the semantics line of a session file as a mapping."""
        said = {trait: seen.to_json() for trait, seen in self.observed.items()}
        values = _values(self)
        return {"semantics": values.pop("path"), **values, "observed": said}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Semantics:
        """Read a semantics line."""
        observed = {trait: Observation(**_fields(Observation, seen)) for trait, seen in data["observed"].items()}
        return cls(**_fields(cls, {**data, "path": data["semantics"], "observed": observed}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session: several passes over the cases on one machine."""

    header: Header
    records: tuple[Record, ...]
    semantics: tuple[Semantics, ...] = ()

    @property
    def measured(self) -> tuple[Measured, ...]:
        """The cases that were timed."""
        return tuple(record for record in self.records if isinstance(record, Measured))

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The cases that were skipped, each with its reason."""
        return tuple(record for record in self.records if isinstance(record, Skipped))

    @property
    def failed(self) -> tuple[Failed, ...]:
        """The cases that failed, each with its error."""
        return tuple(record for record in self.records if isinstance(record, Failed))


def record_to_json(record: Record) -> Json:
    """Return the line of one case as a mapping: its parts, then what happened to it; what was not asked is left out."""
    return {name: value for name, value in _values(record).items() if value is not None}


def record_from_json(data: Mapping[str, Any]) -> Record:
    """Read the line of one case.

    Raises:
        RecordError: a field is missing or has no sense.
    """
    if "skipped" in data:
        return Skipped(**_fields(Skipped, data))
    if "failed" in data:
        return Failed(**_fields(Failed, data))
    known = _fields(Measured, data)
    samples = {clock: tuple(tuple(rounds) for rounds in passes) for clock, passes in known["samples_ns"].items()}
    return Measured(**{**known, "samples_ns": samples, "shape": tuple(known["shape"])})


def _values(instance: Any) -> Json:  # noqa: ANN401  any of the dataclasses here
    return {one.name: _plain(getattr(instance, one.name)) for one in fields(instance)}


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever JSON can hold
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _fields(kind: type, data: Mapping[str, Any]) -> Json:
    """Return what `kind` is made from; a key it does not know is later detail and is left out."""
    known = {one.name: data[one.name] for one in fields(kind) if one.name in data}
    missing = [one.name for one in fields(kind) if one.name not in known and one.default is MISSING]
    if missing:
        raise RecordError(f"a {kind.__name__.lower()} line needs {', '.join(missing)}")
    return known
