"""Take one case apart: its breakdown, what it takes of memory, how it grows with the size, instructions and a trace.

What cannot be had here is listed with its reason instead of being left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, ClassVar, Final

from benchmarks import affinity, matrix, partners, trace
from benchmarks.checkout import ROOT, prove_bridge, tree_hash
from benchmarks.errors import CaseFailedError, NotCountedError, PartnerDiedError
from benchmarks.instructions import count
from benchmarks.lock import LOCK_FILE, machine_lock
from benchmarks.machine import machine, scrubbed, software
from benchmarks.partners import Process, Settings
from benchmarks.sides import WORKING_TREE, Side
from benchmarks.stages import INSTRUCTIONS
from benchmarks.suite.paths import PATHS

from . import growth, warm
from .outcome import Profile
from .parts import Pass, breakdown
from .rounds import Playing
from .variants import variants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.matrix import Surroundings
    from benchmarks.partners import Start
    from benchmarks.session import Observer
    from benchmarks.suite.cases import Case

    from .variants import Variant

_CACHE_BYTES: Final = 1 << 30


class Fresh(Process):
    """A process that takes the case apart, with an allocator as it comes."""

    module: ClassVar[str] = "benchmarks.breakdown.process"


class Warm(Fresh):
    """The same with an allocator that keeps what is freed."""

    variables: ClassVar[Mapping[str, str]] = warm.VARIABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is taken apart: a case that shares or copies, with how many threads, where."""

    case: Case
    shares: bool
    around: Surroundings

    @property
    def threads(self) -> int:
        """How many threads the case may use."""
        return 1 if self.case.threads == "1t" else self.around.threads

    @property
    def variants(self) -> tuple[Variant, ...]:
        """What is timed here: nothing in warm memory where no memory can be kept warm."""
        known = variants(self.case, shares=self.shares)
        return known if warm.unavailable() is None else tuple(one for one in known if one.name != "warm")


def profile(
    case: Case, passes: int, observer: Observer, *, device: str = "cpu", lock_file: Path = LOCK_FILE
) -> Profile:
    """Take a case apart on this machine.

    Raises:
        NoCasesError: the case makes no sense here; the message says why.
        CaseFailedError: it was tried and failed.
        MachineBusyError: another run holds this machine.
    """
    prove_bridge()
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    around = matrix.Surroundings.here(device)
    grown = growth.measure(case, passes, observer, around)
    wanted = Wanted(case=case, shares=grown.aliasing == "shares", around=around)
    with machine_lock(lock_file):
        played, refused = play(wanted, starter(around), passes, observer)
        facts, traced = looked_at(wanted, starter(around))
        observer.started(case.id, INSTRUCTIONS)
        instructions = instructions_of(case)
    told = {**refused, **facts, **_unheard(wanted, played), "instructions": instructions}
    return Profile(
        case=case.id,
        spelling=grown.spelling,
        breakdown=breakdown(played),
        minflt=_faults(played),
        facts={name: value for name, value in told.items() if isinstance(value, int)},
        growth=grown,
        missing={name: value for name, value in told.items() if isinstance(value, str)},
        about={"started": started, "machine": machine(), "software": software(), "passes": passes},
        trace=traced,
    )


def play(wanted: Wanted, start: Start, passes: int, observer: Observer) -> tuple[list[Pass], Mapping[str, str]]:
    """Time all variants in some passes; return them, and which part could not be measured, and why."""
    playing = Playing(start, device=wanted.around.device)
    observer.begin(passes, passes)
    played = []
    for number in range(1, passes + 1):
        observer.started(wanted.case.id, number)
        played.append(playing.play(wanted.variants, number, wanted.threads))
        observer.finished(number)
    return played, {_PARTS[name]: reason for name, reason in playing.refused.items()}


def looked_at(wanted: Wanted, start: Start) -> tuple[dict[str, int | str], str]:
    """Return what one call takes of memory, by name, with a reason where that cannot be told; and its trace."""
    partner = start("fresh", 0)
    try:
        whole = wanted.variants[0]
        for line in whole.lines(affinity.cpus()[0], wanted.around.device):
            partner.ask(line)
        facts = partner.ask({"observe": True})["observed"]
        return facts, scrubbed(partner.ask({"trace": trace.CALLS})["trace"])
    except PartnerDiedError as error:
        raise CaseFailedError(f"the process that looked at {wanted.case.id} {error}") from error
    finally:
        partner.close()


def instructions_of(case: Case) -> int | str:
    """Return the instructions of one call under callgrind, or why they were not counted."""
    if PATHS[case.path].device != "cpu":
        return "valgrind sees no device"
    try:
        return count([working_tree()], [case.id], every=True)[0][case.id]
    except NotCountedError as error:
        return str(error)


def starter(around: Surroundings) -> Start:
    """Return what starts the two kinds of processes, over the working tree's `bridge`."""
    settings = Settings(threads={"1t": 1, "allt": around.threads}, cache_bytes=_CACHE_BYTES)
    kinds: dict[str, type[Process]] = {"fresh": Fresh, "warm": Warm}
    starts = {memory: partners.starter({memory: working_tree()}, settings, kind) for memory, kind in kinds.items()}
    return lambda memory, number: starts[memory](memory, number)


def working_tree() -> Side:
    """Return the working tree as it lies there, as the side of a comparison."""
    return Side(name=WORKING_TREE, commit=None, folder=ROOT, bridge_hash=tree_hash(ROOT / "bridge"))


def _unheard(wanted: Wanted, played: Sequence[Pass]) -> dict[str, str]:
    """Return the parts that this system cannot measure, and why."""
    found = {}
    if (reason := warm.unavailable()) and PATHS[wanted.case.path].device == "cpu":
        found["page faults"] = reason
    if any(one.wait_ns is None for known in played for one in known.took.values()):
        found["waiting for a CPU"] = "this system does not count it (/proc/thread-self/schedstat)"
    return found


def _faults(played: Sequence[Pass]) -> dict[str, float]:
    """Return the minor faults of a call in fresh and in warm memory, the medians of the passes."""
    names = {"fresh": "whole", "warm": "warm"}
    found = {memory: [one.took[name].minflt for one in played if name in one.took] for memory, name in names.items()}
    return {memory: median(values) for memory, values in found.items() if values}


#: Which part lacks what a variant would have told.
_PARTS: Final = {"move": "moving bytes", "move_small": "moving bytes"} | dict.fromkeys(
    ("engine", "engine_small"), "casting or order"
)
