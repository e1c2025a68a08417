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

from . import trace
from .clocks import Clock, clock_for, dropping
from .measure import calibrate, device_job, no_garbage_collected, rounds_for
from .peaks import peaks
from .suite.cases import MIB, Case
from .suite.faults import minor_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_benchmark.fixture import BenchmarkFixture

    from .suite.calls import Call
    from .suite.inputs import InputCache
    from .suite.registry import Path

#: Results up to this size are compared with their source in every pass, larger ones in the check alone.
_PROVED_BYTES: Final = 64 * MIB
_WARM_UP_CALLS: Final = 2
#: Clocks beside the one that cases are compared by: this share of its rounds, and at least so many.
_FURTHER_SHARE: Final = 3
_FURTHER_ROUNDS_MIN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A case and how often to call it: `rounds` batches of `loops` calls; calibrated when it has none yet."""

    case: str
    loops: int = 0
    rounds: int = 0


class Desk(Protocol):
    """What takes the cases of one pytest run."""

    @property
    def bench(self) -> Bench:
        """What this desk and the tests before it share."""

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

    def clock_of(self, path: Path) -> Clock:
        """Return the clock of the device that a path needs: on a GPU box too, a copy on the host has the CPU's."""
        return self._host_clock if path.device == "cpu" else self._device_clock

    @cached_property
    def _host_clock(self) -> Clock:
        return clock_for("cpu")

    @cached_property
    def _device_clock(self) -> Clock:
        return clock_for(self.device)

    def call(self, case: Case) -> Call:
        """Set the case's thread count and build its call."""
        import torch  # noqa: PLC0415  as above

        from .suite.calls import call  # noqa: PLC0415
        from .suite.paths import PATHS  # noqa: PLC0415

        torch.set_num_threads(self.threads[case.threads])
        self.clock_of(PATHS[case.path])  # a device has to be the current one before memory is asked of it
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
        clock = self.bench.clock_of(call.path)
        _time(benchmark, call, _calibrated(job, call, clock) if benchmark.enabled else job)


@dataclass(frozen=True, kw_only=True)
class CheckDesk:
    """Check and calibrate: a session's first process."""

    bench: Bench
    emit: Callable[[Mapping[str, Any]], None]

    def take(self, job: Job, benchmark: BenchmarkFixture) -> None:  # noqa: ARG002  this run times nothing
        """Check the case and say how often it is to be called, and what memory a call on a device takes."""
        call = self.bench.call(Case.parse(job.case))
        checked = _checked(call)
        clock = self.bench.clock_of(call.path)
        known = _calibrated(job, call, clock)
        facts = {"loops": known.loops, "rounds": known.rounds, "shape": call.shape, **asdict(checked)}
        call.prepare()
        taken = peaks(call.run) if clock.device else {}
        self.emit({"case": job.case, "checked": facts | taken})


@dataclass(frozen=True, kw_only=True)
class PassDesk:
    """Time with known loops: a session's pass."""

    bench: Bench
    emit: Callable[[Mapping[str, Any]], None]
    number: int

    def take(self, job: Job, benchmark: BenchmarkFixture) -> None:
        """Time the case and hand on its samples and page faults; of a device's case all clocks, one after the other."""
        call = self.bench.call(Case.parse(job.case))
        clock = self.bench.clock_of(call.path)
        _warm(call)
        before = minor_faults()
        _time(benchmark, call, job)
        faults = minor_faults() - before
        assert benchmark.stats is not None, "a pass runs with timing enabled"
        samples = {clock.name: [seconds * 1e9 for seconds in benchmark.stats.stats.data]}
        samples |= _others(call, job, clock)
        samples_ns = {name: [float(f"{one:.5g}") for one in found] for name, found in samples.items()}
        seen = {"samples_ns": samples_ns, "minflt": faults / _calls(job)}
        self.emit({"case": job.case, "pass": self.number, **seen})


@dataclass(frozen=True, kw_only=True)
class ProfileDesk:
    """Look at what crosses the link: a process of its own, where nothing is timed from outside."""

    bench: Bench
    emit: Callable[[Mapping[str, Any]], None]

    def take(self, job: Job, benchmark: BenchmarkFixture) -> None:  # noqa: ARG002  this run times nothing
        """Call the case under the profiler and hand on the copies that it saw."""
        call = self.bench.call(Case.parse(job.case))
        device = self.bench.clock_of(call.path).device
        assert device is not None, "only cases of a device are profiled"
        call.run()
        seen = trace.per_call(trace.copies(trace.recorded(call.run, device.wait)))
        self.emit({"case": job.case, "profiled": seen})


def _checked(call: Call) -> Any:  # noqa: ANN401  Checked, whose module loads torch
    from .suite.checks import check  # noqa: PLC0415  torch is loaded when the first case needs it

    return check(call)


def _warm(call: Call) -> None:
    """Call once; what comes over a link is proved in each pass, where that does not take longer than timing it."""
    if call.path.device == "cpu" or call.case.nbytes > _PROVED_BYTES:
        call.run()
        return
    from .suite.checks import prove  # noqa: PLC0415  as above

    prove(call)


def _calibrated(job: Job, call: Call, clock: Clock) -> Job:
    """Return the job with its loops and rounds, after two calls that warm caches, heap and thread pool."""
    function = dropping(call.path.function)
    for _ in range(_WARM_UP_CALLS):
        function(*call.args)
    if clock.device:
        call.prepare()
        start = clock.now_ns()
        function(*call.args)
        loops, rounds = device_job(call.path.batch, max(clock.now_ns() - start, 1))
        return Job(case=job.case, loops=loops, rounds=rounds)
    loops, call_ns = calibrate(lambda: function(*call.args), perf_counter_ns)
    return Job(case=job.case, loops=loops, rounds=rounds_for(loops, call_ns))


def _time(benchmark: BenchmarkFixture, call: Call, job: Job) -> None:
    function = call.path.function if job.loops > 1 else dropping(call.path.function)
    benchmark.pedantic(
        function,
        args=call.args,
        setup=call.path.before,
        rounds=max(job.rounds, 1),
        warmup_rounds=1,
        iterations=max(job.loops, 1),
    )


def _others(call: Call, job: Job, clock: Clock) -> dict[str, list[float]]:
    """Return the samples of a device's further clocks: fewer than of the first one, which decides."""
    found: dict[str, list[float]] = {name: [] for name in clock.further}
    with no_garbage_collected():
        for _ in range(max(_FURTHER_ROUNDS_MIN, job.rounds // _FURTHER_SHARE)):
            for name, sample in clock.further.items():
                call.prepare()
                found[name].append(sample(call.run, job.loops))
    return found


def _calls(job: Job) -> int:
    """How often pytest-benchmark calls in all: a warm-up round, the rounds, and one call more after a batch."""
    return (job.rounds + 1) * job.loops + (1 if job.loops > 1 else 0)
