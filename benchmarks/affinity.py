"""Which CPUs a process may run on. Where the system does not say (macOS, Windows), nothing is pinned."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def cpus() -> tuple[int, ...]:
    """Return the numbers of the CPUs that this process may run on."""
    return tuple(sorted(os.sched_getaffinity(0))) if sys.platform == "linux" else (0,)


def stay_on(some: Collection[int]) -> None:
    """Let the calling thread, and threads that it starts from now on, run on these CPUs alone."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, some)
