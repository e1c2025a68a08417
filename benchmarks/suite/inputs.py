"""The array or tensor of a case: seeded values, every page touched, memory that can be written from outside.

An array is laid out first; a tensor gets the same strides over memory of torch's own, so both libraries see the same
layout. The memory's owner stays at hand, because aliasing is observed by writing there.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from . import tiles
from .cases import DTYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cases import Case
    from .registry import Source

    Array = np.ndarray[Any, np.dtype[Any]]

_SLICE_MARGIN: Final = 8
_CHANNELS: Final = 4
_FEATURES: Final = 64
_IMAGE_SIDE: Final = 128
_WINDOW: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """The source of a case and its memory.

    `source` is what a path gets. `reference` is a NumPy view of the same elements (bfloat16 as its bits, uint16).
    `memory` is the flat uint8 view of the owner, writable whatever `source` is; `first_byte` is where the first
    element of `source` starts in it.
    """

    source: Any  # Any: an array or a tensor
    reference: Array
    memory: Array
    first_byte: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The source's shape."""
        shape: tuple[int, ...] = self.reference.shape
        return shape

    def poke(self) -> None:
        """Change the first element through the owner's memory; poking twice restores it.

        One bit of each byte is turned: whatever the dtype, the value changes and stays a value (a bool stays a bool).
        """
        self.memory[self.first_byte : self.first_byte + self.reference.itemsize] ^= 1


def stamp(source: Input, dtype: str, generation: int) -> None:
    """Write a number into every tile of a source's memory, behind the tile's own.

    Memory that is used again holds what an earlier case left there; with another number that is no right result.
    """
    whole = source.memory.nbytes // DTYPES[dtype] * DTYPES[dtype]
    tiles.stamp(source.memory[:whole].view(tiles.stored(dtype)), dtype, generation)


def build(case: Case, source: Source) -> Input:
    """Build the input of a case: an array, or a tensor on the CPU with the same strides."""
    built = _BUILDERS[source](_laid_out(case), case.source_dtype)
    if case.layout == "requires_grad":
        built.source.requires_grad_()
    return built


class InputCache:
    """The inputs of recent cases, dropped in order of last use when they hold more than `budget_bytes`."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._inputs: OrderedDict[tuple[str, str, int, Source], Input] = OrderedDict()

    def get(self, case: Case, source: Source) -> Input:
        """Return the input of a case, built at most once while it stays in the cache."""
        key = (case.source_dtype, case.layout, case.nbytes, source)
        found = self._inputs.pop(key, None)
        if found is None:
            self._make_room(case.nbytes)
            found = build(case, source)
        self._inputs[key] = found
        return found

    def _make_room(self, nbytes: int) -> None:
        held = sum(one.memory.nbytes for one in self._inputs.values())
        while self._inputs and held + nbytes > self._budget_bytes:
            held -= self._inputs.popitem(last=False)[1].memory.nbytes


def halves(elements: int) -> tuple[int, int]:
    """Split a number of elements into rows and columns, as square as its power-of-two factors allow."""
    rows = 1
    while rows * 2 <= isqrt(elements) and elements % (rows * 2) == 0:
        rows *= 2
    return rows, elements // rows


def thirds(elements: int) -> tuple[int, int, int]:
    """Split a number of elements into three lengths, the first about its cube root."""
    first = 1
    while first**3 * 8 <= elements and elements % (first * 2) == 0:
        first *= 2
    return first, *halves(elements // first)


def images(elements: int, channels: int = _CHANNELS) -> tuple[int, int, int, int]:
    """Split a number of elements into a batch of NHWC images of some channels and at most 128 x 128 pixels."""
    channels = min(channels, elements)
    height, width = halves(min(elements // channels, _IMAGE_SIDE * _IMAGE_SIDE))
    return elements // (channels * height * width), height, width, channels


def _laid_out(case: Case) -> tuple[Array, Array]:
    """Return the owner of the memory and the view of it that has the layout."""
    return _LAYOUTS.get(case.layout, _c)(case.elements, case.source_dtype)


def _c(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    return owner, owner[:]


def _f(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    return owner, owner.reshape(halves(elements)).T


def _sliced(elements: int, dtype: str) -> tuple[Array, Array]:
    rows, columns = halves(elements)
    owner = tiles.values(rows * (columns + _SLICE_MARGIN), dtype)
    half = _SLICE_MARGIN // 2
    return owner, owner.reshape(rows, -1)[:, half : half + columns]


def _strided(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(2 * elements, dtype)
    return owner, owner[::2]


def _reversed(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    return owner, owner[::-1]


def _nhwc_as_nchw(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    return owner, owner.reshape(images(elements)).transpose(0, 3, 1, 2)


def _broadcast(elements: int, dtype: str) -> tuple[Array, Array]:
    rows, columns = halves(elements)
    owner = tiles.values(columns, dtype)
    return owner, np.broadcast_to(owner, (rows, columns))


def _misaligned(elements: int, dtype: str) -> tuple[Array, Array]:
    content = tiles.values(elements, dtype)
    owner = np.zeros(content.nbytes + 1, np.uint8)
    owner[1:] = content.view(np.uint8)
    return owner, owner[1:].view(content.dtype)


def _readonly(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    view = owner[:]
    view.flags.writeable = False
    return owner, view


def _bigendian(elements: int, dtype: str) -> tuple[Array, Array]:
    native = tiles.values(elements, dtype)
    owner = native.astype(native.dtype.newbyteorder(">"))
    return owner, owner[:]


def _channels_reversed(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    return owner, owner.reshape(images(elements, _CHANNELS if elements % 3 else 3))[..., ::-1]


def _features_as_nchw(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    return owner, owner.reshape(images(elements, _FEATURES)).transpose(0, 3, 1, 2)


def _sliced_t(elements: int, dtype: str) -> tuple[Array, Array]:
    owner, view = _sliced(elements, dtype)
    return owner, view.T


def _f_3d(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(elements, dtype)
    return owner, owner.reshape(thirds(elements)).T


def _strided8(elements: int, dtype: str) -> tuple[Array, Array]:
    owner = tiles.values(8 * elements, dtype)
    return owner, owner[::8]


def _windows(elements: int, dtype: str) -> tuple[Array, Array]:
    width = min(_WINDOW, elements)
    owner = tiles.values(elements // width + width - 1, dtype)
    return owner, np.lib.stride_tricks.sliding_window_view(owner, width)


_LAYOUTS: Final[dict[str, Callable[[int, str], tuple[Array, Array]]]] = {
    "C": _c,
    "F": _f,
    "sliced": _sliced,
    "strided": _strided,
    "reversed": _reversed,
    "nhwc_as_nchw": _nhwc_as_nchw,
    "broadcast": _broadcast,
    "misaligned": _misaligned,
    "readonly": _readonly,
    "bigendian": _bigendian,
    "channels_reversed": _channels_reversed,
    "features_as_nchw": _features_as_nchw,
    "sliced_T": _sliced_t,
    "F_3d": _f_3d,
    "strided8": _strided8,
    "windows": _windows,
}


def _as_array(laid_out: tuple[Array, Array], dtype: str) -> Input:
    owner, view = laid_out
    source = view.view(_ml_bfloat16()) if dtype == "bfloat16" else view
    return _input(source, view, owner.view(np.uint8))


def _as_tensor(laid_out: tuple[Array, Array], dtype: str) -> Input:
    owner, view = laid_out
    first = _address(view) - _address(owner)
    buffer = torch.empty(owner.nbytes, dtype=torch.uint8)
    memory: Array = buffer.numpy()
    memory[:] = owner.view(np.uint8)
    strides = tuple(stride // view.itemsize for stride in view.strides)
    tensor = buffer.view(getattr(torch, dtype)).as_strided(view.shape, strides, first // view.itemsize)
    reference = np.ndarray(view.shape, view.dtype, memory, first, view.strides)
    return _input(tensor, reference, memory)


_BUILDERS: Final = {"array": _as_array, "tensor": _as_tensor}


def _input(source: object, reference: Array, memory: Array) -> Input:
    first_byte = _address(reference) - _address(memory)
    return Input(source=source, reference=reference, memory=memory, first_byte=first_byte)


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _ml_bfloat16() -> np.dtype[Any]:
    import ml_dtypes  # noqa: PLC0415  optional: cases that need it are skipped where it is missing

    known: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return known
