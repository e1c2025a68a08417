"""From what is wanted to advice: candidates, what records say of them, what is measured beside, the ranking."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psutil
import torch

from benchmarks.clocks import clock_for
from benchmarks.errors import UsageError
from benchmarks.lock import LOCK_FILE, machine_lock

from . import sources
from .candidates import candidates, untried
from .expected import Expected, spread_over
from .flips import flips
from .geometry import word_for
from .measuring import measure
from .ranking import Advice, is_slower, ranked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path as File

    from .candidates import Candidate, Excluded
    from .measuring import Runs
    from .recorded import Records
    from .wanted import Wanted

#: What records put behind the best by this factor is not measured again.
_FAR_BEHIND: Final = 2.0
#: A source, its result, and what a path makes on the way.
_ALIVE: Final = 4
#: Paths whose first call into fresh memory stands for the first call of those that fill memory again.
_FRESH: Final = {"array": "torch.from_numpy.clone", "tensor": "Tensor.clone.numpy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adviser:
    """Gives advice from the records of this machine, and measures what they lack unless told not to."""

    records: Records
    measures: bool = True
    lock_file: File = LOCK_FILE

    def advise(self, wanted: Wanted) -> Advice:
        """Rank the correct paths.

        Raises:
            UsageError: the device is not there, and there are no records of it to be asked.
            MachineBusyError: something has to be measured, and another run holds this machine.
        """
        every, excluded = self._candidates(wanted)
        asked = [one for one in every if wanted.reuse > 1 or not one.reuses]
        recorded = self.expect(wanted, asked)
        now, why = self._measured(wanted, asked, recorded)
        known = {**recorded, **now}
        order = ranked(wanted, asked, known, recorded)
        return Advice(
            wanted=wanted,
            ranked=order,
            unknown=tuple(one.path.name for one in asked if one.path.name not in known),
            excluded=excluded,
            flips=self._flips(wanted, every, order[0].path) if order else (),
            assumes=_assumes(wanted, known),
            notes=(*self.records.notes, *why),
        )

    def _flips(self, wanted: Wanted, every: Sequence[Candidate], first: str) -> tuple[str, ...]:
        return flips(wanted, every, first, self.expect, all_threads=self.records.all_threads)

    def _candidates(self, wanted: Wanted) -> tuple[tuple[Candidate, ...], tuple[Excluded, ...]]:
        """Return the correct paths, and those that are not; of a device that is away, the recorded."""
        if wanted.device == "cpu" or torch.cuda.is_available():
            return candidates(wanted)
        every, excluded = untried(wanted)
        if self.measures or not self.expect(wanted, every):
            raise UsageError(
                f"there is no {wanted.device} here, and no path is recommended untried. "
                "Ask on the machine that has it; "
                "--no-measure takes what this machine recorded with it, if there is any"
            )
        return every, excluded

    def expect(self, wanted: Wanted, every: Sequence[Candidate]) -> dict[str, Expected]:
        """Return what the records say of some candidates: the mean call where memory is used again."""
        found = {one.path.name: self.records.expected(wanted, one) for one in every}
        fresh = found.get(_FRESH[wanted.source])
        for one in every:
            later = found[one.path.name]
            if one.reuses and later is not None and wanted.reuse > 1:
                found[one.path.name] = spread_over(fresh, later, wanted.reuse) if fresh else None
        return {name: expected for name, expected in found.items() if expected is not None}

    def _measured(
        self, wanted: Wanted, every: Sequence[Candidate], recorded: Mapping[str, Expected]
    ) -> tuple[dict[str, Expected], tuple[str, ...]]:
        """Time what the records do not settle, and say what was timed or why not."""
        open_ = in_question(every, recorded)
        if not open_ or not self.measures:
            return {}, ()
        if sources.held_bytes(wanted) * _ALIVE > psutil.virtual_memory().available:
            return {}, (f"nothing was measured: that takes {_ALIVE} times {wanted.payload_bytes >> 20} MiB of memory",)
        with machine_lock(self.lock_file), _threads(wanted.threads):
            clock = clock_for(wanted.device)
            found = measure(_runs(wanted, open_), clock.now_ns)
        rounds = max((len(one.rounds_ns) for one in found.values()), default=0)
        return found, (f"measured now: {len(found)} paths in turn, up to {rounds} rounds",)


def in_question(every: Sequence[Candidate], recorded: Mapping[str, Expected]) -> list[Candidate]:
    """Return the candidates to time: none where one session has records of this very case, and a first that is certain.

    Else all but those that the session of the lowest time puts far behind: a slow day says nothing of a path.
    """
    firm = {name: one for name, one in recorded.items() if one.origin == "recorded" and not one.assumes}
    best = min(firm, key=lambda name: firm[name].value_ns, default=None)
    if best is None or len(every) == 1:
        return list(every) if best is None else []
    rivals = [one.path.name for one in every if one.path.name != best]
    of_one_day = len({one.sessions for one in firm.values()}) == 1
    if of_one_day and all(name in firm and is_slower(firm[name], firm[best]) for name in rivals):
        return []
    limit_ns = firm[best].value_ns * _FAR_BEHIND
    day = {name: one.value_ns for name, one in firm.items() if one.sessions == firm[best].sessions}
    return [one for one in every if day.get(one.path.name, 0.0) <= limit_ns]


def _runs(wanted: Wanted, every: Sequence[Candidate]) -> Runs:
    """Return the calls of some candidates on one source like the wanted one."""
    source = sources.build(wanted)
    return {one.path.name: _parts(wanted, one, source) for one in every}


def _parts(wanted: Wanted, one: Candidate, source: Any) -> list[tuple[float, Any]]:  # noqa: ANN401  an Input; calls
    warm = sources.call(wanted, one.path, source)
    if not one.reuses:
        return [(1.0, warm.run)]
    return [(1 / wanted.reuse, sources.first_call(warm)), (1 - 1 / wanted.reuse, warm.run)]


def _assumes(wanted: Wanted, known: Mapping[str, Expected]) -> tuple[str, ...]:
    """Return what the times take for granted."""
    every = [said for one in known.values() for said in one.assumes]
    if len({session for one in known.values() for session in one.sessions}) > 1:
        every.append("the machine was as fast in one of the sessions that these times are from as in the others")
    one_result = "one result lives at a time, and its memory is filled again"
    said = ["one thread" if wanted.threads == 1 else f"{wanted.threads} threads"]
    said += ["the source was just used, and each result is dropped at once" if wanted.reuse == 1 else one_result]
    if not wanted.mutate and not wanted.casts:
        said += ["source and result are only read: what shares memory shows each change on both sides (else --mutate)"]
    if wanted.reuse > 1 and word_for(wanted.geometry) != "C":
        said += ["memory that is filled again is in C order; other results keep the order in which the axes lie"]
    if "readonly" in wanted.flags:
        said += ["a result that shares is not written to: its source is read-only, of which torch warns once"]
    return tuple(dict.fromkeys([*said, *every]))


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Let torch use some threads, quietly, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(before)
