"""Two devices behind one protocol, so that a test which passes on the simulated one is known before a real one runs it.

The simulation does everything as late as CUDA may. On CUDA, streams are held up and copies are made late on purpose.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from bridge import as_array, copyto, memory, rules
from bridge import device as devices
from bridge.plans import Asked
from bridge.runtime import CudaRuntime
from tests.bridge.mutants import Wrapped
from tests.bridge.simulated import POISON, Simulated

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from bridge.memory import Side
    from bridge.runtime import Runtime, Stream

    Array = np.ndarray

_CYCLES_PER_MS = 2_000_000  # a clock of 2 GHz: on a slower device everything is held up longer, and never shorter
_LATE_MS = 50


class Bench(Protocol):
    """A device, and what a test needs to know what is on it, when."""

    name: str
    device: torch.device
    runtime: Runtime
    slot_bytes: int
    calls: int

    def late(self) -> Runtime:
        """Return the runtime whose copies begin long after they were given."""

    def on_device(self, x: Side) -> torch.Tensor:
        """Return the elements in device memory, by torch's own copy; they are there when it returns."""

    def seen(self, tensor: torch.Tensor) -> Array:
        """Return the bytes, in C order, that a kernel sees which the caller starts now."""

    def hold(self, milliseconds: int, stream: Stream = None) -> Callable[[], bool]:
        """Keep a stream, or the caller's, busy; return what says whether it still is."""

    def own_stream(self) -> AbstractContextManager[object]:
        """Give a thread a current stream of its own."""

    def is_idle(self, stream: Stream) -> bool:
        """Say whether a stream has done all it was given."""

    def synchronize(self) -> None:
        """Return when everything is done."""

    def fetched(self, tensor: torch.Tensor, dtype: torch.dtype | None = None) -> Array:
        """Return as_array(tensor)."""

    def put(self, dst: torch.Tensor, src: Side) -> None:
        """Fill device memory, as copyto does."""

    def take(self, dst: Side, src: torch.Tensor) -> None:
        """Fill host memory, as copyto does."""


def bits(x: Side) -> Array:
    """Return a copy of the bytes of host elements in C order, which are equal where NaNs are not."""
    if isinstance(x, torch.Tensor):
        return x.detach().contiguous().reshape(-1).view(torch.uint8).numpy().copy()
    return np.frombuffer(x.tobytes(), np.uint8)


class SimulatedBench:
    """The lazy device: nothing is there before somebody waits for it."""

    name = "simulated"
    device = torch.device("meta")
    slot_bytes = 4096
    calls = 300

    def __init__(self) -> None:
        self.runtime: Any = Simulated()

    def late(self) -> Any:
        return self.runtime

    def on_device(self, x: Side) -> torch.Tensor:
        return memory.tensor_of(x).clone(memory_format=torch.contiguous_format)

    def seen(self, tensor: torch.Tensor) -> Array:
        self.runtime.drain(self.runtime.caller)
        return bits(tensor)

    def hold(self, milliseconds: int, stream: Stream = None) -> Callable[[], bool]:  # noqa: ARG002 - here it lasts until somebody waits
        held = self.runtime.caller if stream is None else stream
        self.runtime.give(held, int)
        place = len(held.work)
        return lambda: held.done < place

    def own_stream(self) -> AbstractContextManager[object]:
        return nullcontext()

    def is_idle(self, stream: Stream) -> bool:
        return stream.done == len(stream.work)

    def synchronize(self) -> None:
        for stream in self.runtime.streams:
            self.runtime.drain(stream)

    def fetched(self, tensor: torch.Tensor, dtype: torch.dtype | None = None) -> Array:
        asked = Asked(dtype, None, None, "K", "copy", "same_kind")
        layout = (tensor.dtype, tensor.shape, tensor.stride())
        decided = rules._array_plan(*layout, ("device",), tensor.requires_grad, self.device, asked, 1)
        return decided.convert(tensor)

    def put(self, dst: torch.Tensor, src: Side) -> None:
        devices.put(dst, src)

    def take(self, dst: Side, src: torch.Tensor) -> None:
        devices.take(dst, src)


class Poisoning(CudaRuntime):
    """CUDA, whose new memory holds no elements that an earlier test left there."""

    def pinned(self, nbytes: int) -> torch.Tensor:
        return super().pinned(nbytes).fill_(POISON)

    def empty(self, elements: int, dtype: torch.dtype, stream: Stream) -> torch.Tensor:
        made = super().empty(elements, dtype, stream)
        with torch.cuda.stream(stream):
            made.view(torch.uint8).fill_(POISON)
        return made


class Late(Wrapped):
    """A device whose copies begin long after they were given, and after an event recorded before them has passed."""

    def copy(self, dst: torch.Tensor, src: torch.Tensor, stream: Stream) -> None:
        _sleep(_LATE_MS, stream)
        self.runtime.copy(dst, src, stream)


def _sleep(milliseconds: int, stream: Stream) -> None:
    """Give a stream a kernel that does nothing for a while."""
    with torch.cuda.stream(stream):
        torch.cuda._sleep(milliseconds * _CYCLES_PER_MS)


class CudaBench:
    """A CUDA device; the caller's stream is the current one, and no ring's: torch hands out 32 in turn."""

    name = "cuda"
    slot_bytes = 1 << 18  # a driver may read what is smaller than 64 KiB when the copy is given, not when it runs
    calls = 3000

    def __init__(self, index: int = 0) -> None:
        self.device = torch.device("cuda", index)
        self.runtime: Any = Poisoning(self.device)

    def late(self) -> Any:
        return Late(self.runtime)

    def on_device(self, x: Side) -> torch.Tensor:
        there = torch.empty(tuple(x.shape), dtype=memory.torch_dtype(x), device=self.device)
        there.copy_(memory.tensor_of(x))
        torch.cuda.synchronize(self.device)
        return there

    def seen(self, tensor: torch.Tensor) -> Array:
        octets = tensor.detach().contiguous().reshape(-1).view(torch.uint8)
        flipped: Array = octets.bitwise_not().cpu().numpy()  # a kernel reads them, as no copy engine might be asked to
        return ~flipped

    def hold(self, milliseconds: int, stream: Stream = None) -> Callable[[], bool]:
        held = self.runtime.current() if stream is None else stream
        _sleep(milliseconds, held)
        passed = held.record_event()
        return lambda: not passed.query()

    def own_stream(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(torch.cuda.Stream(self.device))

    def is_idle(self, stream: Stream) -> bool:
        return bool(stream.query())

    def synchronize(self) -> None:
        torch.cuda.synchronize(self.device)

    def fetched(self, tensor: torch.Tensor, dtype: torch.dtype | None = None) -> Array:
        return as_array(tensor, dtype=dtype)

    def put(self, dst: torch.Tensor, src: Side) -> None:
        copyto(dst, src, casting="unsafe")

    def take(self, dst: Side, src: torch.Tensor) -> None:
        copyto(dst, src, casting="unsafe")
