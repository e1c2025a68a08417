"""Which NumPy dtype is which torch dtype, and what may be cast to what."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import DTypeLike

from bridge.errors import refused

_SHARED_NAMES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
_BITS_NAMES = {
    "bfloat16": "uint16",
    "float8_e4m3fn": "uint8",
    "float8_e4m3fnuz": "uint8",
    "float8_e5m2": "uint8",
    "float8_e5m2fnuz": "uint8",
    "float8_e8m0fnu": "uint8",
}

NUMPY_OF: Mapping[torch.dtype, np.dtype] = MappingProxyType({getattr(torch, n): np.dtype(n) for n in _SHARED_NAMES})
"""The dtypes both libraries have."""
TENSOR_DTYPES, ARRAY_DTYPES = frozenset(NUMPY_OF), frozenset(NUMPY_OF.values())
"""The same for a quick look, as torch has them and as NumPy has them in native byte order."""
BITS_OF: Mapping[torch.dtype, np.dtype] = MappingProxyType(
    {getattr(torch, name): np.dtype(bits) for name, bits in _BITS_NAMES.items()}
)
"""The dtypes only torch has, with the NumPy dtype their bits travel as; ml_dtypes gives them names in NumPy."""
_TORCH_OF = {array_dtype: dtype for dtype, array_dtype in NUMPY_OF.items()}

_CURES = {
    "O": "convert the elements first, as x.astype(float) or np.stack(x) do",
    "M": "take its ticks, x.view('i8')",
    "m": "take its ticks, x.view('i8')",
    "U": "encode the text as numbers first",
    "S": "take its bytes, np.frombuffer(x, np.uint8)",
    "T": "encode the text as numbers first",
    "f": "torch has nothing wider than float64, x.astype('f8')",
    "c": "torch has nothing wider than complex128, x.astype('c16')",
}


@cache
def to_torch(dtype: np.dtype) -> torch.dtype:
    """Return the torch dtype whose elements have the same bits, whatever their byte order; TypeError if none has."""
    native = dtype if dtype.isnative else dtype.newbyteorder("=")
    if native in _TORCH_OF:
        return _TORCH_OF[native]
    if dtype.type.__module__ == "ml_dtypes" and dtype.name in _BITS_NAMES:
        return getattr(torch, dtype.name)  # type: ignore[no-any-return]
    raise refused(f"dtype {dtype}", _cure(dtype))


def to_numpy(dtype: torch.dtype) -> np.dtype:
    """Return the NumPy dtype whose elements have the same bits; TypeError if none has, or ml_dtypes is missing."""
    if dtype in NUMPY_OF:
        return NUMPY_OF[dtype]
    try:
        import ml_dtypes  # noqa: PLC0415 - it is optional
    except ImportError as error:
        cure = "install ml_dtypes, which gives it a name in NumPy, or pass dtype='float32'"
        raise refused(f"{dtype}", cure) from error
    named: np.dtype = np.dtype(getattr(ml_dtypes, str(dtype).removeprefix("torch.")))
    return named


def parse(dtype: torch.dtype | DTypeLike) -> torch.dtype:
    """Return the torch dtype that `dtype`, of either library, asks for; TypeError if results cannot have it."""
    if not isinstance(dtype, torch.dtype):
        asked = np.dtype(dtype)
        if not asked.isnative:
            raise refused(f"dtype {asked.str}", "ask for the native byte order")
        return to_torch(asked)
    return known(dtype)


def known(dtype: torch.dtype) -> torch.dtype:
    """Return `dtype`; TypeError if NumPy can hold neither its elements nor their bits."""
    if dtype not in NUMPY_OF and dtype not in BITS_OF:
        raise refused(f"{dtype}", "cast it first, as t.to(torch.float32), t.to(torch.complex64) or t.to(torch.int8) do")
    return dtype


def storage(dtype: torch.dtype) -> np.dtype:
    """Return the plain NumPy dtype in which elements of `dtype` are copied bit by bit."""
    return NUMPY_OF[dtype] if dtype in NUMPY_OF else BITS_OF[dtype]


def check_cast(source: torch.dtype, target: torch.dtype, casting: str) -> None:
    """Raise TypeError unless NumPy's rule `casting` lets `source` become `target`."""
    if not _can_cast(source, target, casting):
        raise TypeError(
            f"cannot cast {source} to {target} under casting={casting!r}: pass casting='unsafe' to allow it"
        )


def _can_cast(source: torch.dtype, target: torch.dtype, casting: str) -> bool:
    """Apply NumPy's rule; dtypes without a name there count as floats, and only themselves fit them safely."""
    if source == target:
        return True
    if target in BITS_OF:
        return np.can_cast(_peer(source), np.float16, casting) and casting in ("same_kind", "unsafe")  # type: ignore[arg-type]
    return np.can_cast(_peer(source), NUMPY_OF[target], casting)  # type: ignore[arg-type]


def _peer(dtype: torch.dtype) -> np.dtype:
    """Return the narrowest plain dtype that holds every value of `dtype`."""
    if dtype in NUMPY_OF:
        return NUMPY_OF[dtype]
    return np.dtype("float32" if dtype in (torch.bfloat16, torch.float8_e8m0fnu) else "float16")


def _cure(dtype: np.dtype) -> str:
    """Return what to do about a dtype that torch lacks."""
    if dtype.names:
        return f"take one field, x[{dtype.names[0]!r}]"
    return _CURES.get(dtype.kind, "cast it first, as x.astype('int8') or x.astype('float32') do")
