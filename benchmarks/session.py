"""One session: a check of every case, then passes in fresh processes, each in a new random order."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import psutil

from . import matrix, store, workers
from .checkout import Checkout, prove_bridge
from .errors import NoCasesError, NotComparableError, NothingToResumeError
from .lock import LOCK_FILE, machine_lock
from .machine import machine, software
from .partial import SUFFIX, Partial
from .records import Header
from .stages import CHECK, PROFILE
from .suite.cases import CASE_VERSION, Case
from .suite.paths import PATHS
from .suite.presets import PRESETS
from .suite.probes import probes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .matrix import Surroundings
    from .records import Json

    Examine = Callable[[], list[Json]] | None

DEFAULT_OUT: Final = Path(".bench") / "sessions"
#: Inputs are kept up to a quarter of what is free, and never more than this.
_CACHE_LIMIT_BYTES: Final = 2 << 30
#: A session on a GPU has a GiB of each kind, and only minutes.
_DEVICE_CACHE_LIMIT_BYTES: Final = 8 << 30
#: Facts that must be the same when a session goes on; what changes by itself (load) is no reason to stop.
_MOVING: Final = frozenset({"load_average"})


class Observer(Protocol):
    """Is told how a session goes on; never called inside a timed region."""

    def begin(self, total: int, passes: int) -> None:
        """Say how many steps there are: one a case and stage."""

    def started(self, name: str, stage: int) -> None:
        """Say what runs now."""

    def finished(self, stage: int) -> None:
        """Say that a step is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a session is asked for; `cases` overrides the preset's, for sessions that other commands run.

    Without a `device` it is the one that the preset is about.
    """

    preset: str = "quick"
    pattern: str | None = None
    passes: int | None = None
    seed: int = 0
    device: str | None = None
    machine_name: str | None = None
    commit: str | None = None
    command: str = ""
    out: Path = field(default=DEFAULT_OUT)
    cases: tuple[Case, ...] | None = None
    with_semantics: bool = True

    @property
    def where(self) -> str:
        """The device of this session."""
        return self.device or PRESETS[self.preset].device

    def chosen(self) -> list[Case]:
        """Return the cases of this session, the limit of every size among them.

        Raises:
            NoCasesError: the filter leaves none.
        """
        if self.cases is not None:
            return list(self.cases)
        found = matrix.cases(self.preset, self.pattern)
        if not found:
            raise NoCasesError(f"no case of preset {self.preset} matches {self.pattern!r}; --list shows their ids")
        return matrix.with_limits(found, self.preset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How workers run, as the header has it."""

    threads: dict[str, int]
    cache_bytes: int
    device: str


def run(request: Request, observer: Observer, *, examine: Examine = None, lock_file: Path = LOCK_FILE) -> Path:
    """Measure a new session and return its file; what `examine` finds of the machine is kept in its header.

    Raises:
        MachineBusyError, ForeignBridgeError, NoCasesError, WorkerError: nothing was measured, and why.
    """
    prove_bridge()
    with machine_lock(lock_file) as lock:
        partial = _begin(request, examine)
        return _finish(partial, observer, lock)


def resume(out: Path, observer: Observer, *, commit: str | None = None, lock_file: Path = LOCK_FILE) -> Path:
    """Go on with the newest unfinished session of a folder and return its file.

    Raises:
        NothingToResumeError: there is none.
        NotComparableError: the checkout, the machine or its software changed since.
    """
    prove_bridge()
    found = sorted(out.glob(f"*{SUFFIX}"), key=lambda path: path.name)
    if not found:
        raise NothingToResumeError(f"no unfinished session in {out}; start one without --resume")
    with machine_lock(lock_file) as lock:
        partial = Partial.read(found[-1])
        _refuse_changes(partial.header, commit)
        return _finish(partial, observer, lock)


def _begin(request: Request, examine: Examine) -> Partial:
    around = matrix.Surroundings.here(request.where)
    chosen = request.chosen()
    skipped = {case.id: reason for case in chosen if (reason := matrix.skip_reason(case, around))}
    header = _header(request, around)
    if examine:
        header = replace(header, machine={**header.machine, "doctor": examine()})
    order = [case.id for case in chosen if case.id not in skipped]
    return Partial.begin(request.out / f"{header.id}{SUFFIX}", header, order, skipped)


def _header(request: Request, around: Surroundings) -> Header:
    checkout = Checkout.look(commit=request.commit)
    started = datetime.now(UTC).replace(microsecond=0)
    settings = {
        "preset": request.preset,
        "passes": request.passes or PRESETS[request.preset].passes,
        "seed": request.seed,
        "filter": request.pattern,
        "semantics": request.with_semantics,
        **asdict(_settings(around)),
    }
    return Header(
        id=f"{started:%Y%m%dT%H%M%SZ}-{checkout.commit[:8]}",
        started=started.isoformat(),
        **asdict(checkout),
        case_version=CASE_VERSION,
        machine=machine(request.machine_name, around.device),
        software=software(),
        settings=settings,
        command=request.command,
    )


def _settings(around: Surroundings) -> Settings:
    free = psutil.virtual_memory().available
    return Settings(
        threads={"1t": 1, "allt": around.threads},
        cache_bytes=min(_CACHE_LIMIT_BYTES if around.device == "cpu" else _DEVICE_CACHE_LIMIT_BYTES, free // 4),
        device=around.device,
    )


def _finish(partial: Partial, observer: Observer, lock: int) -> Path:
    passes = int(partial.header.settings["passes"])
    wanted = _open_probes(partial)
    stages = (CHECK, PROFILE, *range(1, passes + 1))  # a session that is cut short lacks passes, and nothing else
    observer.begin(len(wanted) + sum(len(partial.open_cases(stage)) for stage in stages), passes)
    for stage in stages:
        _stage(partial, stage, wanted if stage == CHECK else [], observer, lock)
    path = partial.path.with_name(store.file_name(partial.header))
    store.write(path, partial.session())
    partial.path.unlink()
    return path


def _stage(partial: Partial, stage: int, wanted: list[Json], observer: Observer, lock: int) -> None:
    plan = _plan(partial, stage, wanted)
    for event in workers.events(plan, lock=lock):
        if "started" in event:
            observer.started(event["started"], stage)
            continue
        partial.add(event, stage)
        if "gpu" not in event:
            observer.finished(stage)


def _plan(partial: Partial, stage: int, wanted: list[Json]) -> workers.Plan:
    settings = partial.header.settings
    order = shuffled(partial.open_cases(stage), int(settings["seed"]), stage)
    return workers.Plan(
        number=stage,
        jobs=tuple(_job(partial, case, stage) for case in order),
        probes=tuple(wanted),
        device=settings["device"],
        threads=settings["threads"],
        cache_bytes=settings["cache_bytes"],
    )


def _job(partial: Partial, case: str, stage: int) -> Json:
    if stage in {CHECK, PROFILE}:
        return {"case": case}
    checked = partial.checked[case]
    return {"case": case, "loops": checked["loops"], "rounds": checked["rounds"]}


def shuffled(cases: Iterable[str], seed: int, stage: int) -> list[str]:
    """Return the cases in the order of one pass: random, and the same for the same seed."""
    order = sorted(cases)
    random.Random(f"{seed}/{stage}").shuffle(order)  # noqa: S311  an order, no secret
    return order


def _open_probes(partial: Partial) -> list[Json]:
    if not partial.header.settings["semantics"]:
        return []
    paths = dict.fromkeys(case.partition("/")[0] for case in (*partial.order, *partial.skipped))
    around = matrix.Surroundings.here()
    every = [probe for name in paths for probe in probes(PATHS[name]) if matrix.can_observe(probe, around)]
    return [asdict(probe) for probe in every if probe.id not in partial.observed]


def _refuse_changes(header: Header, commit: str | None) -> None:
    now = {**asdict(Checkout.look(commit=commit)), "case_version": CASE_VERSION}
    here = machine(header.machine_name, str(header.settings["device"]))
    now |= {f"machine.{key}": value for key, value in here.items() if key not in _MOVING}
    now |= {f"software.{key}": value for key, value in software().items()}
    for key, value in now.items():
        part, _, name = key.partition(".")
        then = getattr(header, part) if not name else getattr(header, part).get(name)
        if then != value:
            raise NotComparableError(
                f"the unfinished session was started with {key} = {then}, now it is {value}. "
                "Its passes would not be comparable; start a new session without --resume"
            )
