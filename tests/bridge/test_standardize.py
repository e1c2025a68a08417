import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import standardize


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "u1", "i4", "?"])
def test_matches_the_formula(axis: int | tuple[int, ...] | None, ddof: int, dtype: str) -> None:
    """The result is float32 `(x - mean) / std` along the axis, to float32's accuracy, from any real dtype."""
    x = (np.random.default_rng(1).random((4, 5, 6)) * 100).astype(dtype)
    wide = x.astype("f8")
    with np.errstate(all="ignore"):
        expected = (wide - wide.mean(axis, keepdims=True)) / wide.std(axis, keepdims=True, ddof=ddof)
    result = standardize(x, axis=axis, ddof=ddof)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: x[::-1], lambda x: x[:, ::2], lambda x: x.T])
def test_any_layout(layout: object) -> None:
    """The layout of the input changes nothing but the order of the result in memory."""
    x = layout(np.random.default_rng(1).random((40, 60)))  # type: ignore[operator]
    np.testing.assert_allclose(standardize(x), (x - x.mean()) / x.std(ddof=1), rtol=1e-6, atol=1e-6)


def test_a_large_offset_costs_no_accuracy() -> None:
    """Numbers far from zero keep their differences: mean and std are taken in float64."""
    x = np.random.default_rng(1).random(200_000).astype("f4") + 4096
    wide = x.astype("f8")
    np.testing.assert_allclose(standardize(x), (wide - wide.mean()) / wide.std(ddof=1), rtol=1e-5, atol=1e-5)


def test_out_is_filled_and_returned() -> None:
    """A float32 out of the right shape is filled, also when it is the input itself."""
    x = np.random.default_rng(1).random((30, 4)).astype("f4")
    expected = standardize(x, axis=0)
    out = np.empty((4, 30), "f4").T
    assert standardize(x, axis=0, out=out) is out
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    assert standardize(x, axis=0, out=x) is x
    assert (x == expected).all()


def test_out_must_agree() -> None:
    """An out of another shape or dtype is refused with both values."""
    with pytest.raises(ValueError, match=r"out is float64 \(3,\)"):
        standardize(np.ones(3), out=np.ones(3))
    with pytest.raises(ValueError, match=r"result is float32 \(3,\)"):
        standardize(np.ones(3), out=np.ones(4, "f4"))


@pytest.mark.parametrize("x", [np.ones(5), np.ones(1), np.zeros((0,)), np.array([np.inf, 1.0, 2.0]), [2.0, 2.0]])
def test_without_spread_there_is_nan_and_no_warning(x: np.ndarray) -> None:
    """Equal values, too few of them, none or infinite ones give NaN silently."""
    assert np.isnan(standardize(x)).any() == bool(np.size(x))


@pytest.mark.parametrize("x", [np.ones(3, "c8"), np.array(["<a> | &"]), np.array([None]), np.zeros(3, "M8[s]")])
def test_refuses_what_is_not_real(x: np.ndarray) -> None:
    """Complex numbers and what is no number raise TypeError with the dtype."""
    with pytest.raises(TypeError, match="takes real numbers"):
        standardize(x)


@settings(max_examples=100)
@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=50).filter(lambda x: len(set(x)) > 1))
def test_the_result_has_mean_zero_and_spread_one(x: list[int]) -> None:
    """Whatever the numbers, their standardized mean is 0 and their std 1."""
    result = standardize(np.array(x)).astype("f8")
    assert abs(result.mean()) < 1e-5
    assert abs(result.std(ddof=1) - 1) < 1e-5


def test_out_may_overlap_the_input() -> None:
    """An out that shares memory with the input in another arrangement gets the right numbers."""
    memory = np.random.default_rng(1).random(200_001).astype("f4")
    expected = standardize(memory[:-1].copy())
    assert (standardize(memory[:-1], out=memory[1:]) == expected).all()


def test_large_inputs_are_taken_in_blocks() -> None:
    """What exceeds a block gives the same numbers along every axis."""
    x = np.random.default_rng(1).random((300, 4, 500)) + 10
    for axis in (None, 0, 1, 2, (0, 2), (1, 2)):
        expected = (x - x.mean(axis, keepdims=True)) / x.std(axis, keepdims=True, ddof=1)
        np.testing.assert_allclose(standardize(x, axis=axis), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(1 << 20,), (512, 2048)])
@pytest.mark.parametrize("name", ["uniform", "far from zero", "wide"])
def test_the_error_is_no_larger_than_that_of_torch(name: str, shape: tuple[int, ...]) -> None:
    """The largest error against float64 is at most that of the same three lines in torch, whatever the numbers."""
    dice = np.random.default_rng(5)
    numbers = {
        "uniform": dice.uniform(2, 5, shape),
        "far from zero": dice.normal(1e4, 1, shape),
        "wide": dice.lognormal(0, 3, shape),
    }[name].astype(np.float32)
    exact = numbers.astype(np.float64)
    exact = (exact - exact.mean()) / exact.std(ddof=1)
    tensor = torch.from_numpy(numbers)
    tensor = tensor - tensor.mean()
    theirs = np.abs((tensor / tensor.std()).numpy() - exact).max()
    assert np.abs(standardize(numbers) - exact).max() <= theirs


@pytest.mark.parametrize(
    ("dtype", "scale"), [("f4", 5e37), ("f4", 1e-23), ("f4", 1e-36), ("f8", 1e300), ("f8", 1e-20), ("f8", 1e-300)]
)
def test_scale_does_not_matter(dtype: str, scale: float) -> None:
    """Numbers whose squares float32 cannot hold give what the same numbers about one give."""
    rows = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 5.0]])
    scaled = (rows * scale).astype(dtype)
    wanted = (rows - rows.mean()) / rows.std(ddof=1)
    assert np.allclose(standardize(scaled), wanted, atol=1e-5)
    each = np.array([rows[0] * scale, rows[1]]).astype(dtype)
    wanted = (rows - rows.mean(1, keepdims=True)) / rows.std(1, ddof=1, keepdims=True)
    assert np.allclose(standardize(each, axis=1), wanted, atol=1e-5)


def test_scale_does_not_matter_in_blocks() -> None:
    """Nor does it where the numbers take several blocks."""
    numbers = np.random.default_rng(0).normal(3, 2, 200_000)
    assert np.allclose(standardize(numbers * 1e200), standardize(numbers), atol=1e-5)


def test_a_mask_is_not_lost() -> None:
    """A masked array is refused, as by every conversion."""
    with pytest.raises(TypeError, match="its mask would be lost"):
        standardize(np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]))


def test_tensors_are_read_as_arrays() -> None:
    """A tensor that requires grad is read; bfloat16 is refused as what it is."""
    assert standardize(torch.tensor([1.0, 2.0, 3.0], requires_grad=True)).tolist() == [-1, 0, 1]
    with pytest.raises(TypeError, match="not bfloat16"):
        standardize(torch.ones(3, dtype=torch.bfloat16))
