"""What a question is, and the decorator that makes a function answer one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.view import View

    Reply = Callable[[View], Iterator[str]]

#: The options of `run` that measure transfers.
GPU: Final = "--preset gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as people ask it, where its numbers stand, and what measures them.

    `figures` are starts of the anchors of figures: the first figure of each start is linked. `run` has the options that
    measure what an answer needs. `reply` yields the answer in one sentence, or nothing where the session lacks the
    cases.
    """

    order: int
    anchor: str
    text: str
    figures: tuple[str, ...]
    run: str
    reply: Reply = field(repr=False)

    @property
    def lacking(self) -> str:
        """What is said instead of an answer."""
        where = " where there is a CUDA device" if self.run == GPU else ""
        return f"Not measured here; `python -m benchmarks run {self.run}` measures it{where}."


QUESTIONS: Final[dict[str, Question]] = {}


def question(order: int, anchor: str, text: str, *, figures: tuple[str, ...], run: str) -> Callable[[Reply], Reply]:
    """Make the decorated function the answer to a question; `order` is its place.

    Raises:
        ValueError: the anchor is taken.
    """
    if anchor in QUESTIONS:
        raise ValueError(f"there is a question {anchor!r} already")

    def register(reply: Reply) -> Reply:
        QUESTIONS[anchor] = Question(order=order, anchor=anchor, text=text, figures=figures, run=run, reply=reply)
        return reply

    return register
