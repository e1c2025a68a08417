"""Conversions between arrays and host tensors: the entrances, and the short way for what is asked most."""

from typing import Any, TypeVar

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor, from_numpy

from bridge import device as devices
from bridge import dtypes, engines, memory, short
from bridge.memory import Side
from bridge.plans import Order
from bridge.rules import Casting, Device, DType, Readonly, plan
from bridge.sources import as_destination, as_source_array, as_source_tensor, note_write

_PLAIN = (Tensor, torch.nn.Parameter)
Destination = TypeVar("Destination", np.ndarray, torch.Tensor)


def as_tensor(  # noqa: PLR0913 - the keywords of torch.as_tensor and of the array API
    x: Any,  # noqa: ANN401 - whatever somebody wants converted
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    copy: bool | None = None,
    order: Order = "K",
    readonly: Readonly = "copy",
    casting: Casting = "same_kind",
) -> torch.Tensor:
    """Return `x`, an array, scalar or sequence, as a tensor: over the same memory if that is possible.

    Args:
        x: what to convert. Its values, shape and, unless `dtype` says otherwise, dtype are kept.
        dtype: the result's dtype, of either library.
        device: where the result shall be; None is the host, whatever torch's default device.
        copy: None shares if it can, True always makes new memory, False shares or raises CopyRequired.
        order: in memory; "K" keeps that of `x`, "C" and "F" copy what is not so already.
        readonly: what to do with read-only memory: "copy" it, "share" it (the tensor must not be written), or "error".
        casting: NumPy's rule for a change of dtype.

    Raises:
        CopyRequired: a copy is needed, and `copy=False` or `readonly="error"` rules it out.
        TypeError: `x` can never be a tensor, or the cast breaks `casting`.

    """
    if type(x) is ndarray and dtype is None and device is None and not copy and order == "K" and x.flags.carray:
        try:
            return from_numpy(x)
        except (TypeError, ValueError):  # foreign byte order, or odd strides of axes of length one
            pass
    elif type(x) is ndarray and device is None and order == "K" and readonly == "copy" and casting == "same_kind":
        found = short.tensor(x, copy=copy) if dtype is None else short.cast(x, dtype, copy=copy)
        if found is not None:
            return found
    if isinstance(x, list | tuple) and copy is not False:
        x, copy = as_source_array(x)[0], None
    tensor: torch.Tensor = plan(
        x, to="tensor", dtype=dtype, device=device, copy=copy, order=order, readonly=readonly, casting=casting
    ).run()
    return tensor


def as_array(
    t: torch.Tensor,
    *,
    dtype: DType | None = None,
    copy: bool | None = None,
    order: Order = "K",
) -> np.ndarray:
    """Return the tensor `t` as an array: over the same memory if that is possible.

    The array is read-only where a write would go wrong: when `t` requires grad, as the gradient would not notice,
    and when `t` is expanded, as one write would change many elements.

    Args:
        t: what to convert. Its values, shape and, unless `dtype` says otherwise, dtype are kept; bfloat16 and
            float8 become the dtypes of ml_dtypes.
        dtype: the result's dtype, of either library; a cast must keep the kind, as NumPy's "same_kind" says.
        copy: None shares if it can, True always makes new memory, False shares or raises CopyRequired.
        order: of a copy in memory; "K" keeps that of `t`. "C" and "F" copy what is not so already.

    Raises:
        CopyRequired: a copy is needed, and `copy=False` rules it out.
        TypeError: `t` has no elements an array could hold, or no dtype; the message names the cure.

    """
    if type(t) is Tensor and dtype is None and not copy and order == "K" and not t.requires_grad:
        try:
            if t.is_contiguous():
                return t.numpy()
        except (TypeError, RuntimeError):  # bfloat16, conjugated, sparse, inside vmap, and other rarities
            pass
    if type(t) in _PLAIN and dtype is None and order == "K":
        found = short.array(t, copy=copy)
        if found is not None:
            return found
    array: np.ndarray = plan(t, to="array", dtype=dtype, copy=copy, order=order).run()
    return array


def copyto(dst: Destination, src: Side, *, casting: Casting = "same_kind") -> Destination:
    """Fill `dst` from `src`, each an array or a tensor, and return `dst`; `src` is broadcast to its shape.

    Raises:
        ValueError: `dst` is read-only, expanded or required by autograd, or the shapes do not fit.
        TypeError: one of them holds no plain elements, or the cast breaks `casting`.

    """
    if not short.copied(dst, src):
        _copy(dst, src, casting)
    note_write(dst)
    return dst


def _copy(dst: Side, src: Side, casting: Casting) -> None:
    """Fill any destination from any source."""
    target, source = as_destination(dst), _readable(src)
    dtypes.check_cast(memory.torch_dtype(source), memory.torch_dtype(target), casting)
    if source.shape != target.shape:
        source = memory.broadcast(source, tuple(target.shape))
    if isinstance(target, torch.Tensor) and not target.is_cpu:
        devices.put(target, source if isinstance(source, torch.Tensor) else as_tensor(source, readonly="share"))
    else:
        engines.fill(target, source)


def _readable(src: Side) -> Side:
    """Return `src` as host memory that can be read."""
    if not isinstance(src, torch.Tensor):
        return as_source_array(src)[0]
    source = as_source_tensor(src)
    return source if source.is_cpu else devices.fetch(source)
