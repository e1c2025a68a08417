"""The session that a command names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .options import SESSIONS
from .terminal import FAILED

if TYPE_CHECKING:
    from benchmarks.records import Session

    from .terminal import Terminal


def load(name: str, terminal: Terminal) -> Session:
    """Return the session of a file, or the latest one; where it cannot be read, say why and end."""
    from benchmarks.store import read, sessions_in

    found = sessions_in(SESSIONS) if name == "latest" else [Path(name)]
    if not found:
        terminal.stop(f"no session in {SESSIONS}; measure one: python -m benchmarks run", FAILED)
    if not found[-1].is_file():
        terminal.stop(f"there is no session file {found[-1]}", FAILED)
    return terminal.guarded(lambda: read(found[-1]))
