from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks import desk
from benchmarks.clocks import Clock
from benchmarks.desk import Bench, CheckDesk, Job, PassDesk, StandaloneDesk
from benchmarks.suite import checks
from benchmarks.suite.checks import WrongResultError
from benchmarks.suite.paths import PATHS
from benchmarks.suite.registry import path

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
    """Seconds become nanoseconds per call, rounded to what a clock can tell."""
    benchmark, events = FakeBenchmark(), []
    PassDesk(bench=a_bench(), emit=events.append, number=3).take(Job(case=CASE, loops=11, rounds=2), benchmark)
    assert (events[0]["pass"], events[0]["samples_ns"]) == (3, [1234.6, 2000.0])


def test_a_device_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The case's clock wraps what is timed: on a device, each call waits for its work."""
    waited = []
    bench = a_bench()
    monkeypatch.setattr(desk, "clock_for", lambda _device: Clock(name="fake", wait=lambda: waited.append(1)))
    events: list[dict] = []
    PassDesk(bench=bench, emit=events.append, number=1).take(Job(case=CASE, loops=2, rounds=1), FakeBenchmark())
    assert waited == [1]
    assert events[0]["clock"] == "fake"


@pytest.mark.parametrize(("name", "device"), [("torch.tensor", "cpu"), ("h2d.to", "cuda:1"), ("d2h.cpu", "cuda:1")])
def test_the_clock_is_that_of_the_cases_device(monkeypatch: pytest.MonkeyPatch, name: str, device: str) -> None:
    """In a session on a GPU, transfers wait for it, and what runs on the host keeps the host's clock."""
    asked = []
    monkeypatch.setattr(desk, "clock_for", asked.append)
    call = replace(a_bench().call(desk_case("torch.tensor")), path=PATHS[name])
    replace(a_bench(), device="cuda:1").clock_of(call)
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
