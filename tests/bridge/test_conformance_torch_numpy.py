"""What PyTorch's documentation promises of `Tensor.numpy` and `Tensor.numpy(force=True)`, kept by `as_array`."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from bridge import CopyRequired, as_array, plan

Z = torch.tensor([[1 + 2j, -2 + 3j], [-1 - 2j, 3 - 2j]])

LIKE_FORCE: dict[str, Callable[[], torch.Tensor]] = {
    "plain": Z.clone,
    "transposed": lambda: Z.clone().T,
    "requires grad": lambda: Z.clone().requires_grad_(),
    "result of a calculation": lambda: Z.clone().requires_grad_() * 2,
    "conjugated": lambda: Z.clone().conj(),
    "conjugated, requires grad": lambda: Z.clone().requires_grad_().conj(),
    "conjugated and transposed": lambda: Z.clone().mH,
    "negated": lambda: Z.clone().conj().imag,
    "expanded": lambda: torch.arange(3.0).expand(2, 3),
    "bool": lambda: torch.tensor([True, False]),
}


@pytest.mark.parametrize("name", LIKE_FORCE)
def test_numpy_force_is_what_as_array_does(name: str) -> None:
    """Tensor.numpy(force=True) is "t.detach().cpu().resolve_conj().resolve_neg().numpy()", and so is as_array(t)."""
    tensor = LIKE_FORCE[name]()
    theirs, ours = tensor.numpy(force=True), as_array(tensor)
    assert (ours.dtype, ours.shape, ours.strides) == (theirs.dtype, theirs.shape, theirs.strides)
    assert (ours == theirs).all()


@pytest.mark.parametrize("name", LIKE_FORCE)
def test_numpy_force_shares_unless_a_bit_is_set(name: str) -> None:
    """Tensor.numpy(force=True): if "the conjugate or negative bit is set, the tensor won't share its storage"."""
    tensor = LIKE_FORCE[name]()
    shares = not (tensor.is_conj() or tensor.is_neg())
    assert bool(plan(tensor)) is shares
    assert np.shares_memory(as_array(tensor), as_array(tensor)) is shares
    if not shares:
        with pytest.raises(CopyRequired, match="bit"):
            as_array(tensor, copy=False)


@pytest.mark.parametrize("name", ["requires grad", "result of a calculation"])
def test_numpy_refuses_gradients_that_we_share_read_only(name: str) -> None:
    """Tensor.numpy works "only if the tensor ... does not require grad"; ours is a read-only view.

    Reading harms no gradient, and a write, which autograd would not notice, raises.
    """
    tensor = LIKE_FORCE[name]()
    with pytest.raises(RuntimeError, match="requires grad"):
        tensor.numpy()
    array = as_array(tensor)
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    tensor.detach()[0, 0] = 7
    assert array[0, 0] == 7


def test_numpy_of_an_expanded_tensor_may_be_written() -> None:
    """Tensor.numpy gives a writable array over an expanded tensor; ours is read-only, as one write changes many."""
    tensor = torch.zeros(1).expand(3)
    assert tensor.numpy().flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        as_array(tensor)[0] = 1


@pytest.mark.parametrize("force", [False, True])
def test_numpy_refuses_layouts_numpy_lacks(force: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    """Tensor.numpy needs a "layout that NumPy supports", force or not; as_array raises TypeError with the cure."""
    sparse = torch.eye(3).to_sparse()
    with pytest.raises(TypeError):
        sparse.numpy(force=force)
    with pytest.raises(TypeError, match=r"t\.to_dense\(\)"):
        as_array(sparse)


def test_numpy_needs_the_tensor_on_the_cpu() -> None:
    """Tensor.numpy works "only if the tensor is on the CPU"; a meta tensor has no elements to bring there."""
    meta = torch.ones(3, device="meta")
    with pytest.raises(TypeError):
        meta.numpy()
    with pytest.raises(TypeError, match="no elements"):
        as_array(meta)


def test_numpy_refuses_dtypes_numpy_lacks() -> None:
    """Tensor.numpy needs a dtype "that NumPy supports"; as_array gives bfloat16 the name ml_dtypes has for it."""
    tensor = torch.ones(3, dtype=torch.bfloat16)
    with pytest.raises(TypeError, match="BFloat16"):
        tensor.numpy()
    array = as_array(tensor)
    assert array.dtype.name == "bfloat16"
    array[0] = 2
    assert tensor.tolist() == [2, 1, 1]


def test_numpy_makes_neither_side_resizable() -> None:
    """Tensor.numpy locks the storage: neither tensor nor array can be resized under the other."""
    tensor = torch.zeros(5, 5)
    array = as_array(tensor)
    with pytest.raises(RuntimeError, match="not resizable"):
        tensor.resize_(10, 10)
    with pytest.raises(ValueError, match="resize"):
        array.resize((10, 10))


@pytest.mark.parametrize("order", ["C", "F"])
def test_numpy_keeps_contiguity(order: str) -> None:
    """Tensor.numpy of a contiguous tensor is C-contiguous, of its transpose F-contiguous; both may be written."""
    tensor = torch.zeros(3, 4) if order == "C" else torch.zeros(4, 3).T
    array = as_array(tensor)
    assert (array.flags.c_contiguous, array.flags.f_contiguous) == (order == "C", order == "F")
    array[0, 1] = 3
    assert tensor[0, 1] == 3


def test_numpy_of_an_offset_tensor_starts_where_it_starts() -> None:
    """Tensor.numpy of a narrowed tensor shows the narrowed elements, not those of the storage."""
    tensor = torch.arange(20).narrow(0, 9, 10)
    assert tensor.storage_offset() == 9
    assert as_array(tensor).tolist() == list(range(9, 19))


def test_numpy_there_and_back_is_the_same_memory() -> None:
    """from_numpy of Tensor.numpy is the tensor's memory again, so there and back costs nothing and loses nothing."""
    array = np.arange(6.0).reshape(2, 3).T
    again = as_array(torch.from_numpy(array))
    again[0, 0] = 9
    assert array[0, 0] == 9
    assert again.strides == array.strides
