"""How steady this machine is: whether the same work takes the same time from one moment to the next.

A hypervisor may let a neighbour work on the other half of a core. Nothing is stolen then and nobody waits, and yet all
work takes up to twice as long, for seconds or for hours. Only what changes within the second that is watched is seen:
where the neighbour works all along, every slice is as slow as the fastest one.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

from benchmarks.doctor.findings import Finding, untold
from benchmarks.doctor.registry import check
from benchmarks.statistics import NOISY_SPREAD

from .load import graded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.doctor.host import Host

#: So many of the slices may be slow: a tenth is seen in most intervals, half of them is another machine.
_SLOW: Final = {"warning": 0.1, "bad": 0.5}
_WATCH_NS: Final = 1_000_000_000
#: A slice lasts about a millisecond, as a sample of a comparison does.
_TURNS: Final = 40_000
#: With fewer, one slow slice would be a tenth of them.
_FEWEST: Final = 10


@check("steady")
def steady(_host: Host) -> Finding:
    """Do the same work for a second, and look how its time changes."""
    return judged(watched())


def watched(clock: Callable[[], int] = perf_counter_ns) -> list[int]:
    """Return the nanoseconds of each slice of the same work, until a second is over."""
    slices: list[int] = []
    began = now = clock()
    while now - began < _WATCH_NS:
        for _ in range(_TURNS):
            pass
        slices.append(-now + (now := clock()))
    return slices


def judged(slices: Sequence[int]) -> Finding:
    """Judge by how many slices took more than `NOISY_SPREAD` times as long as the fastest; few tell nothing."""
    if len(slices) < _FEWEST:
        return untold("steady", f"whether the same work takes the same time; {len(slices)} slices are too few to tell")
    fastest, slowest = min(slices), sorted(slices)[int(0.95 * (len(slices) - 1))]
    share = sum(one > NOISY_SPREAD * fastest for one in slices) / len(slices)
    severity = graded(share, _SLOW)
    return Finding(
        name="steady",
        severity=severity,
        says=f"the same work took up to {slowest / fastest:.2f}x its shortest time in 95% of {len(slices):,} slices of "
        f"a second, and more than {NOISY_SPREAD}x in {share:.0%}; what is slow all along is not seen",
        do="measure at another time, or on a machine with CPUs of its own" if severity != "ok" else "",
        values={"slow_share": round(share, 4), "times_fastest": round(slowest / fastest, 3)},
    )
