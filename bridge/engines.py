"""The ways to fill memory from other memory on the host, and which one is used when.

An engine is one decorated function; `choose` names it. Sources and destinations may be of either library.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from bridge import dtypes, memory
from bridge.memory import Side

Engine = Callable[[Side, Side], None]

ENGINES: dict[str, Engine] = {}
NUMPY_BELOW_BYTES = 64 << 10  # the dispatcher of torch costs as much as the copy
THREADS_FROM_BYTES = 1 << 20  # waking a thread costs more than it brings
SERIAL_BELOW_ELEMENTS = 32768  # torch starts no thread for fewer

_forked = False


def _note_fork() -> None:
    """Remember that this process is a child: the threads of torch did not come along, and waiting for them hangs."""
    global _forked  # noqa: PLW0603 - a fact about the process
    _forked = True


os.register_at_fork(after_in_child=_note_fork)


def engine(function: Engine) -> Engine:
    """Register a way to fill `dst` from `src`, of one shape, under its name."""
    ENGINES[function.__name__.removeprefix("_").replace("_", "-")] = function
    return function


@dataclass(frozen=True, kw_only=True)
class Operand:
    """What choosing an engine needs to know of one side: no memory, so it may be still to come. Strides in bytes."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    for_numpy: bool = True
    for_torch: bool = True

    @classmethod
    def of(cls, x: Side) -> "Operand":
        """Describe an array or a CPU tensor."""
        shape, strides = tuple(x.shape), memory.byte_strides(x)
        if isinstance(x, np.ndarray):
            usable = {"for_torch": not memory.array_obstacles(x)}
        else:
            usable = {"for_numpy": not memory.tensor_obstacles(x)}
        return cls(dtype=memory.torch_dtype(x), shape=shape, strides=strides, **usable)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return math.prod(self.shape) * self.dtype.itemsize


def fill(dst: Side, src: Side) -> None:
    """Fill `dst` from `src`, of one shape, by the engine that suits both; they may overlap."""
    name = "staged" if memory.overlap(dst, src) else choose(Operand.of(dst), Operand.of(src))
    ENGINES[name](dst, src)


def choose(dst: Operand, src: Operand) -> str:
    """Name the engine for this pair."""
    if not (dst.for_torch and src.for_torch):
        return _without_torch(dst, src)
    if not (dst.for_numpy and src.for_numpy) or _only_torch_casts(dst.dtype, src.dtype):
        return "torch"
    return "torch" if _threads_help(dst) else "numpy"


def threads(name: str, elements: int) -> int:
    """Say how many threads an engine uses."""
    return torch.get_num_threads() if name == "torch" and elements >= SERIAL_BELOW_ELEMENTS and not _forked else 1


def _without_torch(dst: Operand, src: Operand) -> str:
    """Name the engine for a layout torch cannot express."""
    plain = dst.for_numpy and src.for_numpy and not _only_torch_casts(dst.dtype, src.dtype)
    return "numpy" if plain else "staged"


def _only_torch_casts(dst: torch.dtype, src: torch.dtype) -> bool:
    """Say whether NumPy has no name for one of two different dtypes."""
    return dst != src and (dst in dtypes.BITS_OF or src in dtypes.BITS_OF)


def _threads_help(dst: Operand) -> bool:
    """Say whether threads of torch make the copy faster: it is large, and there are some."""
    return dst.nbytes >= THREADS_FROM_BYTES and torch.get_num_threads() > 1 and not _forked


@engine
def _numpy(dst: Side, src: Side) -> None:
    """Let NumPy copy: any layout, any byte order, one thread."""
    target, source = memory.raw(dst), memory.raw(src)
    with np.errstate(all="ignore"):
        np.copyto(target, _real(source, target.dtype), casting="unsafe")


@engine
def _torch(dst: Side, src: Side) -> None:
    """Let torch copy: every dtype, all threads; in a forked child in pieces too small to start any."""
    target, source = memory.tensor_of(dst), memory.tensor_of(src)
    if source.dtype != target.dtype:  # or torch casts first, and float8 cannot be negated
        source = source.resolve_conj().resolve_neg()
    if source.is_complex() and not target.is_complex() and target.dtype != torch.bool:
        source = source.real
    _copy_in_pieces(target, source) if _forked else target.copy_(source)


@engine
def _staged(dst: Side, src: Side) -> None:
    """Go through dense memory, which every engine can read and write, in the dtype of the more awkward side."""
    awkward = isinstance(dst, np.ndarray) and memory.array_obstacles(dst)
    dtype = memory.torch_dtype(dst if awkward else src)
    shape = tuple(src.shape)
    stage = memory.empty(shape, memory.dense_strides(shape, memory.byte_strides(src), "K"), dtype)
    fill(stage, src)
    fill(dst, stage)


def _real(source: np.ndarray, target: np.dtype) -> np.ndarray:
    """Leave out the imaginary part where the target has none, without NumPy's warning."""
    return source.real if source.dtype.kind == "c" and target.kind not in "cb" else source


def _copy_in_pieces(target: torch.Tensor, source: torch.Tensor) -> None:
    """Copy by halves until torch has no reason to start threads."""
    if target.numel() < SERIAL_BELOW_ELEMENTS:
        target.copy_(source)
        return
    axis = max(range(target.ndim), key=lambda axis: target.shape[axis])
    for piece, origin in zip(target.tensor_split(2, axis), source.tensor_split(2, axis), strict=True):
        _copy_in_pieces(piece, origin)
