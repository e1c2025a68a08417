"""Preparing numbers for training."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import ArrayLike

from bridge import engines
from bridge.errors import refused
from bridge.host import as_array
from bridge.memory import Axes

Block = tuple[np.ndarray, np.ndarray]

_ROWS = 64
_SMALLEST_SQUARE = 1e-30  # float32 ends at 1e-38; means of squares below this lose digits, and at 3e38 all of them
_BLOCK_ELEMENTS = 1 << 16  # what is read, centred, squared and summed again should still be in the cache


def standardize(
    x: ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = None,
    ddof: int = 1,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Return `(x - mean) / std` as float32, in `out` if given, with mean and std taken along `axis`, or of all.

    `ddof` is what the variance divides n minus: 1 as in torch.std, 0 as in np.std. Integers and booleans are taken as
    numbers. Where all values are equal, fewer than two, or one is NaN or infinite, the result is NaN, silently;
    of no values at all it is empty.

    Raises:
        ValueError: `out` is not float32 of the shape of `x`, or cannot be written.
        TypeError: `x` is complex, masked or holds no numbers.

    """
    array = as_array(x) if isinstance(x, torch.Tensor) else np.asarray(x)
    if isinstance(x, np.ma.MaskedArray):
        raise refused("a masked array", "its mask would be lost; fill it, x.filled(value), or pass x.data")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"standardize takes real numbers, not {array.dtype}")
    if out is None:
        out = np.empty_like(array, dtype=np.float32, subok=False)
    elif (out.shape, out.dtype) != (array.shape, np.dtype(np.float32)):
        raise ValueError(f"out is {out.dtype} {out.shape}, and the result is float32 {array.shape}")
    elif out is not array and np.may_share_memory(out, array):
        array = array.copy("K")
    axes = normalize_axis_tuple(range(array.ndim) if axis is None else axis, array.ndim)
    with np.errstate(all="ignore"):
        _fill(out, array, axes, ddof)
    return out


def _fill(out: np.ndarray, array: np.ndarray, axes: Axes, ddof: int) -> None:
    """Fill `out`, taking the axes as they lie in memory; slices that need nothing of each other are separate groups."""
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    axes = tuple(order.index(axis) for axis in axes)
    blocks = list(_blocks(out.transpose(order), array.transpose(order)))
    if 0 in axes or not order:
        _fill_group(blocks, axes, ddof)
    else:
        engines.each(lambda block: _fill_group([block], axes, ddof), blocks)


def _blocks(out: np.ndarray, array: np.ndarray) -> Iterator[Block]:
    """Yield matching parts of both, cut along the first axis; a part that needs no cut is the whole."""
    if array.size <= _BLOCK_ELEMENTS:
        yield out, array
        return
    rows = max(1, _BLOCK_ELEMENTS // math.prod(array.shape[1:]))
    for start in range(0, len(array), rows):
        yield out[start : start + rows], array[start : start + rows]


def _fill_group(blocks: list[Block], axes: Axes, ddof: int) -> None:
    """Standardize blocks that share mean and std.

    Numbers are first brought near zero, where float32 is precise, by the mean of the first block; what that mean
    misses is found on the way. A block stays in the cache for all that is done to it, so slow memory is read twice
    and written once.
    """
    count = sum(math.prod(array.shape[axis] for axis in axes) for _, array in blocks)
    near, total, squares = _moments(blocks, axes)
    if not ((squares > count * _SMALLEST_SQUARE) & (squares < np.inf)).all():
        blocks = _rescaled(blocks, axes)
        near, total, squares = _moments(blocks, axes)
    rest = total / count
    scale = 1 / np.sqrt((squares - rest * total) / max(count - ddof, 0))
    rest, scale = rest.astype(np.float32), scale.astype(np.float32)
    engines.each(lambda block: _finish(*block, near, rest, scale), blocks[::-1])  # the last ones are still in the cache


def _moments(blocks: list[Block], axes: Axes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a value near the mean, and the sums of what numbers differ from it and of its square."""
    near = _mean(blocks[0][1], axes)
    sums = engines.each(lambda block: _sums(block[1], near, axes), blocks)
    total, squares = (sum(parts[1:], start=parts[0]) for parts in zip(*sums, strict=True))
    return near, total, squares


def _rescaled(blocks: list[Block], axes: Axes) -> list[Block]:
    """Return the blocks about zero and about one, in float64: what is scaled standardizes to the same."""
    arrays = _of_size_one([array.astype(np.float64) for _, array in blocks], axes)
    mean = _mean(arrays[0], axes)
    arrays = _of_size_one([array - mean for array in arrays], axes)
    return [(out, array) for (out, _), array in zip(blocks, arrays, strict=True)]


def _of_size_one(arrays: list[np.ndarray], axes: Axes) -> list[np.ndarray]:
    """Return the arrays divided by the power of two that is next to their largest number."""
    largest = [np.abs(array).max(axes, keepdims=True, initial=0) for array in arrays]
    exponent = np.frexp(np.maximum.reduce(largest))[1]
    return [np.ldexp(array, -exponent) for array in arrays]


def _sums(array: np.ndarray, near: np.ndarray, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of the numbers and of their squares, brought near zero, in float64."""
    centred = np.subtract(array, near, out=np.empty(array.shape, np.float32), casting="same_kind")
    total = _sum(centred, axes)
    return total, _sum(np.square(centred, out=centred), axes)


def _sum(numbers: np.ndarray, axes: Axes) -> np.ndarray:
    """Return the sum along the axes in float64; NumPy adds rows to each other in half the time of one long row."""
    shape = [1 if axis in axes else length for axis, length in enumerate(numbers.shape)]
    if len(axes) == numbers.ndim and numbers.size % _ROWS == 0:
        numbers, axes = np.add.reduce(numbers.reshape(_ROWS, -1)), (0,)
    total: np.ndarray = np.add.reduce(numbers, axes).reshape(shape).astype(np.float64)
    return total


def _finish(out: np.ndarray, array: np.ndarray, near: np.ndarray, rest: np.ndarray, scale: np.ndarray) -> None:
    """Bring the numbers near zero once more, take off what was missed, and scale."""
    np.subtract(array, near, out=out, casting="same_kind")
    np.subtract(out, rest, out=out)
    np.multiply(out, scale, out=out)


def _mean(array: np.ndarray, axes: Axes) -> np.ndarray:
    """Return the mean in a dtype that holds the numbers, taken from the first of them, so equal numbers leave zero."""
    dtype = np.result_type(array.dtype, np.float32)
    first = array[tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(array.ndim))].astype(dtype)
    rest: np.ndarray = np.add.reduce(np.subtract(array, first), axes, keepdims=True)
    mean: np.ndarray = first + rest / dtype.type(math.prod(array.shape[axis] for axis in axes))
    return mean
