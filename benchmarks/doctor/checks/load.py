"""Who else works here: the load average, and how long this process waits for a CPU while it wants one."""

from __future__ import annotations

import os
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Final

from benchmarks.doctor.findings import UNFIT, Finding, Severity, untold
from benchmarks.doctor.registry import check
from benchmarks.waits import run_queue_wait_ns

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host

#: So many of the usable CPUs are busy: half of them leave a CPU for one thread, all of them none.
_BUSY: Final = {"warning": 0.5, "bad": 1.0}
#: Of the time of a busy process: a hundredth is more than a comparison's samples of a millisecond get over.
_WAITS: Final = {"warning": 0.01, "bad": 0.05}
_SPIN_S: Final = 0.06
_MENDED: Final = "end what else runs, or wait until it is done"


@check("load")
def load(host: Host) -> Finding:
    """Look at the average number of runnable processes over the last minute."""
    text = host.read("proc/loadavg")
    if not text:
        return untold("load", "the load average")
    average = float(text.split()[0])
    severity = graded(average / max(1, len(host.cpus)), _BUSY)
    return Finding(
        name="load",
        severity=severity,
        says=f"load average {average:.2f} over the last minute, for {len(host.cpus)} usable CPUs",
        do=_MENDED if severity != "ok" else "",
        values={"average": average},
    )


@check("waiting")
def waiting(host: Host) -> Finding:
    """Keep a CPU busy for a moment, and look how long this process stood in the queue meanwhile."""
    before = waited_ns(host)
    started, worked = perf_counter(), process_time()
    while perf_counter() - started < _SPIN_S:
        pass
    wall_s, cpu_s = perf_counter() - started, process_time() - worked
    after = waited_ns(host)
    told = before is not None and after is not None and after > 0
    share = ((after or 0) - (before or 0)) / 1e9 / wall_s if told else max(0.0, 1 - cpu_s / wall_s)
    return judged_wait(share, "the scheduler's queue" if told else "its clock of CPU time; the queue is not told here")


def waited_ns(host: Host) -> int | None:
    """Return how long the first thread of this process was runnable and did not run, so far."""
    return run_queue_wait_ns(host.root / f"proc/{os.getpid()}/schedstat")


def judged_wait(share: float, source: str) -> Finding:
    """Judge the share of its time that a busy process waited."""
    severity = graded(share, _WAITS)
    return Finding(
        name="waiting",
        severity=severity,
        says=f"a busy process waited {share:.1%} of {_SPIN_S * 1e3:.0f} ms, by {source}",
        do=_MENDED if severity != "ok" else "",
        values={"share": round(share, 4)},
    )


def graded(value: float, limits: dict[str, float]) -> Severity:
    """Return how bad a value is, that is better the smaller it is."""
    return "bad" if value >= limits["bad"] else "warning" if value >= limits["warning"] else "ok"


def stolen(before: str | None, after: str | None) -> Finding:
    """Judge by two texts of /proc/stat how much of the time between them a hypervisor gave to others."""
    sooner, later = (_ticks(text) for text in (before, after))
    if sooner is None or later is None or sum(later) <= sum(sooner):
        return untold("steal", "how much CPU time the hypervisor gave to others")
    taken, ticks = later[_STEAL] - sooner[_STEAL], sum(later) - sum(sooner)
    severity = graded(taken / ticks, _WAITS) if ticks >= _TICKS_LEAST else "note"
    short = " (too short to judge)" if ticks < _TICKS_LEAST else ""
    return Finding(
        name="steal",
        severity=severity,
        says=f"{taken / ticks:.1%} of all CPU time went to other virtual machines, over {ticks:,} ticks{short}",
        do="measure at another time, or on a machine with CPUs of its own" if severity in UNFIT else "",
        values={"taken": taken, "ticks": ticks},
    )


_STEAL: Final = 7
#: With fewer, one tick would be a warning.
_TICKS_LEAST: Final = 200


def _ticks(text: str | None) -> list[int] | None:
    """Return user, nice, system, idle, iowait, irq, softirq and steal; guests are counted in the first two already."""
    fields = (text or "").partition("\n")[0].split()
    return list(map(int, fields[1 : _STEAL + 2])) if fields[:1] == ["cpu"] and len(fields) > _STEAL + 1 else None
