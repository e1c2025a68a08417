"""Presets: which blocks of the matrix a session measures, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .cases import BATCHES, CASTS, DTYPES, LAYOUTS, SIZES, TENSOR_STATES, Case, Family, Grid

_SHARE: Final[tuple[Family, ...]] = ("share",)
_COPY: Final[tuple[Family, ...]] = ("copy", "copy_into")
_DIRECT: Final[tuple[Family, ...]] = (*_SHARE, *_COPY)
_SHAPED: Final[tuple[Family, ...]] = ("stack", "preprocess")
_TRANSFER: Final[tuple[Family, ...]] = ("h2d", "d2h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Blocks of the matrix and the number of passes over them."""

    grids: tuple[Grid, ...]
    passes: int

    def cases(self, path: str, family: Family) -> list[Case]:
        """Return the preset's cases of one path, each once, in the order of the blocks."""
        return list(dict.fromkeys(case for grid in self.grids for case in grid.cases(path, family)))


_QUICK: Final = (
    Grid(families=("limit",), sizes=("64B", "4KiB", "64KiB", "1MiB", "16MiB", "64MiB"), dtypes=("uint8",)),
    Grid(families=_DIRECT, sizes=("64B", "4KiB", "64KiB", "1MiB", "16MiB", "64MiB")),
    Grid(families=_COPY, sizes=("64MiB",), threads=("allt",)),
    Grid(families=("share", "copy"), sizes=("1MiB",), dtypes=("uint8", "float64")),
    Grid(families=("share", "copy"), sizes=("1MiB",), layouts=("F", "strided", "reversed", "readonly")),
    Grid(families=("cast",), sizes=("4KiB", "1MiB", "64MiB"), dtypes=("float64>float32", "uint8>float32")),
    Grid(families=("order",), sizes=("1MiB",), layouts=("F",)),
    Grid(families=_SHAPED, sizes=("4KiB", "1MiB")),
    Grid(families=_TRANSFER, sizes=("4KiB", "1MiB", "64MiB")),
)

_RELAID: Final = ("F", "sliced_T", "F_3d", "nhwc_as_nchw")
#: A copy of 1 GiB takes up to a second: a question for `--preset full` and for the studies; 24 MiB is an image's size.
_ALL_SIZES: Final = tuple(size for size in SIZES if size not in {"24MiB", "1GiB"})

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
    Grid(families=_TRANSFER, sizes=("4KiB", "64KiB", "1MiB", "16MiB", "64MiB", "256MiB")),
)

_FULL: Final = (
    Grid(families=("limit",), sizes=tuple(SIZES), dtypes=("uint8",)),
    Grid(families=_DIRECT, sizes=tuple(SIZES), dtypes=tuple(DTYPES), layouts=LAYOUTS, threads=("1t", "allt")),
    Grid(families=_DIRECT, sizes=("64B", "4KiB", "1MiB"), layouts=TENSOR_STATES),
    Grid(families=("order",), sizes=tuple(SIZES), dtypes=tuple(DTYPES), layouts=_RELAID, threads=("1t", "allt")),
    Grid(families=("cast",), sizes=_ALL_SIZES, dtypes=CASTS, layouts=LAYOUTS, threads=("1t", "allt")),
    Grid(families=_SHAPED, sizes=_ALL_SIZES, dtypes=("uint8", "float32", "float64"), threads=("1t", "allt")),
    Grid(families=("stack",), sizes=_ALL_SIZES, layouts=tuple(BATCHES), threads=("1t", "allt")),
    Grid(families=_TRANSFER, sizes=_ALL_SIZES, dtypes=tuple(DTYPES), layouts=LAYOUTS),
)

#: Six passes are what an interval needs: the range of six medians covers the true one in 97 % of sessions.
PASSES_FOR_INTERVAL: Final = 6

PRESETS: Final[dict[str, Preset]] = {
    "quick": Preset(grids=_QUICK, passes=3),
    "standard": Preset(grids=_STANDARD, passes=PASSES_FOR_INTERVAL),
    "full": Preset(grids=_FULL, passes=PASSES_FOR_INTERVAL),
}
