"""Pages of memory: the mode of huge ones, whether they are obtained, and what a page costs when first touched."""

from __future__ import annotations

import mmap
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from benchmarks import machine
from benchmarks.doctor.findings import Finding, Severity, untold
from benchmarks.doctor.registry import check
from benchmarks.smaps import huge_bytes

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host

_MIB: Final = 1 << 20
_HUGE: Final = 2 * _MIB
_SMALL: Final = mmap.PAGESIZE
_TOUCHED: Final = 16 * _MIB
#: Of the huge pages that fit: below half of them, luck decides what a fresh copy costs.
_OBTAINED: Final = 0.5
#: Copying the 4 KiB of a page takes some 400 ns at 10 GB/s: from ten times that on, a fresh copy measures the kernel.
WARNING_NS: Final = 4_000
BAD_NS: Final = 20_000


@check("huge-pages")
def mode(host: Host) -> Finding:
    """Look at the mode of transparent huge pages, which decides what fresh memory costs."""
    folder = "sys/kernel/mm/transparent_hugepage"
    enabled, defrag = (machine.huge_pages(host.read(f"{folder}/{name}") or "") for name in ("enabled", "defrag"))
    if enabled is None:
        return untold("huge-pages", "the mode of transparent huge pages")
    words = {
        "always": "every large allocation gets them",
        "madvise": "NumPy's from 4 MiB on ask for them, torch's do not",
    }
    never = enabled not in words
    return Finding(
        name="huge-pages",
        severity="note" if never else "ok",
        says=f"mode {enabled}: {words.get(enabled, 'nobody gets them')}; defrag {defrag or 'not told here'}",
        do="set madvise, as most systems have it; else fresh copies cost more than there" if never else "",
        values={"mode": enabled, "defrag": defrag},
    )


@check("huge-pages-got")
def obtained(host: Host) -> Finding:
    """Touch 64 MiB of NumPy's and of torch's, and look how many of the huge pages that fit are there."""
    array = np.empty(64 * _MIB, dtype=np.uint8)
    array[::_SMALL] = 1
    tensor = torch.empty(64 * _MIB, dtype=torch.uint8)
    tensor.numpy()[::_SMALL] = 1  # by one thread: a pool that starts here would stay
    smaps = host.read("proc/self/smaps")
    shares = [huge_share(smaps, start, 64 * _MIB) for start in (array.ctypes.data, tensor.data_ptr())]
    return judged_share(
        shares[0], shares[1], machine.huge_pages(host.read("sys/kernel/mm/transparent_hugepage/enabled") or "")
    )


def huge_share(smaps: str | None, start: int, nbytes: int) -> float | None:
    """Return which share of the huge pages that fit into some bytes is there, by the text of /proc/self/smaps."""
    huge, fitting = huge_bytes(smaps, start, nbytes), (start + nbytes) // _HUGE - -(-start // _HUGE)
    return None if huge is None else min(1.0, huge / (max(1, fitting) * _HUGE))


def judged_share(numpy: float | None, torch_: float | None, set_: str | None) -> Finding:
    """Judge the shares of huge pages that NumPy and torch got, by a mode in which they should or should not."""
    if numpy is None or torch_ is None:
        return untold("huge-pages-got", "which memory lies on huge pages")
    wanted = {"always": (numpy, torch_), "madvise": (numpy,)}.get(set_ or "", ())
    short = any(share < _OBTAINED for share in wanted)
    return Finding(
        name="huge-pages-got",
        severity="warning" if short else "note" if set_ is None else "ok",
        says=f"of 64 MiB NumPy got {numpy:.0%} on huge pages, torch {torch_:.0%}",
        do="free memory or compact it (vm.compact_memory); until then fresh copies depend on luck" if short else "",
        values={"numpy": round(numpy, 3), "torch": round(torch_, 3)},
    )


@check("fault-cost")
def fault_cost(_host: Host) -> Finding:
    """Time the first touch of pages against the second, for pages of 4 KiB and for huge ones."""
    small = touched_ns(getattr(mmap, "MADV_NOHUGEPAGE", None), _SMALL)
    huge = touched_ns(getattr(mmap, "MADV_HUGEPAGE", None), _HUGE)
    return untold("fault-cost", "this system has no advice for pages") if small is None else judged_cost(small, huge)


def touched_ns(advice: int | None, step: int) -> float | None:
    """Return what the first touch of a page of so many bytes costs more than another; None without the advice."""
    if advice is None:
        return None
    # A mapping is shared by default, and what is shared is no anonymous memory.
    with mmap.mmap(-1, _TOUCHED + _HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        try:
            memory.madvise(advice)
        except OSError:  # a kernel without huge pages
            return None
        every = np.frombuffer(memory, dtype=np.uint8)
        pages = every[-every.ctypes.data % _HUGE :][:_TOUCHED:step]
        cost = (_write_ns(pages) - _write_ns(pages)) / len(pages)
        del every, pages  # they hold the memory open
    return max(0.0, cost)


def _write_ns(pages: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    started = perf_counter_ns()
    pages[...] = 1
    return perf_counter_ns() - started


def judged_cost(small_ns: float, huge_ns: float | None) -> Finding:
    """Judge what a page costs at its first touch."""
    severity: Severity = "bad" if small_ns >= BAD_NS else "warning" if small_ns >= WARNING_NS else "ok"
    huge = "not told here" if huge_ns is None else f"{huge_ns / 1e3:,.0f} µs"
    return Finding(
        name="fault-cost",
        severity=severity,
        says=f"a fresh page of 4 KiB costs {small_ns:,.0f} ns, a huge one {huge}",
        do="" if severity == "ok" else "look for memory pressure or a hypervisor that takes memory back",
        values={"small_ns": round(small_ns, 1), "huge_ns": huge_ns and round(huge_ns)},
    )
