"""Two versions of `bridge` measured in turn: two live processes a round, of which one works at a time.

A round is one pair of fresh processes; which side starts first changes from round to round. Of each case, in random
order, both sides take samples of equal loops, A B B A and B A A B in turn, after samples that are thrown away. What a
round says of a case is ln(fastest sample of B / fastest of A): delays only add, so the fastest is the steadiest.
"""

from __future__ import annotations

import json
import math
import os
import random
import selectors
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, Protocol

from .checkout import ROOT
from .errors import ForeignBridgeError, PartnerDiedError, WorkerError
from .workers import death, tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .records import Json
    from .sides import Side

#: A sample lasts about this long: ten thousand ticks of the clock, and short beside what disturbs a machine.
SAMPLE_NS: Final = 4_000_000
QUADS: Final = 6
DISCARDED: Final = 2
#: A process that says nothing for this long is ended, and its case is failed.
ANSWER_LIMIT_S: Final = 120.0
_LOOPS_MAX: Final = 1_000_000
_NAMES: Final = ("a", "b")


class Partner(Protocol):
    """One side's process, asked a line at a time."""

    def ask(self, line: Json) -> Json:
        """Return the answer to a line.

        Raises:
            PartnerDiedError: there is none.
        """

    def close(self) -> None:
        """End the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What both sides are told: thread counts, and memory for inputs."""

    threads: Mapping[str, int]
    cache_bytes: int


@dataclass(kw_only=True)
class Seen:
    """What is known of one case so far: a number a round, what each side was seen to do, and why one failed."""

    rounds: list[float] = field(default_factory=list)
    did: dict[str, Json] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    loops: int = 0


class Process:
    """A partner in a process of its own, over one side's `bridge`."""

    #: What the process runs.
    module: ClassVar[str] = "benchmarks.partner"

    def __init__(self, side: Side, settings: Settings, number: int) -> None:
        path = os.pathsep.join((str(side.folder), str(ROOT)))
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._process = subprocess.Popen(  # noqa: S603  a module of ours
            [sys.executable, "-P", "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=side.folder,
            env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": str(number)},
            start_new_session=True,
        )
        self.who = self.ask({"threads": dict(settings.threads), "cache_bytes": settings.cache_bytes})
        if self.who["bridge"] != side.bridge_hash:
            self.close()
            raise ForeignBridgeError(
                f"{side.name} loads the bridge of {self.who['folder']}, not its own. "
                "Another bridge is installed before it on Python's path"
            )

    def ask(self, line: Json) -> Json:
        """Return the answer to a line; PartnerDiedError, and the process is gone, if it ends or says nothing."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # a process that is dead is told of by the answer that does not come
            self._process.stdin.write((json.dumps(line) + "\n").encode())
            self._process.stdin.flush()
        answer = self._answer()
        if not answer:
            self._give_up(death(self._process.wait()))
        known: Json = json.loads(answer)
        return known

    def _answer(self) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(ANSWER_LIMIT_S):
                self._give_up(f"said nothing for {ANSWER_LIMIT_S:g} s and was killed")
        return self._process.stdout.readline()

    def _give_up(self, how: str) -> NoReturn:
        said = tail(self._log, lines=1)
        self.close()
        raise PartnerDiedError(f"{how}: {said}" if said else how)

    def close(self) -> None:
        """End the process; ending it again does nothing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            assert stream is not None
            with suppress(BrokenPipeError):  # what it was not told is of no use any more
                stream.close()


class Start(Protocol):
    """Starts a partner: the side's name, then the number of the round."""

    def __call__(self, name: str, number: int) -> Partner:
        """Return a fresh partner."""


class Duet:
    """Plays rounds over some cases and keeps what they said."""

    def __init__(self, start: Start, seed: int = 0) -> None:
        self._start = start
        self._seed = seed
        self.seen: dict[str, Seen] = {}

    def play(self, cases: Iterable[str], number: int) -> Iterator[str]:
        """Play one round over the cases, and yield each that is done.

        A case that one side fails is played no more; a process that dies is replaced.
        """
        order = sorted(case for case in cases if not self.seen.setdefault(case, Seen()).failed)
        random.Random(f"{self._seed}/{number}").shuffle(order)  # noqa: S311  an order, no secret
        partners: dict[str, Partner] = {}
        try:
            for case in order:
                for name in _begun_by(number):
                    if name not in partners:
                        partners[name] = self._start(name, number)
                self._one(case, partners, number)
                yield case
        finally:
            for partner in partners.values():
                partner.close()

    def _one(self, case: str, partners: dict[str, Partner], number: int) -> None:
        seen = self.seen[case]
        order = _begun_by(number)  # who builds its inputs first may get the better memory
        for name in order:
            answer = _asked(seen, partners, name, {"take": case, "look": name not in seen.did})
            if "refused" in answer:
                seen.failed[name] = answer["refused"]
            elif "taken" in answer:
                seen.did.setdefault(name, answer["taken"])
        if not seen.failed and not seen.loops:
            calls_ns = [_asked(seen, partners, name, {"calibrate": True}).get("call_ns", 0.0) for name in order]
            seen.loops = 0 if seen.failed else _loops(*calls_ns)
        if not seen.failed and (ratio := _quads(seen, partners, b_first=bool(number // 2 % 2))) is not None:
            seen.rounds.append(ratio)


def _begun_by(number: int) -> tuple[str, ...]:
    """Return the sides in the order in which they are started and take a case in a round."""
    return _NAMES if number % 2 else _NAMES[::-1]


def _asked(seen: Seen, partners: dict[str, Partner], name: str, line: Json) -> Json:
    """Ask one side; where its process dies, the case has failed there and the side needs a new one."""
    if name not in partners:
        return {}
    try:
        return partners[name].ask(line)
    except PartnerDiedError as error:
        seen.failed[name] = str(error)
        partners.pop(name).close()
        return {}


def _loops(a_ns: float, b_ns: float) -> int:
    """Return how many calls make a sample on both sides: neither much shorter nor much longer than it should be."""
    return max(1, min(_LOOPS_MAX, round(SAMPLE_NS / math.sqrt(a_ns * b_ns))))


def _quads(seen: Seen, partners: dict[str, Partner], *, b_first: bool) -> float | None:
    """Return ln(B / A) of the fastest samples, or None where a process died."""
    samples: dict[str, list[float]] = {name: [] for name in _NAMES}
    for index, name in enumerate((*_NAMES * DISCARDED, *_order(b_first=b_first))):
        answer = _asked(seen, partners, name, {"time": seen.loops})
        if "call_ns" not in answer:
            return None
        if index >= len(_NAMES) * DISCARDED:
            samples[name].append(answer["call_ns"])
    return math.log(min(samples["b"]) / min(samples["a"]))


def _order(*, b_first: bool) -> Iterator[str]:
    """Yield the sides of all samples: quads that cancel drift, each other one the other way round."""
    a, b = _NAMES[::-1] if b_first else _NAMES
    for quad in range(QUADS):
        yield from (a, b, b, a) if quad % 2 == 0 else (b, a, a, b)


def starter(sides: Mapping[str, Side], settings: Settings, process: type[Process] = Process) -> Start:
    """Return what starts the processes of two sides; a study may have processes of its own.

    Raises:
        WorkerError: a process ends before it takes a case.
        ForeignBridgeError: a side does not load its own `bridge`.
    """

    def start(name: str, number: int) -> Process:
        try:
            return process(sides[name], settings, number)
        except PartnerDiedError as error:
            raise WorkerError(f"a process of {sides[name].name} {error} before it took a case") from error

    return start
