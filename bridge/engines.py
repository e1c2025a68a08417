"""The ways to fill memory from other memory on the host, and which one is used when.

An engine fills `dst` from `src`, of one shape; either may be of either library. Those for special layouts are in
`layouts`. The ratios in comments are times against the other library, one thread, interleaved on one machine (Zen 5).
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch

from bridge import dtypes, layouts, memory
from bridge.memory import Memory, Side
from bridge.operands import Operand

Item = TypeVar("Item")
Made = TypeVar("Made")
Engine = Callable[[Side, Side], None]

THREADS_FROM_BYTES = 64 << 20  # below, a second thread brings a tenth or less, and a busy core takes it back
_PIECES = 8  # of a copy for threads: large enough that memmove goes past the cache, which takes half as long
_FRESH_PIECES_FROM_BYTES = 128 << 20  # whole, memmove would write past the cache what the kernel has just zeroed in it
_FRESH_PIECE_BYTES = 1 << 20
SERIAL_ELEMENTS = 32768  # torch starts its threads for more; waiting for them takes 8 ms and more where a core is busy
_ITEMS_PER_THREAD = 4  # starting a thread costs 0.1 ms, as much as two blocks of `standardize`

_forked = False


def _note_fork() -> None:
    """Remember that this process is a child: the threads of torch did not come along, and waiting for them hangs."""
    global _forked  # noqa: PLW0603 - a fact about the process
    _forked = True


os.register_at_fork(after_in_child=_note_fork)


def fill(dst: Side, src: Side) -> None:
    """Fill `dst` from `src`, of one shape, by the engine that suits both; they may overlap."""
    name = "staged" if memory.overlap(dst, src) else choose(Operand.of(dst), Operand.of(src))
    run(name, dst, src)


def dense(src: Side, dtype: torch.dtype) -> Side:
    """Return the elements of `src` in new gapless memory, its axes in the order in which they lie."""
    made = Operand.dense_like(Operand.of(src), dtype, "K").empty()
    fill(made, src)
    return made


def run(name: str, dst: Side, src: Side, *, fresh: bool = False) -> None:
    """Fill `dst` by the engine that `choose` named; `fresh` memory has not been written yet."""
    if name in layouts.FILLS:
        layouts.FILLS[name](memory.raw(dst), memory.raw(src))
    elif name == "numpy":
        _by_numpy(memory.raw(dst), memory.raw(src), fresh=fresh)
    else:
        _ENGINES[name](dst, src)


def torch_threads() -> int:
    """Return how many threads torch may use: none in a forked child, where they did not come along."""
    return 0 if _forked else torch.get_num_threads()


def each(work: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """Return what `work` makes of each item, done by as many threads of Python as torch may use.

    Threads take the next item when they are ready for it, so one that is held up holds up nothing but its own item.
    """
    threads = min(torch_threads(), len(items) // _ITEMS_PER_THREAD)
    if threads < 2:
        return [work(item) for item in items]
    todo: list[tuple[int, Item]] = list(enumerate(items))[::-1]
    made: list[Any] = [None] * len(items)

    def take() -> None:
        with np.errstate(all="ignore"):  # a thread starts with settings of its own
            while todo:
                try:
                    index, item = todo.pop()
                except IndexError:  # another thread was faster
                    return
                made[index] = work(item)

    with ThreadPoolExecutor(threads - 1) as pool:
        helpers = [pool.submit(take) for _ in range(threads - 1)]
        take()
        for helper in helpers:
            helper.result()
    return made


def choose(dst: Operand, src: Operand) -> str:
    """Name the engine for this pair."""
    torch_can = dst.for_torch and src.for_torch
    if not (dst.for_numpy and src.for_numpy) or _torch_alone_casts(dst.dtype, src.dtype):
        return "torch" if torch_can else "staged"
    special = layouts.choose(dst, src, torch_may=torch_can)
    return special or ("torch" if torch_can and _torch_is_faster(dst.dtype, src.dtype) else "numpy")


def threads_used(name: str, nbytes: int, threads: int) -> int:
    """Say how many threads an engine uses for so many bytes, if torch may use so many."""
    return max(threads, 1) if name in {"numpy", "torch"} and nbytes >= THREADS_FROM_BYTES else 1


def _torch_alone_casts(dst: torch.dtype, src: torch.dtype) -> bool:
    """Say whether NumPy has no name for one of two different dtypes."""
    return dst != src and (dst in dtypes.BITS_OF or src in dtypes.BITS_OF)


def _torch_is_faster(dst: torch.dtype, src: torch.dtype) -> bool:
    """Say whether torch casts much faster, and the same: float16, where it has vector instructions.

    From and to float32, integers and bool it takes 0.03-0.25 of NumPy's time; from float64 torch rounds twice, which
    gives other numbers, and for complex numbers it has none.
    """
    halves = torch.float16 in {dst, src} and dst != src
    return halves and not (dst.is_complex or src.is_complex or src == torch.float64)


def _by_numpy(target: np.ndarray, source: np.ndarray, *, fresh: bool) -> None:
    """Let NumPy copy: any layout, any byte order; in pieces for threads, or where memmove would leave the cache."""
    pieces = _PIECES if threads_used("numpy", target.nbytes, torch_threads()) > 1 else 1
    if fresh and target.nbytes >= _FRESH_PIECES_FROM_BYTES and target.dtype == source.dtype:
        pieces = target.nbytes // _FRESH_PIECE_BYTES
    if pieces == 1:
        _copy(target, source)
    else:
        each(lambda pair: _copy(*pair), list(_pieces(target, source, target.size // pieces)))


def _copy(target: np.ndarray, source: np.ndarray) -> None:
    """Copy an array, without a warning of numbers that do not fit."""
    if source.dtype == target.dtype:
        np.copyto(target, source)
    else:
        if source.dtype.kind == "c" and target.dtype.kind not in "cb":
            source = source.real  # without NumPy's warning
        with np.errstate(all="ignore"):
            np.copyto(target, source, casting="unsafe")


def _by_torch(dst: Side, src: Side) -> None:
    """Let torch copy: every dtype; in pieces for which it starts no threads, unless it has none to start."""
    target, source = memory.tensor_of(dst), memory.tensor_of(src)
    copy: Any = _copy_lazy if source.is_complex() or memory.tensor_obstacles(source) else torch.Tensor.copy_
    if target.numel() <= SERIAL_ELEMENTS or torch_threads() == 1:
        copy(target, source)
        return
    pieces = _pieces(target, source, SERIAL_ELEMENTS)
    if target.nbytes >= THREADS_FROM_BYTES:
        each(lambda pair: copy(*pair), list(pieces))
    else:
        for piece, origin in pieces:
            copy(piece, origin)


def _copy_lazy(target: torch.Tensor, source: torch.Tensor) -> None:
    """Copy a tensor that is complex or negated, without a warning of numbers that do not fit."""
    if source.dtype != target.dtype and memory.tensor_obstacles(source):  # torch casts first: it negates no float8
        source = source.resolve_conj().resolve_neg()
    if source.is_complex() and not target.is_complex() and target.dtype != torch.bool:
        source = source.real
    target.copy_(source)


def _pieces(target: Memory, source: Memory, elements: int) -> Iterator[tuple[Memory, Memory]]:
    """Cut both alike, across the axis of the target's longest steps, into pieces of at most so many elements."""
    size = math.prod(target.shape)
    if size <= elements:
        yield target, source
        return
    strides = memory.byte_strides(target)
    axis = max((axis for axis in range(target.ndim) if target.shape[axis] > 1), key=lambda axis: abs(strides[axis]))
    rows = elements * target.shape[axis] // size
    cuts = zip(_cut(target, axis, rows or 1), _cut(source, axis, rows or 1), strict=True)
    if rows:
        yield from cuts
    else:
        for piece, origin in cuts:
            yield from _pieces(piece, origin, elements)


def _cut(x: Memory, axis: int, rows: int) -> Sequence[Memory]:
    """Cut a memory into parts of at most so many rows of an axis."""
    if isinstance(x, torch.Tensor):
        return x.chunk(-(-x.shape[axis] // rows), axis)
    where: Any = (slice(None),) * axis
    return [x[(*where, slice(start, start + rows))] for start in range(0, x.shape[axis], rows)]


def _staged(dst: Side, src: Side) -> None:
    """Go through dense memory, which every engine can read and write, in the dtype of the more awkward side."""
    awkward = isinstance(dst, np.ndarray) and not Operand.of(dst).for_torch
    fill(dst, dense(src, memory.torch_dtype(dst if awkward else src)))


_ENGINES: dict[str, Engine] = {"torch": _by_torch, "staged": _staged}
