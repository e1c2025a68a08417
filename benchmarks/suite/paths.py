"""Every path on the host: ONE DECORATED FUNCTION = ONE PATH, peers' spellings and ours side by side.

The body of a function is what is timed and what reports show as its spelling, so it holds the spelling and nothing
else. All functions cost the same empty call, which ``ref.call`` measures.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch.utils.data import default_collate

import bridge

from . import links, transfers  # noqa: F401  their paths are in the registry too
from .cases import HARD_LAYOUTS, LAYOUTS
from .refusals import AS_IT_LIES, NO_BFLOAT16, NO_FOREIGN, NO_REVERSED, NO_SWAP
from .registry import PATHS, path

if TYPE_CHECKING:
    from .registry import Conversion

    Array = np.ndarray
    Tensor = torch.Tensor

#: The registry, complete once this module is loaded: take it from here.
__all__ = ["PATHS"]

_AS_IT_LIES_CAST: Final = {**NO_REVERSED, **NO_SWAP}
_NO_GRAD: Final = {"requires_grad": "NumPy has no gradients, and torch refuses to drop them unasked"}
_TO_NUMPY: Final = {**NO_BFLOAT16, **_NO_GRAD}
_NOT_REVERSED: Final = {
    **dict.fromkeys(
        {*LAYOUTS, *HARD_LAYOUTS} - {"reversed", "channels_reversed"}, "it takes an array whose last axis is reversed"
    ),
    **NO_BFLOAT16,
}


# ---- limit: what one thread of memmove takes, and what the measuring itself costs


@path("ref.memcpy", family="limit")
def ref_memcpy(out: int, source: int, nbytes: int) -> Conversion:
    """Move the bytes into warm memory: addresses and a length in bytes."""
    return ctypes.memmove(out, source, nbytes)


@path("ref.call", family="limit")
def ref_call(out: int, source: int, nbytes: int) -> Conversion:  # noqa: ARG001  an empty call with the same arguments
    """Do nothing: the cost of calling a function is part of every sample."""
    return None


# ---- share: array -> tensor


@path("torch.from_numpy", family="share", refuses=AS_IT_LIES)
def torch_from_numpy(a: Array) -> Tensor:
    return torch.from_numpy(a)


@path("torch.as_tensor", family="share", refuses=AS_IT_LIES)
def torch_as_tensor(a: Array) -> Tensor:
    return torch.as_tensor(a)


@path("torch.asarray", family="share", refuses=AS_IT_LIES)
def torch_asarray(a: Array) -> Tensor:
    return torch.asarray(a)


@path(
    "torch.from_dlpack",
    family="share",
    refuses={
        **AS_IT_LIES,
        **dict.fromkeys(NO_REVERSED, "torch 2.13 aborts the process on negative strides (pytorch#188023)"),
    },
)
def torch_from_dlpack(a: Array) -> Tensor:
    return torch.from_dlpack(a)  # type: ignore[attr-defined]


@path("bridge.as_tensor", family="share")
def bridge_as_tensor(a: Array) -> Tensor:
    return bridge.as_tensor(a)


@path("bridge.plan.run", family="share")
def bridge_plan_run(a: Array) -> Conversion:
    return bridge.plan(a).run()


# ---- share: tensor -> array


@path("Tensor.numpy", family="share", source="tensor", refuses=_TO_NUMPY)
def tensor_numpy(t: Tensor) -> Array:
    return t.numpy()


@path("Tensor.numpy.force", family="share", source="tensor", refuses=NO_BFLOAT16)
def tensor_numpy_force(t: Tensor) -> Array:
    return t.numpy(force=True)


@path("Tensor.detach.cpu.numpy", family="share", source="tensor", refuses=NO_BFLOAT16)
def tensor_detach_cpu_numpy(t: Tensor) -> Array:
    return t.detach().cpu().numpy()


@path("np.asarray", family="share", source="tensor", refuses=_TO_NUMPY)
def np_asarray(t: Tensor) -> Array:
    return np.asarray(t)


@path("np.from_dlpack", family="share", source="tensor", refuses=_TO_NUMPY)
def np_from_dlpack(t: Tensor) -> Array:
    return np.from_dlpack(t)


@path("bridge.as_array", family="share", source="tensor")
def bridge_as_array(t: Tensor) -> Array:
    return bridge.as_array(t)


# ---- copy: array -> tensor


@path("torch.tensor", family="copy", refuses=AS_IT_LIES)
def torch_tensor(a: Array) -> Tensor:
    return torch.tensor(a)


@path("torch.asarray.copy", family="copy", refuses=AS_IT_LIES)
def torch_asarray_copy(a: Array) -> Tensor:
    return torch.asarray(a, copy=True)


@path("torch.from_numpy.clone", family="copy", refuses=AS_IT_LIES)
def torch_from_numpy_clone(a: Array) -> Tensor:
    return torch.from_numpy(a).clone()


@path("np.copy.from_numpy", family="copy", refuses=NO_FOREIGN)
def np_copy_from_numpy(a: Array) -> Tensor:
    return torch.from_numpy(a.copy())


@path("torch.from_dlpack.copy", family="copy", refuses=NO_FOREIGN)
def torch_from_dlpack_copy(a: Array) -> Tensor:
    return torch.from_dlpack(a, copy=True)  # type: ignore[attr-defined]


@path("bridge.as_tensor.copy", family="copy")
def bridge_as_tensor_copy(a: Array) -> Tensor:
    return bridge.as_tensor(a, copy=True)


@path("torch.flip", family="copy", refuses=_NOT_REVERSED)
def torch_flip(a: Array) -> Tensor:
    return torch.from_numpy(a[..., ::-1]).flip(-1)


# ---- order: array -> tensor in C order


@path("np.ascontiguousarray.from_numpy", family="order", refuses=NO_FOREIGN)
def np_ascontiguousarray_from_numpy(a: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(a))


@path("torch.from_numpy.contiguous", family="order", refuses=AS_IT_LIES)
def torch_from_numpy_contiguous(a: Array) -> Tensor:
    return torch.from_numpy(a).contiguous()


@path("bridge.as_tensor.order_c", family="order")
def bridge_as_tensor_order_c(a: Array) -> Tensor:
    return bridge.as_tensor(a, order="C")


# ---- copy: tensor -> array


@path("np.array", family="copy", source="tensor", refuses=_TO_NUMPY)
def np_array(t: Tensor) -> Array:
    return np.array(t)


@path("Tensor.numpy.copy", family="copy", source="tensor", refuses=_TO_NUMPY)
def tensor_numpy_copy(t: Tensor) -> Array:
    return t.numpy().copy()


@path("Tensor.clone.numpy", family="copy", source="tensor", refuses=_TO_NUMPY)
def tensor_clone_numpy(t: Tensor) -> Array:
    return t.clone().numpy()


@path("np.from_dlpack.copy", family="copy", source="tensor", refuses=_TO_NUMPY)
def np_from_dlpack_copy(t: Tensor) -> Array:
    return np.from_dlpack(t, copy=True)


@path("bridge.as_array.copy", family="copy", source="tensor")
def bridge_as_array_copy(t: Tensor) -> Array:
    return bridge.as_array(t, copy=True)


# ---- copy_into: warm memory that is already there


@path("Tensor.copy_", family="copy_into", refuses=AS_IT_LIES)
def tensor_copy_(out: Tensor, a: Array) -> Tensor:
    return out.copy_(torch.from_numpy(a))


@path("np.copyto", family="copy_into", refuses=NO_BFLOAT16)
def np_copyto(out: Tensor, a: Array) -> Tensor:
    np.copyto(out.numpy(), a)
    return out


@path("bridge.copyto", family="copy_into")
def bridge_copyto(out: Tensor, a: Array) -> Conversion:
    return bridge.copyto(out, a)


@path("Tensor.copy_.out_array", family="copy_into", source="tensor", refuses=NO_BFLOAT16)
def tensor_copy_out_array(out: Array, t: Tensor) -> Array:
    torch.from_numpy(out).copy_(t)
    return out


@path("np.copyto.out_array", family="copy_into", source="tensor", refuses=_TO_NUMPY)
def np_copyto_out_array(out: Array, t: Tensor) -> Array:
    np.copyto(out, t.numpy())
    return out


@path("bridge.copyto.out_array", family="copy_into", source="tensor")
def bridge_copyto_out_array(out: Array, t: Tensor) -> Conversion:
    return bridge.copyto(out, t)


# ---- cast: another dtype on the way


@path("torch.as_tensor.dtype", family="cast", refuses=_AS_IT_LIES_CAST)
def torch_as_tensor_dtype(a: Array, dtype: torch.dtype) -> Tensor:
    return torch.as_tensor(a, dtype=dtype)


@path("torch.from_numpy.to", family="cast", refuses=_AS_IT_LIES_CAST)
def torch_from_numpy_to(a: Array, dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(a).to(dtype)


@path("np.astype.from_numpy", family="cast", dtype_from="numpy", refuses=NO_BFLOAT16)
def np_astype_from_numpy(a: Array, dtype: np.dtype) -> Tensor:
    return torch.from_numpy(a.astype(dtype))


@path("bridge.as_tensor.dtype", family="cast")
def bridge_as_tensor_dtype(a: Array, dtype: torch.dtype) -> Tensor:
    return bridge.as_tensor(a, dtype=dtype)


@path("Tensor.to.numpy", family="cast", source="tensor", refuses=_TO_NUMPY)
def tensor_to_numpy(t: Tensor, dtype: torch.dtype) -> Array:
    return t.to(dtype).numpy()


@path("Tensor.numpy.astype", family="cast", source="tensor", dtype_from="numpy", refuses=_NO_GRAD)
def tensor_numpy_astype(t: Tensor, dtype: np.dtype) -> Array:
    return t.numpy().astype(dtype)


@path("bridge.as_array.dtype", family="cast", source="tensor", dtype_from="numpy")
def bridge_as_array_dtype(t: Tensor, dtype: np.dtype) -> Array:
    return bridge.as_array(t, dtype=dtype)


# ---- stack: lists of arrays


@path("torch.tensor.list", family="stack")
def torch_tensor_list(arrays: list[Array]) -> Tensor:
    return torch.tensor(arrays)


@path("torch.tensor.np.array", family="stack")
def torch_tensor_np_array(arrays: list[Array]) -> Tensor:
    return torch.tensor(np.array(arrays))


@path("np.stack.from_numpy", family="stack")
def np_stack_from_numpy(arrays: list[Array]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))


@path("np.array.from_numpy", family="stack")
def np_array_from_numpy(arrays: list[Array]) -> Tensor:
    return torch.from_numpy(np.array(arrays))


@path("torch.stack", family="stack")
def torch_stack(arrays: list[Array]) -> Tensor:
    return torch.stack([torch.from_numpy(a) for a in arrays])


@path("default_collate", family="stack")
def torch_default_collate(arrays: list[Array]) -> Conversion:
    return default_collate(arrays)


@path("bridge.stack", family="stack")
def bridge_stack(arrays: list[Array]) -> Tensor:
    return bridge.stack(arrays)


# ---- stack_cast: lists of arrays, and another dtype on the way


@path("np.astype.stack", family="stack_cast", dtype_from="numpy")
def np_astype_stack(arrays: list[Array], dtype: np.dtype) -> Tensor:
    return torch.from_numpy(np.stack([a.astype(dtype) for a in arrays]))


@path("np.stack.dtype", family="stack_cast", dtype_from="numpy")
def np_stack_dtype(arrays: list[Array], dtype: np.dtype) -> Tensor:
    return torch.from_numpy(np.stack(arrays, dtype=dtype))


@path("np.stack.to", family="stack_cast")
def np_stack_to(arrays: list[Array], dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(np.stack(arrays)).to(dtype)


@path("torch.to.stack", family="stack_cast")
def torch_to_stack(arrays: list[Array], dtype: torch.dtype) -> Tensor:
    return torch.stack([torch.from_numpy(a).to(dtype) for a in arrays])


@path("torch.stack.to", family="stack_cast")
def torch_stack_to(arrays: list[Array], dtype: torch.dtype) -> Tensor:
    return torch.stack([torch.from_numpy(a) for a in arrays]).to(dtype)


@path("bridge.stack.to", family="stack_cast")
def bridge_stack_to(arrays: list[Array], dtype: torch.dtype) -> Tensor:
    return bridge.stack(arrays).to(dtype)


@path("bridge.as_tensor.list.dtype", family="stack_cast")
def bridge_as_tensor_list_dtype(arrays: list[Array], dtype: torch.dtype) -> Tensor:
    return bridge.as_tensor(arrays, dtype=dtype)


# ---- preprocess: standardise to mean 0 and standard deviation 1, from array to array


@path("seeds.preprocess", family="preprocess")
def seeds_preprocess(a: Array) -> Array:
    t = torch.from_numpy(a).float()
    t = t - t.mean()
    t = t / torch.std(t)
    return t.numpy()


@path("np.preprocess", family="preprocess")
def np_preprocess(a: Array) -> Conversion:
    x = a.astype(np.float32)
    return (x - x.mean()) / x.std(ddof=1)


@path("bridge.standardize", family="preprocess")
def bridge_standardize(a: Array) -> Array:
    return bridge.standardize(a)


# ---- held, small_pages, feed: behind the others, for the order of paths is that of reports

from . import loaders, memory  # noqa: E402, F401  as above
