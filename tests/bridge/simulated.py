"""A device that does everything as late as its contract allows, in host memory: what is not waited for, is not there.

Streams are queues. What is in one runs when somebody waits for it, in order; copies read their source only then.
Memory starts poisoned. An eager runtime, which does everything at once, forgives every bug that this one shows.
"""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], object]

Mode = Literal["lazy", "eager", "random"]
POISON = 0xA5


class Stream:
    """Work that was given, and how much of it is done."""

    def __init__(self) -> None:
        self.work: list[Work | None] = []
        self.done = 0


class Simulated:
    """A runtime; `random` runs any legal part of what is open whenever something is given."""

    def __init__(self, mode: Mode = "lazy", seed: int = 0) -> None:
        self.device = torch.device("meta")
        self.mode = mode
        self.dice = random.Random(seed)
        self.caller = Stream()
        self.streams = [self.caller]
        self.copied: list[int] = []
        self.kept: list[tuple[torch.Tensor, Stream]] = []
        self.is_available = True
        self.entered: set[int] = set()
        self._lock = threading.RLock()

    def enter(self) -> None:
        self.entered.add(threading.get_ident())

    def available(self) -> bool:
        return self.is_available

    def pinned(self, nbytes: int) -> torch.Tensor:
        return torch.full((nbytes,), POISON, dtype=torch.uint8)

    def empty(self, elements: int, dtype: torch.dtype, stream: Stream) -> torch.Tensor:  # noqa: ARG002 - all memory is free at once
        return torch.full((elements * dtype.itemsize,), POISON, dtype=torch.uint8).view(dtype)

    def stream(self) -> Stream:
        self.streams.append(Stream())
        return self.streams[-1]

    def current(self) -> Stream:
        return self.caller

    def copy(self, dst: torch.Tensor, src: torch.Tensor, stream: Stream) -> None:
        self.copied.append(dst.nbytes)
        self.give(stream, torch.inference_mode()(lambda: dst.copy_(src)))  # as it was when the copy was given

    def mark(self, stream: Stream) -> tuple[Stream, int]:
        return stream, len(stream.work)

    def join(self, waiter: Stream, stream: Stream) -> None:
        place = len(stream.work)
        self.give(waiter, lambda: self._run(stream, place))

    def wait(self, event: tuple[Stream, int]) -> None:
        self._run(*event)

    def drain(self, stream: Stream) -> None:
        self._run(stream, len(stream.work))

    def keep(self, tensor: torch.Tensor, stream: Stream) -> None:
        self.kept.append((tensor, stream))

    def launch(self, work: Work) -> None:
        self.give(self.caller, work)

    def give(self, stream: Stream, work: Work) -> None:
        """Put work at the end of a stream."""
        with self._lock:
            stream.work.append(work)
            if self.mode == "eager":
                self._run(stream, len(stream.work))
            elif self.mode == "random":
                lucky = self.dice.choice(self.streams)
                self._run(lucky, self.dice.randint(lucky.done, len(lucky.work)))

    def seen(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return what a kernel that the caller starts now would see."""
        self.drain(self.caller)
        return tensor.clone()

    @property
    def is_idle(self) -> bool:
        """Whether every stream but the caller's has done all it was given."""
        return all(stream.done == len(stream.work) for stream in self.streams if stream is not self.caller)

    def _run(self, stream: Stream, place: int) -> None:
        with self._lock:
            while stream.done < place:
                work, stream.work[stream.done] = stream.work[stream.done], None
                stream.done += 1
                assert work is not None
                work()
