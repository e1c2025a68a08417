"""A decided conversion, and how it is decided once everything asked for is known."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import torch

from bridge import device as devices
from bridge import dtypes, engines, memory
from bridge.operands import Operand

Kind = Literal["tensor", "array"]
Order = Literal["K", "C", "F"]
Result = torch.Tensor | np.ndarray

HOST = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One decided conversion; true when it shares memory, one readable line as text.

    `reasons` names everything that stands in the way of sharing: scalar, sequence, byte-order, negative-stride,
    stride-not-multiple, misaligned, read-only, device, conj-bit, neg-bit, zero-bit, dtype, order, requested.
    `nbytes` counts what is written to new memory, 0 when it shares. `strides` are the result's own: elements for a
    tensor, bytes for an array. `writable` is false where a write to the result would change more than one of its
    elements, or memory that must not change.
    """

    action: Literal["share", "copy"]
    reasons: tuple[str, ...]
    nbytes: int
    dtype: torch.dtype | np.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    device: torch.device
    via: str
    threads: int
    writable: bool
    steps: Callable[[], Result] = field(repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.action == "share"

    def __str__(self) -> str:
        what = f"{self.dtype} {self.shape} on {self.device}"
        if self:
            return f"share {what}, {'writable' if self.writable else 'read-only'}"
        return f"copy {self.nbytes} bytes to {what} via {self.via}, threads {self.threads}: {', '.join(self.reasons)}"

    def run(self) -> Any:  # noqa: ANN401 - a tensor or an array, which the caller of plan() knows
        """Convert as decided; every run of a copy makes new memory."""
        return self.steps()


@dataclass(frozen=True, kw_only=True)
class Job:
    """A source that can be converted, and what is asked of the result."""

    source: Result
    to: Kind
    own: torch.dtype
    wanted: torch.dtype
    order: Order
    copy: bool | None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of source and result."""
        return tuple(self.source.shape)

    def decide(self, reasons: tuple[str, ...], *, writable: bool) -> Plan:
        """Add the reasons that lie in what was asked, and share if there are none."""
        strides = memory.byte_strides(self.source)
        asked = {
            "dtype": self.own != self.wanted,
            "order": self.order != "K" and not memory.is_gapless(self.shape, strides, self.own.itemsize, self.order),
            "requested": bool(self.copy),
        }
        reasons += tuple(reason for reason, holds in asked.items() if holds)
        return self._copied(reasons) if reasons else self._shared(writable=writable)

    def _shared(self, *, writable: bool) -> Plan:
        """Return the plan that shares."""
        source = memory.regular(self.source) if isinstance(self.source, np.ndarray) else self.source
        return self._plan(
            action="share",
            strides=tuple(stride // self.own.itemsize for stride in memory.byte_strides(source)),
            via="view",
            writable=writable and not memory.is_expanded(self.shape, memory.byte_strides(source)),
            make=partial(memory.tensor_of, self.source),
        )

    def _copied(self, reasons: tuple[str, ...]) -> Plan:
        """Return the plan that copies; with a free hand, an axis that repeats is copied once and repeated again."""
        away = "device" in reasons
        repeats = self.copy is None and self.order == "K" and not away
        origin = memory.collapsed(self.source) if repeats else self.source
        shape, steps_in = tuple(origin.shape), memory.byte_strides(origin)
        row_major = memory.is_gapless(shape, steps_in, self.own.itemsize, "C")
        dense = memory.dense_strides(shape, steps_in, "C" if self.order == "K" and row_major else self.order)
        strides = tuple(0 if n != full else step for n, full, step in zip(shape, self.shape, dense, strict=True))
        target = Operand(dtype=self.wanted, shape=shape, strides=tuple(step * self.wanted.itemsize for step in dense))
        via = "device" if away else engines.choose(target, Operand.of(origin))
        make = (
            partial(_fetched, origin, self.shape, strides, self.wanted)
            if away
            else partial(_filled, origin, self.shape, strides, self.wanted, via)
        )
        return self._plan(
            action="copy",
            reasons=reasons,
            nbytes=target.nbytes,
            strides=strides,
            via=via,
            threads=engines.threads(via, math.prod(shape)),
            writable=not memory.is_expanded(self.shape, strides),
            make=make,
        )

    def _plan(  # noqa: PLR0913 - what sharing and copying do not have in common
        self,
        *,
        action: Literal["share", "copy"],
        strides: tuple[int, ...],
        via: str,
        writable: bool,
        make: Callable[[], torch.Tensor],
        reasons: tuple[str, ...] = (),
        nbytes: int = 0,
        threads: int = 1,
    ) -> Plan:
        """Return the plan in the terms of the result's library; `strides` count elements, `make` returns a tensor."""
        array = self.to == "array"
        return Plan(
            action=action,
            reasons=reasons,
            nbytes=nbytes,
            dtype=dtypes.to_numpy(self.wanted) if array else self.wanted,
            shape=self.shape,
            strides=tuple(stride * self.wanted.itemsize for stride in strides) if array else strides,
            device=HOST,
            via=via,
            threads=threads,
            writable=writable,
            steps=partial(_array, make, writable) if array else make,
        )


def _array(make: Callable[[], torch.Tensor], writable: bool) -> np.ndarray:  # noqa: FBT001 - bound where it is named
    """Make the result and show it as an array."""
    return memory.array_of(make(), writable=writable)


def _filled(
    origin: Result, shape: tuple[int, ...], strides: tuple[int, ...], dtype: torch.dtype, via: str
) -> torch.Tensor:
    """Return new memory filled from `origin`, which has length one where the result repeats an axis."""
    result = memory.empty(shape, strides, dtype)
    engines.run(via, memory.collapsed(result) if tuple(origin.shape) != shape else result, origin)
    return result


def _fetched(origin: Result, shape: tuple[int, ...], strides: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Return a device's tensor in host memory, in the wanted dtype and strides."""
    assert isinstance(origin, torch.Tensor)
    host = devices.fetch(origin)
    if (host.stride(), host.dtype) == (strides, dtype):
        return host
    result = memory.empty(shape, strides, dtype)
    engines.fill(result, host)
    return result
