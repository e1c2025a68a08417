"""What a part of the transfer section is, and the cells that its tables share.

Adding a figure is one decorated function in one module of this package: it takes the `Transfers` of a session and
yields figures, none where what it needs was not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import units
from reports.figures.registry import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.statistics import Estimate
    from reports.figures.registry import Figure
    from reports.transfers import Transfer, Transfers

    Part = Callable[[Transfers], Iterator[Figure]]

PARTS: Final[list[tuple[int, Part]]] = []
NOTHING: Final = Cell(units.NONE)
NOT_LOOKED_AT: Final = "not looked at"


def part(order: int) -> Callable[[Part], Part]:
    """Make the decorated function a part of the section; `order` is its place."""

    def register(draw: Part) -> Part:
        PARTS.append((order, draw))
        return draw

    return register


def drawn(transfers: Transfers) -> Iterator[Figure]:
    """Yield the figures of every part that has data, in the order of the section."""
    for _, draw in sorted(PARTS, key=lambda one: one[0]):
        yield from draw(transfers)


def timed(row: Transfer | None) -> Cell:
    """Return the time of a transfer until the device is done, marked where it is noisy."""
    return NOTHING if row is None else estimated(row.time, units.time)


def estimated(value: Estimate | None, text: Callable[[float], str]) -> Cell:
    """Return an estimate with its interval, marked where it is noisy."""
    if value is None:
        return NOTHING
    return Cell(text(value.value), units.interval(value, text), "noisy" if value.noisy else "")


def on_link(row: Transfer | None) -> Cell:
    """Return the bytes that a call moved between host and device."""
    if row is None:
        return NOTHING
    return Cell(NOT_LOOKED_AT if row.link_bytes is None else units.size(row.link_bytes))
