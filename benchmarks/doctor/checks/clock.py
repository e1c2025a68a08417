"""The timer: its smallest step and what a look at it costs."""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

from benchmarks.doctor.findings import Finding, Severity
from benchmarks.doctor.registry import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.doctor.host import Host

_LOOKS: Final = 20_000
_SOURCE: Final = "sys/devices/system/clocksource/clocksource0/current_clocksource"
#: A sample of a comparison lasts a millisecond: a step of 1 µs is a thousandth of it, one of 10 µs a hundredth.
WARNING_NS: Final = 1_000
BAD_NS: Final = 10_000


@check("timer")
def timer(host: Host) -> Finding:
    """Measure perf_counter_ns: a coarse or slow timer hides changes of short calls."""
    return judged(*measured(perf_counter_ns), host.read(_SOURCE))


def measured(now_ns: Callable[[], int]) -> tuple[int, float]:
    """Return the smallest step of a timer that is not zero, and what one look costs, both in nanoseconds."""
    looks = [now_ns() for _ in range(_LOOKS)]
    steps = [later - sooner for sooner, later in pairwise(looks) if later > sooner]
    return min(steps, default=0), (looks[-1] - looks[0]) / (len(looks) - 1)


def judged(step_ns: int, call_ns: float, source: str | None) -> Finding:
    """Judge a timer by the worse of its step and what a look costs; one that never moved is bad."""
    worst = max(step_ns, call_ns) if step_ns else BAD_NS
    severity: Severity = "bad" if worst >= BAD_NS else "warning" if worst >= WARNING_NS else "ok"
    says = f"steps of {step_ns:,} ns, {call_ns:,.0f} ns a look" if step_ns else f"did not move in {_LOOKS:,} looks"
    return Finding(
        name="timer",
        severity=severity,
        says=f"{says}; clock source {source or 'not told here'}",
        do="" if severity == "ok" else "let the kernel use the CPU's own counter (clocksource=tsc)",
        values={"step_ns": step_ns, "call_ns": round(call_ns, 1), "source": source},
    )
