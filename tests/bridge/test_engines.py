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


def test_forked_children_use_no_engine_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child plans without torch wherever NumPy can do it."""
    monkeypatch.setattr(engines, "_forked", True)
    array = numbers(300, 200).T
    assert plan(array, copy=True, order="C").via == "numpy"
    assert (as_tensor(array, copy=True, order="C").numpy() == array).all()
    assert plan(numbers(1 << 20), copy=True).via == "numpy"


def test_threads_copy_what_is_large() -> None:
    """With several threads, torch copies what is large and says with how many."""
    torch.set_num_threads(2)
    large, small = numbers(1 << 19), numbers(1 << 10)
    assert (plan(large, copy=True).via, plan(large, copy=True).threads) == ("torch", 2)
    assert (plan(small, copy=True).via, plan(small, copy=True).threads) == ("numpy", 1)
    assert (as_tensor(large, copy=True).numpy() == large).all()


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
