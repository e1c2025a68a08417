"""The figures of made-up transfers, and their tables as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.figures.registry import SECTIONS
from reports.published import Beside
from reports.view import View
from tests.gpu_builders import a_gpu_session, a_transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.records import Session
    from reports.figures.registry import Figure

SIZES = ("64KiB", "256KiB", "1MiB", "4MiB", "16MiB", "64MiB")
MIB = 2**20


def section(anchor: str, view: View) -> dict[str, Figure]:
    """Return the figures of one section by their anchor; drawing all of them takes most of what such a test takes."""
    return {one.anchor: one for one in SECTIONS[anchor].draw(view)}


def figures(session: Session, gpu_session: Session | None = None) -> dict[str, Figure]:
    """Return a session's figures of the transfer section by their anchor."""
    return section("transfers", View(session, Beside(gpu_session=gpu_session)))


def of(records: Sequence[Any], **header: Any) -> dict[str, Figure]:
    """Return the figures of a session of these records."""
    return figures(a_gpu_session(records, **header))


def texts(figure: Figure) -> list[list[str]]:
    """Return a figure's table as text."""
    return [[str(cell) for cell in line.cells] for line in figure.table.lines]


def by_name(figure: Figure) -> dict[str, dict[str, str]]:
    """Return a figure's table as text: first cell -> header -> cell."""
    return {str(line[0]): dict(zip(figure.table.headers, line, strict=True)) for line in texts(figure)}


def curve(path: str, fixed: float, speed: float, **more: Any) -> list[Any]:
    """Return one path over the sizes: a fixed cost in ns and a rate in bytes per ns."""
    known = {"64KiB": 2**16, "256KiB": 2**18, "1MiB": MIB, "4MiB": 4 * MIB, "16MiB": 16 * MIB, "64MiB": 64 * MIB}
    return [a_transfer(path, done=fixed + known[size] / speed, size=size, **more) for size in SIZES]
