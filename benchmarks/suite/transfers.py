"""The paths between host and device: ONE DECORATED FUNCTION = ONE PATH, as in `paths`.

A parameter's name says what is prepared for it, outside the timed region; `given` has one function for each. Every
spelling is correct by itself: what it returns may be used at once, by a kernel on the current stream or on the host.
Whatever it leaves to the device is inside its time all the same, for the clock belongs to the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

import bridge

from .given import empty_host_cache
from .registry import path

if TYPE_CHECKING:
    from bridge.ring import Ring

    Array = np.ndarray
    Tensor = torch.Tensor

_AS_IT_LIES: Final = {"reversed": "torch refuses negative strides"}


# ---- h2d: array -> tensor on the device


@path("h2d.pageable", family="h2d", refuses=_AS_IT_LIES)
def h2d_pageable(a: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(a).to(device)


@path("h2d.pageable_nb", family="h2d", refuses=_AS_IT_LIES)
def h2d_pageable_nb(a: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(a).to(device, non_blocking=True)


@path("h2d.tensor_dev", family="h2d", refuses=_AS_IT_LIES)
def h2d_tensor_dev(a: Array, device: torch.device) -> Tensor:
    return torch.tensor(a, device=device)


@path("h2d.tensor_then_to", family="h2d", refuses=_AS_IT_LIES)
def h2d_tensor_then_to(a: Array, device: torch.device) -> Tensor:
    return torch.tensor(a).to(device)


@path("h2d.pin_cold", family="h2d", refuses=_AS_IT_LIES, before=empty_host_cache)
def h2d_pin_cold(a: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(a).pin_memory().to(device, non_blocking=True)


@path("h2d.pin_warm", family="h2d", refuses=_AS_IT_LIES)
def h2d_pin_warm(a: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(a).pin_memory().to(device, non_blocking=True)


@path("h2d.stage", family="h2d", refuses=_AS_IT_LIES)
def h2d_stage(a: Array, stage: Tensor, device: torch.device) -> Tensor:
    torch.cuda.current_stream().synchronize()  # the copy before this one may still read the buffer
    return stage.copy_(torch.from_numpy(a)).to(device, non_blocking=True)


@path("h2d.register_once", family="h2d")
def h2d_register_once(registered: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(registered).to(device, non_blocking=True)


@path("h2d.register_each", family="h2d", refuses=_AS_IT_LIES)
def h2d_register_each(a: Array, device: torch.device) -> Tensor:
    runtime = torch.cuda.cudart()  # type: ignore[no-untyped-call]
    torch.cuda.check_error(int(runtime.cudaHostRegister(a.ctypes.data, a.nbytes, 0)))
    sent = torch.from_numpy(a).to(device, non_blocking=True)
    torch.cuda.current_stream().synchronize()  # a copy under way may read the pages
    torch.cuda.check_error(int(runtime.cudaHostUnregister(a.ctypes.data)))
    return sent


@path("h2d.pinned", family="h2d")
def h2d_pinned(pinned: Tensor, device: torch.device) -> Tensor:
    return pinned.to(device, non_blocking=True)


@path("h2d.ascontiguous", family="h2d")
def h2d_ascontiguous(a: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(a)).to(device)


@path("h2d.ring1", family="h2d")
def h2d_ring1(ring1: Ring, a: Array, dtype: torch.dtype) -> Tensor:
    return ring1.send(a, dtype).view(a.shape)


@path("h2d.ring", family="h2d")
def h2d_ring(ring: Ring, a: Array, dtype: torch.dtype) -> Tensor:
    return ring.send(a, dtype).view(a.shape)


@path("bridge.as_tensor.cuda", family="h2d")
def bridge_as_tensor_cuda(a: Array, device: torch.device) -> Tensor:
    return bridge.as_tensor(a, device=device)


# ---- h2d_cast: another dtype on the way


@path("cast.blocking", family="h2d_cast", refuses=_AS_IT_LIES)
def cast_blocking(a: Array, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.from_numpy(a).to(device, dtype)


@path("cast.nb", family="h2d_cast", refuses=_AS_IT_LIES)
def cast_nb(a: Array, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.from_numpy(a).to(device, dtype, non_blocking=True)


@path("cast.after", family="h2d_cast", refuses=_AS_IT_LIES)
def cast_after(a: Array, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.from_numpy(a).to(device).to(dtype)


@path("cast.narrow_host", family="h2d_cast")
def cast_narrow_host(a: Array, numpy_dtype: np.dtype, device: torch.device) -> Tensor:
    return torch.from_numpy(a.astype(numpy_dtype)).to(device)


@path("bridge.as_tensor.cuda.dtype", family="h2d_cast")
def bridge_as_tensor_cuda_dtype(a: Array, dtype: torch.dtype, device: torch.device) -> Tensor:
    return bridge.as_tensor(a, dtype=dtype, device=device)


# ---- many: a list of arrays


@path("many.loop", family="many")
def many_loop(arrays: list[Array], device: torch.device) -> list[Tensor]:
    return [torch.from_numpy(a).to(device) for a in arrays]


@path("many.loop_nb", family="many")
def many_loop_nb(arrays: list[Array], device: torch.device) -> list[Tensor]:
    return [torch.from_numpy(a).to(device, non_blocking=True) for a in arrays]


@path("many.cat", family="many")
def many_cat(arrays: list[Array], device: torch.device) -> Tensor:
    return torch.from_numpy(np.stack(arrays)).to(device)


@path("many.pack_pinned", family="many")
def many_pack_pinned(arrays: list[Array], stage: Tensor, device: torch.device) -> Tensor:
    torch.cuda.current_stream().synchronize()  # the copy before this one may still read the buffer
    np.stack(arrays, out=stage.numpy())
    return stage.to(device, non_blocking=True)


@path("bridge.as_tensor.cuda.list", family="many")
def bridge_as_tensor_cuda_list(arrays: list[Array], device: torch.device) -> Tensor:
    return bridge.as_tensor(arrays, device=device)


# ---- d2h: tensor on the device -> array


@path("d2h.cpu", family="d2h", source="tensor")
def d2h_cpu(t: Tensor) -> Array:
    return t.cpu().numpy()


@path("d2h.nb", family="d2h", source="tensor")
def d2h_nb(t: Tensor) -> Array:
    fetched = t.to("cpu", non_blocking=True)
    torch.cuda.current_stream().synchronize()
    return fetched.numpy()


@path("d2h.out_pinned", family="d2h", source="tensor")
def d2h_out_pinned(out_pinned: Tensor, t: Tensor) -> Array:
    out_pinned.copy_(t, non_blocking=True)
    torch.cuda.current_stream().synchronize()
    return out_pinned.numpy()


@path("d2h.out_pageable", family="d2h", source="tensor")
def d2h_out_pageable(out: Array, t: Tensor) -> Array:
    torch.from_numpy(out).copy_(t)
    return out


@path("d2h.strided", family="d2h", source="tensor")
def d2h_strided(t: Tensor) -> Array:
    return t.contiguous().cpu().numpy()


@path("d2h.ring", family="d2h", source="tensor")
def d2h_ring(ring: Ring, t: Tensor, numpy_dtype: np.dtype) -> Array:
    out = np.empty(t.shape, numpy_dtype)
    ring.fetch(out, t.view(-1))
    return out


@path("bridge.as_array.cuda", family="d2h", source="tensor")
def bridge_as_array_cuda(t: Tensor) -> Array:
    return bridge.as_array(t)
