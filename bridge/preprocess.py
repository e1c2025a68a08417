"""Preparing numbers for training."""

import numpy as np
from numpy.typing import ArrayLike


def standardize(
    x: ArrayLike,
    *,
    axis: int | tuple[int, ...] | None = None,
    ddof: int = 1,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Return `(x - mean) / std` as float32, in `out` if given; mean and std are those of `axis`, taken in float64.

    `ddof` is what the variance divides n minus: 1 as in torch.std, 0 as in np.std. Where all values are equal, or
    fewer than two, the result is NaN, without a warning.

    Raises:
        ValueError: `out` is not float32 of the shape of `x`.
        TypeError: `x` is complex or holds no numbers.

    """
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"standardize takes real numbers, not {array.dtype}")
    if out is None:
        out = np.empty_like(array, dtype=np.float32, subok=False)
    elif (out.shape, out.dtype) != (array.shape, np.dtype(np.float32)):
        raise ValueError(f"out is {out.dtype} {out.shape}, and the result is float32 {array.shape}")
    with np.errstate(all="ignore"):
        mean = array.mean(axis, dtype=np.float64, keepdims=True)
        std = array.std(axis, dtype=np.float64, keepdims=True, ddof=ddof, mean=mean)
        centred = np.subtract(array, mean)
        np.divide(centred, std, out=out, casting="same_kind")
    return out
