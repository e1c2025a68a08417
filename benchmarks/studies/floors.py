"""Why some promises of speed cannot be kept: what the parts of a call cost that no spelling of it can leave out.

A floor is a list of ways, the first of which is one; the others are given as multiples of it. The ways of a floor are
timed in turn in one process, one thread unless it says otherwise; what is compared are the medians.

    python benchmarks/studies/floors.py [--filter REGEX]
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

import bridge
from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.studies.thresholds import times_ns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.studies.thresholds import Way

_MIB: Final = 1 << 20
_HUGE_PAGE: Final = 2 * _MIB
_ALL_THREADS: Final = torch.get_num_threads()
_DTYPES: Final = frozenset({torch.float32, torch.float64})


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a promise is about, and the ways whose times say why it is not kept; the first one counts as one."""

    about: str
    ways: Mapping[str, Way]


def floors() -> Iterator[Floor]:
    """Yield every floor; the memory of one is dropped before the next."""
    yield _sharing()
    for size_mib in (64, 256, 1024):
        yield _fresh(size_mib)
    yield _transposing()
    for source, target in (("float64", "float32"), ("float32", "float16"), ("float32", "bfloat16")):
        yield _casting(source, target)
    for items in (64, 2048):
        yield _stacking(items)
    yield _threads()


def _sharing() -> Floor:
    t = torch.zeros(16)
    asked = (_bare, _with_keywords, _and_dtype, _and_gradient, _and_memory, _and_repeats)
    ways: dict[str, Way] = {function.__name__.strip("_").replace("_", " "): partial(function, t) for function in asked}
    return Floor(about="a tensor of 64 B as an array", ways=ways | {"bridge.as_array": partial(bridge.as_array, t)})


def _bare(t: torch.Tensor) -> np.ndarray:
    return t.numpy()


def _with_keywords(t: torch.Tensor, *, dtype: Any = None, copy: bool | None = None, order: str = "K") -> Any:  # noqa: ANN401, ARG001
    return t.numpy()


def _and_dtype(t: torch.Tensor, *, dtype: Any = None, copy: bool | None = None, order: str = "K") -> Any:  # noqa: ANN401
    return t.numpy() if dtype is copy is None and order == "K" and t.dtype in _DTYPES else None


def _and_gradient(t: torch.Tensor, *, dtype: Any = None, copy: bool | None = None, order: str = "K") -> Any:  # noqa: ANN401
    usual = dtype is copy is None and order == "K" and t.dtype in _DTYPES and not t.requires_grad
    return t.numpy() if usual else None


def _and_memory(t: torch.Tensor, *, dtype: Any = None, copy: bool | None = None, order: str = "K") -> Any:  # noqa: ANN401
    usual = dtype is copy is None and order == "K" and t.dtype in _DTYPES and not t.requires_grad
    array = t.numpy() if usual else None
    return array if array is not None and not array.flags.owndata else None


def _and_repeats(t: torch.Tensor, *, dtype: Any = None, copy: bool | None = None, order: str = "K") -> Any:  # noqa: ANN401
    usual = dtype is copy is None and order == "K" and t.dtype in _DTYPES and not t.requires_grad
    array = t.numpy() if usual else None
    return array if array is not None and not array.flags.owndata and array.flags.forc else None


def _fresh(size_mib: int) -> Floor:
    source, target = (np.ones(size_mib * _MIB, np.uint8) for _ in range(2))
    ways: dict[str, Way] = {
        "memmove into warm memory": partial(np.copyto, target, source),
        "pages of new memory alone": partial(_touch, source.nbytes),
        "bridge.as_tensor(copy=True)": partial(bridge.as_tensor, source, copy=True),
    }
    return Floor(about=f"a fresh copy of {size_mib} MiB", ways=ways)


def _touch(nbytes: int) -> None:
    np.empty(nbytes, np.uint8)[::_HUGE_PAGE] = 1


def _transposing() -> Floor:
    source, target = np.ones((4096, 4096), np.float32).T, torch.ones(4096, 4096)
    ways: dict[str, Way] = {
        "torch's transpose into warm memory": partial(target.copy_, torch.from_numpy(source)),
        "pages of new memory alone": partial(_touch, source.nbytes),
        'bridge.as_tensor(order="C")': partial(bridge.as_tensor, source, order="C"),
    }
    return Floor(about="C order of F, 4096 x 4096 float32", ways=ways)


def _casting(source: str, target: str) -> Floor:
    array = np.ones(64 * _MIB // np.dtype(source).itemsize, source)
    wanted = getattr(torch, target)
    warm = torch.ones(array.shape, dtype=wanted)
    ways: dict[str, Way] = {
        "the cast into warm memory": partial(bridge.copyto, warm, array),
        "pages of new memory alone": partial(_touch, warm.nbytes),
        "into new memory whole by torch": partial(_cast, array, wanted, pieces=1),
        "by torch in pieces of 1 MiB": partial(_cast, array, wanted, pieces=warm.nbytes // _MIB),
        "bridge.as_tensor(dtype=)": partial(bridge.as_tensor, array, dtype=wanted),
    }
    if wanted is torch.float32:
        ways["by astype"] = partial(array.astype, np.float32)
    return Floor(about=f"{source} to {target}, 64 MiB", ways=ways)


def _cast(array: np.ndarray, dtype: torch.dtype, *, pieces: int) -> None:
    new = torch.from_numpy(np.empty(array.size * dtype.itemsize, np.uint8)).view(dtype)  # NumPy asks for huge pages
    for target, source in zip(new.chunk(pieces), torch.from_numpy(array).chunk(pieces), strict=True):
        target.copy_(source)


def _stacking(items: int) -> Floor:
    rows = list(np.ones((items, 16 if items == 64 else 128), np.float32))
    ways: dict[str, Way] = {
        "np.concatenate": partial(np.concatenate, rows),
        "of one dtype": partial(np.concatenate, rows, dtype=rows[0].dtype, casting="no"),
        "and all arrays": partial(_joined_arrays, rows),
        "and of one length": partial(_joined_alike, rows),
        "bridge.stack": partial(bridge.stack, rows),
        "torch.tensor": partial(torch.tensor, rows),
    }
    return Floor(about=f"{items} rows of {len(rows[0])} float32", ways=ways)


def _joined_arrays(rows: list[np.ndarray]) -> torch.Tensor | None:
    if set(map(type, rows)) != {np.ndarray}:
        return None
    return torch.from_numpy(np.concatenate(rows, dtype=rows[0].dtype, casting="no").reshape(-1, *rows[0].shape))


def _joined_alike(rows: list[np.ndarray]) -> torch.Tensor | None:
    alike = list(map(len, rows)).count(len(rows[0])) == len(rows)
    return _joined_arrays(rows) if alike else None


def _threads() -> Floor:
    array = np.ones(16 * _MIB, np.float32)
    array[::7] = 3
    ways: dict[str, Way] = {
        f"{threads} threads": partial(_standardize, array, threads) for threads in {1, _ALL_THREADS}
    }
    return Floor(about="standardize, 64 MiB, no other threads about", ways=ways)


def _standardize(array: np.ndarray, threads: int) -> None:
    torch.set_num_threads(threads)
    bridge.standardize(array)
    torch.set_num_threads(1)


def row(floor: Floor, found: Mapping[str, float]) -> str:
    """Return the row of one floor: its first way, then the others as multiples of it."""
    first, *others = found
    said = ", ".join(f"{name} {found[name] / found[first]:.2f}" for name in others)
    return f"| {floor.about} | {first} | {said} |"


def main() -> None:
    """Measure the floors and print their table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--filter", default="", help="only floors about what matches this expression")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print("| about | as one | as multiples of it |\n| --- | --- | --- |")
    with machine_lock():
        for floor in floors():
            if re.search(asked.filter, floor.about):
                print(row(floor, times_ns(floor.ways)), flush=True)
    print(f"\n{in_one_line()}")


if __name__ == "__main__":
    main()
