"""Published sessions -> a static site: one page of machines and sessions, one report each, all with relative links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from benchmarks import store
from benchmarks.records import DMA
from benchmarks.statistics import estimate

from . import pages
from .figures.registry import slug
from .published import Shelf
from .rendering import environment
from .view import FEWEST_PASSES

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.records import Header, Session

_UNFIT: Final = frozenset({"quick"})


class NotPublishable(ValueError):  # noqa: N818  reads as what it says: not publishable, with the reason
    """A session lacks what others need to trust it; the message names it and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One published session in the list: its header, its counts, its age in days and its page's relative address."""

    header: Header
    cases: int
    failed: int
    age_days: int
    address: str

    @property
    def age(self) -> str:
        """How old the numbers are, in words, and what they were measured with."""
        torch = str(self.header.software.get("torch", "an unknown version")).partition("+")[0]
        days = {0: "today", 1: "1 day ago"}.get(self.age_days, f"{self.age_days} days ago")
        return f"measured {days} with torch {torch}"


def publish(sessions_dir: Path, out: Path, today: date) -> Path:
    """Write the site of all sessions in `sessions_dir` into `out`.

    Returns:
        The path of index.html, which works from disk.
    """
    machines: dict[str, list[Entry]] = {}
    shelf = Shelf(sessions_dir)
    for path in reversed(store.sessions_in(sessions_dir)):
        session = store.read(path)
        folder = slug(session.header.machine_name)
        entry = _entry(session, f"{folder}/{path.stem}", today)
        report = (out / entry.address).parent
        pages.write_report(session, report, home="../../index.html", beside=shelf.beside(session))
        machines.setdefault(session.header.machine_name, []).append(entry)
    out.mkdir(parents=True, exist_ok=True)
    index = out / "index.html"
    index.write_text(index_text(machines), encoding="utf-8", newline="\n")
    return index


def index_text(machines: dict[str, list[Entry]]) -> str:
    """Return the page that lists the machines, each with its sessions, the newest first."""
    template = environment().get_template("index.html.j2")
    return template.render(machines={name: machines[name] for name in sorted(machines)})


def admit(session: Session, sessions_dir: Path) -> Path:
    """Take a session into the published ones.

    Raises:
        NotPublishable: it is quick, dirty, or has a case with fewer passes than an interval needs.
        FileExistsError: it is there already.

    Returns:
        The path of the published file.
    """
    header = session.header
    if header.preset in _UNFIT:
        raise NotPublishable(f"the preset is {header.preset!r}, which is for looking around; use --preset standard")
    if header.dirty:
        raise NotPublishable(f"commit {header.commit[:8]} was measured with changes; commit them and measure again")
    if not session.measured:
        raise NotPublishable("no case was measured; the session's skipped and failed cases say why")
    for record in session.measured:
        passes = min(len(one) for clock, one in record.samples_ns.items() if clock != DMA)  # the profiler looks once
        if passes < FEWEST_PASSES:
            raise NotPublishable(
                f"{record.case} has {passes} passes, an interval needs {FEWEST_PASSES}; "
                f"measure with --passes {FEWEST_PASSES}, or finish the session with --resume"
            )
    path = sessions_dir / slug(header.machine_name) / store.file_name(header)
    store.write(path, session)
    return path


def mostly_noisy(session: Session) -> str:
    """Return a sentence where most cases of a session are noisy, so that its publisher hears it first; else nothing."""
    noisy = sum(estimate(record.passes(record.clock)).noisy for record in session.measured)
    if 2 * noisy <= len(session.measured):
        return ""
    return (
        f"{noisy:,} of {len(session.measured):,} cases are noisy, their passes differ by more than a quarter: "
        "measure again when the machine is calm (python -m benchmarks doctor) before others read this"
    )


def _entry(session: Session, folder: str, today: date) -> Entry:
    return Entry(
        header=session.header,
        cases=len(session.measured),
        failed=len(session.failed),
        age_days=(today - datetime.fromisoformat(session.header.started).date()).days,
        address=f"{folder}/report.html",
    )
