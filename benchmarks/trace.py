"""What crossed the link in some calls, as torch's profiler saw it: in a run of its own, never while the clock runs."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .records import DMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from .records import Json

#: Calls in one run of the profiler.
CALLS: Final = 3
#: The kinds of copies that cross the link, in the words of the profiler; those within the device do not.
_OVER_THE_LINK: Final = ("HtoD", "DtoH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy of the device: its kind in the words of the profiler, its bytes and nanoseconds."""

    kind: str
    nbytes: int
    ns: float


def recorded(run: Callable[[], object], wait: Callable[[], object], calls: int = CALLS) -> str:
    """Call some times under the profiler and return its trace, the JSON that Chrome reads."""
    import torch  # noqa: PLC0415  only where a trace is asked for
    from torch.profiler import ProfilerActivity, profile  # noqa: PLC0415

    device = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
    with profile(activities=[ProfilerActivity.CPU, *device]) as profiler:
        for _ in range(calls):
            run()
        wait()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        return path.read_text(encoding="utf-8")


def copies(trace: str) -> list[Copy]:
    """Return the copies over the link that a trace holds."""
    events = json.loads(trace)["traceEvents"]
    found = (event for event in events if event.get("cat") == "gpu_memcpy")
    every = (Copy(kind=one["name"], nbytes=int(one["args"]["bytes"]), ns=one["dur"] * 1000) for one in found)
    return [one for one in every if any(words in one.kind for words in _OVER_THE_LINK)]


def per_call(found: list[Copy], calls: int = CALLS) -> Json:
    """Return copies and bytes of each kind, and the nanoseconds of the copies alone, of one call.

    The time is left out where nothing crossed the link.
    """
    link = {
        kind: {
            "copies": round(sum(one.kind == kind for one in found) / calls),
            "nbytes": round(sum(one.nbytes for one in found if one.kind == kind) / calls),
        }
        for kind in dict.fromkeys(one.kind for one in found)
    }
    total_ns = sum(one.ns for one in found) / calls
    return {"link": link, "samples_ns": {DMA: [float(f"{total_ns:.5g}")]} if total_ns else {}}
