"""What each source may become: the rules of sharing and copying."""

import math
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import torch
from numpy.typing import DTypeLike

from bridge import device as devices
from bridge import dtypes, memory
from bridge.errors import CopyRequired
from bridge.plans import HOST, Job, Kind, Order, Plan
from bridge.sources import as_source_array, as_source_tensor

Readonly = Literal["copy", "share", "error"]
Casting = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
Device = torch.device | str | int
DType = torch.dtype | DTypeLike


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
    for name, value, known in (("to", to, (None, "tensor", "array")), ("order", order, "KCF")):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(filter(None, known))}, not {value!r}")
    if readonly not in ("copy", "share", "error"):
        raise ValueError(f"readonly must be one of copy, share, error, not {readonly!r}")
    if (to or ("array" if isinstance(x, torch.Tensor) else "tensor")) == "tensor":
        return _plan_tensor(x, dtype, device, copy, order, readonly, casting)
    if (device, readonly, casting) != (None, "copy", "same_kind"):
        raise TypeError("device=, readonly= and casting= speak of tensors; an array takes dtype=, copy= and order=")
    return _plan_array(x, dtype, copy, order)


def _plan_tensor(  # noqa: PLR0913, PLR0917 - the keywords of as_tensor, all given
    x: Any,  # noqa: ANN401 - whatever somebody wants converted
    dtype: DType | None,
    device: Device | None,
    copy: bool | None,  # noqa: FBT001 - the array API's three-valued copy
    order: Order,
    readonly: Readonly,
    casting: Casting,
) -> Plan:
    """Decide how `x` becomes a tensor."""
    target = HOST if device is None else torch.device(device)
    if target.type != "cpu":
        return _permitted(_sent(plan(x, dtype=dtype, order=order, readonly="share", casting=casting), target), copy)
    array, reasons = as_source_array(x)
    job = Job(
        source=array,
        to="tensor",
        own=dtypes.to_torch(array.dtype),
        wanted=dtypes.to_torch(array.dtype) if dtype is None else dtypes.parse(dtype),
        order=order,
        copy=copy,
    )
    dtypes.check_cast(job.own, job.wanted, casting)
    reasons += memory.array_obstacles(array)
    if readonly != "share" and not array.flags.writeable:
        reasons += ("read-only",)
    return _permitted(job.decide(reasons, writable=array.flags.writeable), copy, readonly)


def _plan_array(x: Any, dtype: DType | None, copy: bool | None, order: Order) -> Plan:  # noqa: ANN401, FBT001 - as above
    """Decide how the tensor `x` becomes an array."""
    tensor = as_source_tensor(x)
    wanted = dtypes.known(tensor.dtype) if dtype is None else dtypes.parse(dtype)
    job = Job(source=tensor, to="array", own=dtypes.known(tensor.dtype), wanted=wanted, order=order, copy=copy)
    dtypes.check_cast(job.own, job.wanted, "same_kind")
    decided = job.decide(memory.tensor_obstacles(tensor), writable=not tensor.requires_grad)
    return _permitted(decided, copy)


def _permitted(decided: Plan, copy: bool | None, readonly: Readonly = "copy") -> Plan:  # noqa: FBT001 - as above
    """Return the plan, unless it copies what the caller wants shared."""
    if copy is False and not decided:
        raise CopyRequired(decided)
    if readonly == "error" and "read-only" in decided.reasons and copy is not True:
        raise CopyRequired(decided, 'readonly="copy"')
    return decided


def _sent(host: Plan, target: torch.device) -> Plan:
    """Extend the plan of a host tensor by the way to another device."""
    return replace(
        host,
        action="copy",
        reasons=(*host.reasons, "device"),
        nbytes=math.prod(host.shape) * host.dtype.itemsize,
        strides=memory.dense_strides(host.shape, host.strides, "K"),
        device=target,
        via="device",
        threads=1,
        writable=True,
        steps=partial(_run_and_send, host, target),
    )


def _run_and_send(host: Plan, target: torch.device) -> torch.Tensor:
    """Convert on the host, and send the result."""
    return devices.send(host.run(), target)
