"""The processes of a duet, seen from outside: each has one side's `bridge`, and is asked a line at a time."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, Protocol

from .checkout import ROOT
from .errors import ForeignBridgeError, PartnerDiedError, WorkerError
from .workers import death, tail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .records import Json
    from .sides import Side

#: A process that says nothing for this long is ended, and its case is failed.
ANSWER_LIMIT_S: Final = 120.0


class Partner(Protocol):
    """One side's process, asked a line at a time; `who` is what it said of itself when it started."""

    who: Json

    def ask(self, line: Json) -> Json:
        """Return the answer to a line.

        Raises:
            PartnerDiedError: there is none.
        """

    def close(self) -> None:
        """End the process."""


class Start(Protocol):
    """Starts a partner: the side's name, then the number of the round."""

    def __call__(self, name: str, number: int) -> Partner:
        """Return a fresh partner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What both sides are told: thread counts, and memory for inputs."""

    threads: Mapping[str, int]
    cache_bytes: int


class Process:
    """A partner in a process of its own, over one side's `bridge`."""

    #: What the process runs.
    module: ClassVar[str] = "benchmarks.partner"
    #: What its environment has besides.
    variables: ClassVar[Mapping[str, str]] = {}

    def __init__(self, side: Side, settings: Settings, number: int) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._process = subprocess.Popen(  # noqa: S603  our own module, no shell
            [side.python or sys.executable, "-P", "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=side.folder,
            env={**environment(side, number), **self.variables},
            start_new_session=True,
        )
        self.who = self.ask({"threads": dict(settings.threads), "cache_bytes": settings.cache_bytes})
        if self.who["bridge"] != side.bridge_hash:
            self.close()
            raise ForeignBridgeError(
                f"{side.name} loads the bridge of {self.who['file']}, not its own. "
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


def environment(side: Side, number: int) -> dict[str, str]:
    """Return the variables of a side's process: its own `bridge` comes first on the path, the checkout after it."""
    path = os.pathsep.join((str(side.folder), str(ROOT)))
    return os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": str(number)}


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
