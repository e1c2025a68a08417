"""Presets: which blocks of the matrix a session measures, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .cases import BATCHES, CASTS, DTYPES, LAYOUTS, SIZES, TENSOR_STATES, Case, Family, Grid

_SHARE: Final[tuple[Family, ...]] = ("share",)
_COPY: Final[tuple[Family, ...]] = ("copy", "copy_into")
_DIRECT: Final[tuple[Family, ...]] = (*_SHARE, *_COPY)
_SHAPED: Final[tuple[Family, ...]] = ("stack", "preprocess")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Blocks of the matrix, the number of passes over them, and the device that they are about."""

    grids: tuple[Grid, ...]
    passes: int
    device: str = "cpu"

    def cases(self, path: str, family: Family) -> list[Case]:
        """Return the preset's cases of one path, each once, in the order of the blocks."""
        return list(dict.fromkeys(case for grid in self.grids for case in grid.cases(path, family)))


_STACK_CASTS: Final = ("float64>float32", "uint8>float32")
_COLLATES: Final = ("default_collate", "bridge.stack")
#: A spawned worker loads torch before its first batch, and two workers start at once: seconds a case and pass.
_QUICK_FEEDS: Final = tuple(f"loader.{collate}.{how}" for collate in _COLLATES for how in ("workers0", "fork1"))
_FORKED_FEEDS: Final = (*_QUICK_FEEDS, *(f"loader.{collate}.fork2" for collate in _COLLATES))

_QUICK: Final = (
    Grid(families=("limit",), sizes=("64B", "4KiB", "64KiB", "1MiB", "16MiB", "64MiB"), dtypes=("uint8",)),
    Grid(families=_DIRECT, sizes=("64B", "4KiB", "64KiB", "1MiB", "16MiB", "64MiB")),
    Grid(families=_COPY, sizes=("64MiB",), threads=("allt",)),
    Grid(families=("share", "copy"), sizes=("1MiB",), dtypes=("uint8", "float64")),
    Grid(families=("share", "copy"), sizes=("1MiB",), layouts=("F", "strided", "reversed", "readonly")),
    Grid(families=("cast",), sizes=("4KiB", "1MiB", "64MiB"), dtypes=("float64>float32", "uint8>float32")),
    Grid(families=("order",), sizes=("1MiB",), layouts=("F",)),
    Grid(families=_SHAPED, sizes=("4KiB", "1MiB")),
    Grid(families=("stack",), sizes=("1MiB",), layouts=("items4KiB",)),
    Grid(families=("held",), sizes=("1MiB",)),
    Grid(families=("held",), sizes=("64MiB",), paths=("torch.tensor.held", "bridge.as_tensor.copy.held")),
    Grid(families=("small_pages",), sizes=("64MiB",)),
    Grid(families=("stack_cast",), sizes=("1MiB",), dtypes=_STACK_CASTS, layouts=("items4KiB",)),
    Grid(families=("feed",), sizes=("16MiB",), layouts=("items64KiB",), paths=_QUICK_FEEDS),
)

_RELAID: Final = ("F", "sliced_T", "F_3d", "nhwc_as_nchw")
#: A copy of 1 GiB takes up to a second: a question for `--preset full` and for the studies; 24 MiB is an image's size,
#: 2 MiB a question of transfers.
_ALL_SIZES: Final = tuple(size for size in SIZES if size not in {"2MiB", "24MiB", "1GiB"})

_STANDARD: Final = (
    Grid(families=("limit",), sizes=(*_ALL_SIZES, "24MiB"), dtypes=("uint8",)),
    Grid(families=_DIRECT, sizes=_ALL_SIZES),
    Grid(families=_DIRECT, sizes=("64B", "64KiB", "16MiB"), dtypes=tuple(DTYPES)),
    Grid(families=("share", "copy"), sizes=("4KiB", "1MiB", "32MiB"), layouts=LAYOUTS),
    Grid(families=_COPY, sizes=("4KiB", "1MiB", "16MiB", "64MiB"), threads=("allt",)),
    Grid(families=("cast",), sizes=("4KiB", "1MiB", "64MiB"), dtypes=CASTS),
    Grid(families=("cast",), sizes=("64MiB",), dtypes=("float64>float32",), threads=("allt",)),
    Grid(families=_SHAPED, sizes=("4KiB", "64KiB", "1MiB", "16MiB")),
    Grid(families=_DIRECT, sizes=("64B",), layouts=("F", "readonly", "reversed", "bigendian", "requires_grad")),
    Grid(families=("order",), sizes=("4KiB", "1MiB", "16MiB"), layouts=_RELAID),
    Grid(families=("order",), sizes=("64MiB",), layouts=("F", "sliced_T", "F_3d")),
    Grid(families=("copy",), sizes=("64MiB",), layouts=("F", "features_as_nchw")),
    Grid(families=("copy",), sizes=("24MiB",), dtypes=("uint8",), layouts=("channels_reversed",)),
    Grid(families=("stack",), sizes=("4KiB",), layouts=("items64B",)),
    Grid(families=("stack",), sizes=("1MiB",), layouts=("items512B", "items4KiB")),
    Grid(families=("stack",), sizes=("32MiB",), layouts=("items512KiB",), threads=("1t", "allt")),
    Grid(families=("preprocess",), sizes=("64MiB",), threads=("1t", "allt")),
    Grid(families=("held",), sizes=("1MiB", "32MiB", "64MiB")),
    Grid(families=("small_pages",), sizes=("32MiB", "64MiB")),
    Grid(families=("stack_cast",), sizes=("1MiB",), dtypes=_STACK_CASTS, layouts=("items4KiB",)),
    Grid(families=("stack_cast",), sizes=("16MiB",), dtypes=_STACK_CASTS, layouts=("items512KiB",)),
    Grid(families=("feed",), sizes=("16MiB",), layouts=("items64KiB",)),
    Grid(families=("feed",), sizes=("32MiB",), layouts=("items512KiB",), paths=_FORKED_FEEDS),
)

#: Below, a freed block is taken again, and whose pages it has is a matter of luck.
_FROM_32MIB: Final = ("32MiB", "64MiB", "256MiB")
#: Eight blocks of 4 to 31 MiB come from the heap and, given back, lie there as one: larger copies after them would be
#: made of warm pages, in those passes that happen to have this order.
_HELD_SIZES: Final = ("64B", "4KiB", "64KiB", "1MiB", *_FROM_32MIB)

_FULL: Final = (
    Grid(families=("limit",), sizes=tuple(SIZES), dtypes=("uint8",)),
    Grid(families=_DIRECT, sizes=tuple(SIZES), dtypes=tuple(DTYPES), layouts=LAYOUTS, threads=("1t", "allt")),
    Grid(families=_DIRECT, sizes=("64B", "4KiB", "1MiB"), layouts=TENSOR_STATES),
    Grid(families=("order",), sizes=tuple(SIZES), dtypes=tuple(DTYPES), layouts=_RELAID, threads=("1t", "allt")),
    Grid(families=("cast",), sizes=_ALL_SIZES, dtypes=CASTS, layouts=LAYOUTS, threads=("1t", "allt")),
    Grid(families=_SHAPED, sizes=_ALL_SIZES, dtypes=("uint8", "float32", "float64"), threads=("1t", "allt")),
    Grid(families=("stack",), sizes=_ALL_SIZES, layouts=tuple(BATCHES), threads=("1t", "allt")),
    Grid(families=("held",), sizes=_HELD_SIZES, dtypes=("uint8", "float32"), layouts=LAYOUTS),
    Grid(families=("small_pages",), sizes=_FROM_32MIB, dtypes=("uint8", "float32"), layouts=LAYOUTS),
    Grid(families=("stack_cast",), sizes=_ALL_SIZES, dtypes=_STACK_CASTS, layouts=("C", *BATCHES)),
    Grid(families=("feed",), sizes=("16MiB", "64MiB"), layouts=("items64KiB", "items512KiB")),
)

#: Dense where torch's own copy and the ring overtake each other.
_CURVE: Final = ("4KiB", "16KiB", "64KiB", "256KiB", "1MiB", "2MiB", "4MiB", "16MiB", "64MiB", "256MiB", "1GiB")
#: A GiB is for the usual call, for what is fastest and for its limit: more would not fit into eight minutes.
_TO_A_GIB: Final = ("h2d.pageable", "h2d.pin_warm", "h2d.pinned", "h2d.ring", "bridge.as_tensor.cuda")
_FROM_A_GIB: Final = ("d2h.cpu", "d2h.nb", "d2h.ring", "bridge.as_array.cuda")
_TO_256MIB: Final = ("h2d.pageable_nb", "h2d.tensor_dev", "h2d.tensor_then_to", "h2d.stage", "h2d.register_once")
_FROM_256MIB: Final = ("d2h.out_pinned", "d2h.out_pageable", "d2h.strided")
#: What pins memory anew at each call takes a second a GiB.
_TO_64MIB: Final = ("h2d.pin_cold", "h2d.register_each", "h2d.ring1")
_FROM_ANY_LAYOUT: Final = ("h2d.pageable", "h2d.ascontiguous", "bridge.as_tensor.cuda")
_TO_ANY_LAYOUT: Final = ("d2h.cpu", "d2h.strided", "bridge.as_array.cuda")
_ENGINE: Final = ("ref.dma_h2d", "ref.dma_d2h", "ref.dma_bidir")
_HOST_COPIES: Final = ("ref.memcpy_2", "ref.memcpy_4", "ref.memcpy_8", "ref.memcpy_16")

_GPU: Final = (
    Grid(families=("limit",), sizes=("64B", *_CURVE), dtypes=("uint8",)),
    Grid(families=("link",), sizes=_CURVE, paths=_ENGINE),
    Grid(families=("link",), sizes=("64B",), paths=("ref.launch",)),
    Grid(families=("link",), sizes=("4MiB", "64MiB", "256MiB"), paths=_HOST_COPIES),
    Grid(families=("h2d",), sizes=_CURVE, paths=_TO_A_GIB),
    Grid(families=("h2d",), sizes=_CURVE[:-1], paths=_TO_256MIB),
    Grid(families=("h2d",), sizes=_CURVE[:-2], paths=_TO_64MIB),
    Grid(families=("h2d",), sizes=("1MiB", "64MiB", "256MiB"), threads=("allt",), paths=("h2d.pin_warm",)),
    Grid(
        families=("h2d",),
        sizes=("64MiB",),
        layouts=("C", "F", "sliced", "strided", "strided8", "reversed", "broadcast", "windows"),
        paths=_FROM_ANY_LAYOUT,
    ),
    Grid(families=("h2d_cast",), sizes=("64MiB",), dtypes=("uint8>float32", "float64>float32", "float32>float16")),
    Grid(families=("many",), sizes=("4MiB",), layouts=("items4KiB", "items64KiB")),
    Grid(families=("many",), sizes=("16MiB",), layouts=("items1MiB",)),
    Grid(families=("d2h",), sizes=_CURVE, paths=_FROM_A_GIB),
    Grid(families=("d2h",), sizes=_CURVE[:-1], paths=_FROM_256MIB),
    Grid(families=("d2h",), sizes=("64MiB",), layouts=("F", "strided"), paths=_TO_ANY_LAYOUT),
    Grid(families=("overlap",), sizes=("64MiB", "256MiB")),
    Grid(families=("ring",), sizes=("256MiB",)),
)

#: Six passes are what an interval needs: the range of six medians covers the true one in 97 % of sessions.
PASSES_FOR_INTERVAL: Final = 6

PRESETS: Final[dict[str, Preset]] = {
    "quick": Preset(grids=_QUICK, passes=3),
    "standard": Preset(grids=_STANDARD, passes=PASSES_FOR_INTERVAL),
    "full": Preset(grids=_FULL, passes=PASSES_FOR_INTERVAL),
    "gpu": Preset(grids=_GPU, passes=PASSES_FOR_INTERVAL, device="cuda"),
}
