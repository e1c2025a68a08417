"""The same memory seen from the other library, and new memory: nothing here moves an element."""

import math
from typing import TypeVar

import numpy as np
import torch
from numpy.lib.array_utils import byte_bounds

from bridge import dtypes

Memory = TypeVar("Memory", np.ndarray, torch.Tensor)
Side = np.ndarray | torch.Tensor
Axes = tuple[int, ...]


class _Writable:
    """Read-only memory offered as writable, which from_numpy takes without its once-per-process warning."""

    def __init__(self, array: np.ndarray) -> None:
        self.owner = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False), "strides": array.strides}


def tensor_of(x: Side) -> torch.Tensor:
    """Return a tensor over the memory of `x`, whose layout torch can express."""
    if isinstance(x, torch.Tensor):
        return x.detach()
    tensor = torch.from_numpy(_writable(regular(raw(x))))
    dtype = dtypes.to_torch(x.dtype)
    return tensor if dtype in dtypes.NUMPY_OF else tensor.view(dtype)


def array_of(x: torch.Tensor, *, writable: bool = True) -> np.ndarray:
    """Return an array over the memory of the CPU tensor `x`, which then cannot be resized."""
    array = raw(x).view(dtypes.to_numpy(dtypes.known(x.dtype)))
    array.flags.writeable = writable
    return array


def raw(x: Side) -> np.ndarray:
    """Return a plain array over the memory of `x`: elements NumPy has no name for show their bits."""
    if isinstance(x, np.ndarray):
        storage = dtypes.storage(dtypes.to_torch(x.dtype))
        return x.view(storage.newbyteorder(x.dtype.byteorder), np.ndarray)
    tensor = x.detach()
    if x.dtype in dtypes.BITS_OF:
        tensor = tensor.view(dtypes.to_torch(dtypes.BITS_OF[x.dtype]))
    return tensor.numpy()


def empty(shape: Axes, strides: Axes, dtype: torch.dtype) -> torch.Tensor:
    """Return new memory in these strides, counted in elements, where a zero repeats an axis.

    NumPy allocates it, because NumPy asks for huge pages from 4 MiB on and torch does not: first touching
    memory in small pages costs several times the copy itself.
    """
    elements = math.prod(length for length, stride in zip(shape, strides, strict=True) if stride or length < 2)
    flat = torch.from_numpy(np.empty(elements, dtypes.storage(dtype)))
    return flat.view(dtype).as_strided(shape, strides)


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


def dense_strides(shape: Axes, strides: Axes, order: str) -> Axes:
    """Return the strides of a gapless copy; "K" keeps the axes in the order they lie in memory, as NumPy does.

    Strides that come in are only compared with each other; those that go out count elements.
    """
    axes = list(range(len(shape)))
    if order == "F":
        axes.reverse()
    elif order == "K":
        axes.sort(key=lambda axis: -abs(strides[axis]))
    dense, step = [0] * len(shape), 1
    for axis in reversed(axes):
        dense[axis] = step
        step *= max(shape[axis], 1)
    return tuple(dense)


def is_gapless(shape: Axes, strides: Axes, itemsize: int, order: str) -> bool:
    """Say whether byte strides are exactly those of C or F order; axes of length one and empty memory always are."""
    step = itemsize
    axes = list(zip(shape, strides, strict=True))
    for length, stride in axes if order == "F" else reversed(axes):
        if length > 1 and stride != step:
            return math.prod(shape) == 0
        step *= length
    return True


def is_expanded(shape: Axes, strides: Axes) -> bool:
    """Say whether some axis shows one element again and again."""
    repeats = any(stride == 0 and length > 1 for length, stride in zip(shape, strides, strict=True))
    return repeats and 0 not in shape


def array_obstacles(array: np.ndarray) -> tuple[str, ...]:
    """Say why torch cannot look at this memory; axes of length one and empty arrays are never in the way."""
    found = {"byte-order": not array.dtype.isnative}
    if array.size:
        strides = [stride for length, stride in zip(array.shape, array.strides, strict=True) if length > 1]
        found["negative-stride"] = any(stride < 0 for stride in strides)
        found["stride-not-multiple"] = any(stride % array.itemsize for stride in strides)
        found["misaligned"] = not array.flags.aligned and not found["stride-not-multiple"]
    return tuple(reason for reason, holds in found.items() if holds)


def tensor_obstacles(tensor: torch.Tensor) -> tuple[str, ...]:
    """Say why NumPy cannot look at this memory: it is elsewhere, or its elements are not what its bits say."""
    found = {
        "device": not tensor.is_cpu,
        "conj-bit": tensor.is_conj(),
        "neg-bit": tensor.is_neg(),
        "zero-bit": tensor._is_zerotensor(),  # noqa: SLF001 - there is no public way to ask
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _bounds(x: Side) -> tuple[int, int]:
    """Return the addresses of the first byte and of the byte after the last."""
    if isinstance(x, np.ndarray):
        return byte_bounds(x)
    start, size = x.data_ptr(), x.element_size()
    reach = sum((length - 1) * stride for length, stride in zip(x.shape, x.stride(), strict=True))
    return start, start + (reach + 1) * size if x.numel() else start


def regular(array: np.ndarray) -> np.ndarray:
    """Give strides that mean nothing, those of axes of length one and of empty arrays, a value torch accepts."""
    odd = tuple(axis for axis, stride in enumerate(array.strides) if stride < 0 or stride % array.itemsize)
    if not odd:
        return array
    if array.size == 0:
        return np.empty(array.shape, array.dtype)
    return np.expand_dims(array.squeeze(odd), odd)


def _writable(array: np.ndarray) -> np.ndarray:
    """Return the array itself, or writable clothes over read-only memory."""
    return array if array.flags.writeable else np.asarray(_Writable(array))
