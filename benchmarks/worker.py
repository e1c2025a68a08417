"""The process that a session starts: it checks, probes or times, and says each thing it has done at once.

The plan comes as one line of JSON on standard input, events go as lines of JSON to standard output:

    {"started": id}                               what runs now; if nothing follows, it killed the process
    {"case": id, "checked": {...}}                values proved, aliasing observed, loops calibrated
    {"case": id, "pass": k, "samples_ns": {...}}  one pass of one case: clock -> samples
    {"case": id, "failed": "TypeError: ..."}      the case raised
    {"case": id, "profiled": {...}}               what crossed the link of a device in one call
    {"probe": id, "observed": {...}}              one observation for the semantics card
    {"gpu": {...}}                                the state of the GPU's link and clocks, before and after the work

Everything else that a library prints goes to standard error.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import pytest

from . import gpu
from .apart import standard_output_apart
from .desk import DESK, JOBS, Bench, CheckDesk, Job, PassDesk, ProfileDesk
from .stages import CHECK, PROFILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .desk import Desk

_TESTS: Final = Path(__file__).with_name("test_conversions.py")
#: Rounds are ours and the order is the plan's, so nothing may re-order tests, print or time on its own.
_OPTIONS: Final = (
    "--override-ini=addopts=",
    "--override-ini=filterwarnings=ignore",
    "--override-ini=timeout=0",  # the session watches its worker from outside, where a hang in C cannot stop it
    "--import-mode=importlib",
    "--benchmark-disable-gc",
    "--benchmark-warmup=off",
    "--benchmark-quiet",
    "-q",
    "--no-header",
    "--no-summary",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
)


@dataclass(frozen=True, kw_only=True)
class Events:
    """Where the events go; a reader that is gone ends the process with the next event."""

    stream: TextIO

    def emit(self, event: Mapping[str, Any]) -> None:
        """Write one event and flush it."""
        self.stream.write(json.dumps(event) + "\n")
        self.stream.flush()


@dataclass(kw_only=True)
class SessionPlugin:
    """Puts the desk and the jobs where `benchmarks/conftest.py` looks, and reports what starts and what fails."""

    desk: Desk
    jobs: tuple[Job, ...]
    events: Events
    session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Keep what can be stopped."""
        self.session = session

    def pytest_configure(self, config: pytest.Config) -> None:
        """Hand over the desk and the jobs."""
        config.stash[DESK] = self.desk
        config.stash[JOBS] = self.jobs

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which case runs now."""
        self.events.emit({"started": _case_of(nodeid)})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say that a case raised, and what."""
        if report.failed:
            self.events.emit({"case": _case_of(report.nodeid), "failed": _reason(report)})
            if self.session and _device_is_lost():
                # Every later case of this process would fail for it; a fresh one takes what is left.
                self.session.shouldstop = "an error of the device stays"


def main(plan: Mapping[str, Any], events: Events) -> int:
    """Do what the plan says: probe first, then check or time its cases. Returns pytest's exit status."""
    _probe(plan.get("probes", ()), events)
    jobs = tuple(Job(**job) for job in plan["jobs"])
    if not jobs:
        return 0
    bench = Bench(cache_bytes=plan["cache_bytes"], threads=plan["threads"], device=plan["device"])
    desk = _desk(plan, bench, events)
    plugin = SessionPlugin(desk=desk, jobs=jobs, events=events)
    _say_state(plan["device"], events)
    status = pytest.main([*_OPTIONS, str(_TESTS)], plugins=[plugin])
    _say_state(plan["device"], events)
    done = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}  # failed and stopped are told case by case
    return 0 if status in done else int(status)


def _say_state(device: str, events: Events) -> None:
    """Say what the GPU is at: a link that idles runs slower until it is used."""
    if device != "cpu" and (state := gpu.state(gpu.index_of(device))):
        events.emit({"gpu": state})


def _device_is_lost() -> bool:
    """Whether an error of the device stays: after an illegal access each further call of CUDA fails."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False


def _desk(plan: Mapping[str, Any], bench: Bench, events: Events) -> Desk:
    if plan["pass"] == CHECK:
        return CheckDesk(bench=bench, emit=events.emit)
    if plan["pass"] == PROFILE:
        return ProfileDesk(bench=bench, emit=events.emit)
    return PassDesk(bench=bench, emit=events.emit, number=plan["pass"])


def _probe(wanted: list[Mapping[str, str]], events: Events) -> None:
    if not wanted:
        return
    import torch  # noqa: PLC0415  passes do not probe

    from .suite.probes import Probe, observe  # noqa: PLC0415

    torch.set_warn_always(True)  # else torch warns of read-only arrays once a process, whichever path comes first
    for probe in (Probe(**one) for one in wanted):
        events.emit({"started": probe.id})
        events.emit({"probe": probe.id, "observed": observe(probe)})
    torch.set_warn_always(False)


def _case_of(nodeid: str) -> str:
    return nodeid.partition("[")[2].rpartition("]")[0]


def _reason(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message if crash else report.longrepr).strip().splitlines()
    return lines[0] if lines else "no reason given"


if __name__ == "__main__":
    plan = json.loads(sys.stdin.readline())
    with standard_output_apart() as stream:
        status = main(plan, Events(stream=stream))
    raise SystemExit(status)
