"""The process that takes a case apart: a partner that times what is done in a case's stead, and looks at a call.

{"take": case, "look": no, "cpu": number, "device": name, "settle": "warm" or "fresh"}
-> as a partner; in warm memory it is called until a call faults no more
{"instead": "engine" or "move"}
-> {"instead": what is timed from now on}, or {"refused": why}
{"time": loops}     -> {"call_ns": ..., "minflt": ..., "wait_ns": ...}, the last null where the system does not say
{"observe": yes}    -> {"observed": {name: value or reason}} of one call of the case
{"trace": calls}    -> {"trace": text} of torch's profiler, the JSON that Chrome and Perfetto read
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

from benchmarks.apart import standard_output_apart
from benchmarks.clocks import clock_for
from benchmarks.measure import batch_ns, calibrate
from benchmarks.partner import Partner, serve
from benchmarks.suite.faults import minor_faults
from benchmarks.waits import run_queue_wait_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.records import Json
    from benchmarks.suite.calls import Call
    from benchmarks.suite.cases import Case

#: A heap that keeps what was freed has found a place for every result after some calls.
SETTLING_CALLS: Final = 20
#: A call at whose time no more than this many pages fault is warm: the kernel's own, once in a while.
_CHANCE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What a process reads before and after it calls: the clock, the fault counter, the wait in the run queue."""

    now_ns: Callable[[], int] = perf_counter_ns
    faults: Callable[[], int] = minor_faults
    wait_ns: Callable[[], int | None] = run_queue_wait_ns


class Explainer(Partner):
    """A partner that times what is done in a case's stead, and says how long it waited for a CPU."""

    def __init__(self, threads: Mapping[str, int], cache_bytes: int, instruments: Instruments = Instruments()) -> None:
        super().__init__(threads, cache_bytes)
        self._read = instruments
        self._device = "cpu"

    def answer(self, asked: Json) -> Json:
        """Do what one line asks."""
        if "take" in asked:
            self._device = asked["device"]
            taken = super().answer(asked)
            if "taken" in taken and asked["settle"] == "warm":
                self._settle()
            return taken
        if "instead" in asked:
            return self._replace(asked["instead"])
        if "observe" in asked:
            from .observing import observe  # noqa: PLC0415  loads torch

            return {"observed": observe(self._taken)}
        if "trace" in asked:
            from .observing import traced  # noqa: PLC0415  loads torch

            return {"trace": traced(self._taken, asked["trace"])}
        return super().answer(asked)

    @property
    def _taken(self) -> Call:
        assert self._ready is not None, "a case is taken before it is looked at"
        return self._ready

    def _call(self, case: Case) -> Call:
        from benchmarks.suite.calls import call  # noqa: PLC0415  loads torch
        from benchmarks.suite.paths import PATHS  # noqa: PLC0415

        if PATHS[case.path].device == "cpu":
            return call(case, self._cache)
        clock = clock_for(self._device)  # before memory is asked of the device: it makes it the current one
        self._read = Instruments(now_ns=clock.now_ns, faults=self._read.faults, wait_ns=self._read.wait_ns)
        return call(case, self._cache, self._device)

    def _settle(self) -> None:
        for _ in range(SETTLING_CALLS):
            before = self._read.faults()
            self._taken.run()
            if self._read.faults() - before <= _CHANCE:
                return

    def _replace(self, what: str) -> Json:
        from .engines import NoEngineError, replacements  # noqa: PLC0415  loads torch

        try:
            known = replacements(self._taken, what)
        except NoEngineError as error:
            return {"refused": str(error)}
        name, self._run = min(known.items(), key=lambda one: calibrate(one[1], self._read.now_ns)[1])
        return {"instead": name}

    def _calibrated(self, run: Callable[[], object]) -> Json:
        return {"call_ns": calibrate(run, self._read.now_ns)[1]}

    def _timed(self, run: Callable[[], object], loops: int) -> Json:
        faults, wait = self._read.faults(), self._read.wait_ns()
        elapsed_ns = batch_ns(run, loops, self._read.now_ns)
        waited = self._read.wait_ns()
        return {
            "call_ns": elapsed_ns / loops,
            "minflt": (self._read.faults() - faults) / loops,
            "wait_ns": None if wait is None or waited is None else (waited - wait) / loops,
        }


if __name__ == "__main__":
    with standard_output_apart() as stream:
        serve(sys.stdin, stream, Explainer)
