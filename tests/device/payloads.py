"""What is sent: elements that no test has sent before, of every dtype, size and layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.memory import Side

    Array = np.ndarray

DTYPES = (
    *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64", "bfloat16", "complex64", "complex128"),
)
#: How many elements, where a slot takes so many.
SIZES: dict[str, Callable[[int], int]] = {
    "none": lambda _slot: 0,
    "one": lambda _slot: 1,
    "less than a slot": lambda slot: slot - 1,
    "a slot": lambda slot: slot,
    "more than a slot": lambda slot: slot + 1,
    "all slots": lambda slot: 6 * slot,
    "odd": lambda slot: 13 * slot + 77,
}

_dice = np.random.default_rng(20_261_124)


def fresh(nbytes: int) -> Array:
    """Return bytes that have not been seen before, so that old ones in the same place are not taken for them."""
    return _dice.integers(0, 256, nbytes, np.uint8)


def payload(dtype: str, elements: int) -> Side:
    """Return new elements of any bits, NaNs of any payload among them."""
    if dtype == "bool":
        return fresh(elements) % 2 == 0
    if dtype == "bfloat16":
        return torch.from_numpy(fresh(2 * elements).view(np.int16)).view(torch.bfloat16)
    return fresh(np.dtype(dtype).itemsize * elements).view(dtype)


def overwrite(x: Side) -> None:
    """Spoil every element of gapless host memory."""
    (x.view(torch.uint8) if isinstance(x, torch.Tensor) else x.view(np.uint8))[...] = 0xEE
