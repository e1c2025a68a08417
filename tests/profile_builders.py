"""Made-up profiles, with hostile names."""

from dataclasses import replace
from typing import Any

from benchmarks.breakdown.outcome import Growth, Profile
from benchmarks.breakdown.parts import UNEXPLAINED, Breakdown, Part
from benchmarks.curves import Curve, Regime
from benchmarks.model import Fit
from benchmarks.statistics import Estimate

CASE = "torch.tensor/float32/C/64MiB/1t"
HOSTILE = "<a> | &"


def between(value: float, low: float, high: float) -> Estimate:
    """Return an estimate of three passes."""
    return Estimate(value=value, low=low, high=high, passes=3)


def a_breakdown(faults_ms: float = 8) -> Breakdown:
    """Return ten milliseconds: eight of faults, three of bytes, and one too many."""
    ms = 1e6
    known = {
        "page faults": between(faults_ms * ms, (faults_ms - 1) * ms, (faults_ms + 1) * ms),
        "moving bytes": between(3 * ms, 3 * ms, 3 * ms),
        UNEXPLAINED: between(-1 * ms, -2 * ms, 0),
    }
    parts = tuple(Part(name=name, ns=ns, method=f"by {HOSTILE}") for name, ns in known.items())
    return Breakdown(whole=between(10 * ms, 9 * ms, 12 * ms), parts=parts)


def a_growth(**changes: Any) -> Growth:
    """Return how a copy grows: a line in the cache, none beyond."""
    line = Fit(lines=((2300.0, 1 / 15), (2400.0, 1 / 16), (2500.0, 1 / 17)), sizes=6, worst_miss=0.01)
    cache = Regime(name="cache", low=64, high=1 << 20, fit=line)
    made = Growth(
        case=CASE,
        spelling=f"torch.tensor({HOSTILE})",
        aliasing="copies",
        time_ns=between(1e7, 9e6, 1.2e7),
        minflt_per_call=16385,
        gigabytes_per_s=6.7,
        times_limit=between(6, 5, 7),
        curve=Curve(times={64: between(1, 1, 1), 64 << 20: between(1e7, 9e6, 1.2e7)}, regimes=(cache,)),
    )
    return replace(made, **changes)


def a_profile(**changes: Any) -> Profile:
    """Return the profile of a copy."""
    made = Profile(
        case=CASE,
        spelling=f"torch.tensor({HOSTILE})",
        breakdown=a_breakdown(),
        minflt={"fresh": 16385.0, "warm": 1.0},
        facts={"result_huge_page_bytes": 0, "torch_allocated_bytes": 64 << 20, "torch_allocations": 1},
        growth=a_growth(),
        missing={"instructions": f"valgrind is not installed {HOSTILE}"},
        about={
            "started": "2026-01-01T00:00:00Z",
            "machine": {"cpu": f"CPU {HOSTILE}", "logical_cpus": 2},
            "software": {"python": "3.11.7", "numpy": "2.4.6", "torch": "2.13.0"},
        },
        trace='{"traceEvents": []}',
    )
    return replace(made, **changes)
