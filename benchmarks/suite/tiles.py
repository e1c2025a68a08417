"""The elements of inputs: seeded, finite, none zero but False, and numbered, so that none is taken for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .cases import DTYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, np.dtype[Any]]

#: Values repeat after this many elements: filling 256 MiB then costs a copy, not a random number an element.
_TILE_ELEMENTS: Final = 65_536
#: A number takes so many elements, each of one of two values: more numbers than memory has tiles.
_NUMBER_BITS: Final = 16
_BITS: Final = {"bool": (0, 1), "bfloat16": (0x3F80, 0x4000)}


def values(elements: int, dtype: str) -> Array:
    """Return values of a dtype in new memory, bfloat16 as its bits.

    Each tile begins with its number, so that a copy that takes one for another is found out.
    """
    dice = np.random.default_rng(20_261_123)
    tile = _TILES[dtype](dice, min(elements, _TILE_ELEMENTS))
    made = np.resize(tile, elements)
    tiles = made[: elements - elements % _TILE_ELEMENTS].reshape(-1, _TILE_ELEMENTS)
    _write(tiles[:, :_NUMBER_BITS], np.arange(len(tiles)), dtype)
    return made


def stamp(elements: Array, dtype: str, generation: int) -> None:
    """Write a number into every tile, behind the tile's own; into the first elements where there are only a few."""
    size = min(_TILE_ELEMENTS, elements.size)
    tiles = elements[: elements.size - elements.size % size].reshape(-1, size)
    behind = slice(_NUMBER_BITS, 2 * _NUMBER_BITS) if size >= 2 * _NUMBER_BITS else slice(_NUMBER_BITS)
    _write(tiles[:, behind], np.full(len(tiles), generation), dtype)


def stored(dtype: str) -> np.dtype[Any]:
    """Return the dtype that NumPy has for the elements of a dtype: bfloat16 is stored as its bits."""
    return np.dtype({"bfloat16": "uint16"}.get(dtype, dtype))


def _write(place: Array, numbers: Array, dtype: str) -> None:
    """Write one number a row, a bit an element."""
    bits = numbers[:, None] >> np.arange(place.shape[1]) & 1
    place[...] = np.asarray(_BITS.get(dtype, (1, 2)), place.dtype)[bits]


_TILES: Final[dict[str, Callable[[np.random.Generator, int], Array]]] = {
    "uint8": lambda dice, n: dice.integers(1, 255, n, np.uint8),
    "int32": lambda dice, n: dice.integers(1, 2**20, n, np.int32),
    "int64": lambda dice, n: dice.integers(1, 2**20, n, np.int64),
    "float16": lambda dice, n: dice.uniform(0.5, 2, n).astype(np.float16),
    "float32": lambda dice, n: dice.uniform(0.5, 2, n).astype(np.float32),
    "float64": lambda dice, n: dice.uniform(0.5, 2, n),
    "bool": lambda dice, n: dice.integers(0, 2, n).astype(np.bool_),
    "complex64": lambda dice, n: (dice.uniform(0.5, 2, n) + 1j * dice.uniform(0.5, 2, n)).astype(np.complex64),
    "bfloat16": lambda dice, n: (dice.uniform(0.5, 2, n).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16),
}

assert set(_TILES) == set(DTYPES), "every dtype of the matrix needs values"
