"""The awkward sources of the semantics card: ONE DECORATED FUNCTION = ONE TRAIT.

A trait takes the plain input of a few elements and returns the awkward one: another source over the same memory, and
the elements that a right result must have as its `reference`. `probes` tries each of them on every path it suits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from .inputs import Input, InputCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cases import Case
    from .registry import Path, Source

    Make = Callable[[Input], Input]

#: How many blocks are written and freed so that memory nobody filled holds none of the right values.
_BLOCKS: Final = 64
_STALE: Final = 0x7B


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One property of a source that layouts and dtypes do not say, and how to give it to a plain input of `dtype`."""

    name: str
    dtype: str
    make: Make

    def suits(self, path: Path) -> bool:
        """Whether the trait has a sense for a path; the matrix has no casts of complex numbers."""
        return self.name.startswith(f"{path.source}=") and not (path.family == "cast" and self.dtype != _DTYPE)


class AwkwardInputs(InputCache):
    """Gives each case its plain input, made awkward."""

    def __init__(self, make: Make) -> None:
        super().__init__(budget_bytes=0)
        self._make = make

    def get(self, case: Case, source: Source) -> Input:
        """Return the awkward input of a case."""
        return self._make(super().get(case, source))


_DTYPE: Final = "float32"
#: Every trait by its name, in the order of their definition.
TRAITS: Final[dict[str, Trait]] = {}


def trait(name: str, *, dtype: str = _DTYPE) -> Callable[[Make], Make]:
    """Make the decorated function the trait of this name, such as ``array=masked``."""

    def register(make: Make) -> Make:
        TRAITS[name] = Trait(name=name, dtype=dtype, make=make)
        return make

    return register


def overwrite_free_memory(nbytes: int) -> None:
    """Take blocks of this size from both libraries, fill them with bytes of no value here, and free them."""
    blocks: list[Any] = [np.full(nbytes, _STALE, np.uint8) for _ in range(_BLOCKS)]
    blocks += [torch.full((nbytes,), _STALE, dtype=torch.uint8) for _ in range(_BLOCKS)]
    blocks.clear()


# ---- arrays


@trait("array=masked")
def masked(plain: Input) -> Input:
    """Hide the first element behind a mask."""
    hidden = np.arange(plain.reference.size) == 0
    return replace(plain, source=np.ma.MaskedArray(plain.reference, mask=hidden))


@trait("array=subclass")
def matrix(plain: Input) -> Input:
    """Look at the array as a matrix, the subclass of NumPy's own."""
    square = plain.reference.reshape(2, -1)
    return replace(plain, source=square.view(np.matrix), reference=square)


@trait("array=0d")
def zero_d(plain: Input) -> Input:
    """Keep the first element alone, without axes."""
    scalar = plain.reference[:1].reshape(())
    return replace(plain, source=scalar, reference=scalar)


@trait("array=one_row_reversed")
def one_row_reversed(plain: Input) -> Input:
    """Reverse an axis of length one: its stride is negative, and means nothing."""
    row = plain.reference.reshape(1, -1)[::-1]
    return replace(plain, source=row, reference=row)


# ---- tensors


@trait("tensor=requires_grad")
def requires_grad(plain: Input) -> Input:
    """Let autograd follow the tensor."""
    return replace(plain, source=plain.source.requires_grad_())


@trait("tensor=conjugate", dtype="complex64")
def conjugate(plain: Input) -> Input:
    """Set the conjugate bit: the memory holds other values than the tensor."""
    return replace(plain, source=plain.source.conj(), reference=plain.reference.conj())


@trait("tensor=negative_bit")
def negative_bit(plain: Input) -> Input:
    """Set the negative bit: the memory holds other values than the tensor."""
    source = torch._neg_view(plain.source)  # noqa: SLF001  the only way to set the bit alone
    return replace(plain, source=source, reference=-plain.reference)


@trait("tensor=zero_tensor")
def zero_tensor(plain: Input) -> Input:
    """Take a tensor of zeros that has no memory, as forward-mode autograd makes it."""
    source = torch._efficientzerotensor(plain.shape, dtype=plain.source.dtype)  # noqa: SLF001  there is no other way
    overwrite_free_memory(plain.reference.nbytes)
    return replace(plain, source=source, reference=np.zeros_like(plain.reference))


class _Named(torch.Tensor):
    """A subclass that adds nothing."""


class _Wrapper(torch.Tensor):
    """A subclass that has no memory of its own: each operation is done on the tensor that it holds."""

    held: torch.Tensor

    @classmethod
    def of(cls, held: torch.Tensor) -> _Wrapper:
        """Wrap a tensor."""
        made: _Wrapper = cls._make_wrapper_subclass(cls, held.shape, dtype=held.dtype)  # how torch's own are made
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch's stub has no cls
        cls,
        function: Callable[..., Any],
        _types: object,
        args: tuple[Any, ...] = (),
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401  whatever the operation gives
        """Do the operation on what is held."""
        return function(*(one.held if isinstance(one, cls) else one for one in args), **(kwargs or {}))


@trait("tensor=subclass")
def subclassed(plain: Input) -> Input:
    """Look at the tensor as a subclass that adds nothing."""
    return replace(plain, source=plain.source.as_subclass(_Named))


@trait("tensor=wrapper")
def wrapper(plain: Input) -> Input:
    """Wrap the tensor in a subclass without memory, as distributed, quantised and fake tensors are."""
    source = _Wrapper.of(plain.source)
    overwrite_free_memory(plain.reference.nbytes)
    return replace(plain, source=source)
