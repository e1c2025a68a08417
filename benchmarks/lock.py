"""One session at a time on a machine: two at once would measure each other."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import MachineBusyError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: In the folder all users share, so that the lock holds for the machine.
LOCK_FILE: Final = Path(tempfile.gettempdir()) / "numpy-torch-bridge.lock"


@contextmanager
def machine_lock(path: Path = LOCK_FILE) -> Iterator[int]:
    """Hold the machine, and yield the descriptor of the lock.

    A worker that inherits the descriptor holds the lock as long as it lives, even when its session was killed.

    Raises:
        MachineBusyError: another run holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MachineBusyError(
                "another benchmark run holds this machine; two at once would measure each other. Wait for it to end"
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)
