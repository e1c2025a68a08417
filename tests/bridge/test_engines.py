import numpy as np
import pytest
import torch

from bridge import as_array, as_tensor, copyto, engines, layouts, plan

RANDOM = np.random.default_rng(1)


def numbers(*shape: int, dtype: str = "f4") -> np.ndarray:
    """Return random numbers that a cast must round."""
    return (RANDOM.random(shape) * 200).astype(dtype)


SPECIAL = {
    "channels: BGR to RGB": ("channels", lambda: (numbers(200, 300, 3, dtype="u1")[..., ::-1], "K")),
    "channels: RGBA to RGB": ("channels", lambda: (numbers(100, 200, 4)[..., :3], "C")),
    "transpose: F to C": ("transpose", lambda: (numbers(200, 300).T, "C")),
    "transpose: C to F": ("transpose", lambda: (numbers(200, 300), "F")),
    "transpose: bfloat16": ("transpose", lambda: (as_array(as_tensor(numbers(200, 300).T, dtype=torch.bfloat16)), "C")),
    "blocks: sliced F to C": ("blocks", lambda: (numbers(1500, 1004)[:, 4:].T, "C")),
    "blocks: reversed F to C": ("blocks", lambda: (numbers(1500, 1004).T[::-1], "C")),
    "blocks: big-endian": ("blocks", lambda: (numbers(1500, 1000, dtype=">f4").T, "C")),
    "two-step: F to C": ("two-step", lambda: (np.asfortranarray(numbers(64, 256, 128)), "C")),
    "two-step: C to F": ("two-step", lambda: (numbers(64, 256, 128), "F")),
    "numpy: three axes off the pages": ("numpy", lambda: (np.asfortranarray(numbers(101, 103, 107)), "C")),
    "numpy: small": ("numpy", lambda: (numbers(10, 10, 3)[..., ::-1], "K")),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_layouts_have_their_engines(name: str) -> None:
    """Each slow layout is copied by the engine made for it, bit by bit and in the order asked for."""
    engine, make = SPECIAL[name]
    array, order = make()
    decided = plan(array, copy=True, order=order)
    assert decided.via == engine
    result = as_array(decided.run())
    assert result.tobytes() == (array.astype("f4") if array.dtype == ">f4" else array).tobytes()
    assert result.flags.forc


@pytest.mark.parametrize("name", SPECIAL)
def test_copyto_uses_the_same_engines(name: str) -> None:
    """A call of copyto reaches the same values, whichever way the destination lies."""
    array, _ = SPECIAL[name][1]()
    for dst in (np.empty(array.shape, array.dtype), np.empty(array.shape[::-1], array.dtype).T):
        assert (copyto(dst, array) == array).all()


def test_forked_children_start_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a forked child a large copy takes one thread, and has the same values."""
    monkeypatch.setattr(engines, "_forked", True)
    array = numbers(17 << 20)
    assert plan(array, copy=True).threads == 1
    assert (as_tensor(array, copy=True).numpy() == array).all()


def test_threads_copy_what_is_large() -> None:
    """With several threads, what is large is copied by all of them, and the plan says with how many."""
    torch.set_num_threads(2)
    large, small = numbers(17 << 20), numbers(1 << 19)
    assert [plan(array, copy=True).threads for array in (large, small)] == [2, 1]
    assert (as_tensor(large, copy=True).numpy() == large).all()
    assert (
        as_tensor(large, dtype=torch.bfloat16).float().numpy() == torch.from_numpy(large).bfloat16().float().numpy()
    ).all()


@pytest.mark.parametrize("fail_at", [0, 5, 39])
def test_an_error_in_a_thread_is_raised(fail_at: int) -> None:
    """What a helping thread raises reaches the caller, and what all of them made comes back in order."""
    torch.set_num_threads(2)

    def work(item: int) -> int:
        if item == fail_at:
            raise MemoryError(item)
        return item * 2

    with pytest.raises(MemoryError):
        engines.each(work, range(40))
    assert engines.each(lambda item: item * 2, range(40)) == list(range(0, 80, 2))


@pytest.mark.parametrize("shape", [(40, 30), (3, 1, 400), (1200,), (2, 600), (0, 5), ()])
def test_pieces_cover_everything_once(shape: tuple[int, ...]) -> None:
    """Pieces of two memories are alike, small enough, and together fill the target."""
    for target in (np.zeros(shape, np.float32), torch.zeros(shape)):
        for piece, origin in engines._pieces(target, target + 1, 100):
            assert piece.shape == origin.shape
            assert np.prod(piece.shape) <= 100
            copyto(piece, piece + origin)
        assert (target == 1).all()


@pytest.mark.parametrize("source", ["?", "u1", "i2", "i8", "f2", "f4", "f8", "c8"])
@pytest.mark.parametrize("target", ["f2", "f4", "f8", "c8"])
@pytest.mark.parametrize("threads", [1, 2])
def test_casts_round_as_numpy_does(source: str, target: str, threads: int) -> None:
    """A cast gives NumPy's numbers to the last bit, whichever library makes it and however many threads it has."""
    torch.set_num_threads(threads)
    array = numbers(1 << 19, dtype=source) * 300 if source in ("f4", "f8") else numbers(1 << 19, dtype=source)
    if np.can_cast(source, target, "same_kind"):
        assert (as_tensor(array, dtype=np.dtype(target)).numpy() == array.astype(target)).all()


def test_float16_is_left_to_the_library_that_rounds_once() -> None:
    """float64 to float16 goes through NumPy, as torch rounds twice; float32 goes through torch, which is faster."""
    assert plan(numbers(100, dtype="f8"), dtype=torch.float16).via == "numpy"
    assert plan(numbers(100, dtype="f4"), dtype=torch.float16).via == "torch"
    assert plan(numbers(100, dtype="?"), dtype=torch.float32).via == "numpy"


def test_every_engine_can_be_named() -> None:
    """The engines of layouts are registered under the names plans show."""
    assert set(layouts.FILLS) == {"channels", "transpose", "blocks", "two-step"}


@pytest.mark.parametrize("threads", [1, 2])
def test_large_fresh_memory_is_filled_in_pieces(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """A large copy into new memory is made of small pieces, by any number of threads, and has every element."""
    torch.set_num_threads(threads)
    monkeypatch.setattr(engines, "_FRESH_PIECES_FROM_BYTES", 1 << 20)
    for array in (numbers(1 << 19), numbers(700, 1000).T[::-1], numbers(3, 1 << 18)):
        assert (as_tensor(array, copy=True).numpy() == array).all()
