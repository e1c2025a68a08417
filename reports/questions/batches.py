"""Questions on lists of arrays: batches, the loaders that make them, and casts before or after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import units
from reports.figures import endtoend
from reports.figures.versus import ratio_to_usual
from reports.view import USUAL, ratio_of

from .picking import Asked, at_one_size, listed, size, took_each
from .registry import question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.view import Row, View

_LISTS = "items4KiB"
_LOADERS = "items64KiB"


@question(
    4,
    "q-list-of-arrays",
    "Why is `torch.tensor(list_of_arrays)` so slow?",
    figures=("end-to-end-stack-float32-items4KiB", "time-stack-array"),
    run=f"--preset standard --filter '/{_LISTS}/1MiB/1t'",
)
def list_of_arrays(view: View) -> Iterator[str]:
    """Say what a list takes element by element, against the usual spelling and against one array made first."""
    names = ("torch.tensor.list", "np.array.from_numpy")
    rows = at_one_size(view, *(Asked(name, "stack", layout=_LISTS) for name in names))
    if rows and (ratio := ratio_to_usual(view, rows[0])):
        times, usual = units.with_interval(ratio, units.times), USUAL[rows[0].group]
        yield f"Of {_list(rows)} {took_each(rows)}; `{names[0]}` takes {times} as long as `{usual}`."


@question(
    7,
    "q-collate",
    "The default collate is slow: what to stack with, and should workers return arrays or tensors?",
    figures=("end-to-end-stack-float32-items4KiB", "end-to-end-loader-items64KiB", "time-stack-array"),
    run="--preset standard --filter '/items'",
)
def collate(view: View) -> Iterator[str]:
    """Say what each way to stack takes, and what it makes of a loader's epoch."""
    names = ("default_collate", "torch.stack", "np.stack.from_numpy", "bridge.stack")
    if rows := at_one_size(view, *(Asked(name, "stack", layout=_LISTS) for name in names)):
        yield f"Of {_list(rows)} {took_each(rows)}{_of_a_loader(view)}."


def _list(rows: tuple[Row, ...]) -> str:
    return f"a list of arrays of 4 KiB, {size(rows)} in all,"


def _of_a_loader(view: View) -> str:
    """Say what the collate makes of an epoch, which is of other arrays and bytes than the list is."""
    names = (f"loader.{collate}.workers0" for collate in ("bridge.stack", "default_collate"))
    rows = at_one_size(view, *(Asked(name, "feed", layout=_LOADERS) for name in names))
    ratio = ratio_of(*rows) if rows else None
    if ratio is None:
        return ""
    epoch, said = f"{size(rows)} of arrays of 64 KiB", units.with_interval(ratio, units.times)
    return f"; a loader's epoch of {epoch} takes {said} as long with `bridge.stack` as with `default_collate`"


@question(
    8,
    "q-workers-memory",
    "Workers of a DataLoader eat memory: is it copies, or is it shared?",
    figures=("end-to-end-loader-items64KiB", "faults-per-call"),
    run="--preset standard --filter '^loader'",
)
def workers_memory(view: View) -> Iterator[str]:
    """Say what batches that cross from workers by shared memory take, against those of no worker; the largest first."""
    ratios = _of_workers(view)
    for row in reversed(Asked("loader.default_collate.workers0", "feed", layout=_LOADERS).line(view)):
        if known := ratios.get(row.record.nbytes):
            yield (
                f"Workers hand each batch over in shared memory: an epoch of {size([row])} by {took_each([row])}, by "
                f"{listed(known)} as long."
            )


def _of_workers(view: View) -> dict[int, list[str]]:
    """Return the loaders with workers that can be compared with the one without, in words, by the bytes of an epoch."""
    found: dict[int, list[str]] = {}
    for how in ("fork1", "fork2", "spawn2"):
        for row in Asked(f"loader.default_collate.{how}", "feed", layout=_LOADERS).line(view):
            if ratio := endtoend.against(view, row, how="workers0"):
                said = f"`{row.record.path}` {units.with_interval(ratio, units.times)}"
                found.setdefault(row.record.nbytes, []).append(said)
    return found


@question(
    14,
    "q-cast",
    "float64 to float32: cast in NumPy or in torch, before or after?",
    figures=("time-cast-array", "end-to-end-stack_cast-float64-float32-items4KiB", "ratios-cast-array-67108864"),
    run="--preset standard --filter 'float64>float32'",
)
def casts(view: View) -> Iterator[str]:
    """Say what a cast takes by each library, and of a list before and after it became a batch."""
    cast = "float64>float32"
    names = ("np.astype.from_numpy", "torch.from_numpy.to", "bridge.as_tensor.dtype")
    if rows := at_one_size(view, *(Asked(name, "cast", dtype=cast) for name in names)):
        orders = (Asked(name, "stack_cast", dtype=cast, layout=_LISTS) for name in ("torch.to.stack", "torch.stack.to"))
        lists = at_one_size(view, *orders)
        of_lists = [f"of {_list(lists)} {took_each(lists)}"] if lists else []
        yield f"{'; '.join([f'At {size(rows)} {took_each(rows)}', *of_lists])}."
