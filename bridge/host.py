"""Conversions between arrays and host tensors: the entrances, and the shortest way through them."""

from typing import Any, TypeVar

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor, from_numpy

from bridge import device as devices
from bridge import dtypes, engines, memory
from bridge.dtypes import TENSOR_DTYPES
from bridge.memory import Side
from bridge.operands import Operand
from bridge.plans import Asked, Casting, Device, Order, Readonly
from bridge.rules import DType, to_array, to_tensor
from bridge.sources import as_destination, as_source_array, as_source_tensor, note_write, seen_as_array

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
    usual = dtype is None and order == "K" and readonly == "copy" and casting == "same_kind"
    if usual and type(x) is ndarray and x.dtype.isbuiltin == 1:
        try:
            if device is not None:
                if (copy is None or copy is True) and devices.is_little_for(device, x):
                    return from_numpy(x).to(device)
            elif copy is None and x.flags.carray:
                return from_numpy(x)
            elif copy is True and x.flags.c_contiguous and x.nbytes < engines.THREADS_FROM_BYTES:
                return from_numpy(x.copy())
            elif not copy and x.flags.behaved and min(x.strides, default=0) >= 0:
                return from_numpy(x)
        except (TypeError, ValueError):  # a stride is no multiple of the element, or torch lacks the dtype
            pass
    elif isinstance(x, list | tuple) and (copy is None or copy):
        x, copy = as_source_array(x)[0], None  # reading a sequence made new memory
    wanted = None if dtype is None else dtypes.parse(dtype)
    decided, source = to_tensor(x, Asked(wanted, device, copy, order, readonly, casting))
    tensor: torch.Tensor = decided.convert(source)
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
    usual = dtype is None and type(t) is Tensor and order == "K" and t.dtype in TENSOR_DTYPES and not t.requires_grad
    if usual and t.is_cpu:
        try:
            array = t.numpy()
        except (TypeError, RuntimeError):  # conjugated, sparse, inside vmap, and other rarities
            pass
        else:
            flags = array.flags  # an array that owns its memory does not show that of the tensor
            if (
                not copy
                and not flags.owndata
                and (flags.forc or not memory.overlaps_itself(array.shape, array.strides))
            ):
                return array
            if copy is True and not flags.owndata and flags.c_contiguous and array.nbytes < engines.THREADS_FROM_BYTES:
                return array.copy()
    elif usual and (copy is None or copy is True) and devices.is_little_there(t):
        return t.cpu().numpy()
    wanted = None if dtype is None else dtypes.parse(dtype)
    decided, source = to_array(t, Asked(wanted, None, copy, order, "copy", "same_kind"))
    converted: np.ndarray = decided.convert(source)
    return converted


def copyto(dst: Destination, src: Side, *, casting: Casting = "same_kind") -> Destination:
    """Fill `dst` from `src`, each an array or a tensor, and return `dst`; `src` is broadcast to its shape.

    Raises:
        ValueError: `dst` is read-only, expanded or required by autograd, or the shapes do not fit.
        TypeError: one of them holds no plain elements, or the cast breaks `casting`.

    """
    target = seen_as_array(dst)
    source = seen_as_array(src.detach() if type(src) is Tensor and src.requires_grad else src)
    if target is None or source is None or not _is_simple(target, source):
        _copy(dst, src, casting)
    else:
        np.copyto(target, source)
    note_write(dst)
    return dst


def _is_simple(target: np.ndarray, source: np.ndarray) -> bool:
    """Say whether NumPy fills small dense memory with elements of the same dtype and shape."""
    if target.dtype != source.dtype or target.shape != source.shape:
        return False
    return target.flags.carray and target.nbytes < engines.THREADS_FROM_BYTES


def _copy(dst: Side, src: Side, casting: Casting) -> None:
    """Fill any destination from any source."""
    target, source = as_destination(dst), _source(src)
    dtypes.check_cast(memory.torch_dtype(source), memory.torch_dtype(target), casting)
    if source.shape != target.shape:
        source = memory.broadcast(source, tuple(target.shape))
    if isinstance(source, torch.Tensor) and not source.is_cpu:
        devices.take(target, source)
    elif isinstance(target, torch.Tensor) and not target.is_cpu:
        devices.put(target, source)
    else:
        engines.fill(target, source)


def readable(src: Side) -> Side:
    """Return `src` as host memory that can be read."""
    source = _source(src)
    if not isinstance(source, torch.Tensor) or source.is_cpu:
        return source
    return devices.fetch(source, Operand.dense_like(Operand.of(source), source.dtype, "K"))


def _source(src: Side) -> Side:
    """Return `src` as plain memory, wherever it lies."""
    return as_source_tensor(src).detach() if isinstance(src, torch.Tensor) else as_source_array(src)[0]
