"""A decided conversion, and how it is decided once everything asked for is known.

What becomes of a source follows from its dtype, shape, strides and flags and from what is asked, never from where it
lies or what it holds. So a decision is made of an `Operand`, once for all sources that look alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from bridge import device as devices
from bridge import dtypes, engines, memory, ring
from bridge.memory import Axes, Side
from bridge.operands import Operand

Kind = Literal["tensor", "array"]
Order = Literal["K", "C", "F"]
Readonly = Literal["copy", "share", "error"]
Casting = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
Device = torch.device | str | int

Fill = Callable[[Any], Side]

HOST = torch.device("cpu")


class Asked(NamedTuple):
    """What is asked of the result: the keywords of as_tensor, the dtype as torch has it."""

    dtype: torch.dtype | None
    device: Device | None
    copy: bool | None
    order: Order
    readonly: Readonly
    casting: Casting

    @property
    def forbids_copy(self) -> bool:
        """Whether copy is False, or equals it as 0 and NumPy's False do."""
        return self.copy is not None and not self.copy


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One decided conversion; true when it shares memory, one readable line as text.

    `reasons` names everything that stands in the way of sharing: scalar, sequence, byte-order, negative-stride,
    stride-not-multiple, misaligned, read-only, device, conj-bit, neg-bit, zero-bit, dtype, order, requested.
    `nbytes` counts what is written to new memory, 0 when it shares; `link_nbytes` what crosses the link of a device.
    `strides` are the result's own: elements for a tensor, bytes for an array. `writable` is false where a write to the
    result would change more than one of its elements, or memory that must not change.
    """

    action: Literal["share", "copy"] = "share"
    reasons: tuple[str, ...] = ()
    nbytes: int = 0
    link_nbytes: int = 0
    dtype: torch.dtype | np.dtype
    shape: Axes
    strides: Axes
    device: torch.device = HOST
    via: str = "view"
    threads: int = 1
    writable: bool
    convert: Callable[[Any], Any] = field(repr=False, compare=False)
    source: Any = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.action == "share"

    def __str__(self) -> str:
        what = f"{self.dtype} {self.shape} on {self.device}"
        if self:
            return f"share {what}, {'writable' if self.writable else 'read-only'}"
        link = f", {self.link_nbytes} bytes over the link" if self.link_nbytes else ""
        how = f"via {self.via}, threads {self.threads}: {', '.join(self.reasons)}"
        return f"copy {self.nbytes} bytes to {what}{link} {how}"

    def run(self) -> Any:  # noqa: ANN401 - a tensor or an array, which the caller of plan() knows
        """Convert as decided; every run of a copy makes new memory."""
        return self.convert(self.source)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A source that can be converted, and what is asked of the result; `threads` is how many torch may use.

    `device` is where the other end is: that of the result for a tensor, that of the source for an array.
    """

    source: Operand
    to: Kind
    asked: Asked
    threads: int
    device: torch.device = HOST

    def decide(self, reasons: tuple[str, ...], *, writable: bool) -> Plan:
        """Add the reasons that lie in what was asked, and share if there are none."""
        dtypes.check_cast(self.source.dtype, self._wanted, self.asked.casting)
        asked = {
            "dtype": self.source.dtype != self._wanted,
            "order": self.asked.order != "K" and not self.source.is_gapless(self.asked.order),
            "requested": bool(self.asked.copy),
        }
        reasons += tuple(reason for reason, holds in asked.items() if holds)
        return self._copied(reasons) if reasons else self._shared(writable=writable)

    @property
    def at_home(self) -> bool:
        """Whether both ends are host memory, whose device may have an index: cpu:0."""
        return self.device.type == HOST.type

    @property
    def _wanted(self) -> torch.dtype:
        """The dtype of the result's elements."""
        return self.asked.dtype or self.source.dtype

    def _shared(self, *, writable: bool) -> Plan:
        """Return the plan that shares."""
        shape, strides = self.source.shape, self.source.strides
        writable = writable and not memory.overlaps_itself(shape, strides)
        if self.to == "array":
            dtype, convert = dtypes.to_numpy(self._wanted), partial(memory.array_of, writable=writable)
            return Plan(dtype=dtype, shape=shape, strides=strides, writable=writable, convert=convert)
        steps = memory.regular_strides(shape, strides, self._wanted.itemsize)
        strides = tuple(step // self._wanted.itemsize for step in steps)
        return Plan(dtype=self._wanted, shape=shape, strides=strides, writable=writable, convert=memory.tensor_of)

    def _copied(self, reasons: tuple[str, ...]) -> Plan:
        """Return the plan that copies; with a free hand, an axis that repeats is copied once and repeated again."""
        repeats = self.asked.copy is None and self.asked.order == "K"
        origin = self.source.collapsed() if repeats else self.source
        target = Operand.dense_like(origin, self._wanted, self.asked.order)
        via, link_nbytes, fill = self._way(target, origin)
        new = New(to=self.to, target=target, full=self.source.shape)
        unit = 1 if self.to == "array" else self._wanted.itemsize
        return Plan(
            action="copy",
            reasons=reasons,
            nbytes=target.nbytes,
            link_nbytes=link_nbytes,
            dtype=dtypes.to_numpy(self._wanted) if self.to == "array" else self._wanted,
            shape=new.full,
            strides=tuple(step // unit for step in new.strides),
            device=self.device if self.to == "tensor" else HOST,
            via=via,
            threads=ring.THREADS if via == "ring" else engines.threads_used(via, target.nbytes, self.threads),
            writable=not memory.is_expanded(new.full, new.strides),
            convert=partial(new.made, fill),
        )

    def _way(self, target: Operand, origin: Operand) -> tuple[str, int, Fill]:
        """Return the way's name, the bytes it takes over a link, and what makes new memory of the source."""
        if self.at_home:
            via = engines.choose(target, origin)
            return via, 0, partial(_filled, target, via)
        if self.to == "tensor":
            via, link_nbytes = devices.way_to(self.device, target, origin)
            return via, link_nbytes, partial(devices.send, target=target, device=self.device, via=via)
        via, link_nbytes = devices.way_from(self.device, target, origin)
        return via, link_nbytes, partial(devices.fetch, target=target, via=via)


@dataclass(frozen=True, kw_only=True)
class New:
    """What becomes of new memory: the target, of length one along axes that are repeated to the `full` shape."""

    to: Kind
    target: Operand
    full: Axes

    @property
    def strides(self) -> Axes:
        """The strides of the result, in bytes."""
        axes = zip(self.target.shape, self.full, self.target.strides, strict=True)
        return tuple(step if length == full else 0 for length, full, step in axes)

    @property
    def repeats(self) -> bool:
        """Whether the result shows its elements more than once."""
        return self.target.shape != self.full

    def made(self, fill: Fill, source: Side) -> Side:
        """Return the source's elements as what was asked for, repeated to the full shape."""
        made = fill(memory.collapsed(source) if self.repeats else source)
        if not self.repeats:
            return memory.tensor_of(made) if self.to == "tensor" else memory.array_of(made)
        tensor = memory.tensor_of(made).expand(self.full)
        return tensor if self.to == "tensor" else memory.array_of(tensor, writable=False)


def _filled(target: Operand, via: str, source: Side) -> Side:
    """Return new host memory filled from `source`."""
    made = target.empty()
    engines.run(via, made, source, fresh=True)
    return made
