"""Each test of this folder runs on the simulated device, and once more on CUDA where there is a device."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")  # of 8, streams share some, and wait for each other there

import numpy as np
import pytest
import torch

from bridge import device as devices
from bridge import rules
from bridge.ring import Ring
from tests.device.benches import CudaBench, SimulatedBench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.runtime import Runtime
    from tests.device.benches import Bench


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a device."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("torch.cuda.is_available() is False: no CUDA device")


@pytest.fixture(params=["simulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Return a device; on CUDA, the caller's current stream is not the default one."""
    yield from (_simulated() if request.param == "simulated" else _real())


@pytest.fixture
def cuda() -> Iterator[CudaBench]:
    """Return the real device, for what no simulation has."""
    yield from _real()


def _simulated() -> Iterator[Bench]:
    """Return the simulated device; its kernels are torch's own, which are not to wake threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield SimulatedBench()
    torch.set_num_threads(threads)


def _real() -> Iterator[CudaBench]:
    """Return the real device, warm: loading a kernel or allocating would wait for what a test holds up."""
    real = CudaBench(torch.cuda.current_device())
    with torch.cuda.stream(torch.cuda.Stream(real.device)):
        for elements in (1, 32 << 20):
            room = torch.empty(elements, dtype=torch.uint8, device=real.device)
            room.fill_(0).copy_(room.clone())
        real.seen(room[:1])
        real.hold(1)
        real.synchronize()
        del room
        yield real
        real.synchronize()


@pytest.fixture
def ring_on(bench: Bench) -> Callable[..., Ring]:
    """Return what makes a ring with small slots on the device, or on a runtime around it."""

    def made(runtime: Runtime | None = None, threads: int = 3) -> Ring:
        return Ring(runtime or bench.runtime, threads=threads, slots=2, slot_bytes=bench.slot_bytes)

    return made


@pytest.fixture
def small(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Let everything, however little, go through a ring with small slots."""
    monkeypatch.setattr(devices, "RING_FROM_BYTES", 0)
    monkeypatch.setattr(devices, "Ring", partial(Ring, threads=3, slot_bytes=bench.slot_bytes))
    monkeypatch.setattr(devices, "runtime_of", lambda _where: bench.runtime)
    yield from _undecided(monkeypatch, bench)


@pytest.fixture
def shipped(cuda: CudaBench, monkeypatch: pytest.MonkeyPatch) -> Iterator[CudaBench]:
    """Return the real device, used as everybody uses it, with a ring that no test has used before."""
    yield from _undecided(monkeypatch, cuda)


def _undecided(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> Iterator[Bench]:
    """Have no rings, and forget decisions before and after: they name the way that a device of tests has."""
    monkeypatch.setattr(devices, "_rings", {})
    for decisions in (rules._tensor_plan, rules._array_plan):
        decisions.cache_clear()
    with np.errstate(all="ignore"):
        yield bench
    for decisions in (rules._tensor_plan, rules._array_plan):
        decisions.cache_clear()
