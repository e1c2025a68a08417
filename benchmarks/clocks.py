"""Clocks belong to devices, not to paths: an unsynchronised sample cannot be written by accident.

The host's clock is read as it is. A device's is read when the device has done all it was given, so a round holds what
its calls left behind, however little of it they waited for. What a call costs its caller before it returns, and what
lies between two events of the device, are clocks of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, Protocol

from .gpu import index_of
from .records import DONE, EVENT, ISSUE, WALL

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], object]
    Sample = Callable[[Call, int], float]

#: What holds a stream while a batch is given to it, in cycles: a millisecond, longer than giving 16 copies takes.
_HELD_CYCLES: Final = 2_000_000


class Device(Protocol):
    """What a clock asks of a device."""

    def wait(self) -> None:
        """Return when the device has done all it was given."""

    def hold(self) -> None:
        """Keep the current stream busy for about a millisecond."""

    def mark(self) -> Any:  # noqa: ANN401  an event, which only the device reads
        """Return an event behind what the current stream was given."""

    def between(self, start: Any, end: Any) -> float:  # noqa: ANN401  as above
        """Return the milliseconds between two events that have passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The clock of a kind of device; without a `device` it is the host's, where a call is done when it returns."""

    device: Device | None = None

    @property
    def name(self) -> str:
        """The name of this clock in a session's samples."""
        return WALL if self.device is None else DONE

    def seconds(self) -> float:
        """Return the time in seconds, once the device has done all it was given: a timer for pytest-benchmark."""
        if self.device is not None:
            self.device.wait()
        return perf_counter()

    def now_ns(self) -> int:
        """Return the time in nanoseconds, once the device has done all it was given."""
        if self.device is not None:
            self.device.wait()
        return perf_counter_ns()

    @property
    def further(self) -> dict[str, Sample]:
        """The other clocks of a device: name -> what takes one sample of a batch, in nanoseconds per call."""
        if self.device is None:
            return {}
        return {ISSUE: partial(_issue_ns, self.device), EVENT: partial(_event_ns, self.device)}


def dropping(function: Callable[..., object]) -> Callable[..., None]:
    """Return the function to time when a round is one call: its result is freed inside.

    pytest-benchmark keeps the result of a lone call until the next one returned. Two large results would be alive at
    once, and freeing would be left out, which batches of calls include.
    """

    def dropped(*args: object) -> None:
        function(*args)

    return dropped


def _issue_ns(device: Device, run: Call, batch: int) -> float:
    device.wait()
    start = perf_counter_ns()
    for _ in range(batch):
        run()
    issued = perf_counter_ns() - start
    device.wait()
    return issued / batch


def _event_ns(device: Device, run: Call, batch: int) -> float:
    """Time one call as the device sees it, idle gaps included; a batch as the engine does it, without gaps."""
    device.wait()
    if batch > 1:
        device.hold()  # what is given meanwhile waits, so that giving it is not timed: nvbandwidth's way
    start = device.mark()
    for _ in range(batch):
        run()
    end = device.mark()
    device.wait()
    return device.between(start, end) * 1e6 / batch


class CudaDevice:
    """One CUDA device, made the current one: what paths call the current stream is this device's."""

    def __init__(self, index: int) -> None:
        import torch  # noqa: PLC0415  only where a device is asked for

        self._cuda: Any = torch.cuda
        self._index = index
        self._cuda.set_device(index)

    def wait(self) -> None:
        """Return when the device has done all it was given."""
        self._cuda.synchronize(self._index)

    def hold(self) -> None:
        """Keep the current stream busy for about a millisecond."""
        self._cuda._sleep(_HELD_CYCLES)  # noqa: SLF001  torch's own tests hold streams with it

    def mark(self) -> Any:  # noqa: ANN401  an event
        """Return an event behind what the current stream was given."""
        event = self._cuda.Event(enable_timing=True)
        event.record()
        return event

    def between(self, start: Any, end: Any) -> float:  # noqa: ANN401  events
        """Return the milliseconds between two events that have passed."""
        return float(start.elapsed_time(end))


def clock_for(device: str) -> Clock:
    """Return the clock of a device: the host's, or one that waits for the device."""
    return Clock() if device == "cpu" else Clock(device=CudaDevice(index_of(device)))
