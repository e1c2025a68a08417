"""Settings that change how memory is allocated and how many threads work: numbers hold for machines that have them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import torch

from benchmarks.doctor.findings import Finding, untold
from benchmarks.doctor.registry import check
from benchmarks.machine import scrubbed

from .quota import quota_cpus

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host

_ALLOCATION: Final = re.compile(r"MALLOC_|GLIBC_TUNABLES$|LD_PRELOAD$|NUMPY_MADVISE|THP_|PYTORCH_")
_THREADS: Final = re.compile(r"OMP_|GOMP_|KMP_|MKL_|OPENBLAS_")
_ALLOCATORS: Final = re.compile(r"lib(jemalloc|tcmalloc\w*|mimalloc)[\w.-]*")


@check("allocator")
def allocator(host: Host) -> Finding:
    """Look who hands out memory: another allocator than the C library's, or other settings, change fresh copies."""
    maps = host.read("proc/self/maps")
    loaded = sorted({found[1] for found in _ALLOCATORS.finditer(maps or "")})
    settings = set_in(host, _ALLOCATION)
    if not settings and not loaded and maps is None:
        return untold("allocator", "which allocator is loaded; no variable asks for another")
    said = ", ".join((*loaded, *settings))
    return Finding(
        name="allocator",
        severity="note" if said else "ok",
        says=f"set otherwise: {said}" if said else "the C library's, as it is set without being told",
        do="unset it, unless it is what you want to measure" if said else "",
        values={"loaded": ", ".join(loaded), "settings": ", ".join(settings)},
    )


@check("threads")
def threads(host: Host) -> Finding:
    """Look whether torch has more threads than CPUs: a copy then waits for a thread that has none."""
    return judged_threads(torch.get_num_threads(), host)


def judged_threads(number: int, host: Host) -> Finding:
    """Judge so many threads of torch against the usable CPUs and the quota, and tell the settings of OpenMP."""
    room = min(len(host.cpus), quota_cpus(host) or len(host.cpus))
    settings, crowded = set_in(host, _THREADS), number > room
    said = f"; set: {', '.join(settings)}" if settings else "; OpenMP is not told anything"
    do = f"OMP_NUM_THREADS={max(1, int(room))}" if crowded else "unset them, unless it is what you want to measure"
    return Finding(
        name="threads",
        severity="warning" if crowded else "note" if settings else "ok",
        says=f"torch takes {number} thread{'s' if number > 1 else ''}, with time for {room:g}{said}",
        do=do if crowded or settings else "",
        values={"torch": number, "room": room, "settings": ", ".join(settings)},
    )


def set_in(host: Host, names: re.Pattern[str]) -> list[str]:
    """Return the variables whose names match, with their values, and without paths and the host's name."""
    return [f"{name}={scrubbed(value)}" for name, value in sorted(host.environment.items()) if names.match(name)]
