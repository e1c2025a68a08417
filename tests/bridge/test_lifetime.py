"""How long memory lives, and that what must not be written is not."""

import gc
import mmap
import weakref
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bridge import as_array, as_tensor, copyto, plan, stack, standardize

NUMBERS = np.arange(1000, dtype="f4")


def mapped(folder: Path, mode: Any) -> np.ndarray:
    """Return the numbers as a memory map."""
    path = folder / "<a> & b"
    path.write_bytes(NUMBERS.tobytes())
    return np.memmap(path, "f4", mode)


def anonymous() -> np.ndarray:
    """Return the numbers in an anonymous mmap, which nothing else refers to."""
    memory = mmap.mmap(-1, NUMBERS.nbytes)
    memory.write(NUMBERS.tobytes())
    return np.frombuffer(memory, "f4")


SOURCES: dict[str, Callable[[Path], np.ndarray]] = {
    "array": lambda _: NUMBERS.copy(),
    "view of a view": lambda _: np.stack([NUMBERS, NUMBERS], 1)[:, :1][:, 0],
    "bytes": lambda _: np.frombuffer(NUMBERS.tobytes(), "f4"),
    "bytearray": lambda _: np.frombuffer(bytearray(NUMBERS.tobytes()), "f4"),
    "mmap": lambda _: anonymous(),
    "memmap r": lambda folder: mapped(folder, "r"),
    "memmap r+": lambda folder: mapped(folder, "r+"),
    "memmap c": lambda folder: mapped(folder, "c"),
    "memory of torch": lambda _: torch.from_numpy(NUMBERS).clone().numpy(),
}
WORDS: dict[str, dict[str, Any]] = {
    "shared": {"readonly": "share"},
    "as it comes": {},
    "copied": {"copy": True},
    "cast": {"dtype": torch.float64},
}


def overwrite_what_is_free() -> None:
    """Collect garbage, and fill the memory that came free with something else."""
    gc.collect()
    for _ in range(20):
        np.full(1000, -1, "f4")
        torch.full((1000,), -1.0)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("words", WORDS)
def test_tensors_outlive_their_source(name: str, words: str, tmp_path: Path) -> None:
    """A tensor is right after its source, and all that held its memory, has gone; so is a view of its views."""
    tensor = as_tensor(SOURCES[name](tmp_path), **WORDS[words])
    part = tensor.view(10, 100)[3][10:]
    overwrite_what_is_free()
    assert tensor.tolist() == NUMBERS.tolist()
    del tensor
    overwrite_what_is_free()
    assert part.tolist() == NUMBERS[310:400].tolist()


@pytest.mark.parametrize("make", [torch.Tensor.clone, lambda t: t.clone()[:, None].expand(1000, 2)[:, 0]])
@pytest.mark.parametrize("words", [{}, {"copy": True}, {"dtype": "f8"}])
@pytest.mark.parametrize("grad", [False, True])
def test_arrays_outlive_their_source(
    make: Callable[[torch.Tensor], torch.Tensor],
    words: dict[str, Any],
    grad: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    """An array is right after its tensor has gone, whether it shares or not; so is a view of its views."""
    array = as_array(make(torch.from_numpy(NUMBERS)).requires_grad_(grad), **words)
    part = array.reshape(10, 100)[3][10:]
    overwrite_what_is_free()
    assert array.tolist() == NUMBERS.tolist()
    del array
    overwrite_what_is_free()
    assert part.tolist() == NUMBERS[310:400].tolist()


def test_there_and_back_keeps_one_owner() -> None:
    """However often memory goes to the other library and back, it lives while the last view does, and no longer."""
    array = NUMBERS.copy()
    alive = weakref.ref(array)
    last = array
    for _ in range(5):
        last = as_array(as_tensor(last))
    del array
    overwrite_what_is_free()
    assert alive() is not None
    assert (last == NUMBERS).all()
    del last
    gc.collect()
    assert alive() is None


def test_planning_keeps_the_source_as_long_as_the_plan() -> None:
    """A plan can run as long as it exists, so it keeps its source, and lets go of it when it dies."""
    array = NUMBERS.copy()
    alive = weakref.ref(array)
    decided = plan(array, copy=True)
    del array
    overwrite_what_is_free()
    assert decided.run().tolist() == NUMBERS.tolist()
    del decided
    gc.collect()
    assert alive() is None


def test_shared_memory_can_be_closed_after_the_tensor() -> None:
    """A tensor over SharedMemory writes to it while it is open, and does not hinder closing it afterwards."""
    memory = SharedMemory(create=True, size=NUMBERS.nbytes)
    try:
        tensor = as_tensor(np.ndarray((1000,), "f4", memory.buf), copy=False)
        overwrite_what_is_free()
        copyto(tensor, NUMBERS)
        other = SharedMemory(memory.name)
        assert np.ndarray((1000,), "f4", other.buf).tolist() == NUMBERS.tolist()
        other.close()
        del tensor
    finally:
        memory.close()
        memory.unlink()


READ_ONLY: dict[str, Callable[[], torch.Tensor]] = {
    "leaf": lambda: torch.zeros(4, 3, requires_grad=True),
    "result": lambda: torch.zeros(4, 3, requires_grad=True) * 2,
    "parameter": lambda: torch.nn.Parameter(torch.zeros(4, 3)),
    "bfloat16 parameter": lambda: torch.nn.Parameter(torch.zeros(4, 3, dtype=torch.bfloat16)),
    "transposed leaf": lambda: torch.zeros(3, 4, requires_grad=True).T,
    "expanded": lambda: torch.zeros(3).expand(4, 3),
    "expanded inside": lambda: torch.zeros(4, 1).expand(4, 3),
    "expanded leaf": lambda: torch.zeros(3, requires_grad=True).expand(4, 3),
}
ONE = np.ones(3, "f4")
WRITES: dict[str, Callable[[np.ndarray], object]] = {
    "item": lambda a: a.__setitem__((0, 0), 1),
    "view": lambda a: a[1:].__setitem__(..., 1),
    "transpose": lambda a: a.T.__setitem__(0, 1),
    "fill": lambda a: a.fill(1),
    "out=": lambda a: np.add(a, 1, out=a),
    "in place": lambda a: a.sort(),
    "np.copyto": lambda a: np.copyto(a, np.ones((), a.dtype)),
    "copyto": lambda a: copyto(a, ONE),
    "standardize": lambda a: standardize(np.ones((4, 3)), out=a),
}


@pytest.mark.parametrize("name", READ_ONLY)
@pytest.mark.parametrize("write", WRITES)
def test_read_only_arrays_refuse_every_write(name: str, write: str) -> None:
    """Over a gradient or expanded elements nothing writes through the array or a view of it: a write raises."""
    tensor = READ_ONLY[name]()
    array = as_array(tensor)
    with pytest.raises(ValueError, match=r"read-only|can be written|result is float32"):
        WRITES[write](array)
    assert not tensor.detach().any()


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_tensor_of_a_read_only_array_is_a_copy(name: str) -> None:
    """The way back from a read-only array is no way round it: the tensor is a copy."""
    tensor = READ_ONLY[name]()
    as_tensor(as_array(tensor))[0, 0].fill_(1)
    assert not tensor.detach().any()


@pytest.mark.parametrize("name", ["bytes", "memmap r"])
@pytest.mark.parametrize("words", [{}, {"copy": True}, {"dtype": "f8"}, {"order": "F"}, {"device": "cpu"}])
def test_what_is_made_of_read_only_memory_may_be_written(name: str, words: dict[str, Any], tmp_path: Path) -> None:
    """Bytes and maps in mode r stay as they are whatever is written to their tensors: those are copies."""
    array = SOURCES[name](tmp_path)
    tensor = as_tensor(array, **words)
    tensor.fill_(-1)
    as_array(tensor)[...] = -2
    assert array.tobytes() == NUMBERS.tobytes()


@pytest.mark.parametrize("name", ["bytes", "memmap r"])
def test_no_call_writes_to_read_only_memory(name: str, tmp_path: Path) -> None:
    """As a source read-only memory is only read, as a destination it is refused; readonly="share" alone shares it."""
    array = SOURCES[name](tmp_path)
    copyto(torch.empty(1000), array)
    copyto(np.empty(1000), array)
    stack([array, array])[...] = -1
    standardize(array)[...] = -1
    assert as_tensor(array, readonly="share").tolist() == NUMBERS.tolist()
    with pytest.raises(ValueError, match="can be written"):
        copyto(array, -NUMBERS)
    with pytest.raises(ValueError, match="read-only"):
        standardize(NUMBERS, out=array)
    assert array.tobytes() == NUMBERS.tobytes()
