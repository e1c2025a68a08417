"""The case matrix: axes, presets and `Case`.

Axes are constants of the checkout. Nothing here depends on what is installed, because asv passes parameters by
position: an axis that shrinks where a package is missing would give one case's time to another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal, get_args

#: Raised by hand whenever a case keeps its id but changes its meaning (inputs, sampling, what is called).
CASE_VERSION: Final = "1"

Family = Literal[
    "limit",
    "share",
    "copy",
    "order",
    "copy_into",
    "held",
    "small_pages",
    "cast",
    "stack",
    "stack_cast",
    "feed",
    "preprocess",
    "link",
    "h2d",
    "h2d_cast",
    "many",
    "d2h",
    "overlap",
    "ring",
]
Threads = Literal["1t", "allt"]

FAMILIES: Final[tuple[Family, ...]] = get_args(Family)
#: Families whose paths need a device: `link` is their limit, `ring` the geometries of bridge's ring.
TRANSFERS: Final[frozenset[Family]] = frozenset({"link", "h2d", "h2d_cast", "many", "d2h", "overlap", "ring"})

#: Families that take a list of arrays.
LISTS: Final[frozenset[Family]] = frozenset({"stack", "stack_cast", "feed", "many"})
#: Families whose dtype has two sides.
CAST_FAMILIES: Final[frozenset[Family]] = frozenset({"cast", "stack_cast", "h2d_cast"})
#: So many results stay where they are held: as many as a DataLoader of four workers fetches ahead.
HELD: Final = 8

#: What bridge's own paths are called.
OURS: Final = "bridge."

KIB: Final = 1024
MIB: Final = 1024 * KIB

#: The size at which everything about a transfer is looked at: copies over the link, casts, layouts, memory.
MIDDLE_BYTES: Final = 64 * MIB

#: 31 and 32 MiB stand on the two sides of glibc's largest dynamic mmap threshold: from 32 MiB on, each fresh block
#: is a new mapping whose pages all fault. 24 MiB are an image of 2048 x 4096 pixels of three bytes.
SIZES: Final[dict[str, int]] = {
    "64B": 64,
    "512B": 512,
    "4KiB": 4 * KIB,
    "16KiB": 16 * KIB,
    "64KiB": 64 * KIB,
    "256KiB": 256 * KIB,
    "1MiB": MIB,
    "2MiB": 2 * MIB,
    "4MiB": 4 * MIB,
    "16MiB": 16 * MIB,
    "24MiB": 24 * MIB,
    "31MiB": 31 * MIB,
    "32MiB": 32 * MIB,
    "64MiB": 64 * MIB,
    "256MiB": 256 * MIB,
    "1GiB": 1024 * MIB,
}
_SIZE_NAMES: Final = {size_bytes: name for name, size_bytes in SIZES.items()}

DTYPES: Final[dict[str, int]] = {
    "uint8": 1,
    "int32": 4,
    "int64": 8,
    "float16": 2,
    "float32": 4,
    "float64": 8,
    "bool": 1,
    "complex64": 8,
    "bfloat16": 2,
}

CASTS: Final[tuple[str, ...]] = (
    "float64>float32",
    "float32>float64",
    "uint8>float32",
    "float32>float16",
    "float16>float32",
    "bool>float32",
    "int64>float32",
    "float32>bfloat16",
)

LAYOUTS: Final[tuple[str, ...]] = (
    "C",
    "F",
    "sliced",
    "strided",
    "reversed",
    "nhwc_as_nchw",
    "broadcast",
    "misaligned",
    "readonly",
    "bigendian",
)
#: Layouts that a tensor can have; the others are properties of NumPy arrays alone.
TENSOR_LAYOUTS: Final = frozenset({"C", "F", "sliced", "strided", "nhwc_as_nchw", "broadcast"})
#: Arrays whose copy is slow if it is made element by element in the obvious order, or which show more or less than
#: lies under them: every eighth element, windows of 64 elements over each other.
HARD_LAYOUTS: Final[tuple[str, ...]] = (
    "channels_reversed",
    "features_as_nchw",
    "sliced_T",
    "F_3d",
    "strided8",
    "windows",
)
#: What only a tensor can be; it lies in memory like C.
TENSOR_STATES: Final = ("requires_grad",)
#: Batches for the stack family, by the bytes of one array: 64 rows of 16 floats are ``items64B`` at 4 KiB.
BATCHES: Final[dict[str, int]] = {
    "items64B": 64,
    "items512B": 512,
    "items4KiB": 4 * KIB,
    "items64KiB": 64 * KIB,
    "items512KiB": 512 * KIB,
    "items1MiB": MIB,
}

THREADS: Final[tuple[Threads, ...]] = get_args(Threads)


def size_name(size_bytes: int) -> str:
    """Return the word for a size of the matrix: ``size_name(64 * MIB) == "64MiB"``.

    Raises:
        ValueError: the size is none of the matrix.
    """
    try:
        return _SIZE_NAMES[size_bytes]
    except KeyError:
        raise ValueError(f"{size_bytes} bytes is no size of the matrix; it has {', '.join(SIZES)}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One point of the matrix: path x dtype x layout x bytes x threads.

    Its id never changes meaning; what an id stands for is versioned by `CASE_VERSION`. `nbytes` is the payload of the
    source in bytes, counted once: elements times item size, whatever the strides.
    """

    path: str
    dtype: str
    layout: str
    nbytes: int
    threads: Threads

    def __post_init__(self) -> None:
        """Refuse what is no point of the axes, naming the axis and its values."""
        _one_of("dtype", self.dtype, (*DTYPES, *CASTS))
        _one_of("layout", self.layout, (*LAYOUTS, *HARD_LAYOUTS, *TENSOR_STATES, *BATCHES))
        _one_of("threads", self.threads, THREADS)
        size_name(self.nbytes)

    @property
    def id(self) -> str:
        """The name of this case, such as ``torch.tensor/float32/C/64MiB/1t``."""
        return f"{self.path}/{self.dtype}/{self.layout}/{size_name(self.nbytes)}/{self.threads}"

    @property
    def source_dtype(self) -> str:
        """The dtype of the source; the left side of a cast."""
        return self.dtype.partition(">")[0]

    @property
    def target_dtype(self) -> str:
        """The dtype of the result; the right side of a cast."""
        return self.dtype.rpartition(">")[2]

    @property
    def elements(self) -> int:
        """How many elements the source has."""
        return self.nbytes // DTYPES[self.source_dtype]

    @classmethod
    def parse(cls, text: str) -> Case:
        """Read an id back.

        Raises:
            ValueError: the text is no case id; the message says which part is wrong.
        """
        parts = text.split("/")
        if len(parts) != 5:
            raise ValueError(f"{text!r} is no case id: expected path/dtype/layout/size/threads")
        path, dtype, layout, size, threads = parts
        _one_of("size", size, tuple(SIZES))
        _one_of("threads", threads, THREADS)
        return cls(
            path=path, dtype=dtype, layout=layout, nbytes=SIZES[size], threads="1t" if threads == "1t" else "allt"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """The geometry of a ring: how large a slot is, how many threads there are, and how many slots each has."""

    slot_bytes: int
    threads: int
    slots: int

    @property
    def name(self) -> str:
        """The geometry as the name of a path: ``ring.4MiB.8x2``."""
        return f"ring.{self.slot_bytes // MIB}MiB.{self.threads}x{self.slots}"

    @property
    def pinned_bytes(self) -> int:
        """What the slots of all threads hold together."""
        return self.slot_bytes * self.threads * self.slots

    @classmethod
    def parse(cls, path: str) -> Geometry | None:
        """Read the name of a path back; None where it is not that of a geometry."""
        found = re.fullmatch(r"ring\.(\d+)MiB\.(\d+)x(\d+)", path)
        if found is None:
            return None
        return cls(slot_bytes=int(found[1]) * MIB, threads=int(found[2]), slots=int(found[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A block of the matrix: the full product of its axes, for the paths of its families, or for the `paths` named."""

    families: tuple[Family, ...]
    sizes: tuple[str, ...]
    dtypes: tuple[str, ...] = ("float32",)
    layouts: tuple[str, ...] = ("C",)
    threads: tuple[Threads, ...] = ("1t",)
    paths: tuple[str, ...] = ()

    def cases(self, path: str, family: Family) -> list[Case]:
        """Return this block's cases of one path; none when the block is not about its family."""
        if family not in self.families or (self.paths and path not in self.paths):
            return []
        return [
            Case(path=path, dtype=dtype, layout=layout, nbytes=SIZES[size], threads=threads)
            for dtype, layout, size, threads in product(self.dtypes, self.layouts, self.sizes, self.threads)
        ]


def _one_of(axis: str, value: str, values: tuple[str, ...]) -> None:
    if value not in values:
        raise ValueError(f"{value!r} is no {axis} of the matrix; it has {', '.join(values)}")
