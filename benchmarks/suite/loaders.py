"""Batches from a DataLoader, end to end: a call is one epoch over a list of arrays, which gives the last batch.

The workers are started by the first call, outside the timed region, stay for all others, and end with the loader. The
arrays lie in memory and are not worked on, so that what is left is what a batch costs on its way; a reader of files
that takes longer hides it. The order is reversed: the last batch holds the first arrays, which are looked at.
"""

from __future__ import annotations

from collections import deque
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from torch.utils.data import DataLoader, default_collate

import bridge

from .feeds import BATCH_ITEMS, Feed
from .registry import path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from .registry import Conversion

    Array = np.ndarray[Any, np.dtype[Any]]

_COLLATES: Final[dict[str, Callable[[Any], Any]]] = {"default_collate": default_collate, "bridge.stack": bridge.stack}
_PROCESSES: Final = ((None, 0), ("fork", 1), ("fork", 2), ("spawn", 1), ("spawn", 2))


def last_batch(loader: DataLoader[Any]) -> Conversion:
    """Take all batches, one at a time, and return the last one."""
    return deque(loader, maxlen=1).pop()


for _collate, (_start, _workers) in product(_COLLATES, _PROCESSES):
    _feed = Feed(collate=_collate, start=_start, workers=_workers)
    path(_feed.name, family="feed", feed=_feed)(last_batch)


def loader_of(feed: Feed, arrays: Sequence[Array]) -> DataLoader[Any]:
    """Return the loader of a feed: batches of eight arrays, the last arrays first."""
    rows = [list(range(first, min(first + BATCH_ITEMS, len(arrays)))) for first in range(0, len(arrays), BATCH_ITEMS)]
    return DataLoader(
        arrays,  # type: ignore[arg-type]  # a list is a data set: it has a length and items
        batch_sampler=rows[::-1],
        collate_fn=_COLLATES[feed.collate],
        num_workers=feed.workers,
        multiprocessing_context=feed.start,
        persistent_workers=feed.workers > 0,
    )
