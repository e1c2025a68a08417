import gc
import sys
import warnings
from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.masked import masked_tensor

from bridge import CopyRequired, as_array, as_tensor, copyto, plan, stack

NATIVE = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64", "complex64", "complex128")
ML_DTYPES = ("bfloat16", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")


class Subclass(torch.Tensor):
    """A tensor that is not exactly Tensor, with manners of its own."""

    @classmethod
    def __torch_function__(cls, *args: object, **kwargs: object) -> object:
        """Refuse everything."""
        raise AssertionError("a conversion must not go through a subclass's own functions")


class Wrapper(torch.Tensor):
    """A tensor without elements of its own."""

    @staticmethod
    def around(inner: torch.Tensor) -> torch.Tensor:
        """Wrap a tensor."""
        return torch.Tensor._make_wrapper_subclass(Wrapper, inner.shape, dtype=inner.dtype)  # type: ignore[attr-defined, no-any-return]

    @classmethod
    def __torch_dispatch__(cls, *args: object, **kwargs: object) -> object:
        """Refuse everything."""
        raise AssertionError("a conversion must not ask a wrapper for elements")


def grid(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return small numbers every dtype holds, in C order."""
    return torch.arange(12.0).reshape(3, 4).to(dtype)


def quietly(make: Callable[[], torch.Tensor]) -> torch.Tensor:
    """Make a tensor of a kind whose mere making warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def fake() -> torch.Tensor:
    """Return a tensor that only has a shape."""
    with FakeTensorMode():
        return torch.empty(3)


def detached(tensor: torch.Tensor) -> torch.Tensor:
    """Return a plain tensor over the same memory, past a subclass's own functions."""
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.detach().as_subclass(torch.Tensor)


def values(x: np.ndarray | torch.Tensor) -> list[object]:
    """Return the elements as Python numbers."""
    if isinstance(x, torch.Tensor):
        x = x.detach().resolve_conj().resolve_neg()
        return (x.double() if x.dtype.is_floating_point else x).flatten().tolist()
    return (x.astype("f8") if x.dtype.kind == "V" else x).ravel().tolist()


def inference() -> torch.Tensor:
    """Return a tensor made in inference mode."""
    with torch.inference_mode():
        return grid().clone()


SHARED: dict[str, Callable[[], torch.Tensor]] = {
    **{f"dtype {name}": lambda name=name: grid(getattr(torch, name)) for name in NATIVE + FLOATS + ML_DTYPES},
    "0-d": lambda: torch.tensor(3.0),
    "transposed": lambda: grid().T,
    "slice": lambda: grid()[::2, 1:],
    "bfloat16 slice": lambda: grid(torch.bfloat16)[::2, 1:],
    "channels_last": lambda: torch.ones(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "storage offset": lambda: torch.arange(9.0)[1:],
    "inference": inference,
    "subclass": lambda: grid().as_subclass(Subclass),
    "real part": lambda: torch.ones(3, dtype=torch.complex64).real,
}


READ_ONLY: dict[str, Callable[[], torch.Tensor]] = {
    "leaf that requires grad": lambda: grid().requires_grad_(),
    "result that requires grad": lambda: grid().requires_grad_() * 2,
    "parameter": lambda: torch.nn.Parameter(grid()),
    "bfloat16 parameter": lambda: torch.nn.Parameter(grid(torch.bfloat16)),
    "expanded": lambda: torch.arange(4.0).expand(3, 4),
}

COPIED: dict[str, tuple[Callable[[], torch.Tensor], tuple[str, ...]]] = {
    "conj bit": (lambda: torch.tensor([1 + 2j, 3 - 1j]).conj(), ("conj-bit",)),
    "conj bit, transposed": (lambda: torch.tensor([[1 + 2j, 3 - 1j]]).mH, ("conj-bit",)),
    "neg bit": (lambda: torch.tensor([1 + 2j, 3 - 1j]).conj().imag, ("neg-bit",)),
    "neg view": (lambda: torch._neg_view(grid()), ("neg-bit",)),
    "zero bit": (lambda: torch._efficientzerotensor(3), ("zero-bit",)),
}

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "sparse COO": (lambda: torch.eye(3).to_sparse(), "t.to_dense()"),
    "sparse CSR": (lambda: quietly(lambda: torch.eye(3).to_sparse_csr()), "t.to_dense()"),
    "mkldnn": (lambda: torch.eye(3).to_mkldnn(), "t.to_dense()"),
    "quantized": (
        lambda: quietly(lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)),
        "t.dequantize()",
    ),
    "meta": (lambda: torch.empty(3, device="meta"), "no elements"),
    "nested": (lambda: quietly(lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])), "t.unbind()"),
    "jagged": (lambda: torch.nested.nested_tensor([torch.ones(2)], layout=torch.jagged), "t.unbind()"),
    "fake": (fake, "no elements"),
    "masked": (
        lambda: quietly(lambda: masked_tensor(torch.ones(2), torch.tensor([True, False]))),
        "t.to_tensor(value)",
    ),
    "wrapper": (lambda: Wrapper.around(torch.ones(3)), "inside it"),
    "complex32": (lambda: quietly(lambda: torch.zeros(3, dtype=torch.complex32)), "t.to(torch.complex64)"),
    "float4": (lambda: torch.empty(3, dtype=torch.float4_e2m1fn_x2), "cast it first"),
    "uint4": (lambda: torch.empty(3, dtype=torch.uint4), "cast it first"),
    "bits8": (lambda: torch.empty(3, dtype=torch.bits8), "cast it first"),
    "array": (lambda: np.ones(3), "np.asarray(x)"),
    "list": (lambda: [1.0], "np.asarray(x)"),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("copy", [None, False])
def test_shares_what_numpy_can_look_at(name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """A dense host tensor is shared: the array shows its values, and a write to the array shows in the tensor."""
    tensor = SHARED[name]()
    plain = detached(tensor)
    array = as_array(tensor, copy=copy)
    assert plan(tensor, copy=copy).writable
    assert plan(tensor, copy=copy).strides == array.strides
    assert array.shape == tuple(plain.shape)
    assert values(array) == values(plain)
    before = values(plain)
    array[...] = np.array(1).astype(array.dtype) if before[0] != 1 else np.array(2).astype(array.dtype)
    assert values(plain) == values(array) != before


@pytest.mark.parametrize("name", READ_ONLY)
@pytest.mark.parametrize("copy", [None, False])
def test_shares_read_only_where_a_write_would_go_wrong(name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """What a write would corrupt, gradients and expanded elements, is shared as a read-only array."""
    tensor = READ_ONLY[name]()
    array = as_array(tensor, copy=copy)
    assert not plan(tensor, copy=copy).writable
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    tensor.detach()[0, 0] = 42
    assert array[0, 0] == 42
    assert values(array) == values(tensor)


@pytest.mark.parametrize("name", [*SHARED, *READ_ONLY, *COPIED])
def test_copy_true_is_new_writable_memory(name: str) -> None:
    """copy=True gives a writable array that shares nothing."""
    tensor = (SHARED | READ_ONLY | {name: make for name, (make, _) in COPIED.items()})[name]()
    plain = detached(tensor)
    before = values(plain)
    array = as_array(tensor, copy=True)
    assert values(array) == before
    array[...] = np.array(1).astype(array.dtype)
    assert values(plain) == before
    assert plan(tensor, copy=True).writable
    assert "requested" in plan(tensor, copy=True).reasons


@pytest.mark.parametrize("name", COPIED)
def test_resolves_what_the_bits_do_not_say(name: str) -> None:
    """Conjugated, negated and zero tensors are copied with the values they stand for; copy=False raises."""
    make, reasons = COPIED[name]
    tensor = make()
    assert plan(tensor).reasons == reasons
    assert values(as_array(tensor)) == values(tensor)
    assert as_array(tensor).flags.writeable
    with pytest.raises(CopyRequired, match=reasons[0]):
        as_array(tensor, copy=False)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("copy", [None, False, True])
def test_refuses_what_can_never_be_an_array(name: str, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """What has no elements, or none NumPy can hold, raises TypeError with its cure, whatever copy says."""
    make, cure = REFUSED[name]
    with pytest.raises(TypeError) as caught:
        as_array(make(), copy=copy)  # type: ignore[arg-type]
    assert cure in str(caught.value)


def test_refuses_tensors_inside_torch_func() -> None:
    """Inside vmap a tensor stands for many, so it is refused there."""

    def convert(t: torch.Tensor) -> torch.Tensor:
        with pytest.raises(TypeError, match=r"torch\.func"):
            as_array(t)
        return t

    torch.vmap(convert)(torch.ones(2, 3))
    torch.func.grad(lambda t: convert(t).sum())(torch.ones(3))


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2)])
@pytest.mark.parametrize("copy", [None, False, True])
def test_empty_tensors_convert(shape: tuple[int, ...], copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """An empty tensor becomes an empty writable array of its shape."""
    array = as_array(torch.zeros(shape), copy=copy)
    assert array.shape == shape
    assert array.flags.writeable
    assert as_array(torch.zeros(1).expand(0, 4), copy=copy).shape == (0, 4)


def test_ml_dtypes_name_what_numpy_lacks() -> None:
    """bfloat16 and float8 become ml_dtypes over the same bits, both ways."""
    for name in ML_DTYPES:
        array = as_array(grid(getattr(torch, name)))
        assert array.dtype == np.dtype(getattr(ml_dtypes, name))
        assert as_tensor(array).dtype is getattr(torch, name)


def test_without_ml_dtypes_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ml_dtypes a bfloat16 tensor raises TypeError with both cures, and dtype= is one."""
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(TypeError, match=r"install ml_dtypes.*dtype='float32'"):
        as_array(grid(torch.bfloat16))
    assert values(as_array(grid(torch.bfloat16), dtype="float32")) == values(grid())
    assert torch.equal(as_tensor(np.ones((3, 4)), dtype=torch.bfloat16), torch.ones(3, 4, dtype=torch.bfloat16))


@pytest.mark.parametrize("dtype", ["f8", torch.float64, "c16"])
def test_dtype_casts_in_one_copy(dtype: object) -> None:
    """dtype= takes dtypes of either library; the cast is the only reason to copy."""
    tensor = grid().requires_grad_()
    array = as_array(tensor, dtype=dtype)  # type: ignore[arg-type]
    assert plan(tensor, dtype=dtype).reasons == ("dtype",)  # type: ignore[arg-type]
    assert array.flags.writeable
    assert array.ravel().tolist() == list(range(12))


def test_a_cast_out_of_the_kind_is_refused() -> None:
    """A cast that would lose the kind raises TypeError: it belongs into sight, after the conversion."""
    with pytest.raises(TypeError, match="cannot cast"):
        as_array(grid(), dtype="i4")


def test_a_cast_of_an_expanded_tensor_stays_expanded() -> None:
    """An expanded tensor is cast once and repeated; order and copy=True ask for all elements."""
    tensor = torch.arange(4).expand(1000, 4)
    array = as_array(tensor, dtype="f4")
    assert plan(tensor, dtype="f4").nbytes == 16
    assert array.strides == (0, 4)
    assert not array.flags.writeable
    assert as_array(tensor, dtype="f4", order="C").strides == (16, 4)
    assert as_array(tensor, copy=True).flags.writeable


@pytest.mark.parametrize("order", ["C", "F", "K"])
def test_order_is_what_was_asked(order: str) -> None:
    """order="C" and "F" re-lay what is not so already; "K" keeps the axes as they lie."""
    array = as_array(grid().T, order=order, copy=True)  # type: ignore[arg-type]
    assert array.flags.f_contiguous is (order != "C")
    assert bool(plan(grid().T, order=order)) is (order != "C")  # type: ignore[arg-type]
    assert values(array) == values(grid().T)


def test_the_array_keeps_the_tensor_alive() -> None:
    """An array outlives the tensor it was made of, and the memory under it cannot be resized away."""
    tensor = torch.full((1000,), 7.0)
    array = as_array(tensor[::2])
    with pytest.raises(RuntimeError, match="not resizable"):
        tensor.resize_(10_000)
    del tensor
    gc.collect()
    torch.full((1000,), 8.0)
    assert (array == 7).all()


def test_planning_leaves_the_tensor_resizable() -> None:
    """A plan alone takes no view of the memory: the tensor can still be resized."""
    tensor = torch.ones(3)
    plan(tensor)
    plan(tensor, copy=True)
    tensor.resize_(100)


def test_a_functional_tensor_is_refused() -> None:
    """A tensor inside functionalize has no memory of its own: it is neither read nor filled."""
    functional = torch._to_functional_tensor(torch.ones(3))
    for copy in (None, False, True):
        with pytest.raises(TypeError, match="not inside"):
            as_array(functional, copy=copy)
    for items in ([functional], [np.zeros(3, "f4"), functional]):
        with pytest.raises(TypeError, match="not inside"):
            stack(items)
    for dst, src in ((functional, np.zeros(3, "f4")), (np.zeros(3, "f4"), functional)):
        with pytest.raises(TypeError, match="not inside"):
            copyto(dst, src)

    def convert(tensor: torch.Tensor) -> torch.Tensor:
        with pytest.raises(TypeError, match="not inside"):
            as_array(tensor)
        return tensor

    torch.func.functionalize(convert)(torch.ones(3))
