"""Runtimes that leave out one thing which a ring must not leave out: each has to show as wrong bytes.

They wrap any runtime, simulated or real. Streams are compared by value: torch makes a new object of one at each asking.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from bridge.runtime import Runtime


class Wrapped:
    """A runtime that does what another does, except for one thing."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def __getattr__(self, name: str) -> object:
        return getattr(self.runtime, name)


class NoWait(Wrapped):
    """Events count as passed: a slot is filled while its last copy is under way, and read before its copy came."""

    def wait(self, event: object) -> None:
        pass


class NoEntryJoin(Wrapped):
    """The ring's stream does not wait for what the caller gave before."""

    def join(self, waiter: object, stream: object) -> None:
        if waiter == self.runtime.current():
            self.runtime.join(waiter, stream)


class NoFinalJoin(Wrapped):
    """The caller's stream does not wait for the copies."""

    def join(self, waiter: object, stream: object) -> None:
        if waiter != self.runtime.current():
            self.runtime.join(waiter, stream)


class MarkBeforeCopy(Wrapped):
    """The event is recorded before the copy it shall stand behind."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._before = threading.local()

    def copy(self, dst: torch.Tensor, src: torch.Tensor, stream: object) -> None:
        self._before.event = self.runtime.mark(stream)
        self.runtime.copy(dst, src, stream)

    def mark(self, stream: object) -> object:  # noqa: ARG002 - it should be asked
        return self._before.event


class NoKeep(Wrapped):
    """New memory is given to others while the caller's stream still reads it."""

    def keep(self, tensor: object, stream: object) -> None:
        pass
