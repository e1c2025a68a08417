import ml_dtypes
import numpy as np
import pytest
import torch

from bridge import copyto


def grid(dtype: object = "f4") -> np.ndarray:
    """Return small numbers every dtype holds, in C order."""
    return np.arange(12).reshape(3, 4).astype(dtype)


DESTINATIONS = {
    "array": lambda: np.zeros((3, 4), "f4"),
    "Fortran array": lambda: np.zeros((3, 4), "f4", order="F"),
    "reversed array": lambda: np.zeros((3, 4), "f4")[::-1, ::-1],
    "big-endian array": lambda: np.zeros((3, 4), ">f4"),
    "misaligned array": lambda: np.zeros(49, "u1")[1:].view("f4").reshape(3, 4),
    "wider array": lambda: np.zeros((3, 4), "f8"),
    "bfloat16 array": lambda: np.zeros((3, 4), ml_dtypes.bfloat16),
    "reversed bfloat16 array": lambda: np.zeros((3, 4), ml_dtypes.bfloat16)[::-1],
    "complex array": lambda: np.zeros((3, 4), "c8"),
    "tensor": lambda: torch.zeros(3, 4),
    "transposed tensor": lambda: torch.zeros(4, 3).T,
    "bfloat16 tensor": lambda: torch.zeros(3, 4, dtype=torch.bfloat16),
    "float8 tensor": lambda: torch.zeros(3, 4, dtype=torch.float8_e4m3fn),
    "negated tensor": lambda: torch._neg_view(torch.zeros(3, 4)),
    "parameter": lambda: torch.nn.Parameter(torch.zeros(3, 4)).detach(),
    "empty array": lambda: np.zeros((0, 4), "f4"),
}
SOURCES = {
    "array": grid,
    "Fortran array": lambda: np.asfortranarray(grid()),
    "reversed array": lambda: grid()[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian array": lambda: grid(">f4"),
    "integers": lambda: grid("i4"),
    "bfloat16 array": lambda: grid(ml_dtypes.bfloat16),
    "tensor": lambda: torch.from_numpy(grid()),
    "tensor that requires grad": lambda: torch.from_numpy(grid()).requires_grad_(),
    "bfloat16 tensor": lambda: torch.from_numpy(grid()).to(torch.bfloat16),
    "negated tensor": lambda: torch._neg_view(torch.from_numpy(-grid())),
    "row": lambda: np.arange(4.0),
}


def numbers(x: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return the elements as float64."""
    return x.detach().resolve_neg().double().numpy() if isinstance(x, torch.Tensor) else x.astype("c16").real


@pytest.mark.parametrize("dst", DESTINATIONS)
@pytest.mark.parametrize("src", SOURCES)
def test_fills_every_destination_from_every_source(dst: str, src: str) -> None:
    """Any array or tensor fills any other, across layouts, byte orders and dtypes; the destination is returned."""
    target, source = DESTINATIONS[dst](), SOURCES[src]()
    if dst == "empty array":
        source = source[:0] if source.ndim == 2 else source
    assert copyto(target, source, casting="unsafe") is target
    assert (numbers(target) == np.broadcast_to(numbers(source), tuple(target.shape))).all()


@pytest.mark.parametrize("shift", [1, -1])
def test_overlapping_memory_is_copied_as_if_read_first(shift: int) -> None:
    """Source and destination may overlap: the result is that of a copy through other memory."""
    array = np.arange(100_000.0)
    expected = array[2:-2].copy()
    copyto(torch.from_numpy(array)[2 + shift : -2 + shift], array[2:-2])
    assert (array[2 + shift : -2 + shift] == expected).all()


def test_overlapping_conjugate() -> None:
    """A tensor can be filled with its own conjugate, reversed by a transpose."""
    t = torch.tensor([[1 + 2j, 3 - 1j], [5j, 4]])
    expected = t.mH.resolve_conj().clone()
    assert torch.equal(copyto(t, t.mH), expected)


def test_a_write_is_seen_by_autograd() -> None:
    """Filling a tensor that autograd saved makes backward fail instead of giving wrong gradients."""
    saved = torch.ones(3)
    result = (saved * torch.ones(3, requires_grad=True)).sum()
    copyto(saved, np.zeros(3, "f4"))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.backward()


def test_inference_tensors_can_be_filled() -> None:
    """A tensor made in inference mode is filled like any other."""
    with torch.inference_mode():
        t = torch.zeros(3)
    assert copyto(t, np.ones(3, "f4")).tolist() == [1, 1, 1]


def test_a_destination_that_requires_grad_needs_no_grad() -> None:
    """A tensor that requires grad is filled under torch.no_grad() alone."""
    t = torch.zeros(3, requires_grad=True)
    with pytest.raises(ValueError, match=r"torch\.no_grad"):
        copyto(t, np.ones(3, "f4"))
    with torch.no_grad():
        assert copyto(t, np.ones(3, "f4")).tolist() == [1, 1, 1]


def test_destinations_that_cannot_be_filled_are_refused() -> None:
    """Read-only, repeating, memoryless and foreign destinations raise before anything is written."""
    fixed = np.zeros(3, "f4")
    fixed.flags.writeable = False
    for dst, message in (
        (fixed, "can be written"),
        ([0.0] * 3, "can be written"),
        (torch.zeros(1).expand(3), "several times"),
        (np.lib.stride_tricks.as_strided(np.zeros(1, "f4"), (3,), (0,)), "several times"),
        (torch._efficientzerotensor(3), "clone"),
    ):
        with pytest.raises(ValueError, match=message):
            copyto(dst, np.ones(3, "f4"))  # type: ignore[type-var]


def test_shapes_must_fit() -> None:
    """A source that cannot be broadcast raises ValueError."""
    for src in (np.ones(5, "f4"), torch.ones(5)):
        with pytest.raises(ValueError, match=r"broadcast|fit"):
            copyto(np.zeros((3, 4), "f4"), src)


def test_casting_is_checked() -> None:
    """A cast beyond casting= raises TypeError and writes nothing."""
    dst = np.zeros(3, "i4")
    with pytest.raises(TypeError, match="casting='unsafe'"):
        copyto(dst, torch.ones(3))
    assert not dst.any()
    assert copyto(dst, torch.ones(3), casting="unsafe").all()


def test_complex_to_real_drops_the_imaginary_part() -> None:
    """casting="unsafe" takes the real part silently, whichever library copies."""
    z = np.array([1 + 2j, 3 - 4j], "c8")
    assert copyto(torch.zeros(2), z, casting="unsafe").tolist() == [1, 3]
    assert copyto(np.zeros(2, "f4"), torch.from_numpy(z).conj(), casting="unsafe").tolist() == [1, 3]
    assert copyto(torch.zeros(2, dtype=torch.bfloat16), z[::-1], casting="unsafe").tolist() == [3, 1]


def test_a_meta_destination_is_refused() -> None:
    """A meta tensor has no memory to fill."""
    with pytest.raises(TypeError, match="no elements"):
        copyto(torch.zeros(2, 3, device="meta"), np.ones((2, 3), "f4"))
