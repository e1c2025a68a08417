"""What a path does with awkward sources, observed on a few elements: the rows of the semantics card.

A probe may kill the process (``torch.from_dlpack`` does on negative strides), so each is announced before it runs and
the session that started the process records the death.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from .calls import call as build_call
from .cases import CASTS, DTYPES, LAYOUTS, SIZES, TENSOR_LAYOUTS, TRANSFERS, Case
from .checks import as_bits_of_numpy, observe_aliasing
from .inputs import InputCache
from .paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .calls import Call
    from .registry import Path

    Array = np.ndarray[Any, np.dtype[Any]]

#: What torch, NumPy and bridge raise for a source they do not take. Anything else is a bug here, not an observation.
REFUSALS: Final = (TypeError, ValueError, RuntimeError, BufferError, AssertionError)
_SIZE: Final = "64B"
_COMPARED: Final = frozenset({"share", "copy", "copy_into", "cast"})
_CAST: Final = CASTS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One path and one trait of its source, such as ``layout=reversed``, ``dtype=bfloat16``, ``tensor=conjugate``."""

    path: str
    trait: str

    @property
    def id(self) -> str:
        """The name of this probe."""
        return f"{self.path} {self.trait}"


def probes(path: Path) -> list[Probe]:
    """Return the probes that have a sense for a path; none for transfers and for paths that take no single source."""
    if path.family not in _COMPARED or path.family in TRANSFERS:
        return []
    layouts = [layout for layout in LAYOUTS if path.source == "array" or layout in TENSOR_LAYOUTS]
    dtypes = [] if path.family == "cast" else list(DTYPES)
    tensors = list(_TENSOR_TRAITS) if path.source == "tensor" and path.family != "cast" else []
    traits = [f"layout={one}" for one in layouts] + [f"dtype={one}" for one in dtypes]
    return [Probe(path=path.name, trait=trait) for trait in traits + [f"tensor={one}" for one in tensors]]


def observe(probe: Probe) -> dict[str, Any]:
    """Run one probe and return what was seen, as the fields of an `Observation`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            seen = _look(_probe_call(probe))
        except REFUSALS as error:
            lines = str(error).strip().splitlines() or [""]
            seen = {"outcome": "raises", "error": f"{type(error).__name__}: {lines[0]}"}
    return seen | ({"warns": True} if caught else {})


def _look(call: Call) -> dict[str, Any]:
    result = call.run()
    found = as_bits_of_numpy(result)
    seen = {
        "outcome": observe_aliasing(call, result),
        "keeps_order": _keeps_order(call, found),
        "writable": isinstance(result, torch.Tensor) or bool(result.flags.writeable),
        "wrong_values": not np.array_equal(found, call.expected()),
    }
    return {name: value for name, value in seen.items() if value is not None}


def _keeps_order(call: Call, result: Array) -> bool | None:
    """Whether the axes lie in memory in the same order; no question where memory was given or strides are zero."""
    source = call.input.reference
    if call.path.family == "copy_into" or 0 in source.strides or result.ndim != source.ndim:
        return None
    return _order(source) == _order(result)


def _order(array: Array) -> list[int]:
    longer = [axis for axis in range(array.ndim) if array.shape[axis] > 1]
    return sorted(longer, key=lambda axis: -abs(array.strides[axis]))


def _probe_call(probe: Probe) -> Call:
    path = PATHS[probe.path]
    axis, _, value = probe.trait.partition("=")
    dtype = value if axis == "dtype" else _CAST if path.family == "cast" else "float32"
    layout = value if axis == "layout" else "C"
    case = Case(path=path.name, dtype=dtype, layout=layout, nbytes=SIZES[_SIZE], threads="1t")
    plain = build_call(case, InputCache(0))
    return _TENSOR_TRAITS[value](plain) if axis == "tensor" else plain


def _requires_grad(plain: Call) -> Call:
    return _with_source(plain, plain.input.source.requires_grad_(), lambda: plain.input.reference)


def _conjugate(plain: Call) -> Call:
    source = torch.view_as_complex(plain.input.source.view(-1, 2)).conj()
    return _with_source(plain, source, lambda: plain.input.reference.view(np.complex64).conj())


def _negative_bit(plain: Call) -> Call:
    source = torch._neg_view(plain.input.source)  # noqa: SLF001  the only way to set the bit alone
    return _with_source(plain, source, lambda: -plain.input.reference)


def _with_source(plain: Call, source: torch.Tensor, expected: Callable[[], Array]) -> Call:
    out = [np.ones(tuple(source.shape), np.complex64 if source.is_complex() else np.float32)]
    return replace(plain, args=(*out[: len(plain.args) - 1], source), expected=expected)


_TENSOR_TRAITS: Final[dict[str, Callable[[Call], Call]]] = {
    "requires_grad": _requires_grad,
    "conjugate": _conjugate,
    "negative_bit": _negative_bit,
}
