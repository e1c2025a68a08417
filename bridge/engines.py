"""The ways to fill memory from other memory on the host, and which one is used when.

An engine fills `dst` from `src`, of one shape; either may be of either library. Those for special layouts are in
`layouts`. The ratios in comments are times against the other library, one thread, interleaved on one machine (Zen 5).
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch

from bridge import dtypes, layouts, memory
from bridge.memory import Side
from bridge.operands import Operand

Item = TypeVar("Item")
Made = TypeVar("Made")
Engine = Callable[[Side, Side], None]

NUMPY_BELOW_BYTES = 64 << 10  # for so few, torch's dispatcher costs as much as the copy
_THREADS_FROM_BYTES = 1 << 20  # waking a thread costs more than it brings
_SERIAL_BELOW_ELEMENTS = 32768  # torch starts no thread for fewer

_ITEMS_PER_THREAD = 16  # starting a thread costs 0.1 ms, as much as five blocks of `standardize`

_forked = False


def _note_fork() -> None:
    """Remember that this process is a child: the threads of torch did not come along, and waiting for them hangs."""
    global _forked  # noqa: PLW0603 - a fact about the process
    _forked = True


os.register_at_fork(after_in_child=_note_fork)


def fill(dst: Side, src: Side) -> None:
    """Fill `dst` from `src`, of one shape, by the engine that suits both; they may overlap."""
    name = "staged" if memory.overlap(dst, src) else choose(Operand.of(dst), Operand.of(src), torch_threads())
    run(name, dst, src)


def run(name: str, dst: Side, src: Side) -> None:
    """Fill `dst` by the engine that `choose` named."""
    if name in layouts.FILLS:
        layouts.FILLS[name](memory.raw(dst), memory.raw(src))
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


def choose(dst: Operand, src: Operand, threads: int) -> str:
    """Name the engine for this pair, where torch may use so many threads."""
    torch_can = dst.for_torch and src.for_torch
    if not (dst.for_numpy and src.for_numpy) or _torch_alone_casts(dst.dtype, src.dtype):
        return "torch" if torch_can else "staged"
    special = layouts.choose(dst, src, torch_may=torch_can and threads > 0)
    return special or ("torch" if torch_can and _torch_is_faster(dst, src, threads) else "numpy")


def threads_used(name: str, elements: int, threads: int) -> int:
    """Say how many threads an engine uses for so many elements, if torch may use so many."""
    return max(threads, 1) if name == "torch" and elements >= _SERIAL_BELOW_ELEMENTS else 1


def _torch_alone_casts(dst: torch.dtype, src: torch.dtype) -> bool:
    """Say whether NumPy has no name for one of two different dtypes."""
    return dst != src and (dst in dtypes.BITS_OF or src in dtypes.BITS_OF)


def _torch_is_faster(dst: Operand, src: Operand, threads: int) -> bool:
    """Say whether torch copies faster, and the same: by vector instructions for float16, else by threads.

    float16 from and to float32 and integers takes 0.03-0.25 of NumPy's time; from float64 torch rounds twice, which
    gives other numbers. bool to float takes NumPy 0.2-0.5 of torch's time.
    """
    halves = torch.float16 in (dst.dtype, src.dtype) and dst.dtype != src.dtype
    if halves and not (dst.dtype.is_complex or src.dtype in (torch.float64, torch.bool) or src.dtype.is_complex):
        return True
    if halves or (src.dtype is torch.bool and dst.dtype != torch.bool):
        return False
    return threads > 1 and dst.nbytes >= _THREADS_FROM_BYTES


def _by_numpy(dst: Side, src: Side) -> None:
    """Let NumPy copy: any layout, any byte order, one thread."""
    target, source = memory.raw(dst), memory.raw(src)
    if source.dtype == target.dtype:
        np.copyto(target, source)
        return
    if source.dtype.kind == "c" and target.dtype.kind not in "cb":
        source = source.real  # without NumPy's warning
    with np.errstate(all="ignore"):
        np.copyto(target, source, casting="unsafe")


def _by_torch(dst: Side, src: Side) -> None:
    """Let torch copy: every dtype, all threads; in a forked child in pieces too small to start any."""
    target, source = memory.tensor_of(dst), memory.tensor_of(src)
    if source.dtype != target.dtype and memory.tensor_obstacles(
        source
    ):  # torch would cast first, and cannot negate float8
        source = source.resolve_conj().resolve_neg()
    if source.is_complex() and not target.is_complex() and target.dtype != torch.bool:
        source = source.real  # without torch's warning
    _copy_in_pieces(target, source) if _forked else target.copy_(source)


def _staged(dst: Side, src: Side) -> None:
    """Go through dense memory, which every engine can read and write, in the dtype of the more awkward side."""
    awkward = isinstance(dst, np.ndarray) and not Operand.of(dst).for_torch
    shape, dtype = tuple(src.shape), memory.torch_dtype(dst if awkward else src)
    strides = memory.dense_strides(shape, memory.byte_strides(src), "K", dtype.itemsize)
    stage = memory.empty(shape, strides, dtype)
    fill(stage, src)
    fill(dst, stage)


def _copy_in_pieces(target: torch.Tensor, source: torch.Tensor) -> None:
    """Copy by halves until torch has no reason to start threads."""
    if target.numel() < _SERIAL_BELOW_ELEMENTS:
        target.copy_(source)
        return
    axis = max(range(target.ndim), key=lambda axis: target.shape[axis])
    for piece, origin in zip(target.tensor_split(2, axis), source.tensor_split(2, axis), strict=True):
        _copy_in_pieces(piece, origin)


_ENGINES: dict[str, Engine] = {"numpy": _by_numpy, "torch": _by_torch, "staged": _staged}
