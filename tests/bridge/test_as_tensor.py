import gc
import mmap
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import as_strided

from bridge import CopyRequired, as_array, as_tensor, plan

NATIVE = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
ML_DTYPES = ("bfloat16", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")


class Subclass(np.ndarray):
    """An array that is not exactly ndarray."""


def grid(dtype: object = "f4") -> np.ndarray:
    """Return small numbers every dtype holds, in C order."""
    return np.arange(12).reshape(3, 4).astype(dtype)


def read_only(array: np.ndarray) -> np.ndarray:
    """Return the array after forbidding writes to it."""
    array.flags.writeable = False
    return array


def fields(gap: int, length: int = 6) -> np.ndarray:
    """Return a field of records: float32 numbers `4 + gap` bytes apart."""
    records = np.zeros(length, np.dtype([("x", "f4"), ("rest", f"V{gap}")]))
    records["x"] = range(length)
    return records["x"]


def misaligned() -> np.ndarray:
    """Return float32 numbers that start one byte after where they should."""
    array = np.zeros(33, "u1")[1:].view("f4")
    array[:] = range(8)
    return array


def bits(x: np.ndarray | torch.Tensor) -> bytes:
    """Return the elements' bits in C order and native byte order."""
    if isinstance(x, torch.Tensor):
        x = x.contiguous().view(-1).view(torch.uint8) if x.ndim else x.reshape(1).view(torch.uint8)
        return x.numpy().tobytes()
    return x.astype(x.dtype.newbyteorder("=")).tobytes()


def write_through(array: np.ndarray, tensor: torch.Tensor) -> bool:
    """Write two values to the first element of the tensor, and say whether the array shows one of them."""
    before, changed = bits(array), False
    for value in (1, 0):
        tensor[(0,) * tensor.ndim].fill_(value)
        changed |= bits(array) != before
    return changed


SHARED: dict[str, Callable[[], np.ndarray]] = {
    **{f"dtype {name}": lambda name=name: grid(name) for name in NATIVE},
    **{f"dtype {name}": lambda name=name: grid(getattr(ml_dtypes, name)) for name in ML_DTYPES},
    "dtype longlong": lambda: grid(np.longlong),
    "dtype ulonglong": lambda: grid(np.ulonglong),
    "dtype intc": lambda: grid(np.intc),
    "dtype uintc": lambda: grid(np.uintc),
    "big-endian bytes": lambda: grid(">u1"),
    "Fortran order": lambda: np.asfortranarray(grid()),
    "slice": lambda: grid()[::2, 1:],
    "bfloat16 slice": lambda: grid(ml_dtypes.bfloat16)[::2, 1:],
    "fields 8 bytes apart": lambda: fields(4),
    "zero stride, writable": lambda: as_strided(np.ones(4, "f4"), (3, 4), (0, 4)),
    "sliding window": lambda: as_strided(np.arange(8, dtype="f4"), (5, 4), (4, 4)),
    "negative stride on a length-1 axis": lambda: grid()[::-1][2:3],
    "odd stride on a length-1 axis": lambda: fields(3, length=1),
    "negative and odd strides on length-1 axes": lambda: fields(3, length=1)[::-1, None],
    "ulonglong, negative stride on a length-1 axis": lambda: grid(np.ulonglong)[::-1][2:3],
    "0-d": lambda: np.array(3, "f4"),
    "one element": lambda: np.ones(1, "f4"),
    "64 axes": lambda: np.ones((1,) * 64, "f4"),
    "matrix": lambda: grid().view(np.matrix),
    "subclass": lambda: grid().view(Subclass),
}

COPIED: dict[str, tuple[Callable[[], np.ndarray], tuple[str, ...]]] = {
    "big-endian": (lambda: grid(">f4"), ("byte-order",)),
    "big-endian complex": (lambda: grid(">c16"), ("byte-order",)),
    "negative stride": (lambda: grid()[::-1], ("negative-stride",)),
    "negative strides": (lambda: grid()[::-1, ::-1], ("negative-stride",)),
    "reversed channels": (lambda: np.arange(60, dtype="u1").reshape(4, 5, 3)[..., ::-1], ("negative-stride",)),
    "reversed bfloat16": (lambda: grid(ml_dtypes.bfloat16)[::-1], ("negative-stride",)),
    "fields 7 bytes apart": (lambda: fields(3), ("stride-not-multiple",)),
    "misaligned": (misaligned, ("misaligned",)),
    "read-only": (lambda: read_only(grid()), ("read-only",)),
    "read-only 0-d": (lambda: read_only(np.array(3, "f4")), ("read-only",)),
    "bytes": (lambda: np.frombuffer(b"abcdefgh", "u1"), ("read-only",)),
    "broadcast": (lambda: np.broadcast_to(grid()[0], (5, 4)), ("read-only",)),
    "broadcast from one": (lambda: np.broadcast_to(np.float32(3), (5, 4)), ("read-only",)),
    "everything at once": (
        lambda: read_only(grid(">f8").view(Subclass)[::-1]),
        ("byte-order", "negative-stride", "read-only"),
    ),
}

REFUSED: dict[str, tuple[object, str]] = {
    "longdouble": (np.ones(3, "g"), "x.astype('f8')"),
    "clongdouble": (np.ones(3, "G"), "x.astype('c16')"),
    "datetime64": (np.zeros(3, "M8[ns]"), "x.view('i8')"),
    "timedelta64": (np.zeros(3, "m8[s]"), "x.view('i8')"),
    "str": (np.array(["<a> | &"]), "encode the text"),
    "bytes": (np.array([b"<a>"]), "np.frombuffer"),
    "StringDType": (np.array(["<a> | &"], np.dtypes.StringDType()), "encode the text"),
    "object": (np.array([1.0, None]), "np.stack(x)"),
    "structured": (np.zeros(3, [("<a> | &", "f4")]), "x['<a> | &']"),
    "recarray": (np.zeros(3, [("a", "f4")]).view(np.recarray), "x['a']"),
    "void": (np.zeros(3, "V4"), "x.astype"),
    "empty str": (np.zeros(3, "U0"), "encode the text"),
    "int4": (np.zeros(3, ml_dtypes.int4), "x.astype('int8')"),
    "masked array": (np.ma.masked_array([1.0, 2.0], [True, False]), "x.filled(value)"),
    "tensor": (torch.ones(3), "t.clone()"),
    "list of tensors": ([[torch.ones(3)]], "stack(x)"),
    "list of masked arrays": ([np.ma.masked_array([1.0], [True])], "stack(x)"),
    "list with a masked array": ([np.ones(1), np.ma.masked_array([1.0], [True])], "stack(x)"),
    "list with a tensor": ([[np.ones(1)], [torch.ones(1, requires_grad=True)]], "stack(x)"),
    "str object": ("<a> | &", "np.frombuffer(x, dtype)"),
    "bytearray": (bytearray(8), "np.frombuffer(x, dtype)"),
    "nothing": (None, "np.asarray(x)"),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("copy", [None, False])
def test_shares_what_torch_can_look_at(name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """What torch can express is shared: the tensor shows the array's values, and a write to it shows in the array."""
    array = SHARED[name]()
    tensor = as_tensor(array, copy=copy)
    assert plan(array, copy=copy)
    assert tuple(tensor.shape) == array.shape
    assert bits(tensor) == bits(array)
    assert write_through(array, tensor)


@pytest.mark.parametrize("name", SHARED)
def test_copy_true_is_new_memory(name: str) -> None:
    """copy=True gives writable new memory even where sharing is possible."""
    array = SHARED[name]()
    tensor = as_tensor(array, copy=True)
    decided = plan(array, copy=True)
    assert decided.reasons == ("requested",)
    assert decided.nbytes == array.nbytes
    assert bits(tensor) == bits(array)
    assert not write_through(array, tensor)


@pytest.mark.parametrize("name", COPIED)
def test_copies_what_torch_cannot_look_at(name: str) -> None:
    """What torch cannot express, or must not write, is copied with its reasons and exact values."""
    make, reasons = COPIED[name]
    array = make()
    tensor = as_tensor(array)
    assert plan(array).reasons == reasons
    assert tuple(tensor.shape) == array.shape
    assert bits(tensor) == bits(array)
    assert not write_through(array, tensor)


@pytest.mark.parametrize("name", COPIED)
def test_copy_false_raises_where_a_copy_is_needed(name: str) -> None:
    """copy=False raises CopyRequired, which carries the plan and names the reasons, the bytes and the keyword."""
    make, reasons = COPIED[name]
    with pytest.raises(CopyRequired, match="copy=None") as caught:
        as_tensor(make(), copy=False)
    assert caught.value.plan.reasons == reasons
    assert ", ".join(reasons) in str(caught.value)
    assert f"{caught.value.plan.nbytes} bytes" in str(caught.value)


@pytest.mark.parametrize("name", COPIED)
def test_copy_true_is_dense(name: str) -> None:
    """copy=True gives every element its own place, also where the source repeats or skips some."""
    array = COPIED[name][0]()
    tensor = as_tensor(array, copy=True)
    assert bits(tensor) == bits(array)
    assert tensor.untyped_storage().nbytes() == array.nbytes
    assert not write_through(array, tensor)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("copy", [None, False, True])
def test_refuses_what_can_never_be_a_tensor(name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """What no keyword can convert raises TypeError with its cure, whatever copy says."""
    x, cure = REFUSED[name]
    with pytest.raises(TypeError) as caught:
        as_tensor(x, copy=copy)
    assert cure in str(caught.value)


@pytest.mark.parametrize("x", [3, True, 2.5, 1j, np.float32(3), np.int64(3), np.bool_(1), np.float16(2), np.uint16(7)])
def test_scalars_become_0d_tensors(x: complex) -> None:
    """A scalar becomes a 0-d tensor of NumPy's dtype for it, which is a copy."""
    tensor = as_tensor(x)
    assert tensor.shape == ()
    assert tensor.item() == x
    assert tensor.numpy().dtype == np.asarray(x).dtype
    with pytest.raises(CopyRequired, match="scalar"):
        as_tensor(x, copy=False)


@pytest.mark.parametrize(
    "x",
    [[1, 2], (1.5, 2), [[True], [False]], [np.ones(3, "f4")] * 2, [np.array(3.0)] * 2, [np.ones((2, 2))], [], [[]]],
)
@pytest.mark.parametrize("copy", [None, True])
def test_sequences_are_read_by_numpy(x: list[object], copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """A list or tuple becomes what np.array makes of it, in memory of its own; copy=False raises."""
    tensor = as_tensor(x, copy=copy)
    assert torch.equal(tensor, torch.from_numpy(np.array(x)))
    assert torch.equal(tensor, plan(x, copy=copy).run())
    with pytest.raises(CopyRequired, match="sequence"):
        as_tensor(x, copy=False)


def test_sequences_are_cast_and_ordered() -> None:
    """The keywords for dtype and order hold for a list, too."""
    tensor = as_tensor([[1, 2], [3, 4]], dtype=torch.float32, order="F")
    assert tensor.stride() == (1, 2)
    assert tensor.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_ragged_sequences_are_refused() -> None:
    """A list of different lengths raises ValueError, as it does in NumPy."""
    with pytest.raises(ValueError, match="inhomogeneous"):
        as_tensor([[1], [1, 2]])


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (0, 4)])
@pytest.mark.parametrize("copy", [None, False, True])
def test_empty_arrays_convert(shape: tuple[int, ...], copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """An empty array becomes an empty tensor of its shape, whatever its strides."""
    array = as_strided(np.ones(1, "f4"), shape, (-3,) * len(shape))
    for x in (array, np.zeros(shape, "f4"), np.zeros((5, *shape), "f4")[::-2]):
        tensor = as_tensor(x, copy=copy)
        assert tuple(tensor.shape) == x.shape
        assert tensor.dtype is torch.float32


def test_broadcast_is_copied_once_and_repeated() -> None:
    """A read-only broadcast costs its unique elements; order and copy=True ask for all of them."""
    array = np.broadcast_to(np.arange(4.0), (1000, 4))
    decided = plan(array)
    assert decided.nbytes == 32
    assert not decided.writable
    assert as_tensor(array).stride() == (0, 1)
    assert plan(array, copy=True).nbytes == plan(array, order="C").nbytes == 32000
    assert plan(array, copy=True).writable


def test_broadcast_is_cast_once_and_repeated() -> None:
    """A cast of a broadcast writes its unique elements alone."""
    tensor = as_tensor(np.broadcast_to(np.arange(4), (1000, 4)), dtype=torch.float32)
    assert tensor.stride() == (0, 1)
    assert torch.equal(tensor, torch.arange(4.0).expand(1000, 4))


@pytest.mark.parametrize("make", [grid, lambda: fields(3, length=1), lambda: grid(ml_dtypes.bfloat16)])
@pytest.mark.parametrize("copy", [None, False])
def test_readonly_share_shares(make: Callable[[], np.ndarray], copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """readonly="share" shares read-only memory without a warning, and the plan says not to write."""
    array = make()
    view = read_only(array.view())
    tensor = as_tensor(view, readonly="share", copy=copy)
    assert not plan(view, readonly="share", copy=copy).writable
    array[...] = 7
    assert bits(tensor) == bits(array)


def test_readonly_share_keeps_the_owner_alive() -> None:
    """A tensor over read-only memory keeps the array that owns it."""
    tensor = as_tensor(read_only(np.full(1000, 7.0)), readonly="share")
    gc.collect()
    np.full(1000, 8.0)
    assert torch.equal(tensor, torch.full((1000,), 7.0, dtype=torch.float64))


def test_readonly_error_raises_unless_a_copy_was_asked_for() -> None:
    """readonly="error" raises for read-only memory that copy=None would copy, and names the keyword."""
    array = read_only(grid())
    with pytest.raises(CopyRequired, match='readonly="copy"'):
        as_tensor(array, readonly="error")
    assert torch.equal(as_tensor(array, readonly="error", copy=True), as_tensor(array))
    assert plan(grid(), readonly="error")


@pytest.mark.parametrize(("mode", "shares"), [("r+", True), ("c", True), ("r", False)])
def test_memmap_is_shared_where_it_may_be_written(tmp_path: Path, mode: str, shares: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    """A writable memory map is shared, a read-only one is copied: a write to it would end the process."""
    path = tmp_path / "<a> & b"
    path.write_bytes(grid().tobytes())
    array = np.memmap(path, "f4", mode)  # type: ignore[call-overload]
    assert bool(plan(array)) is shares
    tensor = as_tensor(array)
    tensor[0] = 99
    assert (array[0] == 99) is np.bool_(shares)
    del array


def test_mmap_object_stays_mapped() -> None:
    """A tensor over an array over an mmap keeps it mapped."""
    tensor = as_tensor(np.frombuffer(mmap.mmap(-1, 4096), "u1"))
    tensor[4095] = 5
    gc.collect()
    assert tensor[4095] == 5


@pytest.mark.parametrize("source", ["C", "F"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("copy", [None, True])
def test_order_is_what_was_asked(source: str, order: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """order="C" and "F" share what is so already and re-lay what is not."""
    array = grid().copy(source)  # type: ignore[arg-type]
    tensor = as_tensor(array, order=order, copy=copy)  # type: ignore[arg-type]
    assert tensor.stride() == {"C": (4, 1), "F": (1, 3)}[order]
    assert torch.equal(tensor, torch.from_numpy(grid()))
    assert write_through(array, tensor) is (source == order and copy is None)


def test_a_copy_keeps_the_order_in_memory() -> None:
    """order="K" copies axes in the order they lie in memory, as NumPy's does."""
    array = np.zeros((2, 3, 4, 5), "f4").transpose(0, 3, 1, 2)[:, ::-1, ::2]
    strides = tuple(stride // 4 for stride in array.copy("K").strides)
    assert as_tensor(array).stride() == plan(array).strides == strides


@pytest.mark.parametrize("dtype", [torch.float64, "f8", np.float64, np.dtype("f8"), float])
def test_dtype_of_either_library(dtype: object) -> None:
    """dtype= takes torch's and NumPy's dtypes, and casts in one copy."""
    array = grid("f4")
    tensor = as_tensor(array, dtype=dtype)  # type: ignore[arg-type]
    assert tensor.dtype is torch.float64
    assert plan(array, dtype=dtype).reasons == ("dtype",)  # type: ignore[arg-type]
    assert torch.equal(tensor, torch.from_numpy(grid("f8")))


def test_same_dtype_shares() -> None:
    """Asking for the dtype it has still shares."""
    assert plan(grid("f4"), dtype=torch.float32, copy=False)


def test_a_cast_that_loses_is_refused() -> None:
    """A cast out of the kind needs casting="unsafe", which then drops silently what does not fit."""
    array = np.array([1.5, np.nan, 1e300])
    with pytest.raises(TypeError, match="casting='unsafe'"):
        as_tensor(array, dtype=torch.int32)
    assert as_tensor(array, dtype=torch.int32, casting="unsafe")[0] == 1
    assert as_tensor(array, dtype=torch.float32)[2] == np.inf
    assert as_tensor(array + 2j, dtype=torch.float32, casting="unsafe")[0] == 1.5
    assert as_tensor(array * 1j, dtype=torch.bool, casting="unsafe").all()


@pytest.mark.parametrize("dtype", [">f4", "U3", "g", torch.complex32, torch.qint8])
def test_a_dtype_no_result_can_have_is_refused(dtype: object) -> None:
    """A dtype that a tensor or array cannot have raises TypeError."""
    with pytest.raises(TypeError, match="cannot be converted"):
        as_tensor(grid(), dtype=dtype)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ML_DTYPES[:5])
@pytest.mark.parametrize("source", ["f4", ">f4", "f2"])
def test_casts_to_dtypes_of_torch_alone(name: str, source: str) -> None:
    """bfloat16 and float8 are cast to as torch casts, from any layout."""
    array = grid(source)[::-1]
    tensor = as_tensor(array, dtype=getattr(torch, name))
    assert tensor.dtype is getattr(torch, name)
    assert torch.equal(tensor.float(), torch.from_numpy(grid("f4")[::-1].copy()).to(tensor.dtype).float())


def test_unknown_words_are_refused() -> None:
    """A value no keyword knows raises ValueError with the ones it knows."""
    with pytest.raises(ValueError, match="order must be one of K, C, F"):
        as_tensor(grid(), order="A")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="readonly must be one of"):
        as_tensor(grid(), readonly="<a>", copy=True)  # type: ignore[arg-type]


def test_safe_casts_keep_every_value() -> None:
    """casting="safe" lets bfloat16 widen to float32, and nothing but itself become bfloat16."""
    narrow = grid(ml_dtypes.bfloat16)
    assert torch.equal(as_tensor(narrow, dtype=torch.float32, casting="safe"), torch.from_numpy(grid()))
    assert as_tensor(narrow, dtype=torch.bfloat16, casting="no").dtype is torch.bfloat16
    for array, dtype in ((grid("i1"), torch.bfloat16), (grid(), torch.bfloat16), (narrow, torch.float16)):
        with pytest.raises(TypeError, match="casting='safe'"):
            as_tensor(array, dtype=dtype, casting="safe")


@pytest.mark.parametrize("no", [False, 0, np.False_])
@pytest.mark.parametrize("x", [np.ones(3)[::-1], [1.0, 2.0]], ids=["reversed", "list"])
def test_what_equals_false_forbids_a_copy(x: object, no: object) -> None:
    """copy=0 and NumPy's False are False, as they come out of expressions."""
    with pytest.raises(CopyRequired):
        as_tensor(x, copy=no)  # type: ignore[arg-type]
    with pytest.raises(CopyRequired):
        plan(x, copy=no)  # type: ignore[arg-type]
    with pytest.raises(CopyRequired):
        as_array(torch.ones(3, dtype=torch.complex64).conj(), copy=no)  # type: ignore[arg-type]
    assert as_tensor(np.ones(3)[::-1], copy=np.True_).tolist() == [1, 1, 1]
