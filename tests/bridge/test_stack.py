import ml_dtypes
import numpy as np
import pytest
import torch

from bridge import stack


def grid(dtype: object = "f4") -> np.ndarray:
    """Return small numbers every dtype holds, in C order."""
    return np.arange(12).reshape(3, 4).astype(dtype)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize(
    "make",
    [
        grid,
        lambda: grid()[::-1],
        lambda: grid(">f4"),
        lambda: grid(ml_dtypes.bfloat16),
        lambda: torch.from_numpy(grid()),
        lambda: torch.from_numpy(grid()).T.contiguous().T,
        lambda: torch._neg_view(torch.from_numpy(grid())),
        lambda: torch.from_numpy(grid()).to(torch.bfloat16),
    ],
)
def test_stacks_as_torch_does(make: object, axis: int) -> None:
    """Arrays and tensors of any layout stack along any axis, into new memory."""
    items = [make(), make(), make()]  # type: ignore[operator]
    expected = torch.stack([torch.from_numpy(numbers(item)) for item in items], axis)
    result = stack(items, axis=axis)
    assert torch.equal(result.float(), expected)
    assert result.is_contiguous()
    out = torch.empty_like(result)
    assert stack(items, axis=axis, out=out) is out
    assert torch.equal(out.float(), expected)


def numbers(x: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return the elements as float32 in native order."""
    return x.float().resolve_neg().numpy() if isinstance(x, torch.Tensor) else x.astype("f4")


def test_stacks_a_mixture_and_scalars() -> None:
    """Arrays and tensors of one dtype stack together, and so do 0-d ones."""
    assert torch.equal(stack([grid(), torch.from_numpy(grid())])[1], torch.from_numpy(grid()))
    assert stack([np.array(1.0), np.array(2.0)]).tolist() == [1, 2]
    assert stack((np.float64(1), np.float64(2))).tolist() == [1, 2]


def test_the_result_shares_nothing() -> None:
    """Writing to the stack leaves its items alone."""
    array = grid()
    stack([array])[0, 0, 0] = 99
    assert array[0, 0] == 0


def test_large_stacks() -> None:
    """A stack large enough for threads holds the same values, and an out in any layout is filled."""
    torch.set_num_threads(2)
    arrays = [np.full((256, 1024), value, "f4") for value in range(3)]
    assert stack(arrays)[:, 0, 0].tolist() == [0, 1, 2]
    assert stack([torch.from_numpy(a) for a in arrays], axis=1)[5, :, 5].tolist() == [0, 1, 2]
    out = torch.empty(1024, 256, 3).permute(2, 1, 0)
    assert stack(arrays, out=out) is out
    assert out[:, 255, 1023].tolist() == [0, 1, 2]


def test_items_must_agree() -> None:
    """The first item of another shape or dtype is named with both values; an empty sequence is refused."""
    with pytest.raises(ValueError, match=r"item 2 is float32 \(4,\).*item 0 is torch.float32 \(3, 4\)"):
        stack([grid(), grid(), grid()[0]])
    with pytest.raises(ValueError, match="item 1 is float64"):
        stack([grid(), grid("f8")])
    with pytest.raises(ValueError, match="at least one"):
        stack([])


def test_out_must_agree() -> None:
    """An out of another shape or dtype is refused with both values."""
    with pytest.raises(ValueError, match=r"out is torch.float32 \(3, 4\), and the result is torch.float32 \(1, 3, 4\)"):
        stack([grid()], out=torch.empty(3, 4))
    with pytest.raises(ValueError, match=r"out is torch\.float64"):
        stack([grid()], out=torch.empty(1, 3, 4, dtype=torch.float64))


def test_axis_must_exist() -> None:
    """An axis the result does not have raises, as in NumPy."""
    with pytest.raises(ValueError, match="axis 3"):
        stack([grid()], axis=3)


def test_gradients_are_not_lost_silently() -> None:
    """An item that requires grad is refused unless gradients are off."""
    items = [torch.ones(3, requires_grad=True)]
    with pytest.raises(TypeError, match=r"torch\.stack"):
        stack(items)
    with torch.no_grad():
        assert not stack(items).requires_grad


@pytest.mark.parametrize("item", [np.ma.masked_array([1.0], [True]), np.array([None]), torch.eye(3).to_sparse()])
def test_items_without_plain_elements_are_refused(item: object) -> None:
    """What as_tensor refuses, stack refuses."""
    with pytest.raises(TypeError, match="cannot be converted"):
        stack([item])  # type: ignore[list-item]


def test_out_is_a_destination_like_any_other() -> None:
    """A large stack of tensors fills out, autograd notices the write, and an out that repeats elements is refused."""
    items = [torch.full((300, 400), float(value)) for value in range(2)]
    assert stack(items)[1, 299, 399] == 1
    saved = torch.ones(2, 300, 400)
    result = (saved * torch.ones(1, requires_grad=True)).sum()
    stack(items, out=saved)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.backward()
    with pytest.raises(ValueError, match="several times"):
        stack(items, out=torch.empty(1).expand(2, 300, 400))


def test_the_rows_of_an_array_are_a_sequence() -> None:
    """An array of any order is stacked row by row, into C order."""
    rows = np.asfortranarray(grid())
    assert stack(rows).is_contiguous()  # type: ignore[arg-type]
    assert torch.equal(stack(rows), torch.from_numpy(grid()))  # type: ignore[arg-type]


@pytest.mark.parametrize("axis", [0, 1])
def test_items_may_lie_in_out(axis: int) -> None:
    """Items that are part of `out` are read before they are overwritten."""
    out = torch.arange(9.0).reshape(3, 3)
    wanted = torch.stack([out[2], out[0], out[1]], axis).clone()
    assert stack([out[2], out[0].numpy(), out[1]], axis=axis, out=out) is out
    assert torch.equal(out, wanted)
