"""The process that runs under callgrind: it calls each sharing case some times and has the instructions counted.

Like a partner it is started with its side's folder first on the path and this checkout after it. Its arguments are the
ids of cases, after ``--every`` whether they share or not, and then a call at a time. The counts are in callgrind's
file, under each case's number among them; it answers with one line:

    {"bridge": hash, "file": where it lies, "software": versions, "counted": [numbers of cases], "calls": in a block}
"""

from __future__ import annotations

import gc
import json
import sys
from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final, Protocol

from .apart import standard_output_apart
from .callgrind import Callgrind
from .partner import who

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .records import Json
    from .suite.calls import Call

#: Python adapts its code to what it meets, and tries again ever more rarely: after so many calls hardly ever.
WARM_UP_CALLS: Final = 1000
#: Instructions are counted block by block, and the smallest block counts: what comes once only adds.
BLOCKS: Final = 6
CALLS: Final = 10
#: The first argument where cases that copy are counted too.
EVERY: Final = "--every"
#: A case that copies may take long: its warm-up ends after so many nanoseconds.
_WARM_UP_NS: Final = 500_000_000
#: The name of a block without calls: what counting itself takes.
EMPTY: Final = "empty"
_CACHE_BYTES: Final = 1 << 28


class Requests(Protocol):
    """What is asked of callgrind."""

    def start(self) -> None:
        """Look at every instruction."""

    def stop(self) -> None:
        """Look at none."""

    def toggle(self) -> None:
        """Begin to count, or cease to."""

    def dump(self, name: str) -> None:
        """Write down the count under a name."""


def counted(cases: Sequence[str], callgrind: Requests, *, every: bool = False) -> Json:
    """Have every case that shares counted, or simply every one, and say which were, and which `bridge` it was."""
    calls = 1 if every else CALLS
    ready = {number: one for number, case in enumerate(cases) if (one := _ready(case, every=every)) is not None}
    runs = {number: partial(one.path.function, *one.args) for number, one in ready.items()}
    for run in runs.values():
        _warm_up(run, _WARM_UP_NS if every else None)
    gc.collect()
    gc.disable()
    callgrind.start()  # after all that is not counted, which takes seconds now and would take minutes then
    for _ in range(BLOCKS):
        _block(callgrind, EMPTY, int, 0)
    for number, run in runs.items():
        for _ in range(BLOCKS):
            _block(callgrind, str(number), run, calls)
    callgrind.stop()
    return who() | {"counted": list(runs), "calls": calls}


def _warm_up(run: Callable[[], object], limit_ns: int | None) -> None:
    until_ns = perf_counter_ns() + limit_ns if limit_ns else None
    for _ in range(WARM_UP_CALLS):
        run()
        if until_ns and perf_counter_ns() > until_ns:
            return


def _ready(case_id: str, *, every: bool) -> Call | None:
    """Return the call of a case, once its values are proved; None where it refuses, or copies and is not asked for."""
    import torch  # noqa: PLC0415  loads late, as in a partner

    from .suite.calls import call  # noqa: PLC0415
    from .suite.cases import Case  # noqa: PLC0415
    from .suite.checks import WrongResultError, check  # noqa: PLC0415
    from .suite.inputs import InputCache  # noqa: PLC0415
    from .suite.probes import REFUSALS  # noqa: PLC0415

    torch.set_num_threads(1)
    try:
        ready = call(Case.parse(case_id), InputCache(_CACHE_BYTES))
        wanted = check(ready).aliasing == "shares" or every
    except (*REFUSALS, WrongResultError):  # the rounds have met it as well, and tell of it
        return None
    return ready if wanted else None


def _block(callgrind: Requests, name: str, run: Callable[[], object], calls: int) -> None:
    callgrind.toggle()
    for _ in range(calls):
        run()
    callgrind.toggle()
    callgrind.dump(name)


if __name__ == "__main__":
    with standard_output_apart() as stream:
        every = sys.argv[1:2] == [EVERY]
        stream.write(json.dumps(counted(sys.argv[1 + every :], Callgrind(), every=every)) + "\n")
