"""Every row of the table torch -> NumPy, with every value of copy=, against what the rules of conversion ask for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.masked import masked_tensor

from bridge import as_array, plan
from tests.bridge import checks
from tests.bridge.rows import ONLY_TORCH, Row, bits, cases, elements, memory_of, quietly, ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("_loud")

NATIVE = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float64", "complex64", "complex128")
CONJUGATED = ("conj-bit",)
NEGATED = ("neg-bit",)
ZERO = ("zero-bit",)
NO_ELEMENTS = "no elements"


class Subclass(torch.Tensor):
    """A tensor that is not exactly Tensor, with manners of its own."""

    @classmethod
    def __torch_function__(cls, *args: object, **kwargs: object) -> object:
        """Refuse everything."""
        raise AssertionError("a conversion must not go through a subclass's own functions")


class Wrapper(torch.Tensor):
    """A tensor without elements of its own."""

    @classmethod
    def __torch_dispatch__(cls, *args: object, **kwargs: object) -> object:
        """Refuse everything."""
        raise AssertionError("a conversion must not ask a wrapper for elements")


def flat(name: str = "float32", count: int = 12) -> torch.Tensor:
    """Return different elements in a row, over memory of NumPy's."""
    array = elements(name, count)
    if name in ONLY_TORCH:
        return torch.from_numpy(array.view(f"u{array.itemsize}")).view(getattr(torch, name))
    return torch.from_numpy(array)


def grid(name: str = "float32") -> torch.Tensor:
    """Return 3 x 4 different elements in C order."""
    return flat(name).reshape(3, 4)


def sliced(name: str) -> torch.Tensor:
    """Return some rows and columns of a grid."""
    return grid(name)[::2, 1:]


def zero_d(name: str = "float32") -> torch.Tensor:
    """Return one element in a tensor without axes."""
    return flat(name, 1).reshape(())


def tracked(t: torch.Tensor) -> torch.Tensor:
    """Return the tensor after asking for its gradient."""
    return t.requires_grad_()


def inference() -> torch.Tensor:
    """Return a tensor made in inference mode."""
    with torch.inference_mode():
        return grid().clone()


def gradient() -> torch.Tensor:
    """Return the gradient that a leaf has been given."""
    leaf = tracked(torch.ones(3, 4))
    leaf.backward(grid())  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    return leaf.grad


def fake() -> torch.Tensor:
    """Return a tensor that only has a shape."""
    with FakeTensorMode():
        return torch.empty(3)


def nested(layout: torch.layout) -> torch.Tensor:
    """Return tensors of different lengths as one."""
    parts = [torch.ones(2), torch.ones(3)]
    return quietly(lambda: torch.nested.nested_tensor(parts, layout=layout))  # type: ignore[no-any-return]


def quantized(*, channels: bool) -> torch.Tensor:
    """Return whole numbers that stand for others, by one scale or by one for each row."""
    if channels:
        per_row = torch.ones(3), torch.zeros(3, dtype=torch.int64), 0, torch.qint8
        return quietly(lambda: torch.quantize_per_channel(torch.ones(3, 2), *per_row))  # type: ignore[no-any-return]
    return quietly(lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8))  # type: ignore[no-any-return]


def masked() -> torch.Tensor:
    """Return a tensor some of whose elements do not count."""
    return quietly(lambda: masked_tensor(torch.ones(2), torch.tensor([True, False])))  # type: ignore[no-any-return]


def wrapper() -> torch.Tensor:
    """Return a tensor that wraps another."""
    return torch.Tensor._make_wrapper_subclass(Wrapper, (3,), dtype=torch.float32)


def strange(name: str) -> torch.Tensor:
    """Return a tensor of a dtype that NumPy can in no way hold."""
    return quietly(lambda: torch.empty(3, dtype=getattr(torch, name)))  # type: ignore[no-any-return]


SHARED = (
    Row(name="contig f32", make=grid),
    *(Row(name=f"dtype {name}", make=partial(grid, name), dtype=name)
      for name in NATIVE + FLOATS + ONLY_TORCH),
    *(Row(name=f"slice of {name}", make=partial(sliced, name), dtype=name) for name in ONLY_TORCH),
    *(Row(name=f"0-d {name}", make=partial(zero_d, name), dtype=name) for name in ONLY_TORCH),
    Row(name="0-d", make=zero_d),
    Row(name="one element", make=lambda: flat("float32", 1)),
    Row(name="empty (0,)", make=lambda: torch.empty(0)),
    Row(name="empty (3,0,2)", make=lambda: torch.empty(3, 0, 2)),
    Row(name="empty, expanded", make=lambda: torch.empty(1).expand(0, 4)),
    Row(name="empty bfloat16", make=lambda: torch.empty(0, 4, dtype=torch.bfloat16), dtype="bfloat16"),
    Row(name="transposed", make=lambda: grid().T),
    Row(name="axes (1,2,0)", make=lambda: flat("float32", 24).reshape(2, 3, 4).permute(1, 2, 0)),
    Row(name="slice [::2,1:]", make=lambda: grid()[::2, 1:]),
    Row(name="odd strides on len-1 dims", make=lambda: flat().as_strided((1, 4, 1), (7, 2, 0))),
    Row(name="ndim 64", make=lambda: flat("float32", 4).reshape((1,) * 62 + (2, 2))),
    Row(name="channels_last", make=lambda: flat("float32", 120).reshape(2, 4, 5, 3).permute(0, 3, 1, 2)),
    Row(name="storage_offset 1", make=lambda: flat()[1:]),
    Row(name="real part", make=lambda: grid("complex64").real),
    Row(name="imaginary part", make=lambda: grid("complex64").imag),
    Row(name="inference tensor", make=inference),
    Row(name="Tensor subclass (as_subclass)", make=lambda: grid().as_subclass(Subclass)),
    Row(name="buffer", make=lambda: torch.nn.Buffer(grid())),
    Row(name="nn.Parameter without grad", make=lambda: torch.nn.Parameter(grid(), requires_grad=False)),
    Row(name="grad of a leaf", make=gradient),
)  # fmt: skip
READ_ONLY = (
    Row(name="requires_grad leaf", make=lambda: tracked(grid()), writable=False),
    Row(name="requires_grad non-leaf", make=lambda: tracked(grid()) * 2, writable=False),
    Row(name="requires_grad view", make=lambda: tracked(grid())[::2].T, writable=False),
    Row(name="requires_grad 0-d", make=lambda: tracked(zero_d()), writable=False),
    Row(name="requires_grad, empty", make=lambda: tracked(torch.empty(0, 4)), writable=False),
    Row(name="requires_grad bfloat16", make=lambda: tracked(grid("bfloat16")), dtype="bfloat16", writable=False),
    Row(name="requires_grad complex64", make=lambda: tracked(grid("complex64")), dtype="complex64", writable=False),
    Row(name="requires_grad subclass", make=lambda: tracked(grid()).as_subclass(Subclass), writable=False),
    Row(name="nn.Parameter", make=lambda: torch.nn.Parameter(grid()), writable=False),
    Row(name="expanded (zero stride)", make=lambda: flat("float32", 4).expand(3, 4), writable=False),
    Row(name="expanded from a column", make=lambda: flat("float32", 4)[:, None].expand(4, 3), writable=False),
    Row(name="expanded bfloat16", make=lambda: flat("bfloat16", 4).expand(3, 4), dtype="bfloat16", writable=False),
    Row(name="expanded, requires_grad", make=lambda: tracked(flat("float32", 4)).expand(3, 4), writable=False),
    Row(name="expanded along a len-1 dim", make=lambda: flat("float32", 4).expand(1, 4)),
    Row(name="sliding window (unfold)", make=lambda: flat().unfold(0, 4, 1), writable=False),
)
RESOLVED = (
    Row(name="conj bit", make=lambda: grid("complex64").conj(), dtype="complex64", reasons=CONJUGATED),
    Row(name="conj bit, transposed", make=lambda: grid("complex128").mH, dtype="complex128", reasons=CONJUGATED),
    Row(name="conj bit, 0-d", dtype="complex64", reasons=CONJUGATED,
        make=lambda: zero_d("complex64").conj()),
    Row(name="conj bit, empty", dtype="complex64", reasons=CONJUGATED,
        make=lambda: torch.empty(0, 4, dtype=torch.complex64).conj()),
    Row(name="conj bit, requires_grad", dtype="complex64", reasons=CONJUGATED,
        make=lambda: tracked(grid("complex64")).conj()),
    Row(name="conj bit, expanded", dtype="complex64", reasons=CONJUGATED, writable=False, repeats=True,
        make=lambda: flat("complex64", 4).expand(3, 4).conj()),
    Row(name="conj bit, subclass", dtype="complex64", reasons=CONJUGATED,
        make=lambda: grid("complex64").conj().as_subclass(Subclass)),
    Row(name="neg bit (z.conj().imag)", make=lambda: grid("complex64").conj().imag, reasons=NEGATED),
    Row(name="_neg_view", make=lambda: torch._neg_view(grid()), reasons=NEGATED),
    Row(name="_neg_view bfloat16", make=lambda: torch._neg_view(grid("bfloat16")), dtype="bfloat16", reasons=NEGATED),
    Row(name="_neg_view, transposed slice", make=lambda: torch._neg_view(grid().T[1:, ::2]), reasons=NEGATED),
    Row(name="conj and neg bits", dtype="complex64", reasons=CONJUGATED + NEGATED,
        make=lambda: torch._neg_view(grid("complex64").conj())),
    Row(name="_ZeroTensor", make=lambda: torch._efficientzerotensor(3), reasons=ZERO),
    Row(name="_ZeroTensor int64", dtype="int64", reasons=ZERO,
        make=lambda: torch._efficientzerotensor((2, 3), dtype=torch.int64)),
)  # fmt: skip
REFUSED = (
    *(Row(name=f"dtype {name}", make=partial(strange, name), cure="cast it first")
      for name in ("float4_e2m1fn_x2", "complex32", "int4", "uint4", "uint1", "bits8")),
    Row(name="quantized qint8", make=lambda: quantized(channels=False), cure="t.dequantize() or t.int_repr()"),
    Row(name="quantized per channel", make=lambda: quantized(channels=True), cure="t.dequantize() or t.int_repr()"),
    Row(name="sparse COO", make=lambda: torch.eye(3).to_sparse(), cure="t.to_dense()"),
    Row(name="sparse COO, requires_grad", make=lambda: tracked(torch.eye(3).to_sparse()), cure="t.to_dense()"),
    Row(name="sparse CSR", make=lambda: quietly(lambda: torch.eye(4).to_sparse_csr()), cure="t.to_dense()"),
    Row(name="sparse CSC", make=lambda: quietly(lambda: torch.eye(4).to_sparse_csc()), cure="t.to_dense()"),
    Row(name="sparse BSR", make=lambda: quietly(lambda: torch.eye(4).to_sparse_bsr((2, 2))), cure="t.to_dense()"),
    Row(name="mkldnn", make=lambda: torch.eye(3).to_mkldnn(), cure="t.to_dense()"),
    Row(name="meta", make=lambda: torch.empty(3, device="meta"), cure=NO_ELEMENTS),
    Row(name="nested (strided)", make=lambda: nested(torch.strided), cure="t.unbind()"),
    Row(name="nested (jagged)", make=lambda: nested(torch.jagged), cure="t.unbind()"),
    Row(name="wrapper subclass (__torch_dispatch__)", make=wrapper, cure="inside it"),
    Row(name="FakeTensor", make=fake, cure=NO_ELEMENTS),
    Row(name="MaskedTensor", make=masked, cure="t.to_tensor(value)"),
    Row(name="functional tensor", make=lambda: torch._to_functional_tensor(grid()), cure="cannot be converted"),
    Row(name="array", make=lambda: np.ones(3), cure="np.asarray(x)"),
    Row(name="list", make=lambda: [1.0], cure="np.array(x)"),
    Row(name="None", make=lambda: None, cure="np.asarray(x)"),
)  # fmt: skip
ROWS = (*SHARED, *READ_ONLY, *RESOLVED, *REFUSED)

#: Tensors that exist only inside a transformation: what shows one to a function, which returns one of its shape.
INSIDE: dict[str, Callable[[Callable[[torch.Tensor], torch.Tensor]], object]] = {
    "functorch BatchedTensor (in vmap)": lambda use: torch.vmap(use)(torch.ones(2, 3)),
    "functorch, vmap twice": lambda use: torch.vmap(torch.vmap(use))(torch.ones(2, 3, 4)),
    "functorch, vmap along the last axis": lambda use: torch.vmap(use, in_dims=-1)(torch.ones(2, 3)),
    "functorch, vmap of bfloat16": lambda use: torch.vmap(use)(torch.ones(2, 3, dtype=torch.bfloat16)),
    "functorch, grad": lambda use: torch.func.grad(lambda t: use(t).sum())(torch.ones(3)),
    "functorch, vjp": lambda use: torch.func.vjp(use, torch.ones(3)),
    "functorch, jvp": lambda use: quietly(lambda: torch.func.jvp(use, (torch.ones(3),), (torch.ones(3),))),
    "functorch, functionalize": lambda use: torch.func.functionalize(use)(torch.ones(3)),
}


@pytest.fixture
def dual() -> Iterator[torch.Tensor]:
    """Return a tensor that carries a tangent; making the first one warns of torch's own use of torch.jit."""
    with forward_ad.dual_level():
        yield quietly(lambda: forward_ad.make_dual(grid(), torch.ones(3, 4)))  # type: ignore[no-untyped-call]


def test_rows_have_names_of_their_own() -> None:
    """No row hides another."""
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(**ways("array"))
@pytest.mark.parametrize(**cases(ROWS, "shares"))
def test_shares(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """An array over the tensor's memory shows what is written there, is read-only where asked, and is as planned."""
    checks.shares(row, copy, convert)


@pytest.mark.parametrize(**ways("array"))
@pytest.mark.parametrize(**cases(ROWS, "copies"))
def test_copies(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """A copy keeps every bit and the order of axes, needs no byte more, ignores the source, and is as planned."""
    checks.copies(row, copy, convert)


@pytest.mark.parametrize(**ways("array"))
@pytest.mark.parametrize(**cases(ROWS, "stops"))
def test_stops_for_want_of_a_copy(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """copy=False raises CopyRequired, with the plan of the copy that it did not make."""
    checks.stops(row, copy, convert)


@pytest.mark.parametrize(**ways("array"))
@pytest.mark.parametrize(**cases(ROWS, "refuses"))
def test_refuses(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """What can never be an array raises, and the message names the cure."""
    checks.refuses(row, copy, convert)


@pytest.mark.parametrize(**ways("array"))
@pytest.mark.parametrize("copy", [None, False, True])
@pytest.mark.parametrize("name", INSIDE)
def test_refuses_inside_a_transformation(name: str, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """Inside torch.func a tensor stands for others, and the message says to convert outside."""
    seen: list[str] = []

    def use(t: torch.Tensor) -> torch.Tensor:
        with pytest.raises(TypeError, match="convert before or after") as caught:
            convert(t, copy=copy)
        seen.append(str(caught.value))
        return t

    INSIDE[name](use)
    assert seen


@pytest.mark.parametrize("copy", [None, False])
def test_forward_ad_dual_shares(dual: torch.Tensor, copy: bool | None) -> None:  # noqa: FBT001 - by name
    """The array of a dual tensor is over its primal, and the tangent stays where it is."""
    array = as_array(dual, copy=copy)
    checks.shows_changes(dual, array, memory_of(dual))
    assert array.flags.writeable is plan(dual, copy=copy).writable
    assert torch.equal(forward_ad.unpack_dual(dual).tangent, torch.ones(3, 4))  # type: ignore[no-untyped-call]


def test_forward_ad_dual_copies(dual: torch.Tensor) -> None:
    """copy=True copies the primal of a dual tensor."""
    array = as_array(dual, copy=True)
    before = bits(dual)
    array[...] = 1
    assert bits(dual) == before != bits(array)


def test_a_tensor_that_requires_grad_keeps_its_version() -> None:
    """Neither sharing nor copying counts as a write, or takes the gradient away."""
    leaf = tracked(grid())
    for copy in (None, False, True):
        as_array(leaf, copy=copy)
    assert (leaf._version, leaf.requires_grad, leaf.is_leaf) == (0, True, True)
