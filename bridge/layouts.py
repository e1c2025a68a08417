"""Engines for layouts on which one pass in the obvious order is slow; all keep the dtype.

An engine is one decorated function, and its decorator says when it is used. Both work on axes ordered as the
destination lies in memory, so "the last axis" is the one along which the destination is written. The ratios in
comments are times against `np.copyto`, one thread, interleaved on one machine (Zen 5, 32 MiB L3).
"""

from collections.abc import Callable

import numpy as np
import torch

from bridge.operands import Operand, outer_to_inner

Suits = Callable[[Operand, Operand], bool]
Fill = Callable[[np.ndarray, np.ndarray], None]

FILLS: dict[str, Fill] = {}
_SUITS: dict[str, Suits] = {}
_BY_TORCH: set[str] = set()

_SMALL_BYTES = 16 << 10
_LARGE_BYTES = 4 << 20  # below, source and destination fit the cache, and the order of reading matters little
_PAGE_BYTES = 4096  # strides of whole pages make all rows fall on the same few cache lines
_BLOCK = 512
_TORCH_STAGES_FROM = (
    1 << 15
)  # elements; torch transposes through a block in the cache from 3600, NumPy is faster till here


def choose(dst: Operand, src: Operand, *, torch_may: bool) -> str | None:
    """Name the engine made for this pair of layouts, if there is one; `torch_may` says whether torch can read them."""
    if dst.dtype != src.dtype or dst.nbytes < _SMALL_BYTES:
        return None
    axes = outer_to_inner(dst.strides)
    dst, src = dst.permuted(axes), src.permuted(axes)
    possible = _SUITS if torch_may else _SUITS.keys() - _BY_TORCH
    return next((name for name in _SUITS if name in possible and _SUITS[name](dst, src)), None)


def _layout(suits: Suits, *, by_torch: bool = False) -> Callable[[Fill], Fill]:
    """Register a way to fill arrays under its name, with the condition for its use and whether torch has a part."""

    def register(fill: Fill) -> Fill:
        name = fill.__name__.strip("_").replace("_", "-")
        _SUITS[name] = suits
        if by_torch:
            _BY_TORCH.add(name)
        FILLS[name] = lambda dst, src: _outer_to_inner(fill, dst, src)
        return fill

    return register


def _outer_to_inner(fill: Fill, dst: np.ndarray, src: np.ndarray) -> None:
    """Fill with the axes ordered as the destination lies in memory."""
    axes = outer_to_inner(dst.strides)
    fill(dst.transpose(axes), src.transpose(axes))


def _has_short_rows(dst: Operand, src: Operand) -> bool:
    """Say whether the last axis is that of the channels of an image, and its elements are picked."""
    return len(dst.shape) > 1 and 1 < dst.shape[-1] <= 4 and not src.is_gapless("C")


def _is_transposed(dst: Operand, src: Operand) -> bool:
    """Say whether a gapless matrix becomes its gapless transpose."""
    is_matrix = len(dst.shape) == 2 and dst.elements >= _TORCH_STAGES_FROM
    return is_matrix and dst.is_gapless("C") and src.is_gapless("F") and not src.is_gapless("C")


def _is_transposed_with_gaps(dst: Operand, src: Operand) -> bool:
    """Say whether a large matrix with gaps between its rows becomes its transpose."""
    if len(dst.shape) != 2 or dst.nbytes < _LARGE_BYTES:
        return False
    return abs(src.strides[0]) == src.dtype.itemsize < abs(src.strides[1])


def _is_reversed_in_pages(dst: Operand, src: Operand) -> bool:
    """Say whether three axes swap their order, and some step is a whole number of pages."""
    if len(dst.shape) != 3 or dst.nbytes < _LARGE_BYTES or not (dst.is_gapless("C") and src.is_gapless("F")):
        return False
    return any(stride % _PAGE_BYTES == 0 for stride in (*dst.strides, *src.strides))


@_layout(_has_short_rows)
def _channels(dst: np.ndarray, src: np.ndarray) -> None:
    """Copy one channel after the other: NumPy's loop over rows of three costs more than the bytes (0.24-0.53)."""
    for channel in range(dst.shape[-1]):
        np.copyto(dst[..., channel], src[..., channel])


@_layout(_is_transposed, by_torch=True)
def _transpose(dst: np.ndarray, src: np.ndarray) -> None:
    """Let torch transpose, which does it through blocks in the cache, in this very case (0.16-0.28)."""
    torch.from_numpy(dst).copy_(torch.from_numpy(src))


@_layout(_is_transposed_with_gaps)
def _blocks(dst: np.ndarray, src: np.ndarray) -> None:
    """Read a few source rows at a time, so that they are still in the cache for the next column (0.2-0.9)."""
    for start in range(0, dst.shape[1], _BLOCK):
        np.copyto(dst[:, start : start + _BLOCK], src[:, start : start + _BLOCK])


@_layout(_is_reversed_in_pages, by_torch=True)
def _two_step(dst: np.ndarray, src: np.ndarray) -> None:
    """Bring the first axis to the front, then swap the others: each step reads within few pages (0.33-0.65)."""
    first, second, third = src.shape
    halfway = np.empty((first, third * second), src.dtype)
    torch.from_numpy(halfway).copy_(torch.from_numpy(src.T.reshape(third * second, first)).t())
    np.copyto(dst, halfway.reshape(first, third, second).transpose(0, 2, 1))
