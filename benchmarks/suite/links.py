"""What bounds a transfer and what runs beside it: the copy engine, copies on the host, work, the ring's geometries.

ONE DECORATED FUNCTION = ONE PATH, as in `transfers`.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import torch

from .cases import MIB, Geometry
from .registry import path

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from bridge.ring import Ring

    from .given import Beside, CopyByThreads
    from .registry import Conversion

    Array = np.ndarray
    Tensor = torch.Tensor

#: The engine's copies are timed as NVIDIA's nvbandwidth does: 16 between two events, on a stream that waits for all.
_BATCH: Final = 16
#: Making a ring pins its slots, up to a second for the largest: three slots a thread are tried at one size alone.
_GEOMETRIES: Final = tuple(
    Geometry(slot_bytes=size * MIB, threads=threads, slots=slots)
    for size, threads, slots in (
        *product((1, 2, 4, 8, 16, 32), (1, 2, 4, 8, 12), (2,)),
        *product((4,), (4, 8), (3,)),
    )
)


# ---- link: what nothing can beat, the copy engine between pinned and device memory, and what feeds it


@path("ref.dma_h2d", family="link", batch=_BATCH)
def ref_dma_h2d(on_device: Tensor, pinned: Tensor) -> Tensor:
    return on_device.copy_(pinned, non_blocking=True)


@path("ref.dma_d2h", family="link", batch=_BATCH)
def ref_dma_d2h(out_pinned: Tensor, t: Tensor) -> Tensor:
    return out_pinned.copy_(t, non_blocking=True)


@path("ref.dma_bidir", family="link", batch=_BATCH)
def ref_dma_bidir(on_device: Tensor, pinned: Tensor, out_pinned: Tensor, t: Tensor, beside: Beside) -> Tensor:
    beside.stream.wait_stream(torch.cuda.current_stream())
    beside(out_pinned.copy_, t, non_blocking=True)
    on_device.copy_(pinned, non_blocking=True)
    torch.cuda.current_stream().wait_stream(beside.stream)
    return out_pinned


@path("ref.launch", family="link")
def ref_launch(t: Tensor) -> Tensor:
    return t.clone()


@path("ref.memcpy_2", family="link", device="cpu")
def ref_memcpy_2(copy_by_threads: CopyByThreads, out: Array) -> Array:
    return copy_by_threads(out, 2)


@path("ref.memcpy_4", family="link", device="cpu")
def ref_memcpy_4(copy_by_threads: CopyByThreads, out: Array) -> Array:
    return copy_by_threads(out, 4)


@path("ref.memcpy_8", family="link", device="cpu")
def ref_memcpy_8(copy_by_threads: CopyByThreads, out: Array) -> Array:
    return copy_by_threads(out, 8)


@path("ref.memcpy_16", family="link", device="cpu")
def ref_memcpy_16(copy_by_threads: CopyByThreads, out: Array) -> Array:
    return copy_by_threads(out, 16)


# ---- overlap: a transfer beside work that keeps the device busy


@path("ovl.compute", family="overlap")
def ovl_compute(work: Callable[[], object], t: Tensor) -> Tensor:
    work()
    return t


@path("ovl.serial", family="overlap")
def ovl_serial(a: Array, work: Callable[[], object], device: torch.device) -> Tensor:
    work()
    torch.cuda.current_stream().synchronize()
    return torch.from_numpy(a).to(device)


@path("ovl.pageable_nb", family="overlap")
def ovl_pageable_nb(a: Array, work: Callable[[], object], device: torch.device) -> Tensor:
    work()
    return torch.from_numpy(a).to(device, non_blocking=True)


@path("ovl.pinned_side", family="overlap")
def ovl_pinned_side(pinned: Tensor, work: Callable[[], object], device: torch.device, beside: Beside) -> Conversion:
    work()
    sent = beside(pinned.to, device, non_blocking=True)
    torch.cuda.current_stream().wait_stream(beside.stream)
    sent.record_stream(torch.cuda.current_stream())
    return sent


@path("ovl.ring", family="overlap")
def ovl_ring(ring: Ring, a: Array, dtype: torch.dtype, work: Callable[[], object]) -> Tensor:
    work()
    return ring.send(a, dtype).view(a.shape)


# ---- ring: its geometries, one path each


def ring_send(ring: Ring, a: Array, dtype: torch.dtype) -> Conversion:
    """Send through a ring of the path's geometry."""
    return ring.send(a, dtype).view(a.shape)


for _geometry in _GEOMETRIES:
    path(_geometry.name, family="ring", geometry=_geometry)(ring_send)
