"""One process of a duet: it waits for a line, does what it says, and answers with a line. Never two at once.

It is started with its side's folder first on the path and this checkout after it, so `bridge` is the side's and
everything else the checkout's. It begins by saying which `bridge` it has loaded.

    {"take": case, "look": yes, "cpu": number}
                       -> {"taken": {...}} what one call was seen to do, or {"refused": "TypeError: ..."};
                          without a look, the case is only warmed up; a case of one thread stays on that CPU,
                          or where the scheduler puts it if that is null
    {"probe": path, "trait": name}
                       -> {"observed": {...}} what the path was seen to do with an awkward source
    {"calibrate": yes} -> {"call_ns": ...} of the case that was taken
    {"time": loops}    -> {"call_ns": ..., "minflt": ...}, the minor page faults of a call beside its time
"""

from __future__ import annotations

import gc
import json
import platform
import sys
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, TextIO

from . import affinity
from .apart import standard_output_apart
from .checkout import tree_hash
from .measure import batch_ns, calibrate
from .suite.faults import minor_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .records import Json
    from .suite.calls import Call
    from .suite.cases import Case

_WARM_UP_CALLS = 2


class Partner:
    """Takes a case at a time and times it."""

    def __init__(self, threads: Mapping[str, int], cache_bytes: int) -> None:
        from .suite.inputs import InputCache  # noqa: PLC0415  loads torch, once standard output is kept apart

        self._threads = threads
        self._cpus = affinity.cpus()
        self._cache = InputCache(cache_bytes)
        self._run: Callable[[], object] | None = None
        self._ready: Call | None = None

    def answer(self, asked: Json) -> Json:
        """Do what one line asks."""
        if "take" in asked:
            return self._take(asked["take"], look=asked["look"], cpu=asked["cpu"])
        if "probe" in asked:
            from .suite.probes import Probe, observe  # noqa: PLC0415  loads torch

            return {"observed": observe(Probe(path=asked["probe"], trait=asked["trait"]))}
        assert self._run is not None, "a case is taken before it is timed"
        return self._calibrated(self._run) if "calibrate" in asked else self._timed(self._run, asked["time"])

    def _calibrated(self, run: Callable[[], object]) -> Json:
        return {"call_ns": calibrate(run, perf_counter_ns)[1]}

    def _timed(self, run: Callable[[], object], loops: int) -> Json:
        before = minor_faults()
        elapsed_ns = batch_ns(run, loops, perf_counter_ns)
        return {"call_ns": elapsed_ns / loops, "minflt": (minor_faults() - before) / loops}

    def _take(self, case_id: str, *, look: bool, cpu: int | None) -> Json:
        import torch  # noqa: PLC0415  as above

        from .suite.cases import Case  # noqa: PLC0415
        from .suite.checks import WrongResultError  # noqa: PLC0415
        from .suite.probes import REFUSALS  # noqa: PLC0415

        case = Case.parse(case_id)
        self._run = self._ready = None
        gc.collect()
        affinity.stay_on(self._cpus if cpu is None or case.threads != "1t" else {cpu})
        torch.set_num_threads(self._threads[case.threads])
        try:
            ready = self._call(case)
            seen = _seen(ready) if look else {}
            for _ in range(_WARM_UP_CALLS):
                ready.run()
        except (*REFUSALS, WrongResultError) as error:  # anything else ends this process, which is told as well
            return {"refused": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"}
        self._run = partial(ready.path.function, *ready.args)
        self._ready = ready  # it owns memory of which some paths get the bare address
        return {"taken": seen}

    def _call(self, case: Case) -> Call:
        from .suite.calls import call  # noqa: PLC0415  loads torch

        return call(case, self._cache)


def _seen(ready: Call) -> Json:
    """Prove a call's values and observe what it does."""
    from .suite.checks import check  # noqa: PLC0415  loads torch

    checked = check(ready)
    return {"aliasing": checked.aliasing, "alloc_bytes": checked.alloc_bytes}


def who() -> Json:
    """Say which `bridge` this process has loaded, from which file of its side's folder, and what it stands on."""
    import numpy as np  # noqa: PLC0415  what is loaded is what is asked about
    import torch  # noqa: PLC0415

    import bridge  # noqa: PLC0415

    file = Path(bridge.__file__ or ".")
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": str(torch.__version__)}
    return {"bridge": tree_hash(file.parent), "file": "/".join(file.parts[-3:]), "software": versions}


def serve(lines: TextIO, answers: TextIO, kind: type[Partner] = Partner) -> None:
    """Answer every line until there is none."""
    settings = json.loads(lines.readline())
    _say(answers, who())
    gc.disable()
    gc.freeze()  # what is loaded stays: looking at it again before each case would take longer than most cases
    partner = kind(settings["threads"], settings["cache_bytes"])
    for line in lines:
        _say(answers, partner.answer(json.loads(line)))


def _say(answers: TextIO, answer: Json) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    with standard_output_apart() as stream:
        serve(sys.stdin, stream)
