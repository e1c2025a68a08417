"""The most memory that one call takes of the device's and of the host's pinned memory, as torch's allocators count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .records import Json


def peaks(run: Callable[[], object]) -> Json:
    """Call once, and return what it took at most beyond what was taken before: rounded up as the allocators do."""
    import torch  # noqa: PLC0415  only where a device is asked for

    cuda: Any = torch.cuda
    cuda.synchronize()
    torch._C._host_emptyCache()  # noqa: SLF001  what a call pins is then what the allocator has more of afterwards
    cuda.reset_peak_memory_stats()
    device_bytes, pinned_bytes = cuda.memory_allocated(), _pinned(cuda)
    run()
    cuda.synchronize()
    return {
        "device_peak_bytes": cuda.max_memory_allocated() - device_bytes,
        "pinned_peak_bytes": _pinned(cuda) - pinned_bytes,
    }


def _pinned(cuda: Any) -> int:  # noqa: ANN401  the module
    """Return the bytes of pinned memory that torch holds: those in use and those it keeps for later.

    Its count of those in use alone is wrong in torch 2.11, and late in 2.13.
    """
    return int(cuda.host_memory_stats().get("allocated_bytes.current", 0))
