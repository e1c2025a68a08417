"""Findings: sentences with numbers, each printed only when the session's data allow it.

A finding is one decorated function: it takes the `View` of a session and returns a sentence or None. Every number in
a sentence stands, as the same text, in the table row that its anchor names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.view import View

if TYPE_CHECKING:
    from benchmarks.records import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence, the id of the row or figure that shows it, and the numbers that stand in both."""

    sentence: str
    anchor: str
    numbers: tuple[str, ...] = ()


def findings(session: Session) -> tuple[Finding, ...]:
    """Return what the session shows, the most telling first."""
    return found(View(session))


def found(view: View) -> tuple[Finding, ...]:
    """Return what a view shows, the most telling first."""
    del view
    return ()
