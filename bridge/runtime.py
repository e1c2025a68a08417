"""What the ring asks of a device, and CUDA's answer: the one file that names torch.cuda.

A stream does what it is given in order, and nothing else is ordered unless one is told to wait. A copy is under way
from when it is given to a stream until an event recorded behind it has passed.
"""

from collections.abc import Callable
from typing import Any, Protocol

import torch

Stream = Any  # torch.cuda.Stream and Event, or what a simulation has in their place
Event = Any


class Runtime(Protocol):
    """The primitives of one `device`, given with its index; nothing here waits but `wait` and `drain`."""

    device: torch.device

    def enter(self) -> None:
        """Make a new thread ready to copy."""

    def available(self) -> bool:
        """Say whether copies by way of pinned memory are allowed now: not while a graph is captured."""

    def pinned(self, nbytes: int) -> torch.Tensor:
        """Return page-locked host memory, uint8; RuntimeError if the system gives none."""

    def stream(self) -> Stream:
        """Return a new stream."""

    def current(self) -> Stream:
        """Return the caller's current stream."""

    def empty(self, elements: int, dtype: torch.dtype, stream: Stream) -> torch.Tensor:
        """Return new device memory, free for `stream` to write."""

    def copy(self, dst: torch.Tensor, src: torch.Tensor, stream: Stream) -> None:
        """Give a copy between a device's tensor and pinned memory to `stream`."""

    def mark(self, stream: Stream) -> Event:
        """Return an event behind all that `stream` has been given."""

    def join(self, waiter: Stream, stream: Stream) -> None:
        """Make what `waiter` is given from now on wait for what `stream` has been given."""

    def wait(self, event: Event) -> None:
        """Return when the event has passed; other threads of Python run meanwhile."""

    def drain(self, stream: Stream) -> None:
        """Return when the stream has done all it was given."""

    def keep(self, tensor: torch.Tensor, stream: Stream) -> None:
        """Do not give the tensor's memory to others, once it is dropped, before `stream` has done what it has."""

    def launch(self, work: Callable[[], object]) -> None:
        """Give work on the device's tensors to the current stream."""


class CudaRuntime:
    """One CUDA device, given with its index."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def enter(self) -> None:
        torch.cuda.set_device(self.device)  # it starts on device 0, and coming back there would make a context on it

    def available(self) -> bool:
        return not torch.cuda.is_current_stream_capturing()

    def pinned(self, nbytes: int) -> torch.Tensor:
        return torch.empty(nbytes, dtype=torch.uint8, device="cpu", pin_memory=True)

    def stream(self) -> Stream:
        # Torch hands out 32 in turn: where this is the caller's too, all is right, but sending waits for the caller.
        return torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]

    def current(self) -> Stream:
        return torch.cuda.current_stream(self.device)

    def empty(self, elements: int, dtype: torch.dtype, stream: Stream) -> torch.Tensor:
        with torch.cuda.stream(stream):
            return torch.empty(elements, dtype=dtype, device=self.device)

    def copy(self, dst: torch.Tensor, src: torch.Tensor, stream: Stream) -> None:
        with torch.cuda.stream(stream):
            dst.copy_(src, non_blocking=True)

    def mark(self, stream: Stream) -> Event:
        return stream.record_event()

    def join(self, waiter: Stream, stream: Stream) -> None:
        waiter.wait_stream(stream)

    def wait(self, event: Event) -> None:
        event.synchronize()

    def drain(self, stream: Stream) -> None:
        stream.synchronize()

    def keep(self, tensor: torch.Tensor, stream: Stream) -> None:
        tensor.record_stream(stream)

    def launch(self, work: Callable[[], object]) -> None:
        work()


def runtime_of(device: torch.device) -> Runtime | None:
    """Return the runtime of a device that has a ring, the current one where the index is missing; else None."""
    if device.type != "cuda" or not torch.cuda.is_available():
        return None
    return CudaRuntime(torch.device("cuda", torch.cuda.current_device() if device.index is None else device.index))
