"""Sources built like the wanted one: to prove paths on a few elements, and to time them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from benchmarks.suite import calls, tiles
from benchmarks.suite.cases import DTYPES, Case
from benchmarks.suite.inputs import Input, InputCache

from .geometry import Geometry

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.suite.calls import Call
    from benchmarks.suite.registry import Path, Source

    from .wanted import Wanted

#: A copy for the proof has at most so many elements an axis.
_FEW: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Case):
    """A case off the matrix: of any size, in any layout."""

    def __post_init__(self) -> None:
        """Refuse nothing: what is asked is no point of the axes."""

    @property
    def id(self) -> str:
        """What messages call it."""
        return f"{self.path}/{self.dtype}/{self.layout}/{self.nbytes}B/{self.threads}"


class OneInput(InputCache):
    """Gives every call the one source that is there."""

    def __init__(self, held: Input) -> None:
        super().__init__(budget_bytes=0)
        self._held = held

    def get(self, case: Case, source: Source) -> Input:  # noqa: ARG002  whatever is asked for
        """Return the source."""
        return self._held


def asked(wanted: Wanted, path: Path) -> Asked:
    """Return the case that a path has of what is wanted."""
    return Asked(
        path=path.name,
        dtype=wanted.dtypes,
        layout=wanted.layout,
        nbytes=wanted.payload_bytes,
        threads=wanted.thread_word,
    )


def call(wanted: Wanted, path: Path, source: Input) -> Call:
    """Return a path's call on a source; a cast into given memory gets memory of the target's dtype."""
    made = calls.call(asked(wanted, path), OneInput(source), wanted.device)
    if path.family != "copy_into" or not wanted.casts:
        return made
    cast = calls.call(replace(made.case, path=_A_CAST[path.source]), OneInput(source))
    warm = replace(made.case, dtype=wanted.to)
    out = calls.call(warm, OneInput(source)).args[0]
    return replace(made, args=(out, *made.args[1:]), expected=cast.expected)


_A_CAST: Final = {"array": "bridge.as_tensor.dtype", "tensor": "bridge.as_array.dtype"}


def few(wanted: Wanted) -> Wanted:
    """Return what is wanted with a few elements an axis: the same order of axes, gaps, signs, flags."""
    shape = tuple(min(length, _FEW) for length in wanted.geometry.shape)
    return replace(wanted, geometry=_like(wanted.geometry, shape))


def grown(wanted: Wanted, payload_bytes: int) -> Wanted:
    """Return what is wanted with another payload; only its size is asked about, not its strides."""
    elements = max(1, payload_bytes // DTYPES[wanted.dtype])
    size = DTYPES[wanted.dtype]
    return replace(wanted, geometry=Geometry(shape=(elements,), strides=(size,), itemsize=size))


def _like(geometry: Geometry, shape: tuple[int, ...]) -> Geometry:
    """Return the strides of another shape: dense where they were dense, else one element more apart."""
    strides, step = [0] * len(shape), geometry.itemsize
    reached, odd = geometry.itemsize, False
    for axis in sorted(range(len(shape)), key=lambda one: abs(geometry.strides[one])):
        stride = geometry.strides[axis]
        if stride == 0 or geometry.shape[axis] == 1:
            continue
        odd = odd or abs(stride) % geometry.itemsize != 0
        gap = 0 if abs(stride) == reached else 1 if odd else geometry.itemsize
        strides[axis] = (step + gap) * (1 if stride > 0 else -1)
        step = (step + gap) * shape[axis]
        reached = abs(stride) * geometry.shape[axis]
    return Geometry(shape=shape, strides=tuple(strides), itemsize=geometry.itemsize)


def build(wanted: Wanted) -> Input:
    """Build a source like the wanted one: seeded values, every page touched, its strides and flags."""
    shape, stored = wanted.geometry, tiles.stored(wanted.dtype)
    margin = 1 if "misaligned" in wanted.flags else 0
    memory = _memory(shape.span_bytes + shape.itemsize, wanted.source)
    first = shape.first_byte + margin
    kind = stored.newbyteorder(">") if "bigendian" in wanted.flags else stored
    seen: Any = np.ndarray(shape.shape, kind, memory, first, shape.strides)
    _fill(seen, wanted.dtype)
    source = _as_tensor(wanted, memory, first) if wanted.source == "tensor" else _as_array(seen, wanted)
    return Input(source=source, reference=seen, memory=memory, first_byte=first)


def _memory(nbytes: int, source: Source) -> Any:  # noqa: ANN401  an array
    """Return memory of the library that owns the source."""
    memory = torch.empty(nbytes, dtype=torch.uint8).numpy() if source == "tensor" else np.empty(nbytes, np.uint8)
    memory.fill(0)
    return memory


def _fill(seen: Any, dtype: str) -> None:  # noqa: ANN401  an array
    """Write numbered values once into each element that lies there: what is broadcast is one."""
    once = seen[tuple(slice(1) if stride == 0 else slice(None) for stride in seen.strides)]
    once[...] = tiles.values(once.size, dtype).reshape(once.shape)


def _as_array(seen: Any, wanted: Wanted) -> Any:  # noqa: ANN401  an array
    source = seen.view(calls.dtype_of("bfloat16", "numpy")) if wanted.dtype == "bfloat16" else seen.view()
    source.flags.writeable = "readonly" not in wanted.flags
    return source


def _as_tensor(wanted: Wanted, memory: Any, first: int) -> torch.Tensor:  # noqa: ANN401  an array
    shape = wanted.geometry
    flat = torch.from_numpy(memory)[: memory.nbytes // shape.itemsize * shape.itemsize]
    strides = tuple(stride // shape.itemsize for stride in shape.strides)
    made = flat.view(getattr(torch, wanted.dtype)).as_strided(shape.shape, strides, first // shape.itemsize)
    return made.requires_grad_() if wanted.layout == "requires_grad" else made


def held_bytes(wanted: Wanted) -> int:
    """Return the larger of what a source like the wanted one spans and what its result holds."""
    return max(wanted.geometry.span_bytes, wanted.result_bytes)


def first_call(warm: Call) -> Callable[[], object]:
    """Return the call that makes the memory which later calls fill again, and fills it."""
    places = dict(zip(warm.path.parameters, warm.args, strict=True))
    name = next(one for one in ("out", "stage", "out_pinned") if one in places)

    def run() -> object:
        return warm.path.function(**places | {name: _fresh_like(places[name])})

    return run


def _fresh_like(held: Any) -> Any:  # noqa: ANN401  an array or a tensor
    if isinstance(held, torch.Tensor):
        return torch.empty(held.shape, dtype=held.dtype, pin_memory=held.is_pinned())
    return np.empty(held.shape, held.dtype)
