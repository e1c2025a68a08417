"""Every kind of array and tensor, once for each `copy`: what becomes of it is seen by acting, not by asking.

The kinds are those of the two files beside this one, and what they lack: elements that no arithmetic would keep,
memory maps, scalars and sequences.
"""

import ctypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from numpy.lib.array_utils import byte_bounds
from numpy.lib.stride_tricks import sliding_window_view

from bridge import CopyRequired, as_array, as_tensor, plan
from tests.bridge import test_as_array as tensors
from tests.bridge import test_as_tensor as arrays

FLOATS = ("f2", "f4", "f8", "c8", "c16", *arrays.ML_DTYPES)
COPIES = [None, False, True]


@dataclass(frozen=True, kw_only=True)
class Row:
    """How to make a source, why it cannot be shared, or the cure for what can never be converted."""

    make: Callable[[], Any]
    reasons: tuple[str, ...] = ()
    cure: str | None = None
    writable: bool = True


def payload(name: str) -> np.ndarray:
    """Return random bits: NaN of all kinds with their payloads, infinities, negative zeros, numbers."""
    dtype = np.dtype(getattr(ml_dtypes, name) if name in arrays.ML_DTYPES else name)
    random = np.random.default_rng(3).integers(0, 256, 512 * dtype.itemsize, "u1")
    random[-dtype.itemsize * 256 :] |= 0x7C  # exponents of ones: half of them are NaN
    return random.view(dtype).reshape(16, 32)


def mapped(mode: str, folder: Path) -> np.ndarray:
    """Return a memory map of a file of ones."""
    np.ones(12, "f4").tofile(folder / "ones")
    return np.memmap(folder / "ones", "f4", mode, shape=(3, 4))  # type: ignore[call-overload, no-any-return]


def ragged() -> list[np.ndarray]:
    """Return arrays that no array holds."""
    return [np.ones(2), np.ones(3)]


TO_TENSOR: dict[str, Row] = {
    **{name: Row(make=make) for name, make in arrays.SHARED.items()},
    **{name: Row(make=make, reasons=reasons) for name, (make, reasons) in arrays.COPIED.items()},
    **{name: Row(make=lambda x=x: x, cure=cure) for name, (x, cure) in arrays.REFUSED.items()},
    **{f"payloads {name}": Row(make=lambda name=name: payload(name)) for name in FLOATS},
    **{
        f"payloads {name}, reversed": Row(
            make=lambda name=name: payload(name)[::-1, ::-1], reasons=("negative-stride",)
        )
        for name in FLOATS
    },
    "empty": Row(make=lambda: np.zeros((3, 0, 2), "f4")),
    "empty, negative stride": Row(make=lambda: np.zeros((0, 3), "f4")[::-1]),
    "window": Row(make=lambda: sliding_window_view(np.arange(8, dtype="f4"), 3), reasons=("read-only",)),
    "bytearray": Row(make=lambda: np.frombuffer(bytearray(b"abcdefgh"), "u1")),
    "void without bytes": Row(make=lambda: np.zeros(3, "V0"), cure="x.astype"),
    "ragged objects": Row(make=lambda: np.array([*ragged(), None], object), cure="np.stack(x)"),
}
OF_PYTHON: dict[str, Row] = {
    **{
        f"np.{kind.__name__}": Row(make=lambda kind=kind: kind(1), reasons=("scalar",))
        for kind in (np.float16, np.float32, np.float64, np.int64, np.uint16, np.bool_, np.complex64)
    },
    "float": Row(make=lambda: 1.5, reasons=("scalar",)),
    "bool": Row(make=lambda: True, reasons=("scalar",)),
    "list of arrays": Row(make=lambda: [np.ones(3, "f4"), np.zeros(3, "f4")], reasons=("sequence",)),
    "list of scalars": Row(make=lambda: [np.float64(1), np.float64(2)], reasons=("sequence",)),
    "list of 0-d arrays": Row(make=lambda: [np.array(1, "f4"), np.array(2, "f4")], reasons=("sequence",)),
    "tuple": Row(make=lambda: (1, 2, 3), reasons=("sequence",)),
}
TO_ARRAY: dict[str, Row] = {
    **{name: Row(make=make) for name, make in tensors.SHARED.items()},
    **{name: Row(make=make, writable=False) for name, make in tensors.READ_ONLY.items()},
    **{name: Row(make=make, reasons=reasons) for name, (make, reasons) in tensors.COPIED.items()},
    **{name: Row(make=make, cure=cure) for name, (make, cure) in tensors.REFUSED.items()},
    **{f"payloads {name}": Row(make=lambda name=name: as_tensor(payload(name))) for name in FLOATS},
    "empty": Row(make=lambda: torch.empty(3, 0, 2)),
    "empty, transposed": Row(make=lambda: torch.empty(3, 0).T),
}


def bits(x: Any) -> bytes:
    """Return the elements' bits in C order and native byte order."""
    if isinstance(x, torch.Tensor):
        x = as_array(tensors.detached(x).resolve_conj().resolve_neg())
    x = np.asarray(x)
    if x.dtype.isbuiltin == 2:
        return np.ascontiguousarray(x).view("u1" if x.dtype.itemsize == 1 else "u2").tobytes()
    return x.astype(x.dtype.newbyteorder("=")).tobytes()


def flip(source: Any) -> None:
    """Turn the lowest bit of each byte of the memory, whoever may write to it; twice restores it."""
    if isinstance(source, torch.Tensor):
        storage = tensors.detached(source).untyped_storage()
        low, high = storage.data_ptr(), storage.data_ptr() + storage.nbytes()
    else:
        low, high = byte_bounds(source)
    memory = (ctypes.c_uint8 * (high - low)).from_address(low)
    for index in range(high - low):
        memory[index] ^= 1


def axes_in_memory(x: Any) -> list[int]:
    """Return the axes longer than one from the outermost in memory to the innermost."""
    strides = x.stride() if isinstance(x, torch.Tensor) else x.strides
    return sorted((axis for axis in range(x.ndim) if x.shape[axis] > 1), key=lambda axis: -abs(strides[axis]))


def hold(row: Row, convert: Callable[..., Any], copy: bool | None) -> None:  # noqa: FBT001 - passed by name by pytest
    """Convert a source and hold what became of it, and what `plan` said, against the row."""
    source = row.make()
    if row.cure is not None:
        for refusing in (convert, partial(plan, to="array" if convert is as_array else "tensor")):
            with pytest.raises(TypeError, match=re.escape(row.cure)):
                refusing(source, copy=copy)
        return
    if copy is False and row.reasons:
        with pytest.raises(CopyRequired) as caught:
            convert(source, copy=copy)
        assert caught.value.plan.reasons == row.reasons
        return
    expected, decided, result = bits(source), plan(source, copy=copy), convert(source, copy=copy)
    assert decided.reasons == (*row.reasons, *(["requested"] if copy else []))
    assert (tuple(result.shape), result.dtype) == (decided.shape, decided.dtype)
    assert bits(result) == expected
    if isinstance(result, np.ndarray):
        assert result.flags.writeable is decided.writable is (row.writable or copy is True)
    hold_memory(source, result, shares=not decided.reasons)


def hold_memory(source: Any, result: Any, *, shares: bool) -> None:
    """See by writing whether the result shares the source's memory, and that a copy keeps the order of the axes."""
    source = tensors.detached(source) if isinstance(source, torch.Tensor) else source
    if 0 in source.shape:
        return
    before = bits(result)
    if not (isinstance(source, torch.Tensor) and source._is_zerotensor()):
        flip(source)
        assert (bits(result) != before) is shares
        flip(source)
    strides = source.stride() if isinstance(source, torch.Tensor) else source.strides
    if len({abs(stride) for stride in strides}) == len(strides) and 0 not in strides:
        assert axes_in_memory(result) == axes_in_memory(source)


@pytest.fixture(autouse=True)
def _warn_always() -> Iterator[None]:
    """Let torch warn each time, not once a process: a warning is an error here."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("name", TO_TENSOR)
def test_an_array_becomes_a_tensor(name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """An array is shared, copied or refused as its row says, with every bit, its order, and the reasons in its plan."""
    hold(TO_TENSOR[name], as_tensor, copy)


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("name", OF_PYTHON)
def test_a_scalar_or_sequence_becomes_a_tensor(name: str, copy: bool | None) -> None:  # noqa: FBT001 - as above
    """Scalars and sequences have no memory to share: they are copied, and copy=False is refused."""
    row = OF_PYTHON[name]
    if copy is False:
        with pytest.raises(CopyRequired) as caught:
            as_tensor(row.make(), copy=False)
        assert caught.value.plan.reasons == row.reasons
        return
    tensor = as_tensor(row.make(), copy=copy)
    assert bits(tensor) == bits(row.make())
    assert plan(row.make(), copy=copy).reasons[0] == row.reasons[0]
    assert tensor.numpy().dtype == np.asarray(row.make()).dtype


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("name", TO_ARRAY)
def test_a_tensor_becomes_an_array(name: str, copy: bool | None) -> None:  # noqa: FBT001 - as above
    """A tensor is shared, copied or refused as its row says, with every bit, its order, and its writability."""
    hold(TO_ARRAY[name], as_array, copy)


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize(("mode", "reasons"), [("r", ("read-only",)), ("r+", ()), ("c", ()), ("w+", ())])
def test_a_memory_map_becomes_a_tensor(
    mode: str,
    reasons: tuple[str, ...],
    copy: bool | None,  # noqa: FBT001 - as above
    tmp_path: Path,
) -> None:
    """A map that may be written is shared, one that may not is copied, and its file never changes by it."""
    array = mapped(mode, tmp_path)
    before = (tmp_path / "ones").read_bytes()
    if copy is False and reasons:
        with pytest.raises(CopyRequired, match="read-only"):
            as_tensor(array, copy=False)
        return
    tensor = as_tensor(array, copy=copy)
    assert plan(array, copy=copy).reasons == (*reasons, *(["requested"] if copy else []))
    assert (tensor.data_ptr() == array.ctypes.data) is not (bool(reasons) or bool(copy))
    assert (tmp_path / "ones").read_bytes() == before
    tensor.fill_(2)
    assert (array == 2).all() == (tensor.data_ptr() == array.ctypes.data)


def test_a_forward_gradient_is_not_carried() -> None:
    """A dual number of forward AD becomes its primal's array: an array carries no tangent."""
    with torch.autograd.forward_ad.dual_level():
        dual = tensors.quietly(lambda: torch.autograd.forward_ad.make_dual(torch.ones(3), torch.zeros(3)))
        assert (as_array(dual) == 1).all()
