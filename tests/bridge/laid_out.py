"""Ways in which an array of three axes may lie, for every test that sends arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray

LAID_OUT: dict[str, Callable[[Array], Array]] = {
    "C order": lambda x: x,
    "F order": lambda x: x.T,
    "permuted": lambda x: x.transpose(2, 0, 1),
    "reversed": lambda x: x[::-1, :, ::-1],
    "reversed and permuted": lambda x: x[::-1].transpose(1, 2, 0),
    "inner": lambda x: x[2:9, 3:20, 1:7],
    "foreign byte order": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "misaligned": lambda x: np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    "axes of length one": lambda x: x[:1, :, :1],
}
