"""Minor page faults of this process: where the time of a fresh copy goes."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def minor_faults() -> int:
    """Return how many pages the kernel has handed to this process so far without reading a disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def faults_per_call(run: Callable[[], object], calls: int) -> float:
    """Return the minor faults of one call, the mean over some calls; the result is dropped at once."""
    before = minor_faults()
    for _ in range(calls):
        run()
    return (minor_faults() - before) / calls
