"""What each source may become: the rules of sharing and copying."""

from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, get_args

import numpy as np
import torch
from numpy.typing import DTypeLike

from bridge import dtypes, engines, memory
from bridge.errors import CopyRequired
from bridge.memory import Axes
from bridge.operands import Operand
from bridge.plans import HOST, Asked, Casting, Device, Job, Kind, Order, Plan, Readonly
from bridge.sources import as_source_array, as_source_tensor

DType = torch.dtype | DTypeLike

_KNOWN: Final = {
    "copy": (None, True, False),
    "order": get_args(Order),
    "readonly": get_args(Readonly),
    "casting": get_args(Casting),
}
_DECISIONS: Final = 1024  # deciding takes 10 us, looking a decision up 0.3 us; one is 1 KiB
_ALIGNED: Final = 0x100  # bits of ndarray.flags.num: NPY_ARRAY_ALIGNED and NPY_ARRAY_WRITEABLE
_WRITEABLE: Final = 0x400


def plan(  # noqa: PLR0913 - the keywords of as_tensor
    x: Any,  # noqa: ANN401 - whatever somebody wants converted
    *,
    to: Kind | None = None,
    dtype: DType | None = None,
    device: Device | None = None,
    copy: bool | None = None,
    order: Order = "K",
    readonly: Readonly = "copy",
    casting: Casting = "same_kind",
) -> Plan:
    """Decide a conversion without touching an element; `plan(x, ...).run()` is `as_tensor(x, ...)` or `as_array`.

    `to` defaults to the other library: "array" for a tensor, "tensor" for everything else. A list or tuple has no
    shape before its objects are read, so planning one reads it.

    Raises:
        CopyRequired: a copy is needed, and `copy=False` or `readonly="error"` rules it out.
        TypeError: no keyword makes the conversion possible, or the cast breaks `casting`.

    """
    if to not in (None, *get_args(Kind)):
        raise ValueError(f"to must be one of {', '.join(get_args(Kind))}, not {to!r}")
    asked = Asked(None if dtype is None else dtypes.parse(dtype), device, copy, order, readonly, casting)
    if (to or ("array" if isinstance(x, torch.Tensor) else "tensor")) == "tensor":
        decided, source = to_tensor(x, asked)
        return replace(decided, source=source)
    if (device, readonly, casting) != (None, "copy", "same_kind"):
        raise TypeError("device=, readonly= and casting= speak of tensors; an array takes dtype=, copy= and order=")
    decided, tensor = to_array(x, asked)
    return replace(decided, source=tensor)


def to_tensor(x: Any, asked: Asked) -> tuple[Plan, np.ndarray]:  # noqa: ANN401 - whatever somebody wants converted
    """Decide how `x` becomes a tensor; return the decision and what it is to convert."""
    array, reasons = (x, ()) if type(x) is np.ndarray else as_source_array(x)
    layout = (array.dtype, array.shape, array.strides, array.flags.num, reasons)
    decided = _tensor_plan(*layout, asked, engines.torch_threads())
    if asked.forbids_copy and not decided:
        allowed = _tensor_plan(*layout, asked._replace(copy=None), engines.torch_threads())
        raise CopyRequired(replace(allowed, source=array))
    if asked.readonly == "error" and "read-only" in decided.reasons and not asked.copy:
        raise CopyRequired(replace(decided, source=array), 'readonly="copy"')
    return decided, array


def to_array(t: torch.Tensor, asked: Asked) -> tuple[Plan, torch.Tensor]:
    """Decide how the tensor `t` becomes an array; return the decision and what it is to convert."""
    tensor = as_source_tensor(t)
    layout = (
        tensor.dtype,
        tensor.shape,
        tensor.stride(),
        memory.tensor_obstacles(tensor),
        tensor.requires_grad,
        tensor.device,
    )
    decided = _array_plan(*layout, asked, engines.torch_threads())
    if asked.forbids_copy and not decided:
        allowed = _array_plan(*layout, asked._replace(copy=None), engines.torch_threads())
        raise CopyRequired(replace(allowed, source=tensor))
    return decided, tensor


@lru_cache(_DECISIONS)
def _tensor_plan(  # noqa: PLR0913, PLR0917 - all that tells the layout of one array from that of another
    dtype: np.dtype, shape: Axes, strides: Axes, flags: int, reasons: tuple[str, ...], asked: Asked, threads: int
) -> Plan:
    """Decide for all arrays of one layout."""
    _check(asked)
    device = HOST if asked.device is None else torch.device(asked.device)
    own = dtypes.to_torch(dtype)
    obstacles = memory.array_obstacles(dtype, shape, strides, aligned=bool(flags & _ALIGNED))
    source = Operand(dtype=own, shape=shape, strides=strides, for_torch=not obstacles)
    writable = bool(flags & _WRITEABLE)
    locked = () if writable or asked.readonly == "share" else ("read-only",)
    job = Job(source=source, to="tensor", asked=asked, threads=threads, device=device)
    return job.decide((*reasons, *obstacles, *(locked if job.at_home else ("device",))), writable=writable)


@lru_cache(_DECISIONS)
def _array_plan(  # noqa: PLR0913, PLR0917 - all that tells the layout of one tensor from that of another
    dtype: torch.dtype,
    shape: torch.Size,
    stride: Axes,
    obstacles: tuple[str, ...],
    requires_grad: bool,  # noqa: FBT001 - part of the key
    device: torch.device,
    asked: Asked,
    threads: int,
) -> Plan:
    """Decide for all tensors of one layout."""
    _check(asked)
    strides = tuple(0 if 0 in shape else step * dtype.itemsize for step in stride)  # zero, as NumPy says of no memory
    source = Operand(dtype=dtypes.known(dtype), shape=tuple(shape), strides=strides, for_numpy=not obstacles)
    job = Job(source=source, to="array", asked=asked, threads=threads, device=device)
    return job.decide(obstacles, writable=not requires_grad)


def _check(asked: Asked) -> None:
    """Raise ValueError where a keyword has a value that is not one of its own."""
    for name, known in _KNOWN.items():
        value = getattr(asked, name)
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, not {value!r}")
