"""as_tensor and copyto with a device: every layout of host memory, gathered and scattered by the ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from bridge import as_tensor
from tests.bridge.laid_out import LAID_OUT
from tests.device.benches import bits
from tests.device.payloads import fresh, payload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.device.benches import Bench

    Array = np.ndarray

DTYPES = ("uint8", "float16", "float32", "int64", "complex64", "bool")
RECORD = np.dtype([("head", "u1"), ("body", "f4"), ("tail", "i8")])
LAYOUTS: dict[str, Callable[[Array], Array]] = LAID_OUT | {
    "with holes": lambda x: x[:, ::2],
    "a column": lambda x: x[:, 3, 5],
    "broadcast": lambda x: np.broadcast_to(x[0, 0], (90, 32)),
    "broadcast within": lambda x: np.broadcast_to(x[:, :, :1], (16, 48, 6)),
    "sliding windows": lambda x: np.lib.stride_tricks.sliding_window_view(x.ravel()[:5000], 64),
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "no axes": lambda x: x[1, 2, 3, ...],
    "no elements": lambda x: x[:0],
}
SCATTERED = ("C order", "F order", "permuted", "reversed", "with holes", "inner", "a column", "foreign byte order")
REFUSED = {
    "object": np.array([None, 1]),
    "text": np.array(["a", "b"]),
    "bytes": np.array([b"a"]),
    "datetime": np.array(["2026-11-24"], "M8[s]"),
    "timedelta": np.array([1], "m8[s]"),
    "longdouble": np.ones(2, np.longdouble),
    "records": np.zeros(2, RECORD),
}


def torch_copy(bench: Bench, source: Array) -> Array:
    """Return the bytes that torch's own copy of gapless memory in native byte order puts on the device."""
    plain = np.array(source, source.dtype.newbyteorder("="), order="C")
    return bench.seen(bench.on_device(plain))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_is_sent(small: Bench, dtype: str, layout: str) -> None:
    """Whatever the layout, the bits are those of torch's own copy, although the source is overwritten at once."""
    source = LAYOUTS[layout](payload(dtype, 16 * 48 * 32).reshape(16, 48, 32))
    wanted = torch_copy(small, source)
    sent = as_tensor(source, device=small.device)
    if source.flags.writeable:
        source[...] = 0
    assert tuple(sent.shape) == source.shape
    assert sent.dtype == getattr(torch, dtype)
    assert np.array_equal(small.seen(sent), wanted)


@pytest.mark.parametrize("layout", SCATTERED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_is_filled(small: Bench, dtype: str, layout: str) -> None:
    """Host memory of any layout is filled from the device, and nothing beside it."""
    owner = payload(dtype, 16 * 48 * 32).reshape(16, 48, 32)
    out = LAYOUTS[layout](owner)
    expected = owner.copy()
    values = payload(dtype, out.size).reshape(out.shape)
    small.take(out, small.on_device(values))
    assert np.array_equal(bits(out.astype(out.dtype.newbyteorder("="))), bits(values))
    if np.shares_memory(out, owner):
        LAYOUTS[layout](expected)[...] = values
        assert np.array_equal(bits(owner), bits(expected))


@pytest.mark.parametrize("steps", ["C", "F", "holes"])
@pytest.mark.parametrize(
    "layout", ["C order", "F order", "reversed", "with holes", "foreign byte order", "sliding windows"]
)
def test_device_memory_of_any_layout_is_filled(small: Bench, layout: str, steps: str) -> None:
    """Given device memory of any layout gets the elements of a source of any other."""
    source = LAYOUTS[layout](payload("float32", 16 * 48 * 32).reshape(16, 48, 32))
    wide = (*source.shape[:-1], 2 * source.shape[-1])
    given = {
        "C": lambda: small.on_device(np.zeros(source.shape, np.float32)),
        "F": lambda: small.on_device(np.zeros(source.shape[::-1], np.float32)).permute(*range(source.ndim)[::-1]),
        "holes": lambda: small.on_device(np.zeros(wide, np.float32))[..., ::2],
    }[steps]()
    wanted = torch_copy(small, source)
    small.put(given, source)
    assert np.array_equal(small.seen(given), wanted)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_is_made(small: Bench, order: str) -> None:
    """A result in another order than the source's has its values, and the strides that were asked for."""
    source = payload("float32", 16 * 48 * 32).reshape(16, 48, 32)[::-1]
    sent = as_tensor(source, device=small.device, order=order)  # type: ignore[arg-type]
    assert np.array_equal(small.seen(sent), torch_copy(small, source))
    assert sent.stride() == ((48 * 32, 32, 1) if order == "C" else (1, 16, 16 * 48))


def test_a_field_is_sent(small: Bench) -> None:
    """A field of a structured array is gathered, which lies misaligned between the others."""
    records = fresh(9000 * RECORD.itemsize).view(RECORD)
    wanted = torch_copy(small, records["body"])
    assert np.array_equal(small.seen(as_tensor(records["body"], device=small.device)), wanted)


@pytest.mark.parametrize("mode", ["r", "c"])
def test_a_mapped_file_is_sent(small: Bench, tmp_path: Path, mode: str) -> None:
    """A memory-mapped file is read while it is sent."""
    content = fresh(100_003)
    (tmp_path / "<a> | &.bin").write_bytes(content.tobytes())
    mapped = np.memmap(tmp_path / "<a> | &.bin", np.uint8, mode)  # type: ignore[call-overload]
    assert np.array_equal(small.seen(as_tensor(mapped, device=small.device)), content)


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_has_no_name_for_is_refused(small: Bench, name: str) -> None:
    """Elements that no tensor can hold raise TypeError before anything is sent."""
    with pytest.raises(TypeError):
        as_tensor(REFUSED[name], device=small.device)
