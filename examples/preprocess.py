"""From NumPy to PyTorch and back, as most programs do it, and the same with `bridge`.

Run it: `python examples/preprocess.py`. It takes a few seconds, most of them for importing torch. What is printed about
memory is observed: one side is written, the other is looked at.
"""

from __future__ import annotations

import numpy as np
import torch

import bridge

ROWS, COLUMNS = 2000, 64


def main() -> None:
    """Convert, preprocess, and do both again with `bridge`; the results must agree."""
    array = np.random.default_rng(0).normal(5, 3, (ROWS, COLUMNS))

    print("With torch alone")
    tensor = torch.from_numpy(array)
    back = tensor.numpy()
    expected = preprocessed(array)
    tell("torch.from_numpy(array)", array, tensor)
    tell("tensor.numpy()", back, tensor)
    tell("preprocessed(array)", array, expected)

    print("\nWith bridge")
    tensor = bridge.as_tensor(array)
    back = bridge.as_array(tensor)
    standardized = bridge.standardize(array)
    tell("bridge.as_tensor(array)", array, tensor)
    tell("bridge.as_array(tensor)", back, tensor)
    tell("bridge.standardize(array)", array, standardized)

    assert np.array_equal(back, array), "bridge returned other values than it was given"
    np.testing.assert_allclose(standardized, expected, rtol=1e-4, atol=1e-5)
    print(f"\nBoth ways agree: largest difference {np.abs(standardized - expected).max():.1e}")

    print("\nWhat bridge would do, said before it is done")
    for what, source in sources(array).items():
        print(f"  {what:<15} {bridge.plan(source)}")


def preprocessed(array: np.ndarray) -> np.ndarray:
    """Return (x - mean) / std as float32, computed by torch."""
    x = torch.from_numpy(array).float()
    x = x - x.mean()
    x = x / torch.std(x)
    return x.numpy()


def sources(array: np.ndarray) -> dict[str, np.ndarray]:
    """Return arrays that torch.from_numpy takes, refuses, or takes with a warning."""
    locked = array[:]
    locked.flags.writeable = False
    return {"as it is": array, "reversed": array[::-1], "read-only": locked, "foreign order": array.astype(">f8")}


def tell(call: str, one: np.ndarray, other: np.ndarray | torch.Tensor) -> None:
    """Print whether two results share memory."""
    print(f"  {call:<26} {'shares memory' if shares(one, other) else 'copies'}")


def shares(one: np.ndarray, other: np.ndarray | torch.Tensor) -> bool:
    """Write one element of `one`, look whether the same element of `other` changed, and write the old value back."""
    first = (0,) * one.ndim
    before, seen = one[first].copy(), float(other[first])
    one[first] = before + 1
    changed = float(other[first]) != seen
    one[first] = before
    return changed


if __name__ == "__main__":
    main()
