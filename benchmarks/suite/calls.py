"""From a case to a call: the arguments of its path, and what the result has to be."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from .cases import HELD, TRANSFERS
from .feeds import BATCH_ITEMS
from .given import Setting, arguments, batch
from .inputs import stamp
from .loaders import loader_of
from .pages import allow_huge_pages
from .paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cases import Case
    from .inputs import Input, InputCache
    from .registry import Path

    Array = np.ndarray[Any, np.dtype[Any]]

#: Each transfer has elements of its own.
_GENERATIONS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A path with its arguments, ready to be timed; `expected` gives the elements that the result must have."""

    case: Case
    path: Path
    input: Input
    args: tuple[Any, ...]
    expected: Callable[[], Array]

    def run(self) -> Any:  # noqa: ANN401  arrays, tensors, None
        """Call the path once."""
        return self.path.function(*self.args)

    def prepare(self) -> None:
        """Do what the path wants done before each call, outside its time."""
        if self.path.before is not None:
            self.path.before()

    @property
    def shape(self) -> tuple[int, ...]:
        """The source's shape; of a list, the shape of all its arrays together."""
        return self.input.shape


def call(case: Case, cache: InputCache, device: str = "cpu") -> Call:
    """Build the call of a case.

    Raises:
        KeyError: no path has the case's name.
    """
    path = PATHS[case.path]
    allow_huge_pages(allowed=True)  # sources lie in the pages that NumPy asks for, whatever was called before
    source = cache.get(case, path.source)
    if path.family in TRANSFERS:
        return _transfer(Setting(case=case, path=path, input=source, device=torch.device(device)))
    ready = _CALLS[path.family](case, path, source)
    allow_huge_pages(allowed=path.huge_pages)
    return ready


def _transfer(setting: Setting) -> Call:
    case, source = setting.case, setting.input
    stamp(source, case.source_dtype, next(_GENERATIONS))
    elements = {"h2d_cast": lambda: _cast_reference(case.target_dtype)(source.reference)}
    elements["many"] = lambda: batch(case, source)
    expected = elements.get(setting.path.family, lambda: source.reference)
    return Call(case=case, path=setting.path, input=source, args=arguments(setting), expected=expected)


def _limit(case: Case, path: Path, source: Input) -> Call:
    # Torch's memory starts at 64 bytes, NumPy's large arrays at 16 past a page: memmove there takes a sixth longer.
    out: Array = torch.ones(case.nbytes, dtype=torch.uint8).numpy()
    addresses = (out.ctypes.data, source.memory.ctypes.data, case.nbytes)
    # The array goes along in `expected`, which keeps the memory behind the bare address alive.
    return Call(case=case, path=path, input=source, args=addresses, expected=lambda: out)


def _plain(case: Case, path: Path, source: Input) -> Call:
    return Call(case=case, path=path, input=source, args=(source.source,), expected=lambda: source.reference)


def _copy_into(case: Case, path: Path, source: Input) -> Call:
    out = _warm_like(source, case, path)
    return Call(case=case, path=path, input=source, args=(out, source.source), expected=lambda: source.reference)


def _held(case: Case, path: Path, source: Input) -> Call:
    queue: deque[Any] = deque(maxlen=HELD)
    if path.refusal(case) is None:
        for _ in range(HELD):  # from the first call on, a new result drops an old one
            path.function(queue, source.source)
    return Call(case=case, path=path, input=source, args=(queue, source.source), expected=lambda: source.reference)


def _cast(case: Case, path: Path, source: Input) -> Call:
    target = dtype_of(case.target_dtype, path.dtype_from)
    expected = _cast_reference(case.target_dtype)
    return Call(
        case=case, path=path, input=source, args=(source.source, target), expected=lambda: expected(source.reference)
    )


def _stack(case: Case, path: Path, source: Input) -> Call:
    rows = batch(case, source)
    return Call(case=case, path=path, input=source, args=(list(rows),), expected=lambda: rows)


def _stack_cast(case: Case, path: Path, source: Input) -> Call:
    rows, target = batch(case, source), dtype_of(case.target_dtype, path.dtype_from)
    expected = _cast_reference(case.target_dtype)
    return Call(case=case, path=path, input=source, args=(list(rows), target), expected=lambda: expected(rows))


def _feed(case: Case, path: Path, source: Input) -> Call:
    assert path.feed is not None, "a path of this family is registered with its feed"
    rows = batch(case, source)
    loader = loader_of(path.feed, list(rows))
    return Call(case=case, path=path, input=source, args=(loader,), expected=lambda: rows[:BATCH_ITEMS])


def _preprocess(case: Case, path: Path, source: Input) -> Call:
    return Call(case=case, path=path, input=source, args=(source.source,), expected=lambda: standardized(source))


_CALLS: Final[dict[str, Callable[[Case, Path, Input], Call]]] = {
    "limit": _limit,
    "share": _plain,
    "copy": _plain,
    "order": _plain,
    "copy_into": _copy_into,
    "held": _held,
    "small_pages": _plain,
    "cast": _cast,
    "stack": _stack,
    "stack_cast": _stack_cast,
    "feed": _feed,
    "preprocess": _preprocess,
}


def dtype_of(name: str, library: str) -> Any:  # noqa: ANN401  a dtype of either library
    """Return a dtype of torch or NumPy by the name both use."""
    if library == "torch":
        return getattr(torch, name)
    if name == "bfloat16":
        import ml_dtypes  # noqa: PLC0415  optional: cases that need it are skipped where it is missing

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def standardized(source: Input) -> Array:
    """Return (x - mean) / std with ddof 1, computed in float64: what the preprocess family has to come close to."""
    x: Array = source.reference.astype(np.float64)
    standard: Array = (x - x.mean()) / x.std(ddof=1)
    return standard


def _cast_reference(target: str) -> Callable[[Array], Array]:
    if target == "bfloat16":
        return lambda reference: _bfloat16_bits(reference.astype(np.float32))
    return lambda reference: reference.astype(target)


def _bfloat16_bits(x: Array) -> Array:
    """Round float32 to bfloat16, to nearest, ties to even, and return the bits as uint16 (x finite)."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _warm_like(source: Input, case: Case, path: Path) -> Any:  # noqa: ANN401  an array or a tensor
    """Return memory of the other library for the source's elements, every page of it touched."""
    shape = source.shape
    if path.source == "tensor":
        return np.full(shape, 1).astype(dtype_of(case.source_dtype, "numpy"))
    return torch.ones(shape, dtype=getattr(torch, case.source_dtype))
