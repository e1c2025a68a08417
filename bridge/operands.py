"""One side of a copy, described without its memory."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from bridge import memory
from bridge.memory import Axes, Side


@dataclass(frozen=True, kw_only=True)
class Operand:
    """What choosing an engine needs to know of one side, whose memory may be still to come. Strides are in bytes."""

    dtype: torch.dtype
    shape: Axes
    strides: Axes
    for_numpy: bool = True
    for_torch: bool = True

    @classmethod
    def of(cls, x: Side) -> "Operand":
        """Describe an array or a host tensor."""
        if isinstance(x, np.ndarray):
            obstacles = memory.array_obstacles(x.dtype, x.shape, x.strides, aligned=x.flags.aligned)
            usable = {"for_torch": not obstacles}
        else:
            usable = {"for_numpy": not memory.tensor_obstacles(x)}
        return cls(dtype=memory.torch_dtype(x), shape=tuple(x.shape), strides=memory.byte_strides(x), **usable)

    @classmethod
    def dense_like(cls, other: "Operand", dtype: torch.dtype, order: str) -> "Operand":
        """Describe gapless memory for the elements of another; "K" keeps the order of its axes."""
        order = "C" if order == "K" and other.is_gapless("C") else order
        strides = memory.dense_strides(other.shape, other.strides, order, dtype.itemsize)
        return cls(dtype=dtype, shape=other.shape, strides=strides)

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def is_plain(self) -> bool:
        """Whether both libraries read it as it is."""
        return self.for_numpy and self.for_torch

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.elements * self.dtype.itemsize

    def empty(self) -> Side:
        """Return new host memory that is as described."""
        return memory.empty(self.shape, self.strides, self.dtype)

    def collapsed(self) -> "Operand":
        """Describe the part that shows every element once: repeating axes keep length one."""
        repeats = memory.is_expanded(self.shape, self.strides)
        axes = zip(self.shape, self.strides, strict=True)
        return replace(self, shape=tuple(length if stride else 1 for length, stride in axes)) if repeats else self

    def permuted(self, axes: Axes) -> "Operand":
        """Describe the same memory with its axes in another order."""
        shape, strides = (tuple(values[axis] for axis in axes) for values in (self.shape, self.strides))
        return replace(self, shape=shape, strides=strides)

    def is_gapless(self, order: str) -> bool:
        """Say whether the strides are those of C or F order; axes of length one and empty memory always are."""
        step = self.dtype.itemsize
        axes = list(zip(self.shape, self.strides, strict=True))
        for length, stride in axes if order == "F" else reversed(axes):
            if length > 1 and stride != step:
                return 0 in self.shape
            step *= length
        return True


def outer_to_inner(strides: Axes) -> Axes:
    """Return the axes from the one with the longest step to the one with the shortest."""
    return tuple(sorted(range(len(strides)), key=lambda axis: -abs(strides[axis])))
