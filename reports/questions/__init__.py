"""Questions that people ask of conversions, each answered by one sentence from the session's own records.

A question is one decorated function: it takes the `View` of a session and yields the answer, or nothing where the
session lacks the cases. Every number of an answer stands, as the same text, in a figure that the answer links to.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from .registry import QUESTIONS, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.view import View

__all__ = ["LEAD", "Answer", "Link", "Question", "answers", "questions"]

LEAD: Final = (
    "What people ask most of these conversions, each answered by what this session measured; names are those of paths, "
    "whose code stands under what each path does. What to write instead stands in `docs/questions.md` of the project."
)

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A figure of the same report: its anchor, and its title with that of its section."""

    anchor: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question, what the session says to it, and the figures that show it."""

    question: Question
    sentence: str
    links: tuple[Link, ...]


def questions() -> tuple[Question, ...]:
    """Return all questions in their order."""
    return tuple(sorted(QUESTIONS.values(), key=lambda one: one.order))


def answers(view: View, titles: Mapping[str, str]) -> tuple[Answer, ...]:
    """Return what a session says to every question; `titles` has the figures of its report by their anchors."""
    return tuple(_answer(one, next(one.reply(view), None), titles) for one in questions())


def _answer(one: Question, said: str | None, titles: Mapping[str, str]) -> Answer:
    """Return an answer; without one, only the section of transfers has more to say, as it speaks of other machines."""
    starts = one.figures if said else tuple(start for start in one.figures if start.startswith("transfer-"))
    return Answer(question=one, sentence=said or one.lacking, links=tuple(_links(starts, titles)))


def _links(starts: Sequence[str], titles: Mapping[str, str]) -> Iterator[Link]:
    """Yield the first figure of each start that the report has."""
    for start in starts:
        anchor = next((name for name in titles if name.startswith(start)), None)
        if anchor:
            yield Link(anchor=anchor, title=titles[anchor])
