"""What one call was seen to take of memory, and its trace: never while a clock runs.

ONE DECORATED FUNCTION = ONE FACT, a number, or why it cannot be told here.
"""

from __future__ import annotations

import gc
import re
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import psutil
import torch

from benchmarks import trace
from benchmarks.smaps import huge_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.records import Json
    from benchmarks.suite.calls import Call

_SELF: Final = Path("/proc/self")
#: What Linux takes to forget the most memory that this process had (Documentation/filesystems/proc.rst).
_FORGET_PEAK: Final = "5"
_KIB: Final = 1024


class NotToldError(Exception):
    """This cannot be told here, and why."""


#: Every fact by its name.
FACTS: Final[dict[str, Callable[[Call], int]]] = {}


def fact(look: Callable[[Call], int]) -> Callable[[Call], int]:
    """Make the decorated function the fact of its name."""
    FACTS[look.__name__] = look
    return look


def observe(call: Call) -> Json:
    """Return what one call takes: a number by the name of each fact, or the reason why there is none."""
    call.run()
    return {name: _told(look, call) for name, look in FACTS.items()}


def traced(call: Call, calls: int) -> str:
    """Return what torch's profiler saw of some calls, as Chrome and Perfetto read it."""
    return trace.recorded(call.run, lambda: None, calls=calls)


def _told(look: Callable[[Call], int], call: Call) -> int | str:
    gc.collect()
    try:
        return look(call)
    except NotToldError as error:
        return str(error)


@fact
def result_huge_page_bytes(call: Call) -> int:
    """Return how much of the result lies on huge pages, of the kernel's own count."""
    result = call.run()
    try:
        smaps = (_SELF / "smaps").read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise NotToldError(f"this system does not list its mappings: {error.strerror}") from None
    return sum(huge_bytes(smaps, address, nbytes) or 0 for address, nbytes in _memory(result))


@fact
def numpy_allocated_bytes(call: Call) -> int:
    """Return the bytes of the arrays that NumPy allocated for the result and that live as long as it."""
    tracemalloc.start()
    try:
        result = call.run()
        taken = tracemalloc.take_snapshot().filter_traces([_NUMPY])
        del result
    finally:
        tracemalloc.stop()
    return sum(one.size for one in taken.statistics("filename"))


@fact
def numpy_and_python_peak_bytes(call: Call) -> int:
    """Return the most that NumPy and Python had allocated at once, with what the call dropped before it returned."""
    tracemalloc.start()
    try:
        call.run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@fact
def torch_allocated_bytes(call: Call) -> int:
    """Return the bytes that torch's allocator gave out on the host during a call, as its profiler counts."""
    return sum(_torch_allocations(call))


@fact
def torch_allocations(call: Call) -> int:
    """Return how often torch's allocator gave out memory on the host during a call."""
    return len(list(_torch_allocations(call)))


@fact
def resident_bytes(call: Call) -> int:
    """Return by how much the process grew while it holds the result (psutil's resident set size)."""
    process = psutil.Process()
    before = process.memory_info().rss
    result = call.run()
    grown = process.memory_info().rss - before
    del result
    return int(grown)


@fact
def resident_peak_bytes(call: Call) -> int:
    """Return by how much the process had grown at most, with what the call dropped before it returned."""
    before = psutil.Process().memory_info().rss
    try:
        (_SELF / "clear_refs").write_text(_FORGET_PEAK, encoding="ascii")
        result = call.run()
        status = (_SELF / "status").read_text(encoding="ascii")
        held = psutil.Process().memory_info().rss
        del result
    except OSError as error:
        raise NotToldError(f"this system does not forget and tell the peak: {error.strerror}") from None
    peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    if peak is None:
        raise NotToldError("this system does not tell the peak")
    return max(0, int(peak[1]) * _KIB - before, held - before)  # the kernel counts pages in batches


_NUMPY: Final = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)


def _torch_allocations(call: Call) -> Iterator[int]:
    from torch.profiler import ProfilerActivity, profile  # noqa: PLC0415  late: it starts threads of its own

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call.run()
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]" and event.nbytes() > 0:
            yield int(event.nbytes())


def _memory(result: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401  arrays, tensors, lists of them
    """Yield the address and bytes of every block of a result on the host."""
    if isinstance(result, (list, tuple)):
        for one in result:
            yield from _memory(one)
    elif isinstance(result, np.ndarray):
        yield result.ctypes.data, result.nbytes
    elif isinstance(result, torch.Tensor) and result.device.type == "cpu":
        yield result.data_ptr(), result.nbytes
