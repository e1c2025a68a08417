"""What bridge promises of its speed, each promise a ratio of two cases of the matrix measured in one interleaved run.

A pass is a fresh process that takes the pairs in a random order. Of each it checks both cases, then times them in
turn, A B B A, in batches of equal length; its ratio is that of the two medians. What is shown is the median of the
passes, with their range. So slow drift of the machine meets both sides, and what differs between processes shows.

    python benchmarks/studies/targets.py [--filter REGEX] [--passes N] [--busy]

With ``--busy`` another process keeps one core busy, and each case of bridge that torch's threads take part in is
compared with itself on one thread.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

import torch
from psutil import cpu_times

from benchmarks.checkout import ROOT, Checkout
from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.measure import calibrate
from benchmarks.session import shuffled
from benchmarks.statistics import Estimate, of_values
from benchmarks.suite.calls import call
from benchmarks.suite.cases import Case
from benchmarks.suite.checks import check
from benchmarks.suite.inputs import InputCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PASSES: Final = 8
#: Turns A B B A of a process: at least so many, and more as long as they fit the budget.
TURNS_MIN: Final = 3
TURNS_MAX: Final = 25
BUDGET_NS: Final = 700_000_000
_CACHE_BYTES: Final = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A promise: case `ours` takes at most, or `other` at least, so many times the time of the other one."""

    work: str
    ours: str
    other: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def pair(self) -> str:
        """The two cases in one word."""
        return f"{self.ours} {self.other}"

    @property
    def promise(self) -> str:
        """The promise in words: what ours takes, or how many times faster it is."""
        return f"≤ {self.at_most:g} x" if self.at_most else f"≥ {self.at_least:g} x faster"

    def shown(self, ours_over_other: Estimate) -> Estimate:
        """Return the ratio in the direction of the promise."""
        if self.at_most:
            return ours_over_other
        low, high = 1 / ours_over_other.high, 1 / ours_over_other.low
        return Estimate(value=1 / ours_over_other.value, low=low, high=high, passes=ours_over_other.passes)

    def kept(self, shown: Estimate) -> str:
        """Say whether the promise is kept: by all passes, by most, or not."""
        if self._holds(shown.low) and self._holds(shown.high):
            return "kept"
        return "kept by the median" if self._holds(shown.value) else "**not kept**"

    def _holds(self, ratio: float) -> bool:
        return ratio <= self.at_most if self.at_most else ratio >= (self.at_least or 0)


def _pairs(work: str, ours: str, *others: str, rest: str, **promise: float) -> list[Target]:
    """Return one promise for each of the other paths, over the same source."""
    return [Target(work=work, ours=f"{ours}/{rest}", other=f"{other}/{rest}", **promise) for other in others]


def _sizes(work: str, ours: str, other: str, sizes: tuple[str, ...], **promise: float) -> list[Target]:
    """Return one promise a size of plain float32, against a path or the limit."""
    dtype = "uint8" if other.startswith("ref.") else "float32"
    return [
        Target(work=work, ours=f"{ours}/float32/C/{size}/1t", other=f"{other}/{dtype}/C/{size}/1t", **promise)
        for size in sizes
    ]


_SMALL: Final = "float32/C/64B/1t"
_CORNER: Final = "a slow corner, 64 B"
_LARGE: Final = ("32MiB", "64MiB", "256MiB")
_CASTS: Final = ("float64>float32", "float32>float16", "uint8>float32", "bool>float32", "float32>bfloat16")
_TENSOR: Final = "torch.tensor"

TARGETS: Final[tuple[Target, ...]] = (
    *_pairs("share an array, 64 B", "bridge.as_tensor", "torch.from_numpy", rest=_SMALL, at_most=1.5),
    *_pairs("share an array, 64 B", "bridge.as_tensor", "torch.as_tensor", rest=_SMALL, at_least=1.7),
    *_pairs("share a tensor, 64 B", "bridge.as_array", "Tensor.numpy", rest=_SMALL, at_most=1.5),
    *_pairs("share a tensor, 64 B", "bridge.as_array", "Tensor.detach.cpu.numpy", rest=_SMALL, at_least=1.2),
    *_pairs("copy, 64 B", "bridge.as_tensor.copy", _TENSOR, rest=_SMALL, at_least=2),
    *(
        Target(work=_CORNER, ours=ours, other=f"{_TENSOR}/{same}/C/64B/1t", at_most=2)
        for ours, same in (
            ("bridge.as_tensor/float32/readonly/64B/1t", "float32"),
            ("bridge.as_tensor/float32/reversed/64B/1t", "float32"),
            ("bridge.as_tensor/bfloat16/C/64B/1t", "float16"),
            ("bridge.as_array/float32/requires_grad/64B/1t", "float32"),
        )
    ),
    *_sizes("fresh copy", "bridge.as_tensor.copy", _TENSOR, (*_LARGE, "1GiB"), at_least=4),
    *_sizes("fresh copy", "bridge.as_tensor.copy", "ref.memcpy", (*_LARGE, "1GiB"), at_most=2),
    *_sizes("copy into given memory", "bridge.copyto", "ref.memcpy", _LARGE, at_most=1.05),
    *_pairs("keep F order", "bridge.as_tensor.copy", "np.copy.from_numpy", rest="float32/F/64MiB/1t", at_least=10),
    *_pairs(
        "keep NHWC", "bridge.as_tensor.copy", "np.copy.from_numpy", rest="float32/features_as_nchw/64MiB/1t", at_least=3
    ),
    *(
        target
        for layout, numpy, contiguous in (("F", 7, 2), ("sliced_T", 2, 2), ("F_3d", 2, 2))
        for other, least in (("np.ascontiguousarray.from_numpy", numpy), ("torch.from_numpy.contiguous", contiguous))
        for target in _pairs(
            f"C order of {layout}", "bridge.as_tensor.order_c", other, rest=f"float32/{layout}/64MiB/1t", at_least=least
        )
    ),
    *_pairs(
        "reversed channels",
        "bridge.as_tensor.copy",
        "np.copy.from_numpy",
        "torch.flip",
        rest="uint8/channels_reversed/24MiB/1t",
        at_least=2,
    ),
    *(
        target
        for cast in _CASTS
        for target in _pairs(
            f"cast {cast}", "bridge.as_tensor.dtype", "torch.as_tensor.dtype", rest=f"{cast}/C/64MiB/1t", at_least=3
        )
    ),
    *(
        target
        for cast in _CASTS[:-1]
        for target in _pairs(
            f"cast {cast}", "bridge.as_tensor.dtype", "np.astype.from_numpy", rest=f"{cast}/C/64MiB/1t", at_least=1
        )
    ),
    *_pairs("stack 64 x 16", "bridge.stack", "torch.tensor.list", rest="float32/items64B/4KiB/1t", at_least=15),
    *_pairs("stack 256 x 1024", "bridge.stack", "torch.tensor.list", rest="float32/items4KiB/1MiB/1t", at_least=200),
    *_pairs("stack 2048 x 128", "bridge.stack", "torch.tensor.list", rest="float32/items512B/1MiB/1t", at_least=100),
    *_pairs("stack 64 x 512 KiB", "bridge.stack", "default_collate", rest="float32/items512KiB/32MiB/1t", at_least=3),
    *_pairs("standardize", "bridge.standardize", "seeds.preprocess", rest="float32/C/64MiB/1t", at_least=4),
    *_pairs("standardize", "bridge.standardize", "seeds.preprocess", rest="float32/C/64MiB/allt", at_least=3),
    *_pairs("standardize", "bridge.standardize", "np.preprocess", rest="float32/C/64MiB/1t", at_least=1.8),
)

#: Calls of ours in which torch's threads can take part, at sizes around the one from which they do.
THREADED: Final[tuple[Target, ...]] = tuple(
    Target(work="a busy second core", ours=f"{rest}/allt", other=f"{rest}/1t", at_most=2)
    for rest in (
        *(f"bridge.as_tensor.copy/float32/C/{size}" for size in ("256KiB", "1MiB", "4MiB", "16MiB", "64MiB")),
        *(f"bridge.copyto/float32/C/{size}" for size in ("256KiB", "1MiB", "4MiB", "16MiB", "64MiB")),
        *(f"bridge.as_array.copy/float32/C/{size}" for size in ("1MiB", "64MiB")),
        *(f"bridge.as_tensor.dtype/{cast}/C/{size}" for cast in _CASTS for size in ("256KiB", "1MiB", "64MiB")),
        *(f"bridge.as_tensor.order_c/float32/F/{size}" for size in ("1MiB", "64MiB")),
        *(f"bridge.as_tensor.order_c/float32/F_3d/{size}" for size in ("16MiB", "64MiB")),
        *(f"bridge.stack/float32/C/{size}" for size in ("1MiB", "16MiB")),
        *(f"bridge.standardize/float32/C/{size}" for size in ("1MiB", "64MiB")),
    )
)


def measured(targets: Sequence[Target], passes: int) -> list[Estimate]:
    """Return the time of ours over that of the other for each promise, one ratio a pass."""
    ratios: dict[str, list[float]] = {target.pair: [] for target in targets}
    for number in range(passes):
        pairs = shuffled(list(ratios), 0, number)
        command = [sys.executable, __file__, "--pairs", *pairs]
        for line in subprocess.check_output(command, cwd=ROOT, text=True).splitlines():  # noqa: S603  ourselves
            pair, ratio = json.loads(line)
            ratios[pair].append(ratio)
        print(f"pass {number + 1} of {passes}", file=sys.stderr)
    return [of_values(ratios[target.pair]) for target in targets]


def one_pass(pairs: Sequence[str]) -> None:
    """Measure the pairs in this process and print the ratio of each as soon as it is known."""
    warnings.simplefilter("ignore")  # torch warns of lists of arrays, which are what is timed
    cache, all_threads = InputCache(_CACHE_BYTES), torch.get_num_threads()
    for pair in pairs:
        ours, other = pair.split()
        print(json.dumps([pair, pair_ratio(ours, other, cache, all_threads)]), flush=True)


def pair_ratio(ours: str, other: str, cache: InputCache, all_threads: int) -> float:
    """Check two cases and time them in turn in this process; return the ratio of the medians."""
    batches = [_batch(Case.parse(case), cache, all_threads) for case in (ours, other)]
    times_ns: tuple[list[float], list[float]] = ([], [])
    start_ns = perf_counter_ns()
    while len(times_ns[0]) < 2 * TURNS_MAX:
        for side in (0, 1, 1, 0):
            times_ns[side].append(batches[side]())
        if perf_counter_ns() - start_ns > BUDGET_NS and len(times_ns[0]) >= 2 * TURNS_MIN:
            break
    return median(times_ns[0]) / median(times_ns[1])


def _batch(case: Case, cache: InputCache, all_threads: int) -> Callable[[], float]:
    """Return what times one batch of a case, in nanoseconds a call."""
    ready, threads = call(case, cache), 1 if case.threads == "1t" else all_threads
    torch.set_num_threads(threads)
    check(ready)
    function = ready.path.function
    loops, _ = calibrate(ready.run, perf_counter_ns)

    def batch() -> float:
        args = ready.args  # `ready` keeps the memory alive that `ref.memcpy` knows by its address alone
        torch.set_num_threads(threads)
        start_ns = perf_counter_ns()
        for _ in range(loops):
            function(*args)
        return (perf_counter_ns() - start_ns) / loops

    return batch


def row(target: Target, ours_over_other: Estimate) -> str:
    """Return the row of one promise."""
    shown = target.shown(ours_over_other)
    ratio = f"{shown.value:.3g} [{shown.low:.3g}-{shown.high:.3g}]"
    return f"| {target.work} | `{target.ours}` | `{target.other}` | {target.promise} | {ratio} | {target.kept(shown)} |"


@contextmanager
def neighbour(*, busy: bool) -> Iterator[None]:
    """Keep one core busy with another process, if asked."""
    if not busy:
        yield
        return
    spin = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"  # it must not outlive this study
    other = subprocess.Popen([sys.executable, "-c", spin])  # noqa: S603  ourselves
    try:
        yield
    finally:
        other.kill()
        other.wait()


def main() -> None:
    """Measure the promises and print their table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--filter", default="", help="only promises whose work or cases match this expression")
    parser.add_argument("--passes", type=int, default=PASSES, help="fresh processes a promise")
    parser.add_argument("--busy", action="store_true", help="threads under a busy second core instead")
    parser.add_argument("--pairs", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.pairs:
        one_pass(asked.pairs)
        return
    stolen_s = cpu_times().steal
    chosen = [one for one in (THREADED if asked.busy else TARGETS) if re.search(asked.filter, f"{one.work} {one.pair}")]
    with machine_lock(), neighbour(busy=asked.busy):
        found = measured(chosen, asked.passes)
    print("| work | ours | other | promise | measured | |\n| --- | --- | --- | --- | --- | --- |")
    print("\n".join(row(target, estimate) for target, estimate in zip(chosen, found, strict=True)))
    stolen_s = cpu_times().steal - stolen_s
    print(f"\nCommit {Checkout.look().commit[:7]}, {asked.passes} passes; {in_one_line()}; {stolen_s:.1f} s stolen")


if __name__ == "__main__":
    main()
