"""What a plan says of memory, against what is measured."""

import resource
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import as_strided
from torch.profiler import ProfilerActivity, profile

from bridge import CopyRequired, as_array, as_tensor, plan

NUMPY_ONLY = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)


def grid(dtype: Any = "f4", side: int = 60) -> np.ndarray:
    """Return small numbers every dtype holds, in C order."""
    array: np.ndarray = (np.arange(side * side).reshape(side, side) % 2).astype(dtype)
    return array


def fixed(array: np.ndarray) -> np.ndarray:
    """Return the array after forbidding writes to it."""
    array.flags.writeable = False
    return array


SOURCES: dict[str, Callable[[], Any]] = {
    **{name: partial(grid, name) for name in ("?", "u1", "i4", "u8", "f2", "f4", "f8", "c8", "c16")},
    "large": lambda: grid(side=600),
    "bfloat16": lambda: grid(ml_dtypes.bfloat16),
    "float8": lambda: grid(ml_dtypes.float8_e4m3fn),
    "big-endian": lambda: grid(">i4"),
    "Fortran order": lambda: np.asfortranarray(grid()),
    "reversed": lambda: grid()[::-1],
    "reversed, large": lambda: grid(side=600)[:, ::-1],
    "with gaps": lambda: grid()[::2, 1:],
    "misaligned": lambda: np.zeros(401, "u1")[1:].view("f4"),
    "read-only": lambda: fixed(grid()),
    "broadcast": lambda: np.broadcast_to(grid()[0], (1000, 60)),
    "broadcast inside": lambda: np.broadcast_to(grid()[:, :1], (60, 1000)),
    "zero stride, writable": lambda: as_strided(grid(), (1000, 60), (0, 4)),
    "windows": lambda: as_strided(grid(), (50, 10), (4, 4)),
    "0-d": lambda: np.array(3.0),
    "scalar": lambda: 3.5,
    "NumPy scalar": lambda: np.float32(3),
    "list": lambda: [[1.0, 2.0], [3.0, 4.0]],
    "tensor": lambda: torch.from_numpy(grid()),
    "large tensor": lambda: torch.from_numpy(grid(side=600)),
    "bfloat16 tensor": lambda: torch.from_numpy(grid()).to(torch.bfloat16),
    "transposed tensor": lambda: torch.from_numpy(grid()).T,
    "conjugated tensor": lambda: torch.from_numpy(grid("c8")).conj(),
    "negated tensor": lambda: torch._neg_view(torch.from_numpy(grid())),
    "expanded tensor": lambda: torch.arange(60.0).expand(1000, 60),
    "tensor that requires grad": lambda: torch.from_numpy(grid()).requires_grad_(),
    "zero tensor": lambda: torch._efficientzerotensor(60),
}
WORDS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "copy": {"copy": True},
    "share": {"copy": False},
    "order C": {"order": "C"},
    "order F": {"order": "F"},
    "order F, copy": {"order": "F", "copy": True},
    "to float64": {"dtype": torch.float64},
    "to float16, order F": {"dtype": torch.float16, "order": "F"},
    "to bfloat16": {"dtype": torch.bfloat16},
    "to complex64, copy": {"dtype": torch.complex64, "copy": True},
    "read-only shared": {"readonly": "share"},
}


def is_possible(source: str, words: str) -> bool:
    """Say whether there is such a conversion."""
    try:
        plan(SOURCES[source](), **WORDS[words])
    except (CopyRequired, TypeError):
        return False
    return True


CASES = [(source, words) for source in SOURCES for words in WORDS if is_possible(source, words)]


def ways(x: Any, words: dict[str, Any]) -> list[Callable[[], Any]]:
    """Return the ways to the result."""
    direct: Callable[..., Any] = as_array if isinstance(x, torch.Tensor) else as_tensor
    return [partial(direct, x, **words), plan(x, **words).run]


def held_by(make: Callable[[], Any]) -> tuple[int, Any]:
    """Return how many bytes NumPy allocated for what is still there, temporary memory gone, and the result."""
    tracemalloc.start()
    try:
        result = make()
        snapshot = tracemalloc.take_snapshot().filter_traces([NUMPY_ONLY])
    finally:
        tracemalloc.stop()
    return sum(trace.size for trace in snapshot.traces), result


@pytest.mark.parametrize(("source", "words"), CASES)
def test_nbytes_is_what_the_result_holds(source: str, words: str) -> None:
    """plan(x).nbytes is what the result holds of new memory: nothing where it shares, its elements where it copies."""
    x = SOURCES[source]()
    decided = plan(x, **WORDS[words])
    for way in ways(x, WORDS[words]):
        held, result = held_by(way)
        assert held == decided.nbytes
        assert tuple(result.shape) == decided.shape
        assert (decided.nbytes == 0) is bool(decided)


def test_temporary_memory_is_not_counted() -> None:
    """A conversion in two steps allocates more than the result on its way, and nbytes counts the result alone."""
    x = grid(">f4", side=300)[::-1]
    decided = plan(x, dtype=torch.bfloat16)
    assert decided.via == "staged"
    tracemalloc.start()
    try:
        result = decided.run()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert decided.nbytes == result.untyped_storage().nbytes() == 180_000
    assert peak >= decided.nbytes + x.nbytes
    assert held < decided.nbytes + x.nbytes


@pytest.mark.filterwarnings("ignore:.*Profiler clears events:UserWarning")  # torch 2.11 warns of its own default
def test_torch_allocates_nothing_that_stays() -> None:
    """No result lies in memory of torch's own allocator, which NumPy's count would miss."""
    calls = [way for source, words in CASES for way in ways(SOURCES[source](), WORDS[words])]
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        results = [call() for call in calls]
    assert len(results) == 2 * len(CASES)
    assert sum(event.self_cpu_memory_usage for event in profiled.events()) == 0
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        results.append(torch.empty(1000))
    assert sum(event.self_cpu_memory_usage for event in profiled.events()) == 4000


COLUMNS, HUGE_BYTES = 1000, 100_000_000_000
HUGE: dict[str, tuple[str, dict[str, Any], float, tuple[str, ...]]] = {
    "read-only": ("r", {}, 1, ("read-only",)),
    "read-only, copy": ("r", {"copy": True}, 1, ("read-only", "requested")),
    "read-only shared": ("r", {"readonly": "share"}, 0, ()),
    "read-only, cast": ("r", {"dtype": torch.float64}, 2, ("read-only", "dtype")),
    "read-only shared, cast": ("r", {"dtype": "f2", "readonly": "share"}, 0.5, ("dtype",)),
    "writable": ("r+", {}, 0, ()),
    "writable, no copy": ("r+", {"copy": False}, 0, ()),
    "writable, copy": ("r+", {"copy": True}, 1, ("requested",)),
    "writable, cast": ("r+", {"dtype": torch.bfloat16}, 0.5, ("dtype",)),
    "writable, order C": ("r+", {"order": "C"}, 0, ()),
    "writable, order F": ("r+", {"order": "F"}, 1, ("order",)),
    "writable, all of it": ("r+", {"order": "F", "dtype": "f8", "copy": True}, 2, ("dtype", "order", "requested")),
}


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of 100 GB that takes no place on disk."""
    path = tmp_path_factory.mktemp("huge") / "sparse"
    try:
        with path.open("wb") as file:
            file.truncate(HUGE_BYTES)
    except OSError as error:
        pytest.skip(f"this file system has no sparse file of 100 GB: {error}")
    return path


def untouched(call: Callable[[], Any]) -> Any:
    """Return the result of a call that must fault in next to no page, and take next to no time."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    result = call()
    after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - start
    assert after.ru_minflt - before.ru_minflt + after.ru_majflt - before.ru_majflt < 1000
    assert seconds < 5
    return result


@pytest.mark.parametrize("name", HUGE)
def test_planning_touches_nothing_of_a_huge_file(name: str, huge: Path) -> None:
    """A plan over 100 GB on disk comes at once, reads none of it, and says what a conversion would write and why."""
    mode, words, times, reasons = HUGE[name]
    array = np.memmap(huge, "f4", mode, shape=(HUGE_BYTES // 4 // COLUMNS, COLUMNS))  # type: ignore[call-overload]
    decided = untouched(lambda: plan(array, **words))
    assert (decided.nbytes, decided.reasons) == (HUGE_BYTES * times, reasons)
    assert str(decided).startswith("share" if times == 0 else f"copy {int(HUGE_BYTES * times)} bytes")


@pytest.mark.parametrize("words", [{"copy": True}, {"order": "F"}, {"dtype": "f8"}])
def test_planning_touches_nothing_of_a_huge_tensor(words: dict[str, Any], huge: Path) -> None:
    """Sharing 100 GB and planning the way back touch none of it either."""
    array = np.memmap(huge, "f4", "r+", shape=(HUGE_BYTES // 4 // COLUMNS, COLUMNS))
    tensor = untouched(lambda: as_tensor(array, copy=False))
    assert untouched(lambda: plan(tensor))
    assert untouched(lambda: plan(tensor, **words)).nbytes == HUGE_BYTES * (2 if "dtype" in words else 1)


def test_refusing_touches_nothing_of_a_huge_file(huge: Path) -> None:
    """A refusal to copy 100 GB comes at once and names the bytes."""
    array = np.memmap(huge, "f4", "r")
    for words in ({"copy": False}, {"readonly": "error"}, {"copy": False, "dtype": "f4"}):
        with pytest.raises(CopyRequired, match=f"{HUGE_BYTES} bytes"):
            untouched(lambda words=words: as_tensor(array, **words))  # type: ignore[misc]
