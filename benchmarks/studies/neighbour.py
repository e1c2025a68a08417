"""A busy neighbour: one process that loads one core half the time, as another job on a shared machine does.

    python benchmarks/studies/neighbour.py [SECONDS]

It computes for 50 ms, sleeps for 50 ms, and is pinned nowhere: the scheduler moves it, and others around it. A study
starts it with `neighbour()`, which ends it by its own id; it ends by itself once the process that started it is gone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_S: Final = 0.05
ASLEEP_S: Final = 0.05


@contextmanager
def neighbour() -> Iterator[int]:
    """Have a busy neighbour, and yield its process id."""
    process = subprocess.Popen([sys.executable, "-S", "-E", __file__, "--of", str(os.getpid())])  # noqa: S603  ourselves
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def disturb(seconds: float, parent: int) -> None:
    """Load one core half the time, until the time is over or the parent is another process than it was."""
    end = perf_counter() + seconds
    while perf_counter() < end and os.getppid() == parent:
        _compute(BUSY_S)
        sleep(ASLEEP_S)


def _compute(seconds: float) -> None:
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def main(arguments: list[str]) -> None:
    """Disturb for as long as was asked, or as long as the one who asked lives."""
    if arguments[:1] == ["--of"]:
        disturb(float("inf"), int(arguments[1]))
    else:
        disturb(float(arguments[0]) if arguments else float("inf"), os.getppid())


if __name__ == "__main__":
    main(sys.argv[1:])
