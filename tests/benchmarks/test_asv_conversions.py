"""What asv calls, called here: warm-up off the clock, aliasing observed, faults counted."""

from types import ModuleType

import numpy as np
import pytest
import torch

from benchmarks.suite import asv_conversions
from benchmarks.suite.checks import WrongResultError
from benchmarks.suite.paths import PATHS
from benchmarks.suite.registry import path
from tests.benchmarks.stand_in import play

PLAIN = "64B/float32/C"


@pytest.fixture
def suite(registry: None, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module, which forgets what a test defines in it."""
    before, published = dict(vars(asv_conversions)), dict(asv_conversions.PUBLISHED)
    yield asv_conversions
    for name in set(vars(asv_conversions)) - set(before):
        delattr(asv_conversions, name)
    for name in set(asv_conversions.PUBLISHED) - set(published):
        del asv_conversions.PUBLISHED[name]


def define(suite: ModuleType, name: str, function: object) -> None:
    """Make a function a path of the share family and an asv benchmark."""
    path(name, family="share")(function)
    suite._define(PATHS[name])


def test_the_first_call_warms_up_off_the_clock(suite: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building an input and warming up moves the clock by nothing; the conversion itself moves it."""
    now = [0.0]
    monkeypatch.setattr(suite, "perf_counter", lambda: now[0])

    def slow(a: np.ndarray) -> torch.Tensor:
        now[0] += 1.0
        return torch.from_numpy(a)

    define(suite, "fake.slow", slow)
    start = suite._clock()
    for calls in (1, 2, 3):
        suite.time_fake_slow(PLAIN)
        assert suite._clock() - start == calls


def test_the_first_call_converts_too(suite: ModuleType) -> None:
    """Even where asv calls once, what it times is the conversion and not only the warm-up before it."""
    calls = []

    def counted(a: np.ndarray) -> torch.Tensor:
        calls.append(1)
        return torch.from_numpy(a)

    define(suite, "fake.counted", counted)
    suite.time_fake_counted(PLAIN)
    assert len(calls) == 3
    suite.time_fake_counted(PLAIN)
    assert len(calls) == 4


@pytest.mark.parametrize(("name", "copies"), [("torch_from_numpy", 0), ("torch_tensor", 1), ("Tensor_numpy", 0)])
def test_aliasing_is_observed(name: str, copies: int) -> None:
    """A path that shares is tracked as 0, one that copies as 1."""
    assert getattr(asv_conversions, f"track_aliasing_{name}")(PLAIN) == copies


def test_wrong_values_are_no_track(suite: ModuleType) -> None:
    """A path that gives wrong values raises instead of being tracked."""
    define(suite, "fake.wrong", lambda a: torch.from_numpy(a) * 2)
    with pytest.raises(WrongResultError):
        suite.track_aliasing_fake_wrong(PLAIN)


def test_faults_are_tracked_per_call(suite: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults are the mean over some calls, after the input was built and touched."""
    monkeypatch.setattr(suite, "faults_per_call", lambda run, calls: (run().nbytes, calls))
    assert suite.track_minor_faults_torch_from_numpy("4KiB/float32/C") == (4096, suite._FAULT_CALLS)


def test_asv_runs_with_one_thread(suite: ModuleType) -> None:
    """Whatever torch was set to, asv's cases are one-thread cases."""
    torch.set_num_threads(2)
    asv_conversions.track_aliasing_torch_from_numpy(PLAIN)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("kind", ["time", "track_aliasing", "track_minor_faults"])
def test_a_benchmark_says_what_asv_reads(kind: str) -> None:
    """Each benchmark has one axis of points, its own name, and a version that is set by hand."""
    known = getattr(asv_conversions, f"{kind}_bridge_as_tensor")
    assert (known.__name__, known.param_names) == (f"{kind}_bridge_as_tensor", [asv_conversions.AXIS])
    assert (known.version, len(known.params)) == (asv_conversions.CASE_VERSION, 1)
    assert PLAIN in known.params[0]


def test_aliasing_is_tracked_at_the_smallest_size() -> None:
    """Aliasing does not depend on the size: each dtype and layout is tracked once, at its smallest."""
    points = [point.split("/") for point in asv_conversions.track_aliasing_torch_from_numpy.params[0]]
    assert len({(dtype, layout) for _, dtype, layout in points}) == len(points)
    assert PLAIN in asv_conversions.track_aliasing_torch_from_numpy.params[0]


@pytest.fixture
def transfer(suite: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with one transfer defined, as where torch is built for CUDA."""
    play(monkeypatch)
    for name in ("h2d.pageable", "h2d.pin_cold"):
        suite._define(PATHS[name])
    return suite


def test_a_transfer_is_timed_by_the_clock_of_the_device(transfer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a transfer is read once the device is done, a call at a time, over a few sizes."""
    waited: list[int] = []
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    monkeypatch.setattr("torch.cuda.synchronize", lambda: waited.append(1))
    known = transfer.time_h2d_pageable
    assert known.timer() > 0
    assert (waited, known.number, known.repeat) == ([1], 1, (5, 20, 2.0))
    assert known.params[0][:3] == ["4KiB/float32/C", "1MiB/float32/C", "64MiB/float32/C"]


def test_a_transfer_is_not_available_without_a_device(transfer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no device asv is told so, in the way it shows as n/a."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(NotImplementedError, match="no CUDA device"):
        transfer.time_h2d_pageable.setup("4KiB/float32/C")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    transfer.time_h2d_pageable.setup("4KiB/float32/C")


def test_what_needs_care_before_each_call_is_no_benchmark_of_asv(transfer: ModuleType) -> None:
    """A path that wants something done before each call is left out: asv would time that too. Nothing is tracked."""
    assert not hasattr(transfer, "time_h2d_pin_cold")
    assert not hasattr(transfer, "track_aliasing_h2d_pageable")
