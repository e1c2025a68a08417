"""Findings: sentences with numbers, each printed only when the session's data allow it.

A finding is one decorated function: it takes the `View` of a session and yields what it may say, the strongest first.
Every number in a sentence stands, as the same text, in the table row that its anchor names.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from reports.view import View

from .registry import FINDS, Finding

if TYPE_CHECKING:
    from benchmarks.records import Session

__all__ = ["CAP", "NOTHING", "Finding", "findings", "found"]

#: More sentences than this are not read.
CAP: Final = 9
NOTHING: Final = (
    "These data allow no sentence: a finding needs several sizes of one path, or two paths of one family whose "
    "intervals lie apart. Measure more cases (--preset standard) or more passes."
)

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def findings(session: Session) -> tuple[Finding, ...]:
    """Return what the session shows, the most telling first."""
    return found(View(session))


def found(view: View) -> tuple[Finding, ...]:
    """Return what a view shows, at most one sentence a question, the most telling first."""
    said = (next(find(view), None) for _, find in sorted(FINDS, key=lambda one: one[0]))
    return tuple(one for one in said if one)[:CAP]
