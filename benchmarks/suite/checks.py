"""Correctness before speed: the values of a call are compared, its aliasing is observed by writing.

`check` is what every front end runs before it times a case. A fast path that is wrong must fail here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import torch

if TYPE_CHECKING:
    from .calls import Call

    Array = np.ndarray[Any, np.dtype[Any]]

Aliasing = Literal["shares", "copies"]

#: float32 sums of millions of elements against float64: relative, and absolute near zero.
_RELATIVE: Final = 1e-3
_ABSOLUTE: Final = 1e-4


class WrongResultError(Exception):
    """A path returned other values, another shape or another dtype than its case promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one call was seen to do: `alloc_bytes` is new memory that the result holds."""

    aliasing: Aliasing
    alloc_bytes: int


def check(call: Call) -> Checked:
    """Run a call once, prove its values, observe its aliasing.

    Raises:
        WrongResultError: the values, shape or dtype are wrong; the message names the case and both sides.
    """
    if call.path.family == "limit":
        return _check_limit(call)
    result = prove(call)
    aliasing = observe_aliasing(call, result)
    return Checked(aliasing=aliasing, alloc_bytes=_new_bytes(call, result, aliasing))


def prove(call: Call) -> Any:  # noqa: ANN401  an array, a tensor, a list of them
    """Run a call once, prove its values and return its result.

    Raises:
        WrongResultError: the values, shape or dtype are wrong.
    """
    result = call.run()
    if call.path.family == "link" and call.path.device != "cpu":
        torch.cuda.synchronize()  # the engine's copies alone leave waiting to the clock; all other paths are complete
    _prove_values(call, result)
    return result


def observe_aliasing(call: Call, result: Any) -> Aliasing:  # noqa: ANN401  an array or a tensor
    """Write the source's first element through its owner and look whether the result's changed."""
    before = _first_element(result)
    call.input.poke()
    try:
        after = _first_element(result)
    finally:
        call.input.poke()
    return "copies" if before == after else "shares"


def as_bits_of_numpy(result: Any) -> Array:  # noqa: ANN401  an array or a tensor
    """Return a result's elements as an array NumPy knows: bfloat16 as its bits, uint16; a list's as rows."""
    if isinstance(result, list):
        return np.stack([as_bits_of_numpy(one) for one in result])
    if isinstance(result, torch.Tensor):
        plain = result.detach().cpu()
        array: Array = (plain.view(torch.uint16) if plain.dtype == torch.bfloat16 else plain).numpy()
        return array
    known: Array = result
    return known.view(np.uint16) if known.dtype.name == "bfloat16" else known


def same_bits(found: Array, expected: Array) -> bool:
    """Whether two arrays have the same shape, the same dtype but for its byte order, and the same bits."""
    native = expected.astype(expected.dtype.newbyteorder("="))
    return (found.shape, found.dtype, found.tobytes()) == (native.shape, native.dtype, native.tobytes())


def _check_limit(call: Call) -> Checked:
    """Observe whether the bytes follow the source: a memmove copies, an empty call moves nothing."""
    call.input.poke()
    try:
        call.run()
        moved = bool(call.expected()[call.input.first_byte] == call.input.memory[call.input.first_byte])
    finally:
        call.input.poke()
    return Checked(aliasing="copies" if moved else "shares", alloc_bytes=0)


def _prove_values(call: Call, result: Any) -> None:  # noqa: ANN401  an array or a tensor
    expected = call.expected()
    if not _right_on_device(result, expected):
        found = as_bits_of_numpy(result)
        if found.shape != expected.shape:
            raise WrongResultError(f"{call.case.id}: shape {found.shape} instead of {expected.shape}")
        if call.path.family != "preprocess":
            _prove_dtype(call, found, expected)
        if not _right(call, found, expected):
            raise WrongResultError(f"{call.case.id}: values differ from those of an element-wise conversion")


def _right(call: Call, found: Array, expected: Array) -> bool:
    if call.path.family == "preprocess":
        return bool(np.allclose(found, expected, rtol=_RELATIVE, atol=_ABSOLUTE))
    return np.array_equal(found, expected)


def _right_on_device(result: Any, expected: Array) -> bool:  # noqa: ANN401  an array or a tensor
    """Whether a device finds all elements right, which is faster than to bring them home.

    False says nothing: what the device cannot compare, or finds wrong, is looked at on the host.
    """
    plain = expected.flags.c_contiguous and expected.flags.writeable
    if not (plain and isinstance(result, torch.Tensor) and not result.is_cpu):
        return False
    wanted = torch.from_numpy(expected)
    same = (wanted.dtype, wanted.shape) == (result.dtype, result.shape)
    return same and torch.equal(result, wanted.to(result.device))


def _prove_dtype(call: Call, found: Array, expected: Array) -> None:
    native = expected.dtype.newbyteorder("=")
    if found.dtype != native:
        raise WrongResultError(f"{call.case.id}: dtype {found.dtype} instead of {native}")


def _first_element(result: Any) -> bytes:  # noqa: ANN401  an array or a tensor
    first = result[0] if isinstance(result, list) else result
    element = first[(0,) * first.ndim]  # one element, for a device's tensor comes over the link
    return np.asarray(as_bits_of_numpy(element) if isinstance(element, torch.Tensor) else element).tobytes()


def _new_bytes(call: Call, result: Any, aliasing: Aliasing) -> int:  # noqa: ANN401  an array or a tensor
    into_given_memory = any(_same_memory(result, argument) for argument in call.args)
    if aliasing == "shares" or into_given_memory:
        return 0
    if isinstance(result, list):
        return sum(one.untyped_storage().nbytes() for one in result)
    if isinstance(result, torch.Tensor):
        return result.untyped_storage().nbytes()
    return _owner(result).nbytes


def _same_memory(result: Any, argument: Any) -> bool:  # noqa: ANN401  whatever a call takes
    """Whether two arrays or tensors begin at the same byte, whatever they are wrapped in."""
    kinds = (np.ndarray, torch.Tensor)
    return isinstance(result, kinds) and isinstance(argument, kinds) and _start(result) == _start(argument)


def _start(x: Any) -> int:  # noqa: ANN401  an array or a tensor
    start: int = x.data_ptr() if isinstance(x, torch.Tensor) else x.__array_interface__["data"][0]
    return start


def _owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
