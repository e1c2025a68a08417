"""The desk a pytest test hands its case to: check it, time it, or both.

`benchmarks/test_conversions.py` holds one test; what happens to a case depends on who started pytest. A developer
gets checks and pytest-benchmark's table. A session starts fresh processes that only check, then only time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from .clocks import Clock, clock_for
from .measure import calibrate, rounds_for
from .suite.cases import Case
from .suite.faults import minor_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_benchmark.fixture import BenchmarkFixture

    from .suite.calls import Call
    from .suite.inputs import InputCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A case and how often to call it: `rounds` batches of `loops` calls; calibrated when it has none yet."""

    case: str
    loops: int = 0
    rounds: int = 0


class Desk(Protocol):
    """What takes the cases of one pytest run."""

    def take(self, job: Job, benchmark: BenchmarkFixture) -> None:
        """Do with one case what this run is for."""


#: A session's worker puts its desk and its jobs here; a plain run has neither and takes the quick preset.
DESK: Final = pytest.StashKey[Desk]()
JOBS: Final = pytest.StashKey[tuple[Job, ...]]()


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every desk needs: inputs that are kept, thread counts, the clock of the device."""

    cache_bytes: int
    threads: Mapping[str, int]
    device: str = "cpu"

    @cached_property
    def cache(self) -> InputCache:
        """The inputs, kept from case to case."""
        from .suite.inputs import InputCache  # noqa: PLC0415  torch is loaded when the first case needs it

        return InputCache(self.cache_bytes)

    def clock_of(self, call: Call) -> Clock:
        """Return the clock of the device that a call needs: on a GPU box too, a copy on the host has the CPU's."""
        return clock_for("cpu" if call.path.device == "cpu" else self.device)

    def call(self, case: Case) -> Call:
        """Set the case's thread count and build its call."""
        import torch  # noqa: PLC0415  as above

        from .suite.calls import call  # noqa: PLC0415

        torch.set_num_threads(self.threads[case.threads])
        return call(case, self.cache, self.device)


@dataclass(frozen=True, kw_only=True)
class StandaloneDesk:
    """Check, calibrate and time: what ``pytest benchmarks`` does."""

    bench: Bench

    def take(self, job: Job, benchmark: BenchmarkFixture) -> None:
        """Check the case, then let pytest-benchmark time it (or call it once, where timing is disabled)."""
        call = self.bench.call(Case.parse(job.case))
        checked = _checked(call)
        benchmark.group = f"{call.path.family} {call.path.source} {call.case.id.split('/', 1)[1]}"
        benchmark.extra_info.update({"case": job.case, **asdict(checked)})
        clock = self.bench.clock_of(call)
        _time(benchmark, call, _calibrated(job, call, clock) if benchmark.enabled else job, clock)


@dataclass(frozen=True, kw_only=True)
class CheckDesk:
    """Check and calibrate: a session's first process."""

    bench: Bench
    emit: Callable[[Mapping[str, Any]], None]

    def take(self, job: Job, benchmark: BenchmarkFixture) -> None:  # noqa: ARG002  this run times nothing
        """Check the case and say how often it is to be called."""
        call = self.bench.call(Case.parse(job.case))
        checked = _checked(call)
        known = _calibrated(job, call, self.bench.clock_of(call))
        facts = {"loops": known.loops, "rounds": known.rounds, "shape": call.shape, **asdict(checked)}
        self.emit({"case": job.case, "checked": facts})


@dataclass(frozen=True, kw_only=True)
class PassDesk:
    """Time with known loops: a session's pass."""

    bench: Bench
    emit: Callable[[Mapping[str, Any]], None]
    number: int

    def take(self, job: Job, benchmark: BenchmarkFixture) -> None:
        """Time the case and hand on its samples and page faults."""
        call = self.bench.call(Case.parse(job.case))
        clock = self.bench.clock_of(call)
        call.run()
        before = minor_faults()
        _time(benchmark, call, job, clock)
        faults = minor_faults() - before
        assert benchmark.stats is not None, "a pass runs with timing enabled"
        samples_ns = [float(f"{seconds * 1e9:.5g}") for seconds in benchmark.stats.stats.data]
        seen = {"clock": clock.name, "samples_ns": samples_ns, "minflt": faults / _calls(job)}
        self.emit({"case": job.case, "pass": self.number, **seen})


def _checked(call: Call) -> Any:  # noqa: ANN401  Checked, whose module loads torch
    from .suite.checks import check  # noqa: PLC0415  torch is loaded when the first case needs it

    return check(call)


def _calibrated(job: Job, call: Call, clock: Clock) -> Job:
    """Return the job with its loops and rounds, after two calls that warm caches, heap and thread pool."""
    function = clock.dropping(call.path.function)
    for _ in range(2):
        function(*call.args)
    loops, call_ns = calibrate(lambda: function(*call.args), perf_counter_ns)
    return Job(case=job.case, loops=loops, rounds=rounds_for(loops, call_ns))


def _time(benchmark: BenchmarkFixture, call: Call, job: Job, clock: Clock) -> None:
    function = clock.timed(call.path.function, job.loops)
    benchmark.pedantic(
        function, args=call.args, rounds=max(job.rounds, 1), warmup_rounds=1, iterations=max(job.loops, 1)
    )


def _calls(job: Job) -> int:
    """How often pytest-benchmark calls in all: a warm-up round, the rounds, and one call more after a batch."""
    return (job.rounds + 1) * job.loops + (1 if job.loops > 1 else 0)
