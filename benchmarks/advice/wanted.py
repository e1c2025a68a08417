"""What is to be converted: the array or tensor, what the result has to be, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from benchmarks.errors import UsageError
from benchmarks.suite.cases import DTYPES

from .geometry import Geometry, laid_out, word_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.suite.cases import Threads
    from benchmarks.suite.registry import Source

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A conversion that is asked about.

    `geometry` and `layout` say how the source lies, `flags` what a word for strides
    does not say: bigendian, misaligned, readonly. `to` is the dtype of the result. With `mutate` the result is
    written to, or the source changes later, so the result has to have memory of its own. `reuse` is how often arrays of
    this shape are converted, one result living at a time. `threads` is how many torch may use.
    """

    geometry: Geometry
    dtype: str
    to: str
    layout: str = "C"
    flags: frozenset[str] = frozenset()
    source: Source = "array"
    device: str = "cpu"
    reuse: int = 1
    mutate: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse what no path can be asked for, with the value and what can be."""
        for option, dtype in (("--dtype", self.dtype), ("--to", self.to)):
            if dtype not in DTYPES:
                raise UsageError(f"{option} {dtype!r} is no dtype of the suite; choose one of {', '.join(DTYPES)}")
        if re.fullmatch(r"cpu|cuda(:\d+)?", self.device) is None:
            raise UsageError(f"there is no device {self.device!r}; choose cpu, cuda or cuda:N")
        for option, number in (("--reuse", self.reuse), ("--threads", self.threads)):
            if number < 1:
                raise UsageError(f"{option} {number} makes no sense; it is 1 or more")
        if self.geometry.elements == 0:
            raise UsageError(f"the shape {self.geometry.shape} has no elements: there is nothing to convert")
        if self.source == "tensor" and self.device != "cpu" and self.casts:
            raise UsageError(
                f"no path brings a tensor home from {self.device} in another dtype ({self.dtypes}); "
                "ask without --to, and then about the array that comes home"
            )

    @property
    def casts(self) -> bool:
        """Whether the result has another dtype."""
        return self.dtype != self.to

    @property
    def dtypes(self) -> str:
        """The dtype as a case's id has it: ``uint8>float32`` for a cast."""
        return f"{self.dtype}>{self.to}" if self.casts else self.dtype

    @property
    def payload_bytes(self) -> int:
        """Elements times item size of the source."""
        return self.geometry.elements * DTYPES[self.dtype]

    @property
    def result_bytes(self) -> int:
        """Elements times item size of the result."""
        return self.geometry.elements * DTYPES[self.to]

    @property
    def thread_word(self) -> Threads:
        """The word that records have for the number of threads."""
        return "1t" if self.threads == 1 else "allt"


def described(*, shape: str, dtype: str, to: str | None, layout: str = "C", **more: Any) -> Wanted:  # noqa: ANN401  the fields of Wanted
    """Return what options describe: ``shape="32,3,224,224"``, dtypes and a layout by their words.

    Raises:
        UsageError: one of them cannot be; the message says what can.
    """
    if re.fullmatch(r"\d+(,\d+)*", shape) is None:
        raise UsageError(f"--shape {shape!r} is no shape; write it as 32,3,224,224")
    if dtype not in DTYPES:
        raise UsageError(f"--dtype {dtype!r} is no dtype of the suite; choose one of {', '.join(DTYPES)}")
    if layout in {"misaligned", "bigendian"} and DTYPES[dtype] == 1:
        raise UsageError(f"--layout {layout} makes no sense for {dtype}, whose elements are single bytes")
    lengths = tuple(map(int, shape.split(",")))
    geometry, flags = laid_out(lengths, layout, DTYPES[dtype]), frozenset({layout} & set(_FLAGS))
    return Wanted(geometry=geometry, dtype=dtype, to=to or dtype, layout=layout, flags=flags, **more)


def of(x: Any, *, to: str | None, **more: Any) -> Wanted:  # noqa: ANN401  an array or a tensor
    """Return what an array or a tensor is: dtype, strides, flags.

    Raises:
        UsageError: it is neither, or of a dtype that the suite does not have.
    """
    if isinstance(x, torch.Tensor):
        return _of_tensor(x, to, more)
    if not isinstance(x, np.ndarray):
        raise UsageError(f"advice is about arrays and tensors, and this is a {type(x).__name__}")
    dtype = x.dtype.name
    geometry = Geometry(shape=x.shape, strides=x.strides, itemsize=x.itemsize)
    return Wanted(geometry=geometry, dtype=dtype, to=to or dtype, **_layout(x, geometry), **more)


def mapped(file: Path) -> Array:
    """Return the array of an .npy file, mapped and read-only: no element is read.

    Raises:
        UsageError: there is no such file, or it holds no plain array.
    """
    try:
        found: Array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{file} is no array of np.save's: {error}") from error
    if not isinstance(found, np.ndarray):
        raise UsageError(f"{file} is an archive of arrays; save the one that is asked about with np.save")
    return found


def _of_tensor(t: torch.Tensor, to: str | None, more: dict[str, Any]) -> Wanted:
    if t.layout != torch.strided or t.is_conj() or t.is_neg():
        raise UsageError("advice is about plain tensors: make it dense, resolve its conjugate and negative bits first")
    if (device := more.get("device", t.device.type)).partition(":")[0] != t.device.type:
        raise UsageError(f"the tensor lies on {t.device}; device {device!r} says where arrays go; tensors come home")
    dtype = str(t.dtype).removeprefix("torch.")
    strides = tuple(stride * t.element_size() for stride in t.stride())
    geometry = Geometry(shape=tuple(t.shape), strides=strides, itemsize=t.element_size())
    word = "requires_grad" if t.requires_grad else word_for(geometry)
    known = more | {"device": str(t.device)}
    return Wanted(geometry=geometry, dtype=dtype, to=to or dtype, layout=word, source="tensor", **known)


def _layout(x: Array, geometry: Geometry) -> dict[str, Any]:
    """Return the word for how an array lies, and beside it what only its flags and its dtype say."""
    flags = frozenset(flag for flag, is_so in _FLAGS.items() if is_so(x))
    word = word_for(geometry)
    return {"layout": min(flags) if word == "C" and flags else word, "flags": flags}


_FLAGS: Final[dict[str, Callable[[Array], bool]]] = {
    "bigendian": lambda x: not x.dtype.isnative,
    "misaligned": lambda x: not x.flags.aligned,
    "readonly": lambda x: not x.flags.writeable,
}
