"""Worker processes seen from the session: events as they come, deaths and hangs as failures of one case."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, Final

from .checkout import ROOT
from .errors import WorkerError
from .machine import scrubbed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .records import Json

#: A case that says nothing for this long is killed and recorded as failed.
CASE_LIMIT_S: Final = 120.0
#: Signals that a process gets for what it did itself; the others come from outside.
_CRASHES: Final = frozenset(
    {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGSYS}
)
_WORKER: Final = (sys.executable, "-m", "benchmarks.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a worker has to do: probes and jobs in this order; pass 0 checks, later passes time."""

    number: int
    jobs: tuple[Json, ...]
    probes: tuple[Json, ...] = ()
    device: str
    threads: Mapping[str, int]
    cache_bytes: int

    def without(self, finished: set[str]) -> Plan:
        """Return the plan of what is left."""
        jobs = tuple(job for job in self.jobs if job["case"] not in finished)
        probes = tuple(probe for probe in self.probes if f"{probe['path']} {probe['trait']}" not in finished)
        return replace(self, jobs=jobs, probes=probes)

    def to_line(self) -> str:
        """Return the plan as one line of JSON."""
        common = {"pass": self.number, "jobs": self.jobs, "probes": self.probes, "device": self.device}
        return json.dumps(common | {"threads": dict(self.threads), "cache_bytes": self.cache_bytes}) + "\n"


def events(plan: Plan, *, lock: int | None = None, limit_s: float = CASE_LIMIT_S) -> Iterator[Json]:
    """Run a plan to its end and yield the events of its workers.

    A worker that dies or hangs takes one case with it, which is yielded as failed; a fresh worker does the rest.

    Raises:
        WorkerError: a worker ended with work left and no case to blame.
    """
    while plan.jobs or plan.probes:
        finished: set[str] = set()
        for event in _one_worker(plan, lock, limit_s):
            finished.add(str(event.get("case") or event.get("probe") or ""))
            yield event
        left = plan.without(finished)
        if left == plan:
            raise WorkerError("a worker ended well without taking any of its cases")
        plan = left


def _one_worker(plan: Plan, lock: int | None, limit_s: float) -> Iterator[Json]:
    running: str | None = None
    told = False
    with tempfile.TemporaryFile() as log, _started(plan, log, lock) as worker:
        try:
            for event in _lines(worker, limit_s):
                if "started" in event:
                    running = event["started"]
                else:
                    running = None if running == (event.get("case") or event.get("probe")) else running
                    told = told or "case" in event or "probe" in event
                yield event
            status = worker.wait()
            if running is not None:
                yield _blamed(running, plan, death(status), crashed=-status in _CRASHES, log=log)
            elif status != 0 and not told:  # else it died while it ended, and all it did has been told
                raise WorkerError(f"a worker {death(status)} before it took a case:\n{tail(log)}")
        except TimeoutError:
            worker.kill()
            worker.wait()
            if running is None:
                raise WorkerError(f"a worker said nothing for {limit_s:g} s before it took a case") from None
            yield _blamed(running, plan, f"hung for {limit_s:g} s and was killed", crashed=False, log=log)
        finally:
            worker.kill()


def _started(plan: Plan, log: IO[bytes], lock: int | None) -> subprocess.Popen[bytes]:
    worker = subprocess.Popen(  # noqa: S603  our own module, no shell
        _WORKER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": str(max(plan.number, 0))},  # one layout of hashes a pass, now and later
        pass_fds=() if lock is None else (lock,),
        start_new_session=True,  # Ctrl-C is for the session, which ends its worker itself
    )
    assert worker.stdin is not None
    with suppress(BrokenPipeError):  # a worker that died before it read its plan is told of by its exit status
        worker.stdin.write(plan.to_line().encode())
    with suppress(BrokenPipeError):
        worker.stdin.close()
    return worker


def _lines(worker: subprocess.Popen[bytes], limit_s: float) -> Iterator[Json]:
    """Yield events until the worker closes its end. Raises TimeoutError after `limit_s` of silence."""
    assert worker.stdout is not None
    descriptor = worker.stdout.fileno()
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(limit_s):
                raise TimeoutError
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                return
            *whole, pending = (pending + chunk).split(b"\n")
            yield from map(json.loads, whole)


def _blamed(running: str, plan: Plan, error: str, *, crashed: bool, log: IO[bytes]) -> Json:
    """Fail what was running. Of a probe only a crash is an observation: the rest may be ours, or another process's."""
    if not any(f"{probe['path']} {probe['trait']}" == running for probe in plan.probes):
        return {"case": running, "failed": error}
    if crashed:
        return {"probe": running, "observed": {"outcome": "dies", "error": error}}
    said = tail(log, lines=1)
    return {"probe": running, "observed": {"outcome": "unobserved", "error": f"{error}: {said}" if said else error}}


def death(status: int) -> str:
    """Return how a process ended, in words."""
    if status >= 0:
        return f"ended with exit code {status}"
    name = signal.Signals(-status).name
    return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def tail(log: IO[bytes], lines: int = 15) -> str:
    """Return the last lines of what a process wrote, without folders and host names."""
    log.seek(0)
    return scrubbed("\n".join(log.read().decode(errors="replace").splitlines()[-lines:]))


def failure_text(event: Mapping[str, Any]) -> str:
    """Return a failed event's reason without paths and host names, short enough for a table."""
    return scrubbed(str(event["failed"]))[:300]
