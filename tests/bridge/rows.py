"""Rows of the tables of conversions: what each source is, what becomes of it, and how to see that it did.

Sharing is seen by acting: every byte under the source changes, and the result shows it or does not. The bytes are
reached past whatever guards the source: read-only flags, gradients, and the manners of subclasses.
"""

from __future__ import annotations

import ctypes
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided

from bridge import as_array, as_tensor, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bridge.plans import Kind

COPIES = (None, False, True)
ONLY_TORCH = ("bfloat16", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")
_MANTISSA_BITS = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}
_FLOAT8 = (0x7F, 0x80, 0xFF, 0x7C, 0x7D, 0x7E, 0xFC, 0x00, 0x01, 0x38, 0xC1, 0x55)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: a source under the name the table gives it, and what becomes of it.

    `reasons` are why it is copied where that is allowed; without any it is shared. `cure` is what the error says if
    it never converts. `writable` and `repeats` are about the result without copy=True: the latter says that it shows
    its elements several times, as the source does.
    """

    name: str
    make: Callable[[], Any]
    dtype: str = "float32"
    reasons: tuple[str, ...] = ()
    cure: str = ""
    error: type[Exception] = TypeError
    writable: bool = True
    repeats: bool = False

    def __post_init__(self) -> None:
        """Check that the row asks for one thing."""
        if self.cure and (self.reasons or self.repeats or not self.writable):
            raise ValueError(f"{self.name}: what never converts has no other outcome")

    def outcome(self, copy: bool | None) -> str:  # noqa: FBT001 - the array API's three-valued copy
        """Say what a conversion does: "shares", "copies", "stops" for want of a copy, or "refuses"."""
        if self.cure:
            return "refuses"
        if copy or (self.reasons and copy is None):
            return "copies"
        return "stops" if self.reasons else "shares"


def cases(rows: Sequence[Row], outcome: str) -> dict[str, Any]:
    """Return what parametrize wants: every row with every value of copy= that has this outcome, under its name."""
    chosen = [(row, copy) for row in rows for copy in COPIES if row.outcome(copy) == outcome]
    return {
        "argnames": ("row", "copy"),
        "argvalues": chosen,
        "ids": [f"{row.name}, copy={copy}" for row, copy in chosen],
    }


def ways(to: Kind) -> dict[str, Any]:
    """Return what parametrize wants: the ways to convert, which must all do the same."""
    by_name = as_tensor if to == "tensor" else as_array
    return {"argnames": "convert", "argvalues": [by_name, partial(_by_plan, to=to)], "ids": ["by name", "by plan"]}


def quietly(make: Callable[[], Any]) -> Any:
    """Make a source of a kind whose mere making warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def elements(name: str, count: int = 12) -> np.ndarray:
    """Return different elements of a dtype: NaNs with payloads, quiet and signalling, -0.0 and inf among floats."""
    dtype = _named(name)
    if name.startswith("complex"):
        return elements(f"float{dtype.itemsize * 4}", 2 * count).view(dtype)
    words = _float_words(name, dtype.itemsize * 8) if name in _MANTISSA_BITS else _whole_words(name, dtype.itemsize)
    unsigned = np.array([words[at % len(words)] for at in range(count)], f"u{dtype.itemsize}")
    return unsigned.view(dtype)


def plain(x: Any) -> Any:
    """Return an array or tensor over the same memory without gradient and manners, or the array of other objects."""
    if not isinstance(x, torch.Tensor):
        return np.asarray(x)
    with torch._C.DisableTorchFunctionSubclass():
        return x.detach().as_subclass(torch.Tensor)


def bits(x: Any) -> bytes:
    """Return the elements' bits in C order and native byte order."""
    array = plain(x)
    if isinstance(array, torch.Tensor):
        dense = array.clone().resolve_conj().resolve_neg().reshape(-1)
        return bytes(dense.view(torch.uint8).numpy()) if dense.numel() else b""
    if array.dtype.isnative:
        return bytes(array.tobytes())
    part = array.itemsize // (2 if array.dtype.kind == "c" else 1)
    return np.frombuffer(array.tobytes(), "u1").reshape(-1, part)[:, ::-1].tobytes()


def memory_of(x: Any) -> np.ndarray:
    """Return every byte of the memory that `x` lies in, writable; of a sequence, that of its first item."""
    if isinstance(x, torch.Tensor):
        return _bytes_of_storage(plain(x))
    if isinstance(x, np.memmap) and x.mode == "r":
        return np.memmap(str(x.filename), "u1", "r+")
    if isinstance(x, np.ndarray):
        return _bytes_of_array(x)
    return memory_of(x[0]) if isinstance(x, list | tuple) and len(x) else np.empty(0, "u1")


@contextmanager
def changed(memory: np.ndarray) -> Iterator[None]:
    """Change every byte while it lasts; bools stay bools."""
    memory ^= 1
    yield
    memory ^= 1


@contextmanager
def overwritten(result: Any) -> Iterator[None]:
    """Write other elements into a result as its users would, and put the old ones back."""
    old = bits(result)
    _write(result, bytes(byte ^ 1 for byte in old))
    yield
    _write(result, old)


def longer_than_one(x: Any, strides: Sequence[int]) -> list[int]:
    """Return the strides that mean something, those of axes longer than one; an empty array has none."""
    return [stride for length, stride in zip(x.shape, strides, strict=True) if length > 1] if 0 not in x.shape else []


def byte_strides(x: Any) -> tuple[int, ...]:
    """Return the strides in bytes."""
    return tuple(x.strides) if isinstance(x, np.ndarray) else tuple(step * x.element_size() for step in x.stride())


def dense_strides(x: Any, *, repeats: bool) -> tuple[int, ...]:
    """Return the byte strides that NumPy gives a copy in order K, of the elements shown once if the copy repeats."""
    strides = byte_strides(x)
    shape = tuple(1 if repeats and not stride else length for length, stride in zip(x.shape, strides, strict=True))
    size = x.itemsize if isinstance(x, np.ndarray) else x.element_size()
    dense = np.empty_like(as_strided(np.empty(1, f"V{size}"), shape, strides), order="K").strides
    return tuple(0 if n != full else step for n, full, step in zip(shape, x.shape, dense, strict=True))


def _by_plan(x: Any, *, to: Kind, copy: bool | None) -> Any:
    """Convert by running the plan."""
    return plan(x, to=to, copy=copy).run()


def _named(name: str) -> np.dtype:
    """Return the NumPy dtype with this name in either library."""
    import ml_dtypes  # noqa: PLC0415 - only rows of its dtypes need it

    return np.dtype(getattr(ml_dtypes, name)) if name in ONLY_TORCH else np.dtype(name)


def _float_words(name: str, width: int) -> list[int]:
    """Return the bits of NaNs with payloads, of both zeros, infinities, and of numbers from the least to the most."""
    mantissa = _MANTISSA_BITS[name]
    sign, quiet, infinity = 1 << (width - 1), 1 << (mantissa - 1), (1 << (width - 1)) - (1 << mantissa)
    nans = [infinity | quiet | 5, infinity | 1, sign | infinity | 3, sign | infinity | quiet]
    return [*nans, sign, infinity, sign | infinity, 0, 1, infinity - 1, sign | infinity >> 1, quiet | infinity >> 1]


def _whole_words(name: str, size: int) -> Sequence[int]:
    """Return bits for integers of all lengths, booleans, and floats of eight bits."""
    if name == "bool":
        return (1, 0, 0, 1, 1)
    top = 1 << (8 * size - 1)
    return (
        _FLOAT8 if name.startswith("float8") else (0, 1, top, top - 1, 2 * top - 1, *(top // n for n in range(3, 10)))
    )


def _bytes_of_storage(t: torch.Tensor) -> np.ndarray:
    """Return the bytes of a tensor's storage; a zero tensor has none."""
    if t._is_zerotensor():
        return np.empty(0, "u1")
    return torch.empty(0, dtype=torch.uint8).set_(t.untyped_storage()).numpy()


def _bytes_of_array(x: np.ndarray) -> np.ndarray:
    """Return the bytes of the array, tensor or buffer that owns an array's memory."""
    owner: Any = x
    while isinstance(owner, np.ndarray) or hasattr(owner, "base"):
        if getattr(owner, "base", None) is None:
            return np.asarray(owner).ravel(order="K").view("u1")
        x, owner = owner if isinstance(owner, np.ndarray) else x, owner.base
    if isinstance(owner, torch.Tensor):
        return _bytes_of_storage(owner)
    if isinstance(owner, bytes) or memoryview(owner).readonly:
        return np.ctypeslib.as_array((ctypes.c_uint8 * x.nbytes).from_address(x.ctypes.data))
    return np.frombuffer(owner, "u1")


def _write(x: Any, new: bytes) -> None:
    """Assign elements, given as their bits."""
    if isinstance(x, np.ndarray):
        x[...] = np.frombuffer(new, x.dtype).reshape(x.shape)
    elif new:
        x.copy_(torch.frombuffer(bytearray(new), dtype=torch.uint8).view(x.dtype).reshape(x.shape))
