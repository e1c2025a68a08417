import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks import desk, trace
from benchmarks.clocks import Clock
from benchmarks.desk import Bench, CheckDesk, Job, PassDesk, ProfileDesk, StandaloneDesk
from benchmarks.suite import checks
from benchmarks.suite.checks import WrongResultError
from benchmarks.suite.paths import PATHS
from benchmarks.suite.registry import path
from tests.benchmarks.stand_in import play

CASE = "torch.tensor/float32/C/4KiB/1t"


class FakeBenchmark:
    """A benchmark fixture that notes what it is asked and calls nothing but once."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.group = ""
        self.extra_info: dict[str, object] = {}
        self.asked: dict[str, object] = {}
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=[1.23456789e-6, 2e-6]))

    def pedantic(self, function: object, **asked: object) -> None:
        """Note what was asked and call once."""
        self.asked = asked
        function(*asked["args"])


def a_bench(**changes: object) -> Bench:
    """Return a bench with little memory."""
    return Bench(**({"cache_bytes": 1 << 20, "threads": {"1t": 1, "allt": 2}} | changes))


@pytest.fixture
def wrong(registry: None) -> str:
    """Return a case whose path gives wrong values."""
    path("fake.wrong", family="copy")(lambda a: a + 1)
    return "fake.wrong/float32/C/64B/1t"


def test_a_developer_gets_a_checked_and_calibrated_timing() -> None:
    """A plain pytest run times with rounds and loops that were found, and says what was observed."""
    benchmark = FakeBenchmark()
    StandaloneDesk(bench=a_bench()).take(Job(case=CASE), benchmark)
    assert benchmark.asked["iterations"] > 1
    assert benchmark.asked["rounds"] >= 3
    assert benchmark.extra_info == {"case": CASE, "aliasing": "copies", "alloc_bytes": 4096}


def test_paths_that_do_the_same_work_stand_in_one_group() -> None:
    """Two paths of one family and one case's axes are grouped; another family is not."""
    groups = []
    for name in ("torch.tensor", "torch.asarray.copy", "torch.from_numpy"):
        benchmark = FakeBenchmark()
        StandaloneDesk(bench=a_bench()).take(Job(case=f"{name}/float32/C/4KiB/1t"), benchmark)
        groups.append(benchmark.group)
    assert groups[0] == groups[1] != groups[2]


def test_a_disabled_benchmark_is_called_once() -> None:
    """Where timing is disabled, a case is checked and called, and nothing is calibrated."""
    benchmark = FakeBenchmark(enabled=False)
    StandaloneDesk(bench=a_bench()).take(Job(case=CASE), benchmark)
    assert (benchmark.asked["rounds"], benchmark.asked["iterations"]) == (1, 1)
    assert benchmark.extra_info["aliasing"] == "copies"


def test_a_wrong_path_is_not_timed(wrong: str) -> None:
    """Correctness comes before speed: neither a developer's run nor a session's check times wrong values."""
    benchmark, events = FakeBenchmark(), []
    with pytest.raises(WrongResultError):
        StandaloneDesk(bench=a_bench()).take(Job(case=wrong), benchmark)
    with pytest.raises(WrongResultError):
        CheckDesk(bench=a_bench(), emit=events.append).take(Job(case=wrong), benchmark)
    assert (benchmark.asked, events) == ({}, [])


def test_a_check_times_nothing() -> None:
    """The check hands on loops and rounds without asking pytest-benchmark for anything."""
    benchmark, events = FakeBenchmark(), []
    CheckDesk(bench=a_bench(), emit=events.append).take(Job(case=CASE), benchmark)
    assert benchmark.asked == {}
    assert set(events[0]["checked"]) == {"loops", "rounds", "shape", "aliasing", "alloc_bytes"}


def test_a_pass_takes_the_loops_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass neither checks nor calibrates: it times the batch of its job, after one warm-up round."""
    monkeypatch.setattr(checks, "check", lambda _call: pytest.fail("a pass does not check"))
    benchmark, events = FakeBenchmark(), []
    PassDesk(bench=a_bench(), emit=events.append, number=3).take(Job(case=CASE, loops=11, rounds=2), benchmark)
    asked = {name: benchmark.asked[name] for name in ("iterations", "rounds", "warmup_rounds")}
    assert asked == {"iterations": 11, "rounds": 2, "warmup_rounds": 1}


def test_samples_are_nanoseconds_of_five_digits() -> None:
    """Seconds become nanoseconds per call, rounded to what a clock can tell, under the name of the clock."""
    benchmark, events = FakeBenchmark(), []
    PassDesk(bench=a_bench(), emit=events.append, number=3).take(Job(case=CASE, loops=11, rounds=2), benchmark)
    assert (events[0]["pass"], events[0]["samples_ns"]) == (3, {"wall": [1234.6, 2000.0]})


class FakeDevice:
    """A device that is done at once, and counts."""

    def __init__(self) -> None:
        self.waits, self.held = 0, 0

    def wait(self) -> None:
        """Count."""
        self.waits += 1

    def hold(self) -> None:
        """Count."""
        self.held += 1

    def mark(self) -> float:
        """Return some time."""
        return 2.0

    def between(self, start: float, end: float) -> float:
        """Return some milliseconds."""
        return start * end


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    """A device under the name of the host's, and paths that stand in for transfers."""
    play(monkeypatch)
    made = FakeDevice()
    monkeypatch.setattr(desk, "clock_for", lambda _device: Clock(device=made))
    return made


H2D = "h2d.pageable/float32/C/4KiB/1t"


def test_a_device_has_all_its_clocks(device: FakeDevice) -> None:
    """A pass of a transfer has samples of each clock of the device, none mixed with another; most are of the first."""
    events: list[dict] = []
    PassDesk(bench=a_bench(), emit=events.append, number=1).take(Job(case=H2D, loops=1, rounds=12), FakeBenchmark())
    assert {name: len(one) for name, one in events[0]["samples_ns"].items()} == {"done": 2, "issue": 4, "event": 4}
    assert events[0]["samples_ns"]["event"] == [4e6] * 4


def test_a_round_on_a_device_is_one_call_or_one_batch(device: FakeDevice) -> None:
    """Calls that wait by themselves are timed one by one; the engine's copies in the batches of their path."""
    for name, loops in (("h2d.pageable", 1), ("ref.dma_h2d", 16)):
        benchmark = FakeBenchmark()
        StandaloneDesk(bench=a_bench()).take(Job(case=H2D.replace("h2d.pageable", name)), benchmark)
        assert benchmark.asked["iterations"] == loops
        assert 3 <= benchmark.asked["rounds"] <= 30


def test_what_has_to_come_before_a_call_comes_before_each(device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a path wants done before each call is done for every sample of every clock, and for the timed rounds."""
    emptied: list[int] = []
    known = replace(PATHS["h2d.pin_cold"], before=lambda: emptied.append(1))
    monkeypatch.setitem(PATHS, "h2d.pin_cold", known)
    benchmark = FakeBenchmark()
    job = Job(case=H2D.replace("pageable", "pin_cold"), loops=1, rounds=3)
    PassDesk(bench=a_bench(), emit=lambda _event: None, number=1).take(job, benchmark)
    assert benchmark.asked["setup"] is known.before
    assert len(emptied) == 2 * 3


@pytest.mark.usefixtures("device")
def test_a_pass_proves_what_came_over_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transfer that turns wrong after the check is caught in the pass, before it is timed."""
    monkeypatch.setitem(PATHS, "h2d.pageable", replace(PATHS["h2d.pageable"], function=lambda a, device: a[::2]))  # noqa: ARG005
    benchmark = FakeBenchmark()
    with pytest.raises(WrongResultError):
        PassDesk(bench=a_bench(), emit=lambda _event: None, number=1).take(Job(case=H2D, loops=1, rounds=2), benchmark)
    assert benchmark.asked == {}


@pytest.mark.usefixtures("device")
def test_a_check_says_what_memory_a_call_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a transfer hands on the peaks of device and pinned memory beside what it observed."""
    taken = {"device_peak_bytes": 4096, "pinned_peak_bytes": 0}
    monkeypatch.setattr(desk, "peaks", lambda run: run() is not None and taken)
    events: list[dict] = []
    CheckDesk(bench=a_bench(), emit=events.append).take(Job(case=H2D), FakeBenchmark())
    assert taken.items() <= events[0]["checked"].items()


@pytest.mark.usefixtures("device")
def test_a_profile_says_what_crossed_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile of a transfer hands on the copies of one call, from a trace of several."""
    copy = {"cat": "gpu_memcpy", "name": "Memcpy HtoD (Pageable -> Device)", "dur": 2.0, "args": {"bytes": 4096}}
    monkeypatch.setattr(trace, "recorded", lambda _run, _wait: json.dumps({"traceEvents": [copy] * trace.CALLS}))
    events: list[dict] = []
    ProfileDesk(bench=a_bench(), emit=events.append).take(Job(case=H2D), FakeBenchmark())
    assert events == [
        {"case": H2D, "profiled": {"link": {copy["name"]: {"copies": 1, "nbytes": 4096}}, "samples_ns": {"dma": [2e3]}}}
    ]


@pytest.mark.parametrize(
    ("name", "device"),
    [("torch.tensor", "cpu"), ("ref.memcpy_8", "cpu"), ("h2d.pageable", "cuda:1"), ("d2h.cpu", "cuda:1")],
)
def test_the_clock_is_that_of_the_paths_device(monkeypatch: pytest.MonkeyPatch, name: str, device: str) -> None:
    """In a session on a GPU, transfers wait for it, and what runs on the host keeps the host's clock."""
    asked = []
    monkeypatch.setattr(desk, "clock_for", asked.append)
    replace(a_bench(), device="cuda:1").clock_of(PATHS[name])
    assert asked == [device]


def test_inputs_are_kept_from_case_to_case() -> None:
    """Two paths over the same source get the same array."""
    bench = a_bench()
    first, second = (bench.call(desk_case(name)) for name in ("torch.tensor", "torch.from_numpy"))
    assert first.args[0] is second.args[0]


def desk_case(name: str) -> object:
    """Return the plain case of a path."""
    from benchmarks.suite.cases import Case  # noqa: PLC0415  one use

    return Case.parse(f"{name}/float32/C/4KiB/1t")
