"""How long a thread could have run and had no CPU, as Linux counts it (Documentation/scheduler/sched-stats.rst)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SCHEDSTAT: Final = Path("/proc/thread-self/schedstat")


def run_queue_wait_ns(schedstat: Path = _SCHEDSTAT) -> int | None:
    """Return the nanoseconds that a thread has waited in a run queue so far; None where nobody counts.

    The file has three numbers: nanoseconds on a CPU, nanoseconds waiting for one, turns. A kernel that does not count
    has zeros there, though who reads them has run.
    """
    try:
        ran, waited, _turns = map(int, schedstat.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return None
    return waited if ran else None
