"""The ring, both ways: every dtype and size arrives with the bits that torch's own copy gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from bridge import memory
from tests.device.benches import bits
from tests.device.payloads import DTYPES, SIZES, overwrite, payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.ring import Ring
    from tests.device.benches import Bench

    Rings = Callable[..., Ring]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_sent_is_seen_at_once(bench: Bench, ring_on: Rings, dtype: str, size: str) -> None:
    """A kernel given at once, with nobody waiting, sees the bits, although the source is overwritten by then."""
    ring = ring_on()
    for _ in range(2):  # the second time all slots have been used
        source = payload(dtype, _elements(bench, dtype, size))
        by_torch, wanted = bench.on_device(source), bits(source)
        sent = ring.send(source, memory.torch_dtype(source))
        overwrite(source)
        seen = bench.seen(sent)
        assert sent.dtype == by_torch.dtype
        assert np.array_equal(seen, wanted)
        assert np.array_equal(seen, bench.seen(by_torch))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_sent_into_given_memory_is_seen_at_once(bench: Bench, ring_on: Rings, dtype: str, size: str) -> None:
    """The same of memory that held other elements, which the caller had just written."""
    source = payload(dtype, _elements(bench, dtype, size))
    given = bench.on_device(payload(dtype, _elements(bench, dtype, size)))
    wanted = bits(source)
    bench.runtime.launch(lambda: given.fill_(1))
    ring_on().send_into(given, source)
    overwrite(source)
    assert np.array_equal(bench.seen(given), wanted)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_fetched_is_there(bench: Bench, ring_on: Rings, dtype: str, size: str) -> None:
    """When fetching returns, the host reads the bits, although they were made just before."""
    source = payload(dtype, _elements(bench, dtype, size))
    made, out = bench.on_device(source), payload(dtype, _elements(bench, dtype, size))
    there = torch.zeros_like(made)
    bench.synchronize()
    bench.runtime.launch(lambda: there.copy_(made))
    ring_on().fetch(out, there)
    assert np.array_equal(bits(out), bits(source))


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_element_without_axes(bench: Bench, ring_on: Rings, dtype: str) -> None:
    """A 0-d source arrives, and is fetched into 0-d memory."""
    source, out = payload(dtype, 1).reshape(()), payload(dtype, 1).reshape(())
    ring = ring_on()
    sent = ring.send(source, memory.torch_dtype(source))
    assert np.array_equal(bench.seen(sent), bits(source))
    ring.fetch(out, sent)
    assert np.array_equal(bits(out), bits(source))


def _elements(bench: Bench, dtype: str, size: str) -> int:
    """Return how many elements a size means."""
    return SIZES[size](bench.slot_bytes // getattr(torch, dtype).itemsize)
