"""When something fails: nothing is under way when that is said, and the ring works afterwards."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from bridge import as_array, as_tensor, copyto
from bridge import device as devices
from bridge.ring import Ring
from bridge.runtime import CudaRuntime
from tests.device.payloads import fresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.device.benches import Bench, CudaBench

    Rings = Callable[..., Ring]

PARTS = 24


@pytest.fixture(params=["send", "send_into", "fetch"])
def call(request: pytest.FixtureRequest, bench: Bench) -> Callable[[Ring], object]:
    """Return one of the ring's calls, of many parts."""
    x, there = fresh(PARTS * bench.slot_bytes), bench.on_device(fresh(PARTS * bench.slot_bytes))
    calls: dict[str, Callable[[Ring], object]] = {
        "send": lambda ring: ring.send(x, torch.uint8),
        "send_into": lambda ring: ring.send_into(there, x),
        "fetch": lambda ring: ring.fetch(x, there),
    }
    return calls[request.param]


def failing(bench: Bench, fail: Callable[[], None], at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the copy of one part, counted over all threads, fail instead."""
    copy, turn, given = bench.runtime.copy, threading.Lock(), []

    def copy_or_fail(*parts: Any) -> None:
        with turn:
            given.append(parts)
            is_last = len(given) == at
        if is_last:
            fail()
        copy(*parts)

    monkeypatch.setattr(bench.runtime, "copy", copy_or_fail)


def is_whole(bench: Bench, ring: Ring) -> bool:
    """Say whether the ring works, both ways."""
    x, out = fresh(PARTS * bench.slot_bytes), fresh(PARTS * bench.slot_bytes)
    sent = ring.send(x, torch.uint8)
    ring.fetch(out, sent)
    return np.array_equal(out, x) and np.array_equal(bench.seen(sent), x)


@pytest.mark.parametrize("at", [1, 5, PARTS])
def test_an_error_in_a_thread(
    bench: Bench, ring_on: Rings, call: Callable[[Ring], object], at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes out when no copy is under way, though they were late, and the next call is right."""
    ring = ring_on()

    def fail() -> None:
        raise MemoryError("planted")

    with monkeypatch.context() as patch:
        failing(bench, fail, at, patch)
        bench.hold(100, ring._stream)
        with pytest.raises(MemoryError, match="planted"):
            call(ring)
        assert bench.is_idle(ring._stream)
    assert is_whole(bench, ring)


def test_ctrl_c(bench: Bench, ring_on: Rings, call: Callable[[Ring], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """So does KeyboardInterrupt, which comes to the caller's thread while the others work."""
    ring = ring_on()
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        time.sleep(0.1)  # by now the caller waits
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.1)

    with monkeypatch.context() as patch:
        failing(bench, interrupt, 5, patch)
        with pytest.raises(KeyboardInterrupt):
            call(ring)
        assert bench.is_idle(ring._stream)
    assert is_whole(bench, ring)


@pytest.mark.gpu
def test_a_result_for_which_there_is_no_memory(cuda: CudaBench, ring_on_cuda: Ring) -> None:
    """When the device has no memory for the result, nothing has begun."""
    with pytest.raises(torch.OutOfMemoryError):
        ring_on_cuda.send(np.broadcast_to(np.uint8(1), (1 << 44,)), torch.uint8)
    assert is_whole(cuda, ring_on_cuda)


@pytest.fixture
def ring_on_cuda(cuda: CudaBench) -> Ring:
    """Return a ring of the real device."""
    return Ring(cuda.runtime, threads=3, slot_bytes=cuda.slot_bytes)


@pytest.mark.gpu
def test_what_cannot_be_pinned_goes_as_torch_sends_it(shipped: CudaBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system pins no memory, torch's own way is taken both ways, and pinning is not tried again."""
    asked = []

    def refuse(_self: CudaRuntime, nbytes: int) -> torch.Tensor:
        asked.append(nbytes)
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(CudaRuntime, "pinned", refuse)
    x, out = fresh(9 << 20), fresh(9 << 20)
    there, given = as_tensor(x, device="cuda"), torch.zeros(9 << 20, dtype=torch.uint8, device="cuda")
    copyto(given, x)
    copyto(out, there)
    assert np.array_equal(shipped.seen(there), x)
    assert np.array_equal(shipped.seen(given), x)
    assert np.array_equal(out, x)
    assert np.array_equal(as_array(there), x)
    assert list(devices._rings.values()) == [None]
    assert len(asked) == 1
