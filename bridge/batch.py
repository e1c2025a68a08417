"""Many samples of one shape into one tensor."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from bridge import dtypes, engines, memory
from bridge.host import copyto, readable
from bridge.memory import Side
from bridge.sources import as_destination, as_source_tensor, note_write, seen_as_array


def stack(seq: Sequence[Side], *, axis: int = 0, out: torch.Tensor | None = None) -> torch.Tensor:
    """Return arrays or tensors of one shape and dtype as one tensor with a new `axis`, in `out` if given.

    Raises:
        ValueError: `seq` is empty, or a shape or dtype differs from the first one's, or from that of `out`.
        TypeError: an item holds no plain elements, or requires grad, which only torch.stack keeps.

    """
    if len(seq) == 0:
        raise ValueError("stack needs at least one array or tensor")
    if out is None and axis == 0:
        found = _stacked_alike(seq)
        if found is not None:
            return found
    items = _readable_items(seq)
    dtype, shape = _common(items)
    axis = np.lib.array_utils.normalize_axis_index(axis, len(shape) + 1)
    full = (*shape[:axis], len(items), *shape[axis:])
    if out is not None and (tuple(out.shape), out.dtype) != (full, dtype):
        raise ValueError(f"out is {out.dtype} {tuple(out.shape)}, and the result is {dtype} {full}")
    if out is None or not out.is_cpu:
        result = memory.empty(full, memory.dense_strides(full, full, "C", dtype.itemsize), dtype)
        np.stack([memory.raw(item) for item in items], axis, out=memory.raw(result))
        return memory.tensor_of(result) if out is None else copyto(out, memory.tensor_of(result))
    target = as_destination(out)
    if any(memory.overlap(target, item) for item in items):  # np.stack would read what it has just written
        return copyto(out, stack(items, axis=axis))
    np.stack([memory.raw(item) for item in items], axis, out=memory.raw(target))
    note_write(out)
    return out


def _common(items: Sequence[Side]) -> tuple[torch.dtype, tuple[int, ...]]:
    """Return the dtype and shape of all items; ValueError names the first that differs."""
    first = memory.torch_dtype(items[0]), tuple(items[0].shape)
    for index, item in enumerate(items):
        if (memory.torch_dtype(item), tuple(item.shape)) != first:
            raise ValueError(f"item {index} is {item.dtype} {tuple(item.shape)}, and item 0 is {first[0]} {first[1]}")
    return first


def _stacked_alike(seq: Sequence[Side]) -> torch.Tensor | None:
    """Stack plain arrays, or small plain tensors, of one shape and dtype along axis 0; None if they may differ."""
    first = seq[0]
    if type(first) is np.ndarray and first.dtype in dtypes.ARRAY_DTYPES:
        try:
            return _joined(seq, first)
        except (TypeError, ValueError, RuntimeError):  # they differ, or NumPy cannot look at one of them
            return None
    if type(first) is not torch.Tensor or len({(type(item), item.dtype, item.shape) for item in seq}) > 1:
        return None
    small = len(seq) * math.prod(first.shape) <= engines.SERIAL_ELEMENTS  # for more, torch starts threads
    return _stacked_by_torch(seq) if small else None


def _joined(seq: Sequence[Any], first: np.ndarray) -> torch.Tensor | None:
    """Join arrays end to end: NumPy checks their dtypes and all axes but the first, in half the time of np.stack."""
    if set(map(type, seq)) != {np.ndarray} or list(map(len, seq)).count(len(first)) < len(seq):
        return None
    joined = np.concatenate(seq, dtype=first.dtype, casting="no")
    return torch.from_numpy(joined.reshape(-1, *first.shape))


def _stacked_by_torch(seq: Any) -> torch.Tensor | None:  # noqa: ANN401 - tensors, as the caller checked
    """Stack in torch, which asks less of small tensors; what is odd about them shows in the result."""
    result = torch.stack(tuple(seq))
    odd = result.requires_grad or result.dtype not in dtypes.NUMPY_OF or memory.tensor_obstacles(result)
    return None if odd else as_source_tensor(result)


def _readable_items(seq: Sequence[Side]) -> Sequence[Side]:
    """Return all items as host memory that NumPy can read."""
    arrays = [array for array in map(seen_as_array, seq) if array is not None]
    alike = len(arrays) == len(seq) and len({(array.dtype, array.shape) for array in arrays}) == 1
    plain = alike and arrays[0].dtype in dtypes.ARRAY_DTYPES
    return arrays if plain else [_readable(item) for item in seq]


def _readable(item: Side) -> Side:
    """Return the item as host memory that NumPy can read."""
    source = readable(item)
    if isinstance(source, np.ndarray):
        return source
    if isinstance(item, torch.Tensor) and item.requires_grad and torch.is_grad_enabled():
        raise TypeError("an item requires grad, which would be lost: use torch.stack(), or stack under torch.no_grad()")
    return engines.dense(source, source.dtype) if memory.tensor_obstacles(source) else source
