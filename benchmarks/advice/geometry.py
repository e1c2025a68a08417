"""How an array of any shape lies in memory under a layout's word, and which word suits strides that are there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from benchmarks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Layouts that lie in memory like C; what makes them another layout are the array's flags and dtype.
LIKE_C: Final = frozenset({"C", "readonly", "misaligned", "bigendian"})
#: The word for strides that no layout of the matrix has: there are no records of them.
OTHER: Final = "other"
_MARGIN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A shape and its strides in bytes."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int

    @property
    def elements(self) -> int:
        """How many elements are seen."""
        return _product(self.shape)

    @property
    def first_byte(self) -> int:
        """Where the first element starts, counted from the lowest byte that is reached."""
        return -sum(min(0, stride * (length - 1)) for length, stride in self._axes)

    @property
    def span_bytes(self) -> int:
        """The bytes from the lowest one that is reached to the highest."""
        reach = sum(max(0, stride * (length - 1)) for length, stride in self._axes)
        return self.first_byte + reach + self.itemsize

    @property
    def _axes(self) -> list[tuple[int, int]]:
        return list(zip(self.shape, self.strides, strict=True))

    def coalesced(self) -> tuple[tuple[int, int], ...]:
        """Return the axes that a copy has to walk over: (length, stride), those that continue each other as one."""
        axes: list[tuple[int, int]] = []
        for length, stride in self._axes:
            if length == 1:
                continue
            if axes and axes[-1][1] == stride * length:
                axes[-1] = (axes[-1][0] * length, stride)
            else:
                axes.append((length, stride))
        return tuple(axes)


def laid_out(shape: tuple[int, ...], layout: str, itemsize: int) -> Geometry:
    """Return the geometry of a shape under a layout's word.

    Raises:
        UsageError: there is no such layout, or an array of that shape cannot have it; the message says what it needs.
    """
    make = _LAYOUTS.get(layout)
    if make is None:
        raise UsageError(f"--layout {layout!r} is none that an array of any shape can have; choose {', '.join(WORDS)}")
    if len(shape) not in _AXES.get(layout, range(1, 65)):
        needs = _NEEDS[layout]
        raise UsageError(f"--layout {layout} needs {needs}, and the shape {_text(shape)} has {len(shape)}")
    return Geometry(shape=shape, strides=make(shape, itemsize), itemsize=itemsize)


def word_for(geometry: Geometry) -> str:
    """Return the layout's word for strides that are there, `OTHER` where no layout of the matrix has such."""
    axes, size = geometry.coalesced(), geometry.itemsize
    if not axes or axes == ((geometry.elements, size),):
        return "C"
    words = (word for word in _TRIED if len(geometry.shape) in _AXES.get(word, range(1, 65)))
    return next((word for word in words if _lies_like(geometry, word)), _loose_word(axes))


def _lies_like(geometry: Geometry, word: str) -> bool:
    made = laid_out(geometry.shape, word, geometry.itemsize)
    return made.coalesced() == geometry.coalesced()


def _loose_word(axes: Sequence[tuple[int, int]]) -> str:
    """Return the word that refusals go by, for strides that are those of no layout exactly."""
    if any(stride < 0 for _, stride in axes):
        return "reversed"
    return "broadcast" if any(stride == 0 for _, stride in axes) else OTHER


def _dense(shape: Sequence[int], step: int) -> tuple[int, ...]:
    """Return the strides of C order, the last axis with a step of its own."""
    return tuple(reversed(list(accumulate(reversed(shape[1:]), int.__mul__, initial=step)))) if shape else ()


def _f(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(reversed(_dense(shape[::-1], size)))


def _sliced(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return _dense((*shape[:-1], shape[-1] + _MARGIN), size)


def _reversed(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    dense = _dense(shape, size)
    return (*dense[:-1], -dense[-1])


def _nhwc_as_nchw(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    batch, channels, height, width = shape
    image, row, pixel, channel = _dense((batch, height, width, channels), size)
    return image, channel, row, pixel


def _broadcast(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return (0, *_dense(shape[1:], size))


_LAYOUTS: Final[dict[str, Callable[[tuple[int, ...], int], tuple[int, ...]]]] = {
    **dict.fromkeys(sorted(LIKE_C), _dense),
    "F": _f,
    "sliced": _sliced,
    "sliced_T": lambda shape, size: tuple(reversed(_sliced(shape[::-1], size))),
    "strided": lambda shape, size: _dense(shape, 2 * size),
    "strided8": lambda shape, size: _dense(shape, 8 * size),
    "reversed": _reversed,
    "nhwc_as_nchw": _nhwc_as_nchw,
    "broadcast": _broadcast,
}
#: The layouts that an array of any shape can be asked to have.
WORDS: Final = tuple(_LAYOUTS)
#: Which numbers of axes make sense for a layout, where not all do, and how an error says so.
_AXES: Final = {"nhwc_as_nchw": (4,), "F": range(2, 65), "sliced": range(2, 65), "sliced_T": range(2, 65)}
_AXES["broadcast"] = range(2, 65)
_NEEDS: Final = {**dict.fromkeys(_AXES, "two axes or more"), "nhwc_as_nchw": "four axes (batch, channels, y, x)"}
_TRIED: Final = ("F", "nhwc_as_nchw", "sliced", "sliced_T", "strided", "strided8", "reversed", "broadcast")


def _product(shape: Sequence[int]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def _text(shape: tuple[int, ...]) -> str:
    return ",".join(map(str, shape))
