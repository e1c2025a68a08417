import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from benchmarks import clocks
from benchmarks.clocks import Clock, clock_for, dropping
from benchmarks.records import DONE, EVENT, ISSUE, WALL

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_NS = 100


class FakeDevice:
    """A device that queues work and does it when it is waited for; each piece takes its time, giving it a tick."""

    def __init__(self) -> None:
        self.time_ns, self.queued_ns, self.held = 1000, 0, 0

    def launch(self, amount_ns: int) -> None:
        """Queue some work and return at once."""
        self.queued_ns += amount_ns
        self.time_ns += TICK_NS

    def wait(self) -> None:
        """Do all that is queued."""
        self.time_ns += self.queued_ns
        self.queued_ns = 0

    def hold(self) -> None:
        """Note that the stream was held."""
        self.held += 1

    def mark(self) -> int:
        """Return when what is queued will be done."""
        return self.time_ns + self.queued_ns

    def between(self, start: int, end: int) -> float:
        """Return milliseconds."""
        return (end - start) / 1e6


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    """A device whose time is the time."""
    made = FakeDevice()
    monkeypatch.setattr(clocks, "perf_counter_ns", lambda: made.time_ns)
    monkeypatch.setattr(clocks, "perf_counter", lambda: made.time_ns / 1e9)
    return made


def test_queued_work_is_inside_the_sample(device: FakeDevice) -> None:
    """Between two readings lies all that a call left to the device, though the call returned at once."""
    clock = Clock(device=device)
    start, start_ns = clock.seconds(), clock.now_ns()
    device.launch(5000)
    assert clock.now_ns() - start_ns == 5000 + TICK_NS
    device.launch(5000)
    assert round((clock.seconds() - start) * 1e9) == 2 * (5000 + TICK_NS)


def test_work_that_was_queued_before_is_not_in_the_sample(device: FakeDevice) -> None:
    """What another call left behind is done before the first reading."""
    device.launch(7000)
    start_ns = Clock(device=device).now_ns()
    device.launch(5000)
    assert Clock(device=device).now_ns() - start_ns == 5000 + TICK_NS


def test_what_a_call_costs_its_caller_is_a_clock_of_its_own(device: FakeDevice) -> None:
    """The issue clock ends when the calls have returned, whatever is still queued, and leaves nothing behind."""
    device.launch(9000)
    sample = Clock(device=device).further[ISSUE]
    assert sample(lambda: device.launch(5000), 4) == TICK_NS
    assert device.queued_ns == 0


def test_events_see_the_device_alone(device: FakeDevice) -> None:
    """The event clock is the time between two marks on the stream; a batch is given to a stream that is held."""
    device.launch(9000)
    sample = Clock(device=device).further[EVENT]
    assert sample(lambda: device.launch(5000), 1) == pytest.approx(5000 + TICK_NS)
    assert device.held == 0
    assert sample(lambda: device.launch(5000), 16) == pytest.approx(5000 + TICK_NS)
    assert device.held == 1


def test_the_host_has_one_clock_and_waits_for_nothing() -> None:
    """The CPU's clock is the wall clock; nothing else is sampled beside it."""
    clock = clock_for("cpu")
    assert (clock, clock.name, clock.further) == (Clock(device=None), WALL, {})
    assert clock.seconds() <= clock.seconds()


def test_a_device_has_a_clock_of_its_own_that_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device's clock has another name than the CPU's, waits for that device, and makes it the current one."""
    seen: list[tuple[str, int]] = []
    monkeypatch.setattr("torch.cuda.synchronize", lambda index: seen.append(("wait", index)))
    monkeypatch.setattr("torch.cuda.set_device", lambda index: seen.append(("current", index)))
    clock = clock_for("cuda:1")
    clock.seconds()
    assert clock.name == DONE != WALL
    assert seen == [("current", 1), ("wait", 1)]


class Result:
    """Something large that a path returns."""


def test_a_lone_call_frees_its_result_inside() -> None:
    """Where a round is one call, its result is freed before the timed function returns."""
    made: list[weakref.ref[Result]] = []

    def convert() -> Result:
        result = Result()
        made.append(weakref.ref(result))
        return result

    timed: Callable[..., None] = dropping(convert)
    gc.disable()
    try:
        timed()
        assert made[0]() is None
    finally:
        gc.enable()


def test_arguments_reach_the_function() -> None:
    """The wrapped function gets the arguments of the call, in order."""
    seen: list[object] = []
    dropping(lambda *args: seen.append(args))(1, "<a>", None)
    assert seen == [(1, "<a>", None)]
