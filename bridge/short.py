"""The short way of what is asked most: plain, small or shared. None means that it takes a plan to know.

What these functions return is exactly what the plan would have returned; they only ask less before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from bridge import dtypes, engines, memory
from bridge.sources import as_source_tensor

_ARRAY_DTYPES = frozenset(dtypes.NUMPY_OF.values())


def tensor(x: np.ndarray, *, copy: bool | None) -> torch.Tensor | None:
    """Share or copy a plain array, keeping dtype and order."""
    if x.dtype not in _ARRAY_DTYPES:
        return None
    if copy is not True and x.flags.behaved and min(x.strides, default=0) >= 0:
        return _shared(x)
    if copy is False or not _is_simple(x):
        return None
    return _shared(x.copy("K"))


def cast(x: np.ndarray, dtype: object, *, copy: bool | None) -> torch.Tensor | None:
    """Copy a plain array into another dtype of its kind or wider, keeping the order."""
    target = dtypes.NUMPY_OF.get(dtype) if isinstance(dtype, torch.dtype) else None
    if (
        target is None
        or target == x.dtype
        or copy is False
        or x.dtype not in _ARRAY_DTYPES
        or not _is_simple(x, target.itemsize)
    ):
        return None
    if target.char == "e" or x.dtype.char == "e":  # torch is faster, or rounds otherwise: choosing takes a plan
        return None
    if not np.can_cast(x.dtype, target, "same_kind"):
        return None
    with np.errstate(all="ignore"):
        return torch.from_numpy(x.astype(target, "K"))


def array(t: torch.Tensor, *, copy: bool | None) -> np.ndarray | None:
    """Share or copy a host tensor, keeping dtype and order."""
    plain = t.detach() if t.requires_grad else t
    try:
        view = plain.numpy() if t.dtype in dtypes.NUMPY_OF else memory.array_of(plain)
    except (TypeError, RuntimeError):  # conjugated, sparse, elsewhere, inside vmap, and other rarities
        return None
    if copy is True:
        return view.copy("K") if _is_simple(view) else None
    if not view.flags.c_contiguous and 0 in view.strides:
        return None
    if t.requires_grad:
        view.flags.writeable = False
    return view


def copied(dst: np.ndarray | torch.Tensor, src: np.ndarray | torch.Tensor) -> bool:
    """Fill a small dense destination of the same dtype and shape, and say whether that was possible."""
    target, source = _looked_at(dst), _looked_at(src)
    if target is None or source is None or target.dtype != source.dtype or target.shape != source.shape:
        return False
    if not target.flags.carray or not _needs_no_choice(source, source.nbytes):
        return False
    np.copyto(target, source)
    return True


def stacked(seq: Sequence[np.ndarray | torch.Tensor]) -> torch.Tensor | None:
    """Stack plain arrays, or plain tensors if they are small, of one shape and dtype along a new first axis."""
    kinds = {type(x) for x in seq}
    if len(kinds) != 1 or len({x.dtype for x in seq}) != 1 or len({x.shape for x in seq}) != 1:
        return None
    if np.ndarray in kinds:
        return _shared(np.array(list(seq))) if seq[0].dtype in _ARRAY_DTYPES else None
    return _stacked_tensors(seq) if torch.Tensor in kinds else None


def arrays(seq: Sequence[np.ndarray | torch.Tensor]) -> list[np.ndarray] | None:
    """Return plain arrays and tensors of one dtype and shape as arrays; a gradient among them takes a closer look."""
    views = [view for view in map(_looked_at, seq) if view is not None]
    if len(views) < len(seq) or not all(view.dtype in _ARRAY_DTYPES for view in views):
        return None
    grad = any(type(x) is torch.Tensor and x.requires_grad for x in seq)
    return None if grad or len({(view.dtype, view.shape) for view in views}) != 1 else views


def _stacked_tensors(seq: Any) -> torch.Tensor | None:  # noqa: ANN401 - checked by the caller
    """Stack in torch, which asks less of small tensors; what is odd about them shows in the result."""
    if len(seq) * seq[0].numel() * seq[0].itemsize >= engines.NUMPY_BELOW_BYTES:
        return None
    result = torch.stack(tuple(seq))
    odd = result.requires_grad or result.dtype not in dtypes.NUMPY_OF or memory.tensor_obstacles(result)
    return None if odd else as_source_tensor(result)


def _shared(x: np.ndarray) -> torch.Tensor | None:
    """Share an array, unless a stride is no multiple of the element, or it is ulonglong, which torch does not know."""
    try:
        return torch.from_numpy(x)
    except (TypeError, ValueError):
        return None


def _looked_at(x: np.ndarray | torch.Tensor) -> np.ndarray | None:
    """Return a plain array or tensor as an array."""
    if type(x) is np.ndarray:
        return x
    return array(x, copy=None) if type(x) is torch.Tensor else None


def _is_simple(x: np.ndarray, itemsize: int = 0) -> bool:
    """Say whether a copy into elements of `itemsize` needs no choosing, and every stride has a meaning."""
    if not _needs_no_choice(x, x.size * (itemsize or x.itemsize)):
        return False
    return x.size > 0 and (x.flags.c_contiguous or (0 not in x.strides and 1 not in x.shape))


def _needs_no_choice(src: np.ndarray, nbytes: int) -> bool:
    """Say whether NumPy makes a copy of `nbytes`, because it is small or one run that threads do not make faster."""
    if nbytes < engines.NUMPY_BELOW_BYTES:
        return True
    return src.flags.c_contiguous and not engines.threads_help(nbytes)
