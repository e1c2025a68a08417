"""How a DataLoader is set up, and the name of such a path. Standard library only, for reports read the names.

A loader's name says everything: ``loader.bridge.stack.fork2`` stacks by `bridge` in two forked workers,
``loader.default_collate.workers0`` collates in the process that takes the batches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Start = Literal["fork", "spawn"]

#: Arrays of a batch.
BATCH_ITEMS: Final = 8
_NAME: Final = re.compile(r"loader\.(?P<collate>.+)\.(?:workers0|(?P<start>fork|spawn)(?P<workers>[1-9]\d*))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What makes the batches: how arrays become one, and so many worker processes started in this way, or none."""

    collate: str
    start: Start | None = None
    workers: int = 0

    def __post_init__(self) -> None:
        """Refuse workers that nothing starts, and a way to start none."""
        if (self.start is None) != (self.workers == 0):
            raise ValueError(f"{self.workers} workers cannot be started by {self.start}")

    @property
    def how(self) -> str:
        """The processes in one word: ``workers0``, ``fork2``."""
        return f"{self.start}{self.workers}" if self.start else "workers0"

    @property
    def name(self) -> str:
        """The path's name."""
        return f"loader.{self.collate}.{self.how}"

    @classmethod
    def parse(cls, path: str) -> Feed | None:
        """Read the name of a path back; None where it is not that of a loader."""
        found = _NAME.fullmatch(path)
        if found is None:
            return None
        start: Start | None = "fork" if found["start"] == "fork" else "spawn" if found["start"] else None
        return cls(collate=found["collate"], start=start, workers=int(found["workers"] or 0))


def batches(nbytes: int, item_bytes: int) -> int:
    """Return how many batches an epoch over arrays of these bytes has."""
    return -(-nbytes // item_bytes // BATCH_ITEMS)
