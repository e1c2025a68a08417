"""Very many calls: of any kind from two threads at once, and without anything left behind."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
import torch

from bridge import as_tensor
from bridge import device as devices
from tests.device.benches import bits
from tests.device.payloads import fresh

if TYPE_CHECKING:
    from tests.device.benches import Bench, CudaBench

    Array = np.ndarray
    #: What came, or what is to be asked of the device yet, and the bytes it should be.
    Outcome = tuple[Any, Array]

DTYPES = ("bool", "uint8", "int16", "float16", "float32", "int64", "float64", "complex64")
CALLS = 600
SLACK_BYTES = 48 << 20


class Calls:
    """Seeded calls of one thread."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.dice = np.random.default_rng(seed)

    def run(self, count: int) -> list[Outcome]:
        """Make so many calls, one after the other."""
        with self.bench.own_stream():
            return [self.dice.choice([self.send, self.send, self.put, self.fetch])() for _ in range(count)]

    def view(self) -> Array:
        """Return random elements: any dtype, number of axes, offset, steps and order, of little or of several slots."""
        shape = self.dice.integers(1, (9, 40, 200), 3)[: self.dice.integers(1, 4)]
        dtype = np.dtype(str(self.dice.choice(DTYPES)))
        octets = self.dice.integers(0, 2 if dtype.kind == "b" else 256, int(np.prod(shape)) * dtype.itemsize, np.uint8)
        array = octets.view(dtype).reshape(shape)
        cuts = tuple(slice(int(self.dice.integers(0, length)), None, self.step()) for length in shape)
        return array[cuts].transpose(self.dice.permutation(array.ndim))

    def step(self) -> int | None:
        """Return a step that is mostly one."""
        return [None, None, None, 2, 3, -1, -2][self.dice.integers(0, 7)]

    def send(self) -> Outcome:
        """Send a view and spoil it."""
        source = self.view()
        wanted = bits(source)
        sent = as_tensor(source, device=self.bench.device)
        source[...] = 0
        return sent, wanted

    def put(self) -> Outcome:
        """Fill given memory from a view and spoil it."""
        source = self.view()
        wanted, given = bits(source), self.bench.on_device(np.zeros(source.shape, source.dtype))
        self.bench.put(given, source)
        source[...] = 0
        return given, wanted

    def fetch(self) -> Outcome:
        """Fill a view from what has just been made on the device."""
        out, values = self.view(), self.view()
        wanted = np.resize(values, out.shape).astype(out.dtype, copy=True) if out.dtype == values.dtype else out.copy()
        self.bench.take(out, self.bench.on_device(wanted))
        return out, bits(wanted)


def test_calls_of_every_kind_from_two_threads(small: Bench) -> None:
    """Thousands of calls on one ring, both ways and from two threads: each gives its own elements, to the end."""
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(Calls(small, seed).run, small.calls // 2) for seed in (1, 2)]
        outcomes = [outcome for run in runs for outcome in run.result()]
    small.synchronize()
    assert len(outcomes) == small.calls
    for came, wanted in outcomes:
        assert np.array_equal(bits(came) if isinstance(came, np.ndarray) else small.seen(came), wanted)


def test_nothing_is_left_of_many_calls(small: Bench) -> None:
    """After many calls there are no threads but the ring's three, and the process has not grown since the first few."""
    x, out = fresh(5 * small.slot_bytes), fresh(5 * small.slot_bytes)
    threads = threading.active_count()
    _there_and_back(small, x, out, 20)
    before = psutil.Process().memory_info().rss
    _there_and_back(small, x, out, small.calls // 5)
    assert threading.active_count() <= threads + 3
    assert psutil.Process().memory_info().rss - before < SLACK_BYTES


@pytest.mark.gpu
def test_no_memory_is_left_of_many_calls(shipped: CudaBench) -> None:
    """After many calls as shipped, no more memory of the device, pinned or of the process is held than after few."""
    x, out = fresh((3 << 20) + 1), fresh((3 << 20) + 1)
    threads = threading.active_count()
    _there_and_back(shipped, x, out, 20)
    before = _held(shipped)
    _there_and_back(shipped, x, out, CALLS)
    more = {key: held - before[key] for key, held in _held(shipped).items()}
    assert more.pop("rss") < SLACK_BYTES
    assert max(more.values()) <= 0, more
    assert threading.active_count() <= threads + devices.THREADS


def _there_and_back(bench: Bench, x: Array, out: Array, calls: int) -> None:
    """Send, fill and fetch so often."""
    for _ in range(calls):
        sent = as_tensor(x, device=bench.device)
        bench.put(sent, x)
        bench.take(out, sent)
    assert np.array_equal(out, x)


def _held(cuda: CudaBench) -> dict[str, int]:
    """Return what this process holds, once everything that was dropped is free."""
    gc.collect()
    cuda.synchronize()
    pinned = torch.cuda.host_memory_stats()
    keys = ("active_bytes.current", "allocated_bytes.current", "num_host_alloc")
    return {
        "device": torch.cuda.memory_allocated(cuda.device),
        "rss": psutil.Process().memory_info().rss,
        **{key: pinned[key] for key in keys if key in pinned},
    }
