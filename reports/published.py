"""The published sessions that a report of another machine may show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import store

from .transfers import Transfers

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.records import Session


def newest_gpu_session(folder: Path) -> Session | None:
    """Return the newest session in a folder that measured transfers to a device, None where none did."""
    sessions = map(store.read, reversed(store.sessions_in(folder)))
    return next((session for session in sessions if Transfers(session).rows), None)
