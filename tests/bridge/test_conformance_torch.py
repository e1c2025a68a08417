"""What PyTorch's documentation promises of its conversions, kept by ours; where we differ, the docstring says why.

The quotes are from the docstrings of torch 2.13: `torch.from_numpy`, `torch.as_tensor`, `torch.asarray`,
`torch.Tensor.numpy`.
"""

import sys
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch

from bridge import CopyRequired, as_array, as_tensor

FROM_NUMPY = ("f8", "f4", "f2", "c8", "c16", "i8", "i4", "i2", "i1", "u1", "?")
TO_NUMPY = ("float64", "float32", "float16", "complex64", "complex128", "int64", "int32", "int16", "int8", "uint8")

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole": lambda x: x,
    "with a storage offset": lambda x: x[1],
    "transposed": lambda x: x.T,
    "with holes": lambda x: x[:, 1],
    "sliced with holes and transposed": lambda x: x[1:3, 2:4].T,
    "no rows": lambda x: x[:0],
    "no columns": lambda x: x[:, :, :0],
    "0-d": lambda x: x[0, 0, :1].reshape(()),
}

every_layout = pytest.mark.parametrize("layout", LAYOUTS)


def cube(dtype: str = "f8") -> np.ndarray:
    """Return small numbers along three axes."""
    array: np.ndarray = (np.arange(125) % 100).reshape(5, 5, 5).astype(dtype)
    return array


@pytest.mark.parametrize("dtype", FROM_NUMPY)
def test_from_numpy_shares_memory(dtype: str) -> None:
    """from_numpy: "share the same memory. Modifications to the tensor will be reflected in the ndarray", vice versa."""
    array = np.zeros(3, dtype)
    tensor = as_tensor(array)
    tensor[0] = 1
    assert array.tolist() == [1, 0, 0]
    array[2] = 1
    assert tensor.tolist() == [1, 0, 1]


def test_from_numpy_gives_a_tensor_that_is_not_resizable() -> None:
    """from_numpy: "The returned tensor is not resizable", and NumPy does not resize the array under it either."""
    array = np.zeros((2, 2))
    tensor = as_tensor(array)
    with pytest.raises(RuntimeError, match="not resizable"):
        tensor.resize_(5, 5)
    with pytest.raises(ValueError, match="resize"):
        array.resize((5, 5))


@pytest.mark.parametrize("dtype", FROM_NUMPY)
def test_from_numpy_accepts_its_dtypes(dtype: str) -> None:
    """from_numpy: "accepts ndarray with dtypes of float64, ..., uint8 and bool", each with torch's dtype for it."""
    array = cube(dtype)
    assert as_tensor(array).dtype is torch.from_numpy(array).dtype
    assert torch.equal(as_tensor(array), torch.from_numpy(array))


@every_layout
def test_from_numpy_keeps_shape_strides_and_offset(layout: str) -> None:
    """from_numpy: the tensor looks at the same elements through the same strides, whatever part of an array it is."""
    array = LAYOUTS[layout](cube())
    ours, theirs = as_tensor(array), torch.from_numpy(array)
    assert (ours.shape, ours.stride(), ours.data_ptr()) == (theirs.shape, theirs.stride(), theirs.data_ptr())
    assert torch.equal(ours, theirs)


def test_from_numpy_refuses_text() -> None:
    """from_numpy raises TypeError for dtypes torch lacks, and so do we; the refused array is not kept alive by it."""
    array = np.array(["<a> | &"])
    before = sys.getrefcount(array)
    for _ in range(100):
        with pytest.raises(TypeError, match="encode the text"):
            as_tensor(array)
    assert sys.getrefcount(array) == before


@pytest.mark.parametrize("strides", [(3,), (-8,)])
def test_from_numpy_refuses_strides_that_we_copy(strides: tuple[int, ...]) -> None:
    """from_numpy raises ValueError for odd and negative strides; we copy, as a copy is right, unless copy=False."""
    array = np.ndarray((3,), "f8", bytearray(range(48)), 16, strides)
    with pytest.raises(ValueError, match="stride"):
        torch.from_numpy(array)
    assert as_tensor(array).numpy().tobytes() == array.tobytes()
    with pytest.raises(CopyRequired, match="stride"):
        as_tensor(array, copy=False)


def test_from_numpy_makes_writes_to_read_only_memory_undefined() -> None:
    """from_numpy: "Writing to a tensor created from a read-only array ... undefined behavior"; we copy, unwarned.

    A write through it would change what others trust, or end the process; `readonly="share"` asks for torch's way.
    """
    array = np.zeros(3)
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_tensor(array)[0] = 1
        assert array[0] == 0
        assert as_tensor(array, readonly="share").data_ptr() == array.ctypes.data


@pytest.mark.parametrize("make", [as_tensor, torch.as_tensor, torch.asarray])
def test_as_tensor_shares_an_array_of_the_same_dtype_and_device(make: Callable[..., torch.Tensor]) -> None:
    """as_tensor: "If data is a NumPy array with the same dtype and device then ... torch.from_numpy"."""
    array = np.array([1, 2, 3])
    for words in ({}, {"dtype": torch.int64}, {"device": torch.device("cpu")}):
        tensor = make(array, **words)
        tensor[0] = -1
        assert array.tolist() == [-1, 2, 3]
        array[0] = 1


def test_as_tensor_copies_for_another_dtype() -> None:
    """as_tensor and asarray: "of a different datatype ... will not share its memory"."""
    array = np.array([1, 2, 3])
    tensor = as_tensor(array, dtype=torch.float32)
    assert torch.equal(tensor, torch.as_tensor(array, dtype=torch.float32))
    tensor[0] = -1
    assert array.tolist() == [1, 2, 3]


def test_as_tensor_copies_to_another_device() -> None:
    """as_tensor and asarray: "on a different device ... will not share its memory"."""
    assert as_tensor(np.ones(3), device="meta").is_meta
    with pytest.raises(CopyRequired, match="device"):
        as_tensor(np.ones(3), device="meta", copy=False)


def test_as_tensor_takes_no_tensor() -> None:
    """as_tensor: "If data is already a tensor ... data itself is returned"; we refuse it, naming t.to().

    A conversion names what it converts: a tensor that is returned as it is would hide a mistake about what one has.
    """
    with pytest.raises(TypeError, match=r"t\.to\(\)"):
        as_tensor(torch.ones(3))


@pytest.mark.parametrize("x", [np.ones(3), [1.0, 2.0], 3.5, np.float64(0.5)])
def test_as_tensor_ignores_the_default_device(x: object) -> None:
    """as_tensor: "on the current device"; ours is on the host, so that a setting far away never makes it a copy."""
    with torch.device("meta"):
        assert torch.as_tensor(x).is_meta
        assert as_tensor(x).device.type == "cpu"


@pytest.mark.parametrize("x", [True, 3, 1 + 2j, [1, 2], [[True], [False]], (1, 2), [[1, 2], [3, 4]]])
def test_asarray_infers_the_dtype_of_python_objects(x: object) -> None:
    """asarray: "will, by default, infer its datatype from the scalar values", bool, integer, or complex."""
    ours, theirs = as_tensor(x), torch.asarray(x)
    assert ours.tolist() == theirs.tolist()
    assert ours.shape == theirs.shape
    assert (ours.is_floating_point(), ours.is_complex()) == (theirs.is_floating_point(), theirs.is_complex())


def test_asarray_reads_floats_in_the_default_dtype() -> None:
    """torch.asarray gives a Python float torch's default dtype; we keep NumPy's float64, which holds it exactly.

    A list is what np.array makes of it, so a list and an array of the same numbers agree, whatever the default dtype.
    """
    assert torch.asarray(0.1).dtype is torch.float32
    assert as_tensor(0.1).dtype is as_tensor([0.1]).dtype is as_tensor(np.array([0.1])).dtype is torch.float64
    assert as_tensor(0.1).item() == 0.1


def test_asarray_reads_lists_of_arrays_as_numpy_does() -> None:
    """torch.tensor warns that a list of arrays "is extremely slow"; NumPy reads ours, without a warning."""
    rows = [np.arange(3.0), np.arange(3.0) + 3]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert as_tensor(rows).tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="inhomogeneous"):
        as_tensor([np.ones((3, 3)), np.ones((3, 2))])


@pytest.mark.parametrize("x", [np.float64(0.5), np.float16(2), np.int64(7), np.int16(7), np.bool_(1), np.complex64(1j)])
def test_asarray_gives_numpy_scalars_their_dtype(x: np.generic) -> None:
    """asarray: of a NumPy scalar a "0-dimensional tensor ... that doesn't share", with "the scalar's datatype"."""
    ours, theirs = as_tensor(x), torch.asarray(x)
    assert (ours.shape, ours.dtype, ours.item()) == ((), theirs.dtype, theirs.item())
    with pytest.raises(CopyRequired, match="scalar"):
        as_tensor(x, copy=False)


@every_layout
def test_asarray_copy_true_shares_nothing(layout: str) -> None:
    """asarray: "If True then the returned tensor does not share its memory"."""
    array = LAYOUTS[layout](cube())
    before = array.copy()
    tensor = as_tensor(array, copy=True)
    assert torch.equal(tensor, torch.asarray(array, copy=True))
    tensor.fill_(-1)
    assert (array == before).all()


@every_layout
def test_asarray_copy_false_shares(layout: str) -> None:
    """asarray: "If False then the returned tensor shares its memory", which ours does for 0-d arrays, too."""
    array = LAYOUTS[layout](cube())
    as_tensor(array, copy=False).fill_(-1)
    assert (array == -1).all()


@pytest.mark.parametrize("x", [3, [1, 2], np.float64(1)])
def test_asarray_copy_false_throws_where_it_cannot_share(x: object) -> None:
    """asarray: "an error is thrown if it cannot"; ours is a ValueError each time, which torch's is not for scalars."""
    with pytest.raises(ValueError, match="cannot be shared"):
        as_tensor(x, copy=False)
    with pytest.raises(ValueError, match="cannot be shared"):
        as_tensor(np.ones(3), dtype=torch.float32, copy=False)


@pytest.mark.parametrize("words", [{}, {"copy": True}, {"dtype": torch.float32}])
def test_asarray_does_not_require_grad(words: dict[str, object]) -> None:
    """asarray: requires_grad is that of the object, "defaulting to False"; an array has no history to keep."""
    tensor = as_tensor(np.ones(3), **words)  # type: ignore[arg-type]
    assert not tensor.requires_grad
    assert tensor.is_leaf


def test_asarray_takes_buffers_that_we_refuse() -> None:
    """torch.asarray reads a buffer as the default float dtype; we refuse it, as its bytes do not say what they are."""
    with pytest.raises(TypeError, match=r"np\.frombuffer"):
        as_tensor(bytearray(8))


@pytest.mark.parametrize("name", TO_NUMPY)
@every_layout
def test_numpy_shares_storage(name: str, layout: str) -> None:
    """Tensor.numpy: "share their storage, so changes to the tensor will be reflected in the ndarray", vice versa."""
    tensor = torch.from_numpy(LAYOUTS[layout](cube())).to(getattr(torch, name))
    array, theirs = as_array(tensor), tensor.numpy()
    assert (array.dtype, array.shape, array.strides) == (theirs.dtype, theirs.shape, theirs.strides)
    assert (array == theirs).all()
    array[...] = 3
    assert (tensor == 3).all()
    tensor.fill_(4)
    assert (array == 4).all()
