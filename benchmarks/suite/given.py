"""What a transfer takes: ONE DECORATED FUNCTION = ONE ARGUMENT, under the name that paths give their parameter.

Everything here is prepared outside the timed region and lives as long as the call. Pinned and registered memory is
filled once and never shared with another path's source: pageable memory that somebody pinned is pageable no more.
"""

from __future__ import annotations

import ctypes
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import torch

from .cases import BATCHES
from .inputs import halves

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.ring import Ring

    from .cases import Case
    from .inputs import Input
    from .registry import Path

    Array = np.ndarray[Any, np.dtype[Any]]

#: A list of this many arrays where the layout does not say their size (fewer when they would be empty).
BATCH: Final = 16
#: Work beside a transfer: so many products of square matrices for each 16 MiB that are sent, about a third of a
#: millisecond on an H200, which takes as long to send them.
_SIDE: Final = 2048
_BYTES_OF_WORK: Final = 16 << 20
#: As many threads as the largest of the `ref.memcpy_k` wants.
_COPIERS: Final = 16
#: Rings of geometries that were tried stay pinned: more than these would fill the host's memory.
_RINGS_KEPT: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What arguments are made from: a case of a path, its source on the host, and the device."""

    case: Case
    path: Path
    input: Input
    device: torch.device


Make = TypeVar("Make", bound="Callable[[Setting], Any]")
#: Every argument by its name.
GIVEN: Final[dict[str, Callable[[Setting], Any]]] = {}


def given(make: Make) -> Make:
    """Make the decorated function give the argument of its name."""
    GIVEN[make.__name__] = make
    return make


def arguments(setting: Setting) -> tuple[Any, ...]:
    """Return what the path of a setting takes."""
    return tuple(GIVEN[name](setting) for name in setting.path.parameters)


def batch(case: Case, source: Input) -> Array:
    """Return the source as rows: the arrays of a list."""
    rows = case.nbytes // BATCHES[case.layout] if case.layout in BATCHES else min(BATCH, halves(case.elements)[0])
    return source.reference.reshape(rows, -1)


def empty_host_cache() -> None:
    """Give back the pinned memory that torch keeps, so that the next pinning asks the system."""
    torch._C._host_emptyCache()  # noqa: SLF001  torch has no public name for it


# ---- sources


@given
def a(setting: Setting) -> Array:
    """Give the array."""
    source: Array = setting.input.source
    return source


@given
def arrays(setting: Setting) -> list[Array]:
    """Give the rows of the array as a list."""
    return list(batch(setting.case, setting.input))


@given
def t(setting: Setting) -> torch.Tensor:
    """Give the source as a tensor on the device, in the same strides."""
    source, held = setting.input, torch.from_numpy(setting.input.memory).to(setting.device)
    itemsize = source.reference.itemsize
    strides = tuple(stride // itemsize for stride in source.reference.strides)
    return held.view(source_dtype(setting)).as_strided(source.shape, strides, source.first_byte // itemsize)


@given
def pinned(setting: Setting) -> torch.Tensor:
    """Give the source's elements in pinned memory."""
    return stage(setting).copy_(torch.from_numpy(setting.input.reference))


@given
def registered(setting: Setting) -> Array:
    """Give the elements in memory of their own, page-locked where it lies until the array is gone."""
    copy = np.ascontiguousarray(setting.input.reference).copy()
    runtime = torch.cuda.cudart()  # type: ignore[no-untyped-call]
    torch.cuda.check_error(int(runtime.cudaHostRegister(copy.ctypes.data, copy.nbytes, 0)))
    view = copy[:]  # the memory behind it must outlive its registration, so the finalizer holds `copy`
    weakref.finalize(view, _unregister, runtime, copy)
    return view


def _unregister(runtime: Any, memory: Array) -> None:  # noqa: ANN401  the module that torch hands out
    torch.cuda.check_error(int(runtime.cudaHostUnregister(memory.ctypes.data)))


# ---- memory to fill


@given
def stage(setting: Setting) -> torch.Tensor:
    """Give pinned memory for the source's elements; for a list's, as rows."""
    shape = batch(setting.case, setting.input).shape if setting.path.family == "many" else setting.input.shape
    return torch.empty(shape, dtype=source_dtype(setting), pin_memory=True)


@given
def out_pinned(setting: Setting) -> torch.Tensor:
    """Give pinned memory for the result."""
    return stage(setting)


@given
def on_device(setting: Setting) -> torch.Tensor:
    """Give memory of the device."""
    return torch.empty(setting.input.shape, dtype=source_dtype(setting), device=setting.device)


@given
def out(setting: Setting) -> Array:
    """Give pageable memory on the host, every page of it touched."""
    return np.full(setting.input.shape, 1, setting.input.reference.dtype)


# ---- dtypes


@given
def dtype(setting: Setting) -> torch.dtype:
    """Give the result's dtype as torch has it."""
    known: torch.dtype = getattr(torch, setting.case.target_dtype)
    return known


@given
def numpy_dtype(setting: Setting) -> np.dtype[Any]:
    """Give the result's dtype as NumPy has it."""
    return np.dtype(setting.case.target_dtype)


def source_dtype(setting: Setting) -> torch.dtype:
    """Return the source's dtype as torch has it."""
    known: torch.dtype = getattr(torch, setting.case.source_dtype)
    return known


# ---- devices, streams, rings, threads


@given
def device(setting: Setting) -> torch.device:
    """Give the device."""
    return setting.device


class Beside:
    """Calls what gives work to the current stream so that it goes to a `stream` of its own."""

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.stream = stream

    def __call__(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:  # noqa: ANN401  any call
        """Call a function whose work goes to the stream beside."""
        with torch.cuda.stream(self.stream):
            return function(*args, **keywords)


@given
def beside(setting: Setting) -> Beside:
    """Give what calls on a stream beside the current one."""
    return Beside(torch.cuda.Stream(setting.device))  # type: ignore[no-untyped-call]


@given
def work(setting: Setting) -> Callable[[], object]:
    """Give a function that keeps the device busy for about as long as the copy engine needs."""
    one, other, product = (torch.ones(_SIDE, _SIDE, device=setting.device) for _ in range(3))
    times = max(1, setting.case.nbytes // _BYTES_OF_WORK)

    def multiply() -> None:
        for _ in range(times):
            torch.mm(one, other, out=product)

    return multiply


@given
def ring(setting: Setting) -> Ring:
    """Give a ring of the path's geometry, or as bridge makes its own."""
    return _ring_of(setting.device, **(asdict(setting.path.geometry) if setting.path.geometry else {}))


@given
def ring1(setting: Setting) -> Ring:
    """Give a ring with one thread."""
    return _ring_of(setting.device, threads=1)


@lru_cache(maxsize=_RINGS_KEPT)
def _ring_of(where: torch.device, **geometry: int) -> Ring:
    from bridge.ring import Ring  # noqa: PLC0415  a comparison runs this suite over a bridge that may have no ring yet
    from bridge.runtime import runtime_of  # noqa: PLC0415

    runtime = runtime_of(where)
    if runtime is None:
        raise RuntimeError(f"{where} has no ring")
    return Ring(runtime, **geometry)


class CopyByThreads:
    """Moves the source's bytes into given memory by some threads, each an equal part; returns that memory."""

    def __init__(self, source: Input) -> None:
        self._source = np.ascontiguousarray(source.reference)
        self._pool = ThreadPoolExecutor(_COPIERS)

    def __call__(self, out: Array, threads: int) -> Array:
        """Move all bytes."""
        step = -(-self._source.nbytes // threads)
        list(self._pool.map(partial(self._move, out, step), range(0, self._source.nbytes, step)))
        return out

    def _move(self, out: Array, step: int, start: int) -> None:
        nbytes = min(step, self._source.nbytes - start)
        ctypes.memmove(out.ctypes.data + start, self._source.ctypes.data + start, nbytes)


@given
def copy_by_threads(setting: Setting) -> CopyByThreads:
    """Give what copies by several threads."""
    return CopyByThreads(setting.input)
