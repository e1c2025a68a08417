"""What can be converted at all, and what can be filled; everything else is refused with its cure."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bridge import memory
from bridge.errors import refused
from bridge.memory import Side

_PLAIN = (torch.Tensor, torch.nn.Parameter)
_is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor  # noqa: SLF001 - there is no public way to ask
_is_functional = torch._is_functional_tensor  # noqa: SLF001 - as above

_Cures = tuple[tuple[Callable[[torch.Tensor], bool], str, str], ...]
_CURES: _Cures = (
    (lambda t: t.is_nested, "a nested tensor", "convert each of t.unbind()"),
    (
        lambda t: _is_wrapped(t) or _is_functional(t),
        "a tensor inside torch.func",
        "convert before or after vmap, grad and the like, not inside",
    ),
    (lambda t: t.layout is not torch.strided, "a sparse or opaque tensor", "make it dense, t.to_dense()"),
    (lambda t: t.is_quantized, "a quantized tensor", "take t.dequantize() or t.int_repr()"),
    (lambda t: t.is_meta, "a meta tensor", "it has a shape but no elements"),
)
_SUBCLASS_CURES: _Cures = (
    (lambda t: type(t).__name__ == "FakeTensor", "a fake tensor", "it has a shape but no elements"),
    (lambda t: type(t).__name__ == "MaskedTensor", "a masked tensor", "fill what is masked, t.to_tensor(value)"),
    (
        lambda t: not t.is_nested and type(t).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__,
        "a tensor that wraps others",
        "convert the tensors inside it",
    ),
    *_CURES,
)


def as_source_array(x: Any) -> tuple[np.ndarray, tuple[str, ...]]:  # noqa: ANN401 - this is where it is found out
    """Return `x` as a plain array, and why that is not over its memory: it was a scalar or a sequence."""
    if isinstance(x, np.ma.MaskedArray):
        raise refused("a masked array", "its mask would be lost; fill it, x.filled(value), or pass x.data")
    if isinstance(x, np.ndarray):
        return x.view(np.ndarray), ()
    if isinstance(x, np.generic | complex | float | int):
        return np.asarray(x), ("scalar",)
    if isinstance(x, list | tuple):
        return _array_of_sequence(x), ("sequence",)
    if isinstance(x, torch.Tensor):
        raise refused("a tensor", "it is one already; use t.to() or t.clone()")
    raise refused(f"{type(x).__name__}", "pass an array, np.asarray(x) or np.frombuffer(x, dtype)")


def as_source_tensor(t: torch.Tensor) -> torch.Tensor:
    """Return `t`, without the manners of a subclass, if it is a tensor whose elements lie in memory."""
    if type(t) in _PLAIN:
        return _with_elements(t, _CURES)
    if not isinstance(t, torch.Tensor):
        raise refused(f"{type(t).__name__}", "as_array takes a tensor; use np.asarray(x) or np.array(x)")
    with torch._C.DisableTorchFunctionSubclass(), torch.enable_grad():  # noqa: SLF001 - what torch documents for this
        return _with_elements(t, _SUBCLASS_CURES).as_subclass(torch.Tensor)


def _with_elements(t: torch.Tensor, cures: _Cures) -> torch.Tensor:
    """Return the tensor; TypeError with its cure if it has no elements that lie in memory."""
    for applies, what, cure in cures:
        if applies(t):
            raise refused(what, cure)
    return t


def seen_as_array(x: Side) -> np.ndarray | None:
    """Return an array, or a host tensor as an array, if there is nothing special about it: the quick look."""
    if type(x) is np.ndarray:
        return x
    if type(x) is not torch.Tensor or x.requires_grad:
        return None
    try:
        array = x.numpy()
    except (TypeError, RuntimeError):  # bfloat16, conjugated, sparse, elsewhere, inside vmap, and other rarities
        return None
    return None if array.flags.owndata else array  # it does not show the memory of an empty or functional tensor


def as_destination(dst: Side) -> Side:
    """Return `dst` as plain memory, if each of its elements can be written and no gradient hangs on it."""
    target = as_source_tensor(dst) if isinstance(dst, torch.Tensor) else _writable_array(dst)
    if isinstance(target, torch.Tensor):
        if target.requires_grad and torch.is_grad_enabled():
            raise ValueError("dst requires grad, and autograd would not see the write: use torch.no_grad()")
        if target._is_zerotensor():  # noqa: SLF001 - there is no public way to ask
            raise ValueError("dst is a zero tensor without memory: use dst.clone()")
    if memory.overlaps_itself(tuple(target.shape), memory.byte_strides(target)):
        raise ValueError("dst shows one element several times, so they cannot all be filled")
    return target


def note_write(dst: Side) -> None:
    """Tell autograd that the elements changed, which it may have saved."""
    if isinstance(dst, torch.Tensor) and not dst.is_inference():
        torch.autograd.graph.increment_version(dst)


def _array_of_sequence(x: list[Any] | tuple[Any, ...]) -> np.ndarray:
    """Read Python objects into an array; their shape cannot be known before."""
    for kind in _kinds(x):
        if issubclass(kind, torch.Tensor | np.ma.MaskedArray):
            raise refused(f"a sequence of {kind.__name__}", "use stack(x)")
    return np.array(x)


def _kinds(x: list[Any] | tuple[Any, ...]) -> set[type]:
    """Return the types of all items, however deep they lie."""
    found = set(map(type, x))
    if any(issubclass(kind, list | tuple) for kind in found):
        found = found.union(*(_kinds(item) for item in x if isinstance(item, list | tuple)))
    return found


def _writable_array(dst: np.ndarray) -> np.ndarray:
    """Return `dst` as a plain array that can be written."""
    array, reasons = as_source_array(dst)
    if reasons or not array.flags.writeable:
        raise ValueError("dst is not an array that can be written: np.empty() and np.empty_like() make one")
    return array
