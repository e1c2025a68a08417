"""Would bridge choose otherwise on this machine? Every choice it makes by a named constant, measured again.

A choice is a constant, a situation it decides, and the ways there are; the one it takes is compared with the fastest.
All ways of a situation are timed in turn, one thread unless the way says otherwise; what is compared are the medians.
A constant stands if what it takes is never more than 15 % slower than the best: less would follow the weather.

    python benchmarks/studies/thresholds.py [--filter REGEX]

What would change is to be changed by hand, with the table in the commit: a constant is a promise to all machines.
"""

from __future__ import annotations

# ruff: noqa: SLF001  the private constants of bridge are what this is about
import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import numpy as np
import torch

import bridge
from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.suite.cases import SIZES
from bridge import engines, layouts, preprocess

if TYPE_CHECKING:
    from collections.abc import Iterator

Way = Callable[[], object]

#: How much slower than the fastest way the chosen one may be.
LOSS: Final = 1.15
ROUNDS: Final = 15
BATCH_NS: Final = 300_000
_ALL_THREADS: Final = torch.get_num_threads()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A constant, what it decides, the way it takes and all ways there are."""

    constant: str
    situation: str
    taken: str
    ways: Mapping[str, Way]


def choices() -> Iterator[Choice]:
    """Yield every choice; the memory of one is dropped before the next."""
    yield from _stacks()
    yield from _threads()
    yield from _layouts()
    yield from _blocks()
    yield from _casts()
    yield from _huge_pages()
    yield from _standardize()


def _stacks() -> Iterator[Choice]:
    for size in ("4KiB", "16KiB", "64KiB"):
        tensors = list(torch.ones(64, SIZES[size] // 256))
        ways: dict[str, Way] = {"torch": partial(torch.stack, tensors), "numpy": partial(_stack_by_numpy, tensors)}
        taken = "torch" if SIZES[size] // 4 <= engines.SERIAL_ELEMENTS else "numpy"
        constant = "engines.SERIAL_ELEMENTS"
        yield Choice(constant=constant, situation=f"64 tensors, {size}", taken=taken, ways=ways)


def _stack_by_numpy(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.from_numpy(np.stack([tensor.numpy() for tensor in tensors]))


def _threads() -> Iterator[Choice]:
    for size in ("4MiB", "16MiB", "32MiB", "64MiB", "256MiB") if _ALL_THREADS > 1 else ():
        array = _floats(size)
        ways: dict[str, Way] = {
            "one thread": partial(_planned_copy, array),
            "all threads": partial(_planned_copy, array, _ALL_THREADS),
        }
        taken = "all threads" if array.nbytes >= engines.THREADS_FROM_BYTES else "one thread"
        with patch.object(engines, "THREADS_FROM_BYTES", 0), patch.object(engines, "_ITEMS_PER_THREAD", 1):
            yield Choice(constant="engines.THREADS_FROM_BYTES", situation=size, taken=taken, ways=ways)


def _layouts() -> Iterator[Choice]:
    for side in (32, 64, 128, 512, 2048):
        source = np.ones((side, side), np.float32).T
        yield _layout("layouts._TORCH_STAGES_FROM", f"F {side} x {side}", "transpose", source)
    for side in (256, 512, 1024, 2048, 4096):
        source = np.ones((side, side + 8), np.float32)[:, 4:-4].T
        yield _layout("layouts._LARGE_BYTES", f"sliced_T {side} x {side}", "blocks", source)
    for pixels in (1 << 10, 1 << 14, 1 << 20, 1 << 22):
        reversed_pixels = np.ones((pixels, 3), np.uint8)[:, ::-1]
        yield _layout("layouts._SMALL_BYTES", f"{pixels} reversed pixels", "channels", reversed_pixels)
    for shape in ((256, 256, 256), (200, 300, 250)):
        yield _layout("layouts._PAGE_BYTES", f"F_3d {shape}", "two-step", np.ones(shape, np.float32).T)


def _layout(constant: str, situation: str, special: str, source: np.ndarray) -> Choice:
    """Return the choice between an engine for this layout and NumPy, as a plan makes it."""
    target = np.ones(source.shape, source.dtype)
    ways: dict[str, Way] = {
        "numpy": partial(np.copyto, target, source),
        special: partial(layouts.FILLS[special], target, source),
    }
    taken = bridge.plan(source, copy=True, order="C").via
    return Choice(constant=constant, situation=situation, taken=taken, ways=ways)


def _blocks() -> Iterator[Choice]:
    source = np.ones((4096, 4104), np.float32)[:, 4:-4].T
    target = np.ones(source.shape, np.float32)
    ways = {str(block): partial(_in_blocks, target, source, block) for block in (64, 128, 256, 512, 1024)}
    yield Choice(constant="layouts._BLOCK", situation="sliced_T 64MiB", taken=str(layouts._BLOCK), ways=ways)


def _casts() -> Iterator[Choice]:
    for source, target in _CASTS:
        array = (np.arange(1 << 18) % 100).astype(source)
        wanted = getattr(torch, target)
        torch.set_num_threads(1)
        taken = bridge.plan(array, dtype=wanted).via
        out = np.ones(array.shape, target)
        ways = {engine: partial(engines.run, engine, out, array) for engine in ("numpy", "torch")}
        constant = "engines._torch_is_faster"
        yield Choice(constant=constant, situation=f"{source}>{target} 1 MiB", taken=taken, ways=ways)


def _huge_pages() -> Iterator[Choice]:
    for size in ("1MiB", "4MiB", "16MiB", "64MiB"):
        array = _floats(size)
        ways: dict[str, Way] = {
            "memory of NumPy": partial(_planned_copy, array),
            "memory of torch": partial(_clone, torch.from_numpy(array)),
        }
        yield Choice(constant="memory.empty", situation=size, taken="memory of NumPy", ways=ways)


def _standardize() -> Iterator[Choice]:
    array, out = _floats("64MiB"), _floats("64MiB")
    for name, values in (
        ("_BLOCK_ELEMENTS", (1 << 14, 1 << 15, 1 << 16, 1 << 17, 1 << 18)),
        ("_ROWS", (1, 16, 64, 256)),
    ):
        now = getattr(preprocess, name)
        ways = {str(value): partial(_with, name, value, array, out) for value in values}
        yield Choice(constant=f"preprocess.{name}", situation="64MiB", taken=str(now), ways=ways)


_CASTS: Final = tuple(
    (source, target)
    for source in ("bool", "uint8", "int32", "int64", "float16", "float32", "float64")
    for target in ("float16", "float32", "float64")
    if source != target and (source, target) != ("float64", "float16")  # torch rounds twice there
)


def _floats(size: str) -> np.ndarray:
    return np.full(SIZES[size] // 4, 1.5, np.float32)


def _planned_copy(array: np.ndarray, threads: int = 1) -> torch.Tensor:
    torch.set_num_threads(threads)
    made: torch.Tensor = bridge.plan(array, copy=True).run()
    return made


def _clone(tensor: torch.Tensor) -> torch.Tensor:
    torch.set_num_threads(1)
    return tensor.clone()


def _in_blocks(target: np.ndarray, source: np.ndarray, block: int) -> None:
    for start in range(0, target.shape[1], block):
        np.copyto(target[:, start : start + block], source[:, start : start + block])


def _with(name: str, value: int, array: np.ndarray, out: np.ndarray) -> None:
    torch.set_num_threads(1)
    with patch.object(preprocess, name, value):
        bridge.standardize(array, out=out)


def times_ns(ways: Mapping[str, Way]) -> dict[str, float]:
    """Time the ways in turn and return the median of each, in nanoseconds a call."""
    loops = {name: max(1, BATCH_NS // max(1, min(_batch_ns(way, 1) for _ in range(3)))) for name, way in ways.items()}
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            rounds[name].append(_batch_ns(way, loops[name]) / loops[name])
    return {name: median(known) for name, known in rounds.items()}


def _batch_ns(way: Way, loops: int) -> int:
    start_ns = perf_counter_ns()
    for _ in range(loops):
        way()
    return perf_counter_ns() - start_ns


def row(choice: Choice, found: Mapping[str, float]) -> tuple[str, bool]:
    """Return the row of one choice, and whether it would be made again."""
    best = min(found, key=lambda name: found[name])
    stands = found[choice.taken] <= found[best] * LOSS
    others = ", ".join(f"{name} {ns / found[choice.taken]:.2f}" for name, ns in found.items() if name != choice.taken)
    said = "stands" if stands else f"**{best} is {found[choice.taken] / found[best]:.2f} times faster**"
    return f"| `{choice.constant}` | {choice.situation} | {choice.taken} | {others} | {said} |", stands


def main() -> None:
    """Measure every choice and say which would change."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--filter", default="", help="only constants that match this expression")
    asked, unsettled = parser.parse_args(), dict[str, Any]()
    print("| constant | situation | it takes | the others take, times as long | |\n| --- | --- | --- | --- | --- |")
    with machine_lock():
        for choice in choices():
            if re.search(asked.filter, choice.constant):
                line, stands = row(choice, times_ns(choice.ways))
                unsettled.setdefault(choice.constant, []).extend([] if stands else [choice.situation])
                print(line, flush=True)
    print()
    for constant, situations in unsettled.items():
        print(f"- `{constant}` " + (f"would change for {', '.join(situations)}" if situations else "stands"))
    print(f"\n{in_one_line()}")


if __name__ == "__main__":
    main()
