"""What a path does with awkward sources, observed on a few elements: the rows of the semantics card.

Layouts and dtypes are those of the matrix, other awkward sources stand in `traits`, and what becomes of a result when
its source goes in `lifetimes`. A probe may kill the process (``torch.from_dlpack`` does on negative strides), so each
is announced before it runs and the session that started the process records the death.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from .calls import call as build_call
from .cases import CASTS, DTYPES, LAYOUTS, SIZES, TENSOR_LAYOUTS, TRANSFERS, Case
from .checks import as_bits_of_numpy, observe_aliasing, same_bits
from .inputs import InputCache
from .lifetimes import LIFETIMES
from .paths import PATHS
from .traits import TRAITS, AwkwardInputs

if TYPE_CHECKING:
    from .calls import Call
    from .registry import Path

    Array = np.ndarray[Any, np.dtype[Any]]

#: What torch, NumPy and bridge raise for a source they do not take. Anything else is a bug here, not an observation.
REFUSALS: Final = (TypeError, ValueError, IndexError, RuntimeError, BufferError, AssertionError)
_SIZE: Final = "64B"
_COMPARED: Final = frozenset({"share", "copy", "copy_into", "cast"})
_CAST: Final = CASTS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One path and one trait of its source, such as ``layout=reversed``, ``dtype=bfloat16``, ``array=masked``."""

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
    traits = [f"layout={one}" for one in layouts] + [f"dtype={one}" for one in dtypes]
    traits += [name for name, one in TRAITS.items() if one.suits(path)]
    traits += [name for name, one in LIFETIMES.items() if one.suits(path)]
    return [Probe(path=path.name, trait=trait) for trait in traits]


def observe(probe: Probe) -> dict[str, Any]:
    """Run one probe and return what was seen, as the fields of an `Observation`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            seen = _seen(probe)
        except REFUSALS as error:
            lines = str(error).strip().splitlines() or [""]
            seen = {"outcome": "raises", "error": f"{type(error).__name__}: {lines[0]}"}
    return seen | ({"warns": True} if caught else {})


def _seen(probe: Probe) -> dict[str, Any]:
    path, trait = PATHS[probe.path], probe.trait
    if trait in LIFETIMES:
        return LIFETIMES[trait].watch(lambda make: build_call(_case(path), AwkwardInputs(make)))
    if trait in TRAITS:
        return _look(build_call(_case(path, dtype=TRAITS[trait].dtype), AwkwardInputs(TRAITS[trait].make)))
    axis, _, value = trait.partition("=")
    return _look(build_call(_case(path, **{axis: value}), InputCache(0)))


def _case(path: Path, *, dtype: str = "float32", layout: str = "C") -> Case:
    """Return the case of a few elements; a cast is from float64 whatever the dtype, which its traits leave alone."""
    dtype = _CAST if path.family == "cast" else dtype
    return Case(path=path.name, dtype=dtype, layout=layout, nbytes=SIZES[_SIZE], threads="1t")


def _look(call: Call) -> dict[str, Any]:
    result = call.run()
    found = as_bits_of_numpy(result)
    seen = {
        "outcome": observe_aliasing(call, result),
        "keeps_order": _keeps_order(call, found),
        "writable": isinstance(result, torch.Tensor) or bool(result.flags.writeable),
        **_values(found, call.expected(), call.input.source),
    }
    return {name: value for name, value in seen.items() if value is not None}


def _values(found: Array, expected: Array, source: object) -> dict[str, bool]:
    """Compare what the source shows, and look for what it hides."""
    if found.shape != expected.shape:
        return {"wrong_values": True}
    hidden = np.ma.getmaskarray(source) if np.ma.isMA(source) else np.zeros(found.shape, np.bool_)
    wrong = not same_bits(found[~hidden], expected[~hidden])
    return {"wrong_values": wrong, "drops_mask": bool((found == expected)[hidden].any())}


def _keeps_order(call: Call, result: Array) -> bool | None:
    """Whether the axes lie in memory in the same order; no question where memory was given or strides are zero."""
    source = call.input.reference
    if call.path.family == "copy_into" or 0 in source.strides or result.ndim != source.ndim:
        return None
    return _order(source) == _order(result)


def _order(array: Array) -> list[int]:
    longer = [axis for axis in range(array.ndim) if array.shape[axis] > 1]
    return sorted(longer, key=lambda axis: -abs(array.strides[axis]))
