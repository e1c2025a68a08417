"""Clocks belong to devices, not to paths: an unsynchronised sample cannot be written by accident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .records import WALL

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A named clock; `wait` returns when the device has done all it was given, None where calls are synchronous."""

    name: str
    wait: Callable[[], object] | None = None

    def dropping(self, function: Callable[..., object]) -> Callable[..., None]:
        """Return the function to time when a round is one call: the work is waited for, the result freed inside.

        pytest-benchmark keeps the result of a lone call until the next one returned. Two large results would be
        alive at once, and freeing would be left out, which batches of calls include.
        """

        def dropped(*args: object) -> None:
            function(*args)
            if self.wait is not None:
                self.wait()

        return dropped

    def timed(self, function: Callable[..., object], loops: int) -> Callable[..., object]:
        """Return the function to time: as it is where calls are synchronous and a batch drops its results."""
        return function if self.wait is None and loops > 1 else self.dropping(function)


def clock_for(device: str) -> Clock:
    """Return the clock of a device: the CPU's, or one that waits for the device after each call."""
    if device == "cpu":
        return Clock(name=WALL)
    import torch  # noqa: PLC0415  only where a device is asked for

    return Clock(name="wall_synchronised", wait=lambda: torch.cuda.synchronize(device))
