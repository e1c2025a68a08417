"""One side of a copy, described without its memory."""

import math
from dataclasses import dataclass

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
            usable = {"for_torch": not memory.array_obstacles(x)}
        else:
            usable = {"for_numpy": not memory.tensor_obstacles(x)}
        return cls(dtype=memory.torch_dtype(x), shape=tuple(x.shape), strides=memory.byte_strides(x), **usable)

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.elements * self.dtype.itemsize

    def permuted(self, axes: Axes) -> "Operand":
        """Describe the same memory with its axes in another order."""
        shape, strides = (tuple(values[axis] for axis in axes) for values in (self.shape, self.strides))
        usable = {"for_numpy": self.for_numpy, "for_torch": self.for_torch}
        return Operand(dtype=self.dtype, shape=shape, strides=strides, **usable)

    def is_gapless(self, order: str) -> bool:
        """Say whether the strides are exactly those of C or F order."""
        return memory.is_gapless(self.shape, self.strides, self.dtype.itemsize, order)


def outer_to_inner(strides: Axes) -> Axes:
    """Return the axes from the one with the longest step to the one with the shortest."""
    return tuple(sorted(range(len(strides)), key=lambda axis: -abs(strides[axis])))
