"""The published sessions that a report may show beside its own: one with a GPU, and an earlier one of its machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from benchmarks import store
from benchmarks.stored import difference

from .transfers import Transfers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.records import Header, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a report shows beside its session.

    `gpu_session` is a published session with a GPU, whose transfers are shown where a session has none; `earlier` the
    published session of the same machine that it is compared with. Each is None where nobody published one.
    """

    gpu_session: Session | None = None
    earlier: Session | None = None


#: Beside a session stands nothing.
ALONE: Final = Beside()


class Shelf:
    """A folder of published sessions, looked up by what a report shows beside its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def beside(self, session: Session) -> Beside:
        """Return what stands beside a session in its report."""
        return Beside(gpu_session=self.gpu_session, earlier=self.earlier(session.header))

    @cached_property
    def gpu_session(self) -> Session | None:
        """The newest session that measured transfers to a device, None where none did."""
        sessions = map(store.read, reversed(store.sessions_in(self.folder)))
        return next((session for session in sessions if Transfers(session).rows), None)

    def earlier(self, header: Header) -> Session | None:
        """Return the newest session of this machine before this one: of those that can be compared, else of all."""
        known = list(self._before(header))
        comparable = (path for path, one in known if difference(one, header) is None)
        path = next(comparable, known[0][0] if known else None)
        return store.read(path) if path else None

    def _before(self, header: Header) -> Iterator[tuple[Path, Header]]:
        started = datetime.fromisoformat(header.started)
        for path in reversed(store.sessions_in(self.folder)):
            one = store.read_header(path)
            if one.machine_name == header.machine_name and datetime.fromisoformat(one.started) < started:
                yield path, one
