"""A device played by the host, so that every spelling of a transfer can be tried where there is no GPU.

It shows wrong values, wrong arguments and what is not spelled right. It is eager and forgives every missing wait:
what those do is shown by the lazy device of `tests.bridge.simulated` and by the tests that need a real one.
"""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch

from benchmarks.suite import given
from tests.bridge.simulated import Simulated

if TYPE_CHECKING:
    import pytest


class Stream:
    """A stream that does everything at once; it counts who waits for it."""

    def __init__(self, _device: object = None) -> None:
        self.waits = 0

    def synchronize(self) -> None:
        """Count a wait of the host."""
        self.waits += 1

    def wait_stream(self, other: Stream) -> None:
        """Count a wait of the other stream."""
        other.waits += 1


class Runtime:
    """CUDA's own functions for memory that is locked in place."""

    def __init__(self) -> None:
        self.locked: dict[int, int] = {}

    def cudaHostRegister(self, address: int, nbytes: int, flags: int) -> int:  # noqa: N802  CUDA's name
        """Lock pages; what is locked cannot be locked again."""
        code = 712 if address in self.locked or flags else 0
        self.locked[address] = nbytes
        return code

    def cudaHostUnregister(self, address: int) -> int:  # noqa: N802  CUDA's name
        """Unlock pages that are locked."""
        return 0 if self.locked.pop(address, None) else 713


def play(patch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Let the host stand in for a CUDA device, and return what can be asked about it."""
    current, runtime, empty = Stream(), Runtime(), torch.empty

    def checked(code: int) -> None:
        assert code == 0, f"CUDA error {code}"

    def unpinned(*shape: Any, pin_memory: bool = False, **keywords: Any) -> torch.Tensor:
        del pin_memory
        return empty(*shape, **keywords)

    patch.setattr(torch, "empty", unpinned)
    patch.setattr(torch.Tensor, "pin_memory", lambda self: self.clone())
    patch.setattr(torch.Tensor, "record_stream", lambda _self, _stream: None)
    patch.setattr(torch.cuda, "Stream", Stream)
    patch.setattr(torch.cuda, "stream", lambda _stream: nullcontext())
    patch.setattr(torch.cuda, "current_stream", lambda: current)
    patch.setattr(torch.cuda, "synchronize", lambda _index=None: None)
    patch.setattr(torch.cuda, "cudart", lambda: runtime)
    patch.setattr(torch.cuda, "check_error", checked)
    patch.setattr(torch._C, "_host_emptyCache", lambda: None, raising=False)
    patch.setattr("bridge.runtime.runtime_of", lambda _device: Simulated("eager"))
    given._ring_of.cache_clear()
    return SimpleNamespace(current=current, runtime=runtime)
