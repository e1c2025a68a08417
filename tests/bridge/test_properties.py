from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from bridge import CopyRequired, Plan, as_array, as_tensor, copyto, dtypes, plan

pytestmark = pytest.mark.timeout(1800)  # the thorough profile takes minutes

NAMES = ("bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
BIT_NAMES = ("bfloat16", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")
DTYPES = [np.dtype(name) for name in NAMES] + [np.dtype(getattr(ml_dtypes, name)) for name in BIT_NAMES]
RESULTS = (*dtypes.NUMPY_OF, *dtypes.BITS_OF)
ODD_STRIDES = (0, 1, 3, 7, -1, -8, 400)
ASKED = settings().max_examples
EXAMPLES = 1000 if settings.get_profile("usual").max_examples == ASKED else ASKED
FEWER = EXAMPLES * 2 // 5

# Each is left out as often as not: what is asked most goes a short way of its own.
WORDS = {
    "copy": st.sampled_from([None, False, True, True]),
    "order": st.sampled_from(["K", "C", "F"]),
    "dtype": st.none() | st.sampled_from(RESULTS) | st.sampled_from(NAMES),
}
TENSOR_WORDS = WORDS | {
    "readonly": st.sampled_from(["copy", "share", "error"]),
    "casting": st.sampled_from(["unsafe", "same_kind", "safe", "equiv", "no"]),
}


class Subclass(np.ndarray):
    """An array that is not exactly ndarray."""


def random_bytes(draw: st.DrawFn, dtype: np.dtype, length: int) -> bytearray:
    """Return zeros and ones, or any bytes: NaN with a payload, infinities, subnormal numbers. bool has only two."""
    high = 2 if dtype.kind == "b" else draw(st.sampled_from([2, 256]))
    return bytearray(np.random.default_rng(draw(st.integers(0, 99))).integers(0, high, length + 1, "u1").tobytes())


def repeated(draw: st.DrawFn, array: np.ndarray) -> np.ndarray:
    """Show the array several times in writable zero strides."""
    return as_strided(array, (draw(st.integers(0, 3)), *array.shape), (0, *array.strides))


def broadcast(draw: st.DrawFn, array: np.ndarray) -> np.ndarray:
    """Show the array several times, read-only."""
    return np.broadcast_to(array, (draw(st.integers(0, 3)), *array.shape), subok=True)


def with_odd_axis(draw: st.DrawFn, array: np.ndarray) -> np.ndarray:
    """Add an axis of length one whose stride means nothing."""
    where, stride = draw(st.integers(0, array.ndim)), draw(st.sampled_from(ODD_STRIDES))
    shape, strides = (list(values) for values in (array.shape, array.strides))
    return as_strided(array, (*shape[:where], 1, *shape[where:]), (*strides[:where], stride, *strides[where:]))


def windows(draw: st.DrawFn, array: np.ndarray) -> np.ndarray:
    """Show overlapping windows over the first axis, writable."""
    if 0 in array.shape or not array.ndim:
        return array
    return sliding_window_view(array, draw(st.integers(1, array.shape[0])), 0, writeable=True)


MORE = (repeated, broadcast, with_odd_axis, windows)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Return an array of any dtype, byte order, layout, alignment, class and writability, with random bits in it."""
    dtype = draw(st.sampled_from(DTYPES))
    is_foreign = dtype.isbuiltin == 2  # of ml_dtypes
    if not is_foreign:
        dtype = dtype.newbyteorder(draw(st.sampled_from("<<>")))
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    gaps = draw(st.sampled_from([0, 0, 0, 1, dtype.itemsize]))
    record = np.dtype({"names": ["x"], "formats": [dtype], "offsets": [0], "itemsize": dtype.itemsize + gaps})
    count, offset = int(np.prod(shape)), draw(st.sampled_from([0, 0, 0, 1, 16]))
    memory = random_bytes(draw, dtype, offset + count * record.itemsize)
    array = np.frombuffer(memory, record, count, offset if count else 0)["x"]
    array = array.reshape(shape).transpose(draw(st.permutations(range(len(shape)))))
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, -1, -2]), min_size=array.ndim, max_size=array.ndim))
    array = array[(*(slice(None, None, step) for step in steps), ...)]  # type: ignore[arg-type]
    if draw(st.booleans()):
        plain = array.view(f"u{dtype.itemsize}") if is_foreign else array  # as_strided knows no float8
        array = draw(st.sampled_from(MORE))(draw, plain).view(dtype)
    if not array.flags.writeable or draw(st.sampled_from([False, False, True])):
        array.flags.writeable = False
    return array.view(draw(st.sampled_from([np.ndarray, np.ndarray, Subclass])))


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Return a host tensor of any dtype and layout, with its bits, its history and its conjugations."""
    array = draw(arrays())
    tensor = as_tensor(array, copy=draw(st.sampled_from([None, True])), readonly="share")
    tensor = tensor.permute(draw(st.permutations(range(tensor.ndim))))
    if draw(st.booleans()):
        tensor = tensor.unsqueeze(0).expand(draw(st.integers(0, 3)), *tensor.shape)
    if tensor.is_complex() and draw(st.booleans()):
        tensor = tensor.conj() if draw(st.booleans()) else tensor.conj().imag
    if (tensor.is_floating_point() or tensor.is_complex()) and draw(st.booleans()):
        tensor.requires_grad_()
    return tensor


def outcome(convert: Any, *args: Any, **keywords: Any) -> Any:
    """Return the result, or the type and text of what was raised."""
    try:
        return convert(*args, **keywords)
    except (CopyRequired, TypeError) as error:
        return type(error), str(error)


def bits(x: np.ndarray | torch.Tensor) -> bytes:
    """Return the elements' bits in C order and native byte order."""
    if isinstance(x, torch.Tensor):
        x = x.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
        return x.reshape(-1).view(torch.uint8).numpy().tobytes()
    return x.astype(x.dtype.newbyteorder("=")).tobytes() if x.dtype.kind != "V" else x.tobytes()


def assert_same(a: np.ndarray | torch.Tensor, b: np.ndarray | torch.Tensor, *, cast: bool) -> None:
    """Compare bits; of a cast, as a NaN may be any NaN, numbers."""
    if not cast:
        assert bits(a) == bits(b)
        return
    a, b = (as_array(x) if isinstance(x, torch.Tensor) else x for x in (a, b))
    wide = "c16" if a.dtype.kind in "fcV" else a.dtype
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(a.astype(wide), b.astype(wide))


def check(decided: Plan, result: Any, source: Any) -> None:
    """Hold every field of the plan against the result."""
    assert tuple(result.shape) == decided.shape
    assert result.dtype == decided.dtype
    strides = result.stride() if isinstance(result, torch.Tensor) else result.strides
    assert 0 in decided.shape or strides == decided.strides
    if isinstance(result, np.ndarray):
        assert result.flags.writeable is decided.writable
    assert bool(decided) is (decided.nbytes == 0) or 0 in decided.shape
    assert bool(decided) is not bool(decided.reasons)
    a, b = (x.detach().resolve_conj() if isinstance(x, torch.Tensor) else x for x in (source, result))
    if 0 not in decided.shape and not (isinstance(a, torch.Tensor) and a.is_neg()):
        assert (address(a) == address(b)) is bool(decided) or (isinstance(source, torch.Tensor) and source.is_conj())
    if "dtype" not in decided.reasons:
        assert bits(result) == bits(source)


def address(x: np.ndarray | torch.Tensor) -> int:
    """Return where the first element lies."""
    return x.data_ptr() if isinstance(x, torch.Tensor) else x.__array_interface__["data"][0]


@settings(max_examples=EXAMPLES)
@given(arrays(), st.fixed_dictionaries({}, optional=TENSOR_WORDS))
def test_as_tensor_does_what_plan_says(array: np.ndarray, words: dict[str, Any]) -> None:
    """as_tensor gives what plan().run() gives, raises what plan raises, and the plan describes it exactly."""
    before = bits(array)
    decided = outcome(plan, array, **words)
    result = outcome(as_tensor, array, **words)
    assert bits(array) == before
    if not isinstance(decided, Plan):
        assert result == decided
        return
    again = decided.run()
    check(decided, result, array)
    assert (result.dtype, result.shape, result.stride()) == (again.dtype, again.shape, again.stride())
    assert_same(result, again, cast="dtype" in decided.reasons)


@settings(max_examples=EXAMPLES)
@given(tensors(), st.fixed_dictionaries({}, optional=WORDS))
def test_as_array_does_what_plan_says(tensor: torch.Tensor, words: dict[str, Any]) -> None:
    """as_array gives what plan().run() gives, raises what plan raises, and the plan describes it exactly."""
    decided = outcome(plan, tensor, **words)
    result = outcome(as_array, tensor, **words)
    if not isinstance(decided, Plan):
        assert result == decided
        return
    again = decided.run()
    check(decided, result, tensor)
    assert (result.dtype, result.shape) == (again.dtype, again.shape)
    assert_same(result, again, cast="dtype" in decided.reasons)


@settings(max_examples=FEWER)
@given(arrays(), st.sampled_from(NAMES))
def test_casts_are_those_of_numpy(array: np.ndarray, name: str) -> None:
    """A cast between dtypes of both libraries gives NumPy's values, through whichever engine."""
    array = array.astype("f4") if array.dtype.kind == "V" else array
    if not np.can_cast(array.dtype, name, "same_kind"):
        return
    with np.errstate(all="ignore"):
        expected = array.astype(name)
    result = as_tensor(array, dtype=np.dtype(name)).numpy()
    np.testing.assert_array_equal(result, expected)


@settings(max_examples=FEWER)
@given(arrays(), st.permutations(range(4)), st.booleans())
def test_copyto_and_back_keeps_every_bit(array: np.ndarray, axes: list[int], tensor: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    """Filling a destination of any layout keeps the elements."""
    axes = [axis for axis in axes if axis < array.ndim] + list(range(4, array.ndim))
    dst = np.empty([array.shape[axis] for axis in axes], array.dtype).transpose(np.argsort(axes))
    if tensor and array.dtype.isnative:
        assert bits(copyto(as_tensor(dst), array)) == bits(array)
    else:
        assert bits(copyto(dst, array)) == bits(array)
