"""Commonly believed: what people say about transfers, and what this session's numbers say to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.suite.cases import MIDDLE_BYTES
from reports import units
from reports.beliefs import beliefs
from reports.figures.registry import Cell, Figure, Line, Table

from .parts import part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.beliefs import Belief
    from reports.transfers import Transfers


@part(110)
def commonly_believed(transfers: Transfers) -> Iterator[Figure]:
    """List each belief that was put to the test with its verdict and the numbers it rests on."""
    known = beliefs(transfers)
    if known:
        yield Figure(
            anchor="transfer-beliefs",
            title="Commonly believed",
            caption=f"At {units.size(MIDDLE_BYTES)}, by the clock `done` unless it says otherwise. A path is faster or "
            "slower where the whole interval of the ratio lies beyond 5 %; where it lies across that, "
            "the verdict is unclear.",
            table=Table(
                headers=("belief", "verdict", "numbers"),
                lines=tuple(_line(number, one) for number, one in enumerate(known, start=1)),
            ),
        )


def _line(number: int, belief: Belief) -> Line:
    return Line(
        anchor=f"transfer-belief-{number}",
        cells=(
            Cell(belief.statement, kind="belief"),
            Cell(belief.verdict, kind="verdict text"),
            Cell("; ".join(belief.numbers), kind="text"),
        ),
    )
