"""A ring of pinned slots: threads fill or empty slots in the cache while the copy engine moves others over the link.

The driver stages pageable memory with one thread, which takes several times as long as the link needs. A slot is small
enough to stay in the cache, and pinned once. What orders the parts:

- a slot is filled again only after the event behind the copy that read it, and read only after the one that wrote it;
- the source may be overwritten when `send` returns, and `fetch` returns complete;
- what the caller's current stream is given afterwards finds the elements there, and memory that was given is not
  written before that stream has done what it had before. New memory belongs to the ring's own stream, so sending
  waits for nothing that the caller's stream still has to do.
"""

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any, TypeGuard

import numpy as np
import torch

from bridge import engines, memory
from bridge.memory import Side
from bridge.runtime import Event, Runtime

_SLOT_BYTES = 4 << 20  # not measured on a device yet, like the two below: taken from what others report
_SLOTS = 2
_THREADS_MAX = 8


def _usable_cpus() -> int:
    """Return how many CPUs this process may use, as far as the system says."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


THREADS = min(_THREADS_MAX, max(1, _usable_cpus() // 2))

Part = tuple[int, Side]


class Slot:
    """Pinned memory for one part, and the event behind the copy that used it last."""

    def __init__(self, pinned: torch.Tensor) -> None:
        self._pinned = pinned
        self._bytes = pinned.numpy()
        self.event: Event = None

    def room(self, part: Side, dtype: torch.dtype) -> torch.Tensor:
        """Return its first bytes as room for the elements of a part, on one axis."""
        return self._pinned[: math.prod(part.shape) * dtype.itemsize].view(dtype)

    def fill(self, room: torch.Tensor, part: Side) -> None:
        """Copy a part in."""
        if _is_bytes(part):
            np.copyto(self._bytes[: part.size], part)
        else:
            engines.fill(room.view(tuple(part.shape)), part)

    def empty(self, part: Side, room: torch.Tensor) -> None:
        """Copy a part out."""
        if _is_bytes(part):
            np.copyto(part, self._bytes[: part.size])
        else:
            engines.fill(part, room.view(tuple(part.shape)))


class Ring:
    """The slots, the threads and the stream of one device; calls of several threads take turns.

    The device's side is always one-dimensional, and the host's side holds the same elements in C order.
    """

    def __init__(
        self, runtime: Runtime, *, threads: int = THREADS, slots: int = _SLOTS, slot_bytes: int = _SLOT_BYTES
    ) -> None:
        self.runtime = runtime
        self._slot_bytes = slot_bytes
        self._lanes = [[Slot(runtime.pinned(slot_bytes)) for _ in range(slots)] for _ in range(threads)]
        self._stream = runtime.stream()
        self._pool = ThreadPoolExecutor(threads, "bridge-ring", initializer=runtime.enter)
        self._turn = threading.Lock()

    def send(self, host: Side, dtype: torch.dtype) -> torch.Tensor:
        """Return the elements in new device memory, cast to `dtype` on the way."""
        with self._turn:
            flat = self.runtime.empty(math.prod(host.shape), dtype, self._stream)
            self.runtime.keep(flat, self.runtime.current())
            self._move(self._fill_slots, host, flat)
        return flat

    def send_into(self, flat: torch.Tensor, host: Side) -> None:
        """Fill given device memory, casting on the way."""
        with self._turn:
            self.runtime.join(self._stream, self.runtime.current())
            self._move(self._fill_slots, host, flat)

    def fetch(self, host: Side, flat: torch.Tensor) -> None:
        """Fill host memory from device memory, casting on the way."""
        with self._turn:
            self.runtime.join(self._stream, self.runtime.current())
            self._move(self._empty_slots, host, flat)

    def _move(self, work: Callable[..., None], host: Side, flat: torch.Tensor) -> None:
        """Let all threads take parts in turn; when one fails, nothing is in flight before that is said."""
        host, flat = _as_bytes(host, flat)
        itemsize = max(flat.element_size(), memory.torch_dtype(host).itemsize)
        parts = Parts(_parts(host, self._slot_bytes // itemsize))
        helpers: list[Future[None]] = []
        with ExitStack() as on_failure:
            on_failure.callback(self._abandon, parts, helpers)
            for lane in self._lanes:
                helpers.append(self._pool.submit(work, lane, parts, flat))  # noqa: PERF401 - one that fails leaves some
            for helper in helpers:
                helper.result()
            on_failure.pop_all()
        self.runtime.join(self.runtime.current(), self._stream)

    def _abandon(self, parts: "Parts", helpers: "list[Future[None]]") -> None:
        """Return when no thread and no copy uses the slots or either side's memory any more."""
        parts.stop()
        wait(helpers)
        self.runtime.drain(self._stream)

    @torch.inference_mode()  # threads start without it, and may then not write what a caller under it has made
    def _fill_slots(self, lane: list[Slot], parts: "Parts", flat: torch.Tensor) -> None:
        """Fill one slot after the other, and leave each to the copy engine."""
        for index, (start, part) in enumerate(parts):
            slot = lane[index % len(lane)]
            self._free(slot)
            room = slot.room(part, flat.dtype)
            slot.fill(room, part)
            self.runtime.copy(flat[start : start + room.numel()], room, self._stream)
            slot.event = self.runtime.mark(self._stream)

    @torch.inference_mode()
    def _empty_slots(self, lane: list[Slot], parts: "Parts", flat: torch.Tensor) -> None:
        """Keep all slots of the lane with the copy engine, and empty the one that has been there longest."""
        under_way: list[tuple[Slot, torch.Tensor, Side]] = []
        for index, (start, part) in enumerate(parts):
            if len(under_way) == len(lane):
                self._empty(*under_way.pop(0))
            slot = lane[index % len(lane)]
            room = slot.room(part, flat.dtype)
            self.runtime.copy(room, flat[start : start + room.numel()], self._stream)
            slot.event = self.runtime.mark(self._stream)
            under_way.append((slot, room, part))
        for arrived in under_way:
            self._empty(*arrived)

    def _empty(self, slot: Slot, room: torch.Tensor, part: Side) -> None:
        """Copy a slot's elements out, once they are there."""
        self._free(slot)
        slot.empty(part, room)

    def _free(self, slot: Slot) -> None:
        """Wait until the copy engine is done with the slot."""
        if slot.event is not None:
            self.runtime.wait(slot.event)
            slot.event = None


class Parts:
    """An iterator that threads share; the first to fail stops it for all."""

    def __init__(self, parts: Iterator[Part]) -> None:
        self._parts = parts
        self._turn = threading.Lock()

    def __iter__(self) -> Iterator[Part]:
        return self

    def __next__(self) -> Part:
        with self._turn:
            return next(self._parts)

    def stop(self) -> None:
        """Give nothing more."""
        with self._turn:
            self._parts = iter(())


def _as_bytes(host: Side, flat: torch.Tensor) -> tuple[Side, torch.Tensor]:
    """Return both sides as bytes where that is all there is to copy: it spares each part the choice of an engine."""
    lazy = flat.is_conj() or flat.is_neg()  # torch then changes what it writes, and shows no bytes
    if lazy or memory.torch_dtype(host) != flat.dtype or not _lies_in_a_row(host):
        return host, flat
    return memory.raw(host).reshape(-1).view(np.uint8), flat.view(torch.uint8)


def _lies_in_a_row(host: Side) -> bool:
    """Say whether memory holds its elements as they are, one after the other."""
    if isinstance(host, np.ndarray):
        return host.flags.c_contiguous and host.dtype.isnative
    return host.is_contiguous() and not memory.tensor_obstacles(host)


def _is_bytes(part: Side) -> TypeGuard[np.ndarray]:
    """Say whether a part is a run of bytes."""
    return isinstance(part, np.ndarray) and part.dtype == np.uint8 and part.ndim == 1 and part.flags.c_contiguous


def _parts(host: Any, elements: int, start: int = 0) -> Iterator[Part]:  # noqa: ANN401 - either library's memory
    """Cut the elements in C order into parts of at most so many, each with the place of its first one."""
    size = math.prod(host.shape)
    if size <= elements:
        if size:
            yield start, host
        return
    row = size // len(host)
    rows = elements // row
    for first in range(0, len(host), rows or 1):
        if rows:
            yield start + first * row, host[first : first + rows]
        else:
            yield from _parts(host[first], elements, start + first * row)
