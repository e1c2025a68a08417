"""as_tensor, as_array, copyto and plan with a device, as everybody uses them: casts, ways, modes of autograd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from bridge import CopyRequired, as_array, as_tensor, copyto, plan
from bridge import device as devices
from tests.device.benches import bits
from tests.device.payloads import fresh, payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.device.benches import Bench, CudaBench

COUNT = 20_011
SENT_AS = {
    ("uint8", "float32"): 1,
    ("float64", "float32"): 4,
    ("float32", "float64"): 4,
    ("float32", "float16"): 2,
    ("float32", "bfloat16"): 2,
    ("float16", "float32"): 2,
    ("int64", "float32"): 4,
    ("bool", "uint8"): 1,
    ("float32", "int32"): 4,
    ("float32", "uint8"): 1,
    ("float16", "int64"): 8,
    ("float64", "complex64"): 8,
}
FETCHED_AS = {
    ("uint8", "float32"): 1,
    ("float64", "float32"): 4,
    ("float32", "float64"): 4,
    ("float32", "float16"): 2,
    ("float64", "float16"): 8,
    ("bfloat16", "float32"): 2,
    ("int64", "float32"): 8,
}


def numbers(dtype: str) -> torch.Tensor:
    """Return numbers of all magnitudes, with infinities, signed zeros and denormals where there are such."""
    if not getattr(torch, dtype).is_floating_point:
        return torch.from_numpy(np.array(payload(dtype, COUNT)))
    drawn = fresh(8 * COUNT).view(np.int64)
    values = np.ldexp(drawn / 2.0**63, drawn % 60 - 40)
    values[:8] = [0.0, -0.0, np.inf, -np.inf, 1e-45, -1e-40, 65520.0, 6e-8]
    return torch.from_numpy(values).to(getattr(torch, dtype))


@pytest.mark.parametrize(("source", "dtype"), SENT_AS)
def test_sending_casts_as_the_host_does(small: Bench, source: str, dtype: str) -> None:
    """A cast on the way, on whichever side, gives the bits that it gives on the host."""
    x = numbers(source).numpy()
    asked = {"dtype": getattr(torch, dtype), "casting": "unsafe"}
    wanted = bits(as_tensor(x, copy=True, **asked))
    decided = plan(x, device=small.device, **asked)
    assert np.array_equal(small.seen(as_tensor(x, device=small.device, **asked)), wanted)
    assert (decided.via, decided.link_nbytes) == ("ring", COUNT * SENT_AS[source, dtype])


@pytest.mark.parametrize(("source", "dtype"), SENT_AS)
def test_filling_casts_as_the_host_does(small: Bench, source: str, dtype: str) -> None:
    """Filling device memory of another dtype does so too."""
    x, given = numbers(source).numpy(), small.on_device(torch.zeros(COUNT, dtype=getattr(torch, dtype)))
    small.put(given, x)
    wanted = as_tensor(x, dtype=getattr(torch, dtype), casting="unsafe", copy=True)
    assert np.array_equal(small.seen(given), bits(wanted))


@pytest.mark.parametrize(("source", "dtype"), FETCHED_AS)
def test_fetching_casts_as_the_host_does(small: Bench, source: str, dtype: str) -> None:
    """The same of what comes from the device, by as_array and by copyto."""
    t = numbers(source)
    wanted, out = torch.empty(COUNT, dtype=getattr(torch, dtype)), np.empty(COUNT, dtype)
    copyto(wanted, t, casting="unsafe")
    away = small.on_device(t)
    small.take(out, away)
    assert np.array_equal(bits(out), bits(wanted))
    assert np.array_equal(bits(small.fetched(away, getattr(torch, dtype))), bits(wanted))


@pytest.mark.gpu
@pytest.mark.parametrize(("source", "dtype"), FETCHED_AS)
def test_the_plan_of_fetching(shipped: CudaBench, source: str, dtype: str) -> None:
    """What crosses the link is the narrower side's, where the device rounds as the host does."""
    t = torch.zeros(4 << 20, dtype=getattr(torch, source), device=shipped.device)
    decided = plan(t, dtype=getattr(torch, dtype))
    assert (decided.via, decided.link_nbytes) == ("ring", (4 << 20) * FETCHED_AS[source, dtype])
    assert decided.reasons[0] == "device"


def test_windows_cross_the_link_once(small: Bench) -> None:
    """Of windows the memory under them is sent, and the result shows them all."""
    row = payload("float64", 5000)
    windows = np.lib.stride_tricks.sliding_window_view(row, 64)
    assert plan(windows, device=small.device).link_nbytes == row.nbytes
    assert np.array_equal(small.seen(as_tensor(windows, device=small.device)), bits(windows))


@pytest.mark.parametrize("lazily", [torch._neg_view, torch.conj])
def test_a_lazy_view_is_filled(small: Bench, lazily: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Given memory that is negated or conjugated by a bit shows the values it was filled with."""
    values = np.arange(1.0, COUNT).astype(np.complex64) * (1 + 2j)
    given = lazily(small.on_device(np.zeros_like(values)))
    small.put(given, values)
    small.synchronize()
    assert given.is_neg() or given.is_conj()
    assert np.array_equal(given.resolve_conj().resolve_neg().cpu().numpy(), values)


@pytest.mark.gpu
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_both_sides_of_the_threshold(shipped: CudaBench, more: int) -> None:
    """Little goes by torch's own copy and much by the ring, both ways, with the same bits."""
    x, out = fresh(devices.RING_FROM_BYTES + more), fresh(devices.RING_FROM_BYTES + more)
    there = as_tensor(x, device="cuda")
    copyto(out, there)
    way = "device" if more < 0 else "ring"
    assert [plan(x, device="cuda").via, plan(there).via] == [way, way]
    assert there.device == shipped.device
    assert np.array_equal(shipped.seen(there), x)
    assert np.array_equal(out, x)
    assert np.array_equal(as_array(there), x)
    assert bool(devices._rings) is (more >= 0)


@pytest.mark.gpu
@pytest.mark.parametrize("mebibytes", [3, 64, 257])
def test_much_as_shipped(shipped: CudaBench, mebibytes: int) -> None:
    """With the slots and threads that everybody gets, much goes there and back, and into what is given."""
    x = fresh((mebibytes << 20) + 5)
    there, given = as_tensor(x, device="cuda"), torch.zeros(x.size, dtype=torch.uint8, device="cuda")
    kept = x.copy()
    copyto(given, x)
    x[:] = 0
    back, out = as_array(there), np.zeros_like(kept)
    copyto(out, given)
    assert torch.equal(there, given)
    assert np.array_equal(back, kept)
    assert np.array_equal(out, kept)


@pytest.mark.gpu
def test_a_device_needs_a_copy(shipped: CudaBench) -> None:
    """copy=False raises in both directions."""
    with pytest.raises(CopyRequired, match="leave device= out"):
        as_tensor(fresh(9), device="cuda", copy=False)
    with pytest.raises(CopyRequired, match="device"):
        as_array(torch.zeros(9, device=shipped.device), copy=False)


@pytest.mark.gpu
def test_device_to_device_is_torchs(shipped: CudaBench) -> None:
    """Filling one tensor of the device from another keeps the sign of a negated source and casts it."""
    source = torch.complex(torch.ones(9), torch.ones(9)).to(shipped.device).conj().imag
    out = torch.zeros(9, dtype=torch.float64, device=shipped.device)
    copyto(out, source)
    assert source.is_neg()
    assert (out == -1).all()


def test_inference_mode(small: Bench) -> None:
    """What is made, given and fetched under inference_mode is whole, as is what was made before."""
    before = small.on_device(fresh(COUNT))
    with torch.inference_mode():
        x, out = fresh(COUNT), fresh(COUNT)
        sent, given = as_tensor(x, device=small.device), small.on_device(fresh(COUNT))
        small.put(given, x)
        small.put(before, x)
        assert np.array_equal(small.seen(sent), x)
        assert np.array_equal(small.seen(given), x)
        small.take(out, sent)
        assert np.array_equal(out, x)
    assert np.array_equal(small.seen(before), x)
    assert np.array_equal(small.fetched(sent), x)


def test_what_requires_grad_is_fetched(small: Bench) -> None:
    """Values of a leaf and of a result with a graph behind it are fetched."""
    values = payload("float32", COUNT)
    leaf = small.on_device(values).requires_grad_()
    for source in (leaf, leaf * 1):
        out = np.empty(COUNT, np.float32)
        small.take(out, source)
        assert np.array_equal(small.fetched(source), values, equal_nan=True)
        assert np.array_equal(out, values, equal_nan=True)


def test_a_parameter_is_filled_without_grad(small: Bench) -> None:
    """Memory that requires grad is filled where autograd does not look."""
    parameter, values = small.on_device(payload("float32", COUNT)).requires_grad_(), payload("float32", COUNT)
    with torch.no_grad():
        small.put(parameter, values)
    assert parameter.requires_grad
    assert np.array_equal(small.seen(parameter), bits(values))


@pytest.mark.gpu
def test_a_parameter_is_not_filled_behind_autograds_back(shipped: CudaBench) -> None:
    """With autograd looking, it is refused; without, a graph that saved the old values notices."""
    parameter = torch.ones(COUNT, device=shipped.device, requires_grad=True)
    with pytest.raises(ValueError, match="requires grad"):
        copyto(parameter, np.zeros(COUNT, np.float32))
    saved = (parameter * parameter).sum()
    with torch.no_grad():
        copyto(parameter, np.zeros(COUNT, np.float32))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved.backward()


@pytest.mark.gpu
def test_the_second_device(shipped: CudaBench) -> None:
    """An index is honoured, results land there, and the ring's threads make nothing on the first."""
    if torch.cuda.device_count() < 2:
        pytest.skip("one CUDA device only")
    x = fresh(8 << 20)
    by_index = as_tensor(x, device="cuda:1")
    with torch.cuda.device(1):
        by_current, given = as_tensor(x, device="cuda"), torch.zeros(x.size, dtype=torch.uint8, device="cuda")
        copyto(given, x)
        assert torch.equal(by_index, given)
        assert torch.equal(by_current, given)
    assert by_index.device == by_current.device == torch.device("cuda", 1)
    assert np.array_equal(as_array(by_index), x)
    assert torch.cuda.current_device() == shipped.device.index
    ring = devices._rings[next(key for key in devices._rings if key[1].index == 1)]
    assert ring is not None
    assert ring._pool.submit(torch.cuda.current_device).result() == 1
