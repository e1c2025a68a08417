"""The rules of the array API standard for `asarray(obj, /, *, dtype, device, copy)`, in both directions.

https://data-apis.org/array-api/latest/API_specification/generated/array_api.asarray.html
"""

from typing import Any

import numpy as np
import pytest
import torch

from bridge import CopyRequired, as_array, as_tensor, plan

STANDARD = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATING = ("float32", "float64", "complex64", "complex128")
DTYPES = STANDARD + FLOATING
SHAPES = ((), (1,), (0,), (3, 0), (7,), (3, 4))
COPIES = (None, True, False)

every_dtype = pytest.mark.parametrize("name", DTYPES)
every_shape = pytest.mark.parametrize("shape", SHAPES)
every_copy = pytest.mark.parametrize("copy", COPIES)
both_ways = pytest.mark.parametrize("to", ["tensor", "array"])


def source(to: str, name: str, shape: tuple[int, ...]) -> Any:
    """Return small numbers in the other library: an array to make a tensor of, or a tensor to make an array of."""
    array = (np.arange(np.prod(shape, dtype=int)) % 2).reshape(shape).astype(name)
    return array if to == "tensor" else torch.from_numpy(array)


def convert(x: Any, to: str, **words: Any) -> Any:
    """Convert in the direction asked for."""
    return as_tensor(x, **words) if to == "tensor" else as_array(x, **words)


def flip(x: Any) -> None:
    """Change every element: zeros become ones, and the other way round."""
    other = np.array([not number for number in numbers(x)], bool).reshape(tuple(x.shape))
    x[...] = other if isinstance(x, np.ndarray) else torch.from_numpy(other)


def numbers(x: Any) -> list[Any]:
    """Return the elements as Python numbers."""
    flat: list[Any] = x.reshape(-1).tolist()
    return flat


@both_ways
@every_dtype
@every_shape
@every_copy
def test_none_keeps_dtype_shape_and_values(to: str, name: str, shape: tuple[int, ...], copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """dtype: "if None, the output array data type must be inferred from the data type(s) in obj"."""
    x = source(to, name, shape)
    result = convert(x, to, copy=copy)
    assert str(result.dtype).removeprefix("torch.") == name
    assert tuple(result.shape) == shape
    assert numbers(result) == numbers(x)
    assert isinstance(result, torch.Tensor if to == "tensor" else np.ndarray)


@both_ways
@every_dtype
@every_shape
def test_copy_true_always_copies(to: str, name: str, shape: tuple[int, ...]) -> None:
    """copy: "If True, the function must always copy": a write to either side never shows in the other."""
    x = source(to, name, shape)
    before = numbers(x)
    result = convert(x, to, copy=True)
    assert not plan(x, copy=True)
    flip(result)
    assert numbers(x) == before
    flip(x)
    assert numbers(result) == numbers(x)
    flip(x)
    assert not before or numbers(result) != numbers(x)


@both_ways
@every_dtype
@every_shape
@pytest.mark.parametrize("copy", [None, False])
def test_copy_none_and_false_reuse_memory(to: str, name: str, shape: tuple[int, ...], copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """copy: "If None, the function must reuse existing memory buffer if possible", and False never copies."""
    x = source(to, name, shape)
    before = numbers(x)
    result = convert(x, to, copy=copy)
    assert plan(x, copy=copy)
    flip(result)
    assert numbers(x) == numbers(result)
    assert not before or numbers(x) != before
    flip(x)
    assert numbers(x) == numbers(result) == before


@both_ways
@every_dtype
@every_copy
def test_naming_its_own_dtype_changes_nothing(to: str, name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """An explicit dtype that the object has already is no reason to copy."""
    x = source(to, name, (3, 4))
    for dtype in (name, np.dtype(name), getattr(torch, name)):
        result = convert(x, to, dtype=dtype, copy=copy)
        before = numbers(x)
        flip(result)
        assert (numbers(x) == before) is (copy is True)


PROMOTIONS = [(a, b) for a in DTYPES for b in DTYPES if a != b and np.can_cast(a, b, "safe")]


@both_ways
@pytest.mark.parametrize(("name", "wider"), PROMOTIONS)
def test_another_dtype_is_a_copy(to: str, name: str, wider: str) -> None:
    """Every cast that type promotion knows is made, in new memory; with copy=False it raises ValueError instead."""
    x = source(to, name, (3, 4))
    before = numbers(x)
    result = convert(x, to, dtype=wider)
    assert str(result.dtype).removeprefix("torch.") == wider
    assert numbers(result) == before
    flip(result)
    assert numbers(x) == before
    with pytest.raises(ValueError, match="dtype"):
        convert(x, to, dtype=wider, copy=False)


@both_ways
@every_shape
def test_copy_false_raises_for_a_dtype_of_any_shape(to: str, shape: tuple[int, ...]) -> None:
    """copy: False "must raise a ValueError in case a copy would be necessary", be there elements to copy or not."""
    with pytest.raises(ValueError, match="cannot be shared") as caught:
        convert(source(to, "float32", shape), to, dtype="float64", copy=False)
    assert isinstance(caught.value, CopyRequired)


NECESSARY: dict[str, tuple[Any, dict[str, Any]]] = {
    "negative stride": (np.arange(6.0)[::-1], {}),
    "another byte order": (np.arange(6.0, dtype=">f8"), {}),
    "read-only": (np.broadcast_to(np.arange(3.0), (2, 3)), {}),
    "misaligned": (np.zeros(17, "u1")[1:].view("f8"), {}),
    "another order": (np.zeros((2, 3)), {"order": "F"}),
    "another device": (np.zeros(3), {"device": "meta"}),
    "conjugated": (torch.ones(3, dtype=torch.complex64).conj(), {}),
    "negated": (torch._neg_view(torch.ones(3)), {}),
    "another order of a tensor": (torch.zeros(2, 3), {"order": "F"}),
}


@pytest.mark.parametrize("name", NECESSARY)
def test_copy_false_raises_wherever_a_copy_is_needed(name: str) -> None:
    """copy: False "must raise a ValueError in case a copy would be necessary", and None copies there instead."""
    x, words = NECESSARY[name]
    to = "array" if isinstance(x, torch.Tensor) else "tensor"
    with pytest.raises(ValueError, match="copy"):
        convert(x, to, copy=False, **words)
    assert plan(x, **words).action == "copy"


SCALARS: dict[str, tuple[Any, str]] = {
    "bool": (True, "bool"),
    "int": (7, "int64"),
    "negative int": (-7, "int64"),
    "float": (2.5, "float64"),
    "complex": (1 + 2j, "complex128"),
}
SEQUENCES: dict[str, tuple[Any, str]] = {
    "bools": ([True, False], "bool"),
    "bools and ints": ([True, 2], "int64"),
    "ints": ([[1, 2], [3, 4]], "int64"),
    "ints and floats": ((1, 2.5), "float64"),
    "nested tuples": (((1.5,), (2.5,)), "float64"),
    "floats and complex": ([1.5, 2j], "complex128"),
    "nothing": ([], "float64"),
    "deep": ([[[[1]]]], "int64"),
}


@pytest.mark.parametrize("name", [*SCALARS, *SEQUENCES])
@pytest.mark.parametrize("copy", [None, True])
def test_python_objects_have_the_default_dtype_of_their_kind(name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """dtype: bools give bool, ints the default integer, floats the default real, complex the default complex dtype.

    The defaults are NumPy's, int64, float64 and complex128, not torch's float32: NumPy reads what is no array, so the
    number is kept and `as_tensor([x])` agrees with `as_tensor(np.array([x]))`.
    """
    x, dtype = (SCALARS | SEQUENCES)[name]
    result = as_tensor(x, copy=copy)
    assert result.dtype is getattr(torch, dtype)
    assert result.tolist() == np.asarray(x).tolist()
    assert tuple(result.shape) == np.shape(x)


@pytest.mark.parametrize("name", [*SCALARS, *SEQUENCES])
def test_python_objects_have_no_memory_to_reuse(name: str) -> None:
    """copy: False raises ValueError for scalars and sequences, whose numbers lie in no buffer."""
    with pytest.raises(ValueError, match="copy=None"):
        as_tensor((SCALARS | SEQUENCES)[name][0], copy=False)


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_sequences_take_a_dtype(name: str, dtype: str) -> None:
    """dtype: a named dtype is that of the result, where the cast keeps the kind."""
    x, own = SEQUENCES[name]
    if np.can_cast(own, dtype, "same_kind"):
        assert as_tensor(x, dtype=dtype).dtype is getattr(torch, dtype)
        assert as_tensor(x, dtype=dtype).tolist() == np.asarray(x).astype(dtype).tolist()


@every_copy
def test_the_device_is_that_of_the_object(copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """device: None infers it from the object, and memory of NumPy is the host's, whatever torch's default device."""
    x = source("tensor", "float32", (3, 4))
    with torch.device("meta"):
        assert as_tensor(x, copy=copy).device.type == "cpu"
    assert as_tensor(x, device="cpu", copy=copy).device.type == "cpu"
    assert bool(plan(x, device=torch.device("cpu"), copy=copy)) is (copy is not True)


@pytest.mark.parametrize("buffer", [memoryview(bytearray(8)), bytearray(8), b"01234567"])
def test_other_buffers_are_refused_with_their_cure(buffer: object) -> None:
    """The standard also takes any object with a buffer; here that is refused, as its bytes do not say their dtype."""
    with pytest.raises(TypeError, match=r"np\.frombuffer\(x, dtype\)"):
        as_tensor(buffer)
    assert as_tensor(np.frombuffer(buffer, "u1"), readonly="share", copy=False).shape == (8,)  # type: ignore[call-overload]
