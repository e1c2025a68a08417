"""The same memory seen from the other library, and new memory: nothing here moves an element."""

from itertools import compress
from typing import TypeVar

import numpy as np
import torch
from numpy.lib.array_utils import byte_bounds

from bridge import dtypes

Memory = TypeVar("Memory", np.ndarray, torch.Tensor)
Side = np.ndarray | torch.Tensor
Axes = tuple[int, ...]

_REGISTERED = 2  # dtype.isbuiltin of dtypes that another package brought, as ml_dtypes did


class _Offered:
    """Memory offered as writable, in regular strides; from_numpy takes read-only memory with a warning only."""

    def __init__(self, array: np.ndarray) -> None:
        self.owner = array
        interface = array.__array_interface__
        strides = regular_strides(array.shape, array.strides, array.itemsize)
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False), "strides": strides}


def tensor_of(x: Side) -> torch.Tensor:
    """Return a tensor over the memory of `x`, whose layout torch can express."""
    if isinstance(x, torch.Tensor):
        return x.detach() if x.requires_grad else x
    if x.dtype in dtypes.ARRAY_DTYPES and x.flags.writeable:
        try:
            return torch.from_numpy(x)
        except (TypeError, ValueError):  # ulonglong, or odd strides of axes of length one
            pass
    bits = raw(x)
    if bits is x:
        return torch.from_numpy(np.asarray(_Offered(x)))
    return tensor_of(bits).view(dtypes.to_torch(x.dtype))


def array_of(x: Side, *, writable: bool = True) -> np.ndarray:
    """Return an array over the memory of `x`; a CPU tensor then cannot be resized."""
    array = raw(x)
    if isinstance(x, torch.Tensor) and x.dtype in dtypes.BITS_OF:
        array = array.view(dtypes.to_numpy(x.dtype))
    if not writable:
        array.flags.writeable = False
    return array


def raw(x: Side) -> np.ndarray:
    """Return a plain array over the memory of `x`: elements NumPy has no name for show their bits."""
    if isinstance(x, np.ndarray):
        return x.view(dtypes.BITS_OF[dtypes.to_torch(x.dtype)]) if x.dtype.isbuiltin == _REGISTERED else x
    tensor = x.detach() if x.requires_grad else x
    if x.dtype in dtypes.BITS_OF:
        tensor = tensor.view(dtypes.to_torch(dtypes.BITS_OF[x.dtype]))
    return tensor.numpy()


def empty(shape: Axes, strides: Axes, dtype: torch.dtype) -> Side:
    """Return new memory in these strides: an array, or a tensor of a dtype that NumPy has no name for.

    NumPy allocates it, because NumPy asks for huge pages from 4 MiB on and torch does not: first touching
    memory in small pages costs several times the copy itself.
    """
    array: np.ndarray = np.ndarray(shape, dtypes.storage(dtype), None, 0, strides)
    return array if dtype in dtypes.NUMPY_OF else torch.from_numpy(array).view(dtype)


def collapsed(x: Side) -> Side:
    """Return the part of `x` that shows every element once: repeating axes keep length one."""
    strides = byte_strides(x)
    if not is_expanded(tuple(x.shape), strides):
        return x
    return x[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in strides)]


def broadcast(x: Side, shape: Axes) -> Side:
    """Return `x` repeated to `shape`; ValueError if it does not fit."""
    if isinstance(x, np.ndarray):
        return np.broadcast_to(x, shape, subok=True)
    try:
        return x.expand(shape)
    except RuntimeError as error:
        raise ValueError(f"shape {tuple(x.shape)} does not fit into {shape}") from error


def overlap(a: Side, b: Side) -> bool:
    """Say whether the ranges of two memories meet, which is cheap to know; their elements may still miss each other."""
    (a_low, a_high), (b_low, b_high) = _bounds(a), _bounds(b)
    return a_low < b_high and b_low < a_high


def torch_dtype(x: Side) -> torch.dtype:
    """Return the dtype in torch's terms; TypeError if NumPy and torch do not both hold its elements or bits."""
    return dtypes.to_torch(x.dtype) if isinstance(x, np.ndarray) else dtypes.known(x.dtype)


def byte_strides(x: Side) -> Axes:
    """Return the strides in bytes, which torch counts in elements."""
    if isinstance(x, np.ndarray):
        return x.strides
    return tuple(stride * x.element_size() for stride in x.stride())


def dense_strides(shape: Axes, strides: Axes, order: str, itemsize: int = 1) -> Axes:
    """Return the strides of a gapless copy; "K" keeps the axes in the order they lie in memory, as NumPy does.

    Strides that come in are only compared with each other; those that go out count in `itemsize`, and are those
    that NumPy gives empty memory: zero.
    """
    if 0 in shape:
        return (0,) * len(shape)
    axes = list(range(len(shape)))
    if order == "F":
        axes.reverse()
    elif order == "K":
        axes.sort(key=lambda axis: -abs(strides[axis]))
    dense, step = [0] * len(shape), itemsize
    for axis in reversed(axes):
        dense[axis] = step
        step *= shape[axis]
    return tuple(dense)


def regular_strides(shape: Axes, strides: Axes, itemsize: int) -> Axes:
    """Give strides that mean nothing, those of axes of length one and of empty memory, a value torch accepts."""
    if all(stride >= 0 and stride % itemsize == 0 for stride in strides):
        return strides
    if 0 in shape:
        return dense_strides(shape, strides, "C", itemsize)
    return tuple(itemsize if length == 1 else stride for length, stride in zip(shape, strides, strict=True))


def is_expanded(shape: Axes, strides: Axes) -> bool:
    """Say whether some axis shows one element again and again."""
    repeats = any(stride == 0 and length > 1 for length, stride in zip(shape, strides, strict=True))
    return repeats and 0 not in shape


def overlaps_itself(shape: Axes, strides: Axes) -> bool:
    """Say whether some element may be shown twice: an axis steps no further than those within it reach together."""
    reach = 0
    for step, length in sorted((abs(step), length) for length, step in zip(shape, strides, strict=True) if length > 1):
        if step <= reach or step == 0:
            return 0 not in shape
        reach += step * (length - 1)
    return False


def array_obstacles(dtype: np.dtype, shape: Axes, strides: Axes, *, aligned: bool) -> tuple[str, ...]:
    """Say why torch cannot look at this memory; axes of length one and empty arrays are never in the way."""
    found = {"byte-order": not dtype.isnative}
    if 0 not in shape:
        steps = [stride for length, stride in zip(shape, strides, strict=True) if length > 1]
        found["negative-stride"] = any(stride < 0 for stride in steps)
        found["stride-not-multiple"] = any(stride % dtype.itemsize for stride in steps)
        found["misaligned"] = not aligned and not found["stride-not-multiple"]
    return tuple(reason for reason, holds in found.items() if holds)


def tensor_obstacles(tensor: torch.Tensor) -> tuple[str, ...]:
    """Say why NumPy cannot look at this memory: it is elsewhere, or its elements are not what its bits say."""
    found = (not tensor.is_cpu, tensor.is_conj(), tensor.is_neg(), tensor._is_zerotensor())  # noqa: SLF001 - no public way
    return tuple(compress(("device", "conj-bit", "neg-bit", "zero-bit"), found)) if any(found) else ()


def _bounds(x: Side) -> tuple[int, int]:
    """Return the addresses of the first byte and of the byte after the last."""
    if isinstance(x, np.ndarray):
        return byte_bounds(x)
    start, size = x.data_ptr(), x.element_size()
    reach = sum((length - 1) * stride for length, stride in zip(x.shape, x.stride(), strict=True))
    return start, start + (reach + 1) * size if x.numel() else start
