"""Conversions whose other end is a device: torch's own copy of little, the ring of pinned slots for much.

Through the ring, elements are cast where that leaves fewer bytes for the link, if both sides cast alike. A source goes
over the link in the order in which it lies; flips, strides and order of the result are made on the device, whose
memory is fast. Of windows over one memory, that memory goes.
"""

import math
import os
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided

from bridge import engines, memory
from bridge.memory import Side
from bridge.operands import Operand, outer_to_inner
from bridge.ring import Ring
from bridge.runtime import Runtime, runtime_of

RING_FROM_BYTES = 2 << 20  # not measured on a device yet: others report that staging pays from 1.5 to 2.5 MiB on

_rings: dict[tuple[int, torch.device], Ring | None] = {}


def way_to(device: torch.device, target: Operand, source: Operand) -> tuple[str, int]:
    """Name the way in which host memory gets to a device, and say how many bytes that takes over the link."""
    by_ring = (_window(source) or source.elements) * _sent_as(source.dtype, target.dtype).itemsize
    return _chosen(device, by_ring, target.nbytes)


def way_from(device: torch.device, target: Operand, source: Operand) -> tuple[str, int]:
    """Name the way in which host memory comes from a device, and say how many bytes that takes over the link."""
    by_ring = source.elements * _fetched_as(source.dtype, target.dtype).itemsize
    return _chosen(device, by_ring, source.nbytes)


def is_little_for(device: torch.device | str | int, x: np.ndarray) -> bool:
    """Say whether torch's own copy brings an array of a native dtype to a device, and nothing about it needs a plan."""
    kind = device.type if type(device) is torch.device else str(device)  # making a device of a name takes 0.3 us
    return not kind.startswith("cpu") and x.nbytes < RING_FROM_BYTES and x.flags.carray


def is_little_there(t: torch.Tensor) -> bool:
    """Say the same of a device's tensor that comes home."""
    return t.is_cuda and t.nbytes < RING_FROM_BYTES and t.is_contiguous() and memory.tensor_obstacles(t) == ("device",)


def _chosen(device: torch.device, by_ring: int, by_torch: int) -> tuple[str, int]:
    """Choose between the ring and torch's own copy, which take so many bytes over the link."""
    return ("ring", by_ring) if by_ring >= RING_FROM_BYTES and runtime_of(device) else ("device", by_torch)


def send(source: Side, target: Operand, device: torch.device, via: str = "device") -> torch.Tensor:
    """Return host elements as new memory of `device`, in the dtype and strides of `target`.

    The source may be overwritten when it returns; what the current stream does next finds the elements there.
    """
    ring = _ring(device) if via == "ring" else None
    if ring is None:
        return _arranged_on_host(source, target).to(device)
    landed, flipped = _landed(ring, source, target.dtype)
    if _lies_like(landed, target) and not flipped:
        return landed
    out = _empty(ring.runtime, target)
    ring.runtime.launch(lambda: out.copy_(landed.flip(flipped) if flipped else landed))
    return out


def put(dst: torch.Tensor, src: Side) -> None:
    """Fill a device's tensor from host elements, which may be overwritten when it returns."""
    source = Operand.of(src)
    target = Operand.of(dst)
    ring = _ring(dst.device) if way_to(dst.device, target, source)[0] == "ring" else None
    if ring is None:
        dst.copy_(memory.tensor_of(src if source.is_plain else engines.dense(src, source.dtype)))
        return
    axes = outer_to_inner(target.strides)
    gapless = dst.permute(axes)
    if gapless.is_contiguous() and not _window(source) and dst.dtype == _sent_as(source.dtype, dst.dtype):
        ring.send_into(gapless.view(-1), _in_a_row(_permuted(src, axes)))
    else:
        landed, flipped = _landed(ring, src, dst.dtype)
        ring.runtime.launch(lambda: dst.copy_(landed.flip(flipped) if flipped else landed))


def fetch(source: torch.Tensor, target: Operand, via: str = "device") -> Side:
    """Return a device's elements as new host memory, in the dtype and strides of `target`; done when it returns."""
    ring = _ring(source.device) if via == "ring" else None
    if ring is None:
        host = source.detach().cpu()
        plain = _lies_like(host, target) and not memory.tensor_obstacles(host)
        return host if plain else _refilled(host, target)
    made = target.empty()
    _drain(ring, made, source.detach())
    return made


def take(dst: Side, src: torch.Tensor) -> None:
    """Fill host memory, or a tensor of any device, from a device's tensor; host memory is complete when it returns."""
    if isinstance(dst, torch.Tensor) and not dst.is_cpu:
        dst.copy_(src.resolve_conj().resolve_neg())  # torch loses the sign of what it casts from a negated tensor
        return
    ring = _ring(src.device) if way_from(src.device, Operand.of(dst), Operand.of(src))[0] == "ring" else None
    if ring:
        _drain(ring, dst, src.detach())
    else:
        engines.fill(dst, src.detach().cpu())


def _ring(device: torch.device) -> Ring | None:
    """Return the device's ring, made for its first use in this process; None where it cannot be used now."""
    runtime = runtime_of(device)
    if runtime is None or not runtime.available():
        return None
    key = (os.getpid(), runtime.device)
    if key not in _rings:
        try:
            ring = Ring(runtime)
        except RuntimeError:  # the system pins no memory, or this is a forked child, which has no CUDA
            ring = None
        _rings.setdefault(key, ring)
    return _rings[key]


def _landed(ring: Ring, source: Side, dtype: torch.dtype) -> tuple[torch.Tensor, tuple[int, ...]]:
    """Send elements as they lie; return them in the source's shape, and the axes along which they run backwards."""
    described = Operand.of(source)
    staged = _sent_as(described.dtype, dtype)
    window = _window(described)
    if window:
        steps = tuple(stride // described.dtype.itemsize for stride in described.strides)
        return ring.send(_run_under(source, window), staged).as_strided(described.shape, steps), ()
    flipped = tuple(axis for axis, stride in enumerate(described.strides) if stride < 0)
    forward = np.flip(source, flipped) if flipped else source  # only arrays have negative strides
    axes = outer_to_inner(described.strides)
    row = _permuted(forward, axes)
    landed = ring.send(_in_a_row(row), staged).view(tuple(row.shape))
    return landed.permute(tuple(np.argsort(axes).tolist())), flipped


def _drain(ring: Ring, dst: Side, src: torch.Tensor) -> None:
    """Fill host memory through the ring, from elements that the device has brought into the order of the host's."""
    axes = outer_to_inner(memory.byte_strides(dst))
    laid = src.permute(axes)
    staged = _fetched_as(src.dtype, memory.torch_dtype(dst))
    if laid.is_contiguous() and staged == src.dtype and memory.tensor_obstacles(src) in ((), ("device",)):
        flat = laid.view(-1)
    else:
        flat = ring.runtime.empty(laid.numel(), staged, ring.runtime.current())
        ring.runtime.launch(lambda: flat.view(laid.shape).copy_(laid.resolve_conj().resolve_neg()))
    ring.fetch(_in_a_row(_permuted(dst, axes)), flat)


def _window(source: Operand) -> int:
    """Return how many elements lie under a source that shows them several times, if fewer than it shows; else 0."""
    itemsize = source.dtype.itemsize
    regular = all(stride >= 0 and stride % itemsize == 0 for stride in source.strides)
    if not regular or not memory.overlaps_itself(source.shape, source.strides):
        return 0
    axes = zip(source.shape, source.strides, strict=True)
    reach = 1 + sum((length - 1) * stride // itemsize for length, stride in axes)
    return reach if reach < source.elements else 0


def _run_under(source: Any, elements: int) -> Side:  # noqa: ANN401 - either library's memory
    """Return the elements under windows as one run."""
    if isinstance(source, torch.Tensor):
        return source.as_strided((elements,), (1,))
    return as_strided(source, (elements,), (source.itemsize,), writeable=False)


def _sent_as(source: torch.dtype, target: torch.dtype) -> torch.dtype:
    """Return the dtype on the link: the narrower, but a float becomes an integer on the host alone, as CUDA differs."""
    exact = target.is_floating_point or target.is_complex or not (source.is_floating_point or source.is_complex)
    return source if exact and target.itemsize > source.itemsize else target


def _fetched_as(source: torch.dtype, target: torch.dtype) -> torch.dtype:
    """Return the dtype on the link: the narrower, where the device rounds as the host does."""
    pairs = {(torch.float64, torch.float32), (torch.float32, torch.float16), (torch.float32, torch.bfloat16)}
    return target if (source, target) in pairs else source


def _arranged_on_host(source: Side, target: Operand) -> torch.Tensor:
    """Return the elements as a host tensor that lies like `target`: over the same memory if it does already."""
    described = Operand.of(source)
    if described.is_plain and _lies_like(source, target):
        return memory.tensor_of(source)
    return memory.tensor_of(_refilled(source, target))


def _refilled(source: Side, target: Operand) -> Side:
    """Return host elements in new host memory that lies like `target`."""
    made = target.empty()
    engines.fill(made, source)
    return made


def _lies_like(x: Side, target: Operand) -> bool:
    """Say whether dtype and strides are those of `target`, where they mean something."""
    axes = zip(target.shape, memory.byte_strides(x), target.strides, strict=True)
    return memory.torch_dtype(x) == target.dtype and all(length < 2 or a == b for length, a, b in axes)


def _empty(runtime: Runtime, target: Operand) -> torch.Tensor:
    """Return new memory of the device that lies like `target`, for its current stream."""
    steps = tuple(stride // target.dtype.itemsize for stride in target.strides)
    return runtime.empty(math.prod(target.shape), target.dtype, runtime.current()).as_strided(target.shape, steps)


def _permuted(x: Any, axes: memory.Axes) -> Any:  # noqa: ANN401 - either library's memory
    return x.permute(axes) if isinstance(x, torch.Tensor) else x.transpose(axes)


def _in_a_row(x: Any) -> Any:  # noqa: ANN401 - either library's memory
    """Return gapless elements as one axis, so that every part but the last fills its slot."""
    gapless = x.is_contiguous() if isinstance(x, torch.Tensor) else x.flags.c_contiguous
    return x.reshape(-1) if gapless else x
