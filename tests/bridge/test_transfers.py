"""as_tensor, as_array and copyto through the ring of a simulated device, which meta stands for."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from bridge import as_tensor, plan, rules
from bridge import device as devices
from bridge.operands import Operand
from bridge.plans import Asked
from bridge.ring import Ring
from tests.bridge.laid_out import LAID_OUT
from tests.bridge.simulated import Simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray

BASE = np.random.default_rng(0).uniform(1, 99, (17, 24, 31)).astype(np.float32)
LAYOUTS: dict[str, Callable[[Array], Array]] = LAID_OUT | {
    "with gaps": lambda x: x[:, ::5],
    "broadcast": lambda x: np.broadcast_to(x[0, 0], (90, 31)),
    "broadcast within": lambda x: np.broadcast_to(x[:, :, :1], (17, 24, 6)),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x.ravel(), 64),
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype),
}
FRESH = sorted(set(LAYOUTS) - {"misaligned", "read-only"})
CASTS = {
    "float32": (np.float32, torch.float32),
    "narrowed": (np.float32, torch.float16),
    "widened": (np.float32, torch.float64),
    "uint8>float32": (np.uint8, torch.float32),
    "int64>float32": (np.int64, torch.float32),
    "float32>bfloat16": (np.float32, torch.bfloat16),
    "bool": (np.bool_, torch.bool),
}


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch, _undecided: None) -> Simulated:
    """A lazy device under the name of meta, whose ring takes everything in slots of 4 KiB."""
    simulated = Simulated()
    monkeypatch.setattr(devices, "_rings", {})
    monkeypatch.setattr(devices, "RING_FROM_BYTES", 1)
    monkeypatch.setattr(devices, "runtime_of", lambda where: simulated if where.type == "meta" else None)
    monkeypatch.setattr(devices, "Ring", partial(Ring, threads=3, slot_bytes=4096))
    return simulated


@pytest.mark.parametrize("copy", [None, True])
@pytest.mark.parametrize("order", ["K", "C", "F"])
@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_are_sent(device: Simulated, layout: str, cast: str, order: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """Values, dtype, strides and bytes on the link are as planned, although the source is overwritten at once."""
    source_dtype, dtype = CASTS[cast]
    owner = BASE.astype(source_dtype)
    source = LAYOUTS[layout](owner)
    wanted = as_tensor(source, dtype=dtype, order=order, copy=True)
    decided = plan(source, device="meta", dtype=dtype, order=order, copy=copy)
    sent = as_tensor(source, device="meta", dtype=dtype, order=order, copy=copy)
    if source.flags.writeable:
        source[...] = 0
    assert (sent.dtype, tuple(sent.shape), decided.via) == (decided.dtype, decided.shape, "ring")
    assert torch.equal(device.seen(sent), wanted)
    strides = zip(sent.shape, sent.stride(), decided.strides, strict=True)
    assert all(a == b for length, a, b in strides if length > 1)
    assert sum(device.copied) == decided.link_nbytes


def test_the_narrower_side_casts(device: Simulated) -> None:
    """Narrowing casts are done on the host, widening ones on the device; a float becomes an integer on the host."""
    del device
    crossing = {
        ("float64", "float32"): 4,
        ("uint8", "float32"): 1,
        ("float32", "float64"): 4,
        ("float16", "int64"): 8,
        ("int64", "int32"): 4,
    }
    for (source, dtype), itemsize in crossing.items():
        decided = plan(np.ones(1000, source), device="meta", dtype=dtype, casting="unsafe")
        assert decided.link_nbytes == 1000 * itemsize


def test_what_repeats_is_sent_once(device: Simulated) -> None:
    """Of a broadcast array and of windows the memory under them crosses the link."""
    del device
    row = np.arange(1000.0)
    windows = np.lib.stride_tricks.sliding_window_view(row, 64)
    for copy in (None, True):
        assert plan(np.broadcast_to(row, (50, 1000)), device="meta", copy=copy).link_nbytes == row.nbytes
        assert plan(windows, device="meta", copy=copy).link_nbytes == row.nbytes
    assert "8000 bytes over the link via ring" in str(plan(windows, device="meta"))


TENSORS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "C order": lambda t: t,
    "transposed": lambda t: t.permute(2, 0, 1),
    "with gaps": lambda t: t[:, ::5],
    "expanded": lambda t: t[:, :, :1].expand(-1, -1, 6),
    "negated": torch._neg_view,
    "zero tensor": lambda t: torch._efficientzerotensor(t.shape),
    "requires grad": lambda t: t.clone().requires_grad_(),
}


@pytest.mark.parametrize("cast", ["float32", "float64", "float16", "int32"])
@pytest.mark.parametrize("order", ["K", "C", "F"])
@pytest.mark.parametrize("name", TENSORS)
def test_tensors_are_fetched(device: Simulated, name: str, order: str, cast: str) -> None:
    """A device's tensor arrives complete, in the planned dtype and order, although it was still to be produced."""
    shown = TENSORS[name](torch.from_numpy(BASE)).detach()
    wanted = torch.zeros(shown.shape).copy_(shown).numpy().astype(cast)
    produced = torch.zeros(BASE.shape)
    source = TENSORS[name](produced)
    if name == "requires grad":
        device.launch(lambda: source.detach().copy_(torch.from_numpy(BASE)))
    else:
        device.launch(lambda: produced.copy_(torch.from_numpy(BASE)))
    dtype = getattr(torch, cast)
    asked = Asked(dtype, None, None, order, "copy", "unsafe")  # type: ignore[arg-type]
    obstacles = ("device", "neg-bit") if source.is_neg() else ("device",)
    key = (source.dtype, source.shape, source.stride(), obstacles, source.requires_grad, torch.device("meta"))
    decided = rules._array_plan(*key, asked, 1)
    target = Operand.dense_like(Operand.of(source), dtype, order)
    assert np.array_equal(_fetched(device, source, target), wanted)
    assert (decided.via, decided.device, decided.reasons[0]) == ("ring", torch.device("cpu"), "device")
    assert sum(device.copied) == source.numel() * min(4, dtype.itemsize if cast != "int32" else 4)


def _fetched(device: Simulated, source: torch.Tensor, target: Operand) -> Array:
    """Fetch through the device's ring: a tensor of the simulation says of itself that it lies on the host."""
    ring = devices._ring(torch.device("meta"))
    assert ring is not None
    assert ring.runtime is device
    made = np.ndarray(target.shape, np.dtype(str(target.dtype).removeprefix("torch.")), None, 0, target.strides)
    devices._drain(ring, made, source.detach())
    return made


@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"broadcast", "broadcast within", "windows"}))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_given_device_memory_is_filled(
    device: Simulated, layout: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Device memory of any layout is filled after what was to be done with it."""
    source = LAYOUTS[layout](BASE.copy())
    wanted = as_tensor(source, dtype=dtype, copy=True)
    monkeypatch.setattr(devices, "runtime_of", lambda _where: device)
    for away in (
        torch.zeros(source.shape, dtype=dtype),
        torch.zeros(source.shape[::-1], dtype=dtype).permute(*range(source.ndim)[::-1]),
    ):
        device.launch(partial(away.fill_, 7))
        devices.put(away, source)
        assert torch.equal(device.seen(away), wanted)


def test_what_cannot_be_pinned_goes_as_torch_sends_it(device: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system pins no memory, where a graph is captured, and on small arrays, torch's own way is taken."""
    source = np.ones(5000, np.float32)
    device.is_available = False
    assert as_tensor(source, device="meta").is_meta
    device.is_available = True

    def refuse(nbytes: int) -> torch.Tensor:
        raise RuntimeError(f"cannot pin {nbytes} bytes")

    with monkeypatch.context() as patch:
        patch.setattr(device, "pinned", refuse)
        assert as_tensor(source, device="meta").is_meta
    assert as_tensor(source, device="meta").is_meta, "it is not tried again and again"
    assert device.copied == []


def test_little_goes_as_torch_sends_it(device: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan names the ring from its threshold on."""
    del device
    monkeypatch.setattr(devices, "RING_FROM_BYTES", 4000)
    assert [plan(np.ones(n, np.float32), device="meta").via for n in (999, 1000)] == ["device", "ring"]


@pytest.mark.parametrize("layout", FRESH)
def test_results_are_those_of_torch(layout: str) -> None:
    """Shape, dtype and device are those that torch's .to() gives a tensor of the same elements; dense strides too."""
    source = LAYOUTS[layout](BASE)
    plain = as_tensor(source)
    with FakeTensorMode(allow_non_fake_inputs=True):
        there = torch.empty_strided(plain.shape, plain.stride()).to("cuda:0", torch.float16)
    decided = plan(source, device="cuda:0", dtype=torch.float16)
    assert (decided.shape, decided.dtype, decided.device) == (tuple(there.shape), there.dtype, there.device)
    dense = math.prod(plain.shape) == plain.untyped_storage().nbytes() // 4 and "broadcast" not in layout
    if dense and 1 not in plain.shape:
        assert decided.strides == there.stride()
