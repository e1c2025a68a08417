"""How many calls make a round, and how many rounds a pass. Measuring never prints."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: A round lasts at least this long: ten thousand ticks of the clock, and short enough for ten rounds a pass.
ROUND_NS: Final = 400_000
#: Rounds of a pass share this budget, within the two bounds below.
PASS_NS: Final = 12_000_000
ROUNDS_MIN: Final = 3
ROUNDS_MAX: Final = 10
#: Six passes of thirty calls are nearly two hundred; eight minutes have to be enough for all cases of a GPU.
DEVICE_PASS_NS: Final = 20_000_000
DEVICE_ROUNDS_MAX: Final = 30
_LOOPS_MAX: Final = 1_000_000
#: A trial is the best of this many batches: a stalled thread pool (16 ms on a busy machine) must not decide the loops.
_TRIES: Final = 3
#: Batches longer than this are not repeated: no stall weighs much in them.
_LONG_NS: Final = 50_000_000


def calibrate(run: Callable[[], object], clock: Callable[[], int]) -> tuple[int, float]:
    """Return how many calls make a round, and the nanoseconds that one call took in the last trial.

    `clock` returns nanoseconds. Loops grow at most tenfold a trial, so that one interrupted trial cannot
    overshoot far.
    """
    loops = 1
    while True:
        elapsed_ns = max(_best_batch_ns(run, loops, clock), 1)
        if elapsed_ns >= ROUND_NS or loops >= _LOOPS_MAX:
            return loops, elapsed_ns / loops
        loops = min(_LOOPS_MAX, loops * 10, 1 + loops * ROUND_NS * 11 // (elapsed_ns * 10))


def rounds_for(loops: int, call_ns: float) -> int:
    """Return how many rounds a pass takes of a case: its budget's worth, within the bounds."""
    return max(ROUNDS_MIN, min(ROUNDS_MAX, round(PASS_NS / (loops * call_ns))))


def device_job(batch: int, call_ns: float) -> tuple[int, int]:
    """Return the loops and rounds of a case on a device: its budget's worth of rounds, each one call or one batch.

    A batch is smaller where it would take more than a pass's budget.
    """
    loops = max(1, min(batch, round(DEVICE_PASS_NS / call_ns)))
    return loops, max(ROUNDS_MIN, min(DEVICE_ROUNDS_MAX, round(DEVICE_PASS_NS / (loops * call_ns))))


def _best_batch_ns(run: Callable[[], object], loops: int, clock: Callable[[], int]) -> int:
    best_ns = batch_ns(run, loops, clock)
    for _ in range(_TRIES - 1):
        if best_ns < _LONG_NS:
            best_ns = min(best_ns, batch_ns(run, loops, clock))
    return best_ns


def batch_ns(run: Callable[[], object], loops: int, clock: Callable[[], int]) -> int:
    """Return the nanoseconds that a batch of calls took by a clock."""
    start_ns = clock()
    for _ in range(loops):
        run()
    return clock() - start_ns


@contextmanager
def no_garbage_collected() -> Iterator[None]:
    """Collect no garbage meanwhile, as pytest-benchmark does while it times."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
