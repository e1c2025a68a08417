import gc
import weakref

import pytest

from benchmarks.clocks import Clock, clock_for
from benchmarks.records import WALL


class FakeDevice:
    """A device that queues work and does it when it is waited for."""

    def __init__(self) -> None:
        self.queued, self.done = 0, 0

    def launch(self, amount: int) -> "FakeDevice":
        """Queue some work and return at once."""
        self.queued += amount
        return self

    def wait(self) -> None:
        """Do all that is queued."""
        self.done += self.queued
        self.queued = 0


@pytest.mark.parametrize("loops", [1, 1000])
def test_queued_work_is_done_inside_the_sample(loops: int) -> None:
    """Whatever the loops, the function that is timed returns when the device has done what the call queued."""
    device = FakeDevice()
    Clock(name="fake", wait=device.wait).timed(device.launch, loops)(3)
    assert (device.queued, device.done) == (0, 3)


def test_work_that_was_queued_before_is_not_left_for_the_next_call() -> None:
    """Each call waits for itself: after two calls both are done, none is pending."""
    device = FakeDevice()
    timed = Clock(name="fake", wait=device.wait).timed(device.launch, 1)
    timed(3)
    timed(4)
    assert (device.queued, device.done) == (0, 7)


class Result:
    """Something large that a path returns."""


@pytest.mark.parametrize("wait", [None, lambda: None])
def test_a_lone_call_frees_its_result_inside(wait: object) -> None:
    """Where a round is one call, its result is freed before the timed function returns."""
    made: list[weakref.ref[Result]] = []

    def convert() -> Result:
        result = Result()
        made.append(weakref.ref(result))
        return result

    gc.disable()
    try:
        assert Clock(name="fake", wait=wait).timed(convert, 1)() is None
        assert made[0]() is None
    finally:
        gc.enable()


def test_a_batch_on_the_cpu_is_called_as_it_is() -> None:
    """Where calls are synchronous and a batch drops its results, nothing stands around the function."""
    assert Clock(name="fake").timed(len, 2) is len


def test_arguments_reach_the_function() -> None:
    """The wrapped function gets the arguments of the call, in order."""
    seen: list[object] = []
    Clock(name="fake").dropping(lambda *args: seen.append(args))(1, "<a>", None)
    assert seen == [(1, "<a>", None)]


def test_the_cpu_has_the_wall_clock() -> None:
    """The CPU's clock is the wall clock and waits for nothing."""
    assert clock_for("cpu") == Clock(name=WALL, wait=None)


def test_a_device_has_a_clock_of_its_own_that_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device's clock has another name than the CPU's, so the two are never mixed, and it waits for that device."""
    waited: list[str] = []
    monkeypatch.setattr("torch.cuda.synchronize", waited.append)
    clock = clock_for("cuda:1")
    clock.dropping(lambda: None)()
    assert clock.name != WALL
    assert waited == ["cuda:1"]
