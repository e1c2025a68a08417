"""Fixed cost and rate of each path, and the size from which it is cheaper than the usual one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.model import Fit, NoFit, fit
from reports import units
from reports.figures.registry import Cell, Figure, Line, Table
from reports.transfers import DIRECTIONS, USUAL

from .parts import NOTHING, estimated, part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.transfers import Transfer, Transfers

#: Below this the driver copies by other means, and a line over both would describe neither.
SMALLEST: Final = 64 * 1024


@part(30)
def fixed_cost_and_rate(transfers: Transfers) -> Iterator[Figure]:
    """List the line of each path and where it crosses the usual one's."""
    for family, words in DIRECTIONS.items():
        lines = {name: _large(line) for name, line in transfers.curves(family).items()}
        known = {name: fit({row.record.nbytes: row.passes for row in rows}) for name, rows in lines.items()}
        if any(isinstance(one, Fit) for one in known.values()):
            yield _figure(family, words, known, lines)


def crossover(usual: Fit | NoFit, other: Fit | NoFit, low: int, high: int) -> str:
    """Return from or up to which size `other` is cheaper than `usual`, or why no size can be named.

    The size is (a2 - a1) / (1/B1 - 1/B2) of the two lines a + n/B; outside of `low` to `high` bytes none is claimed.
    """
    if not isinstance(usual, Fit) or not isinstance(other, Fit):
        return "not said: no line"
    if not usual.rate.apart(other.rate):
        return "not said: the rates cannot be told apart"
    if usual.fixed_ns is None or other.fixed_ns is None:
        return "not said: a fixed cost cannot be told from zero"
    if not usual.fixed_ns.apart(other.fixed_ns):
        return "not said: the fixed costs cannot be told apart"
    gained = 1 / usual.rate.value - 1 / other.rate.value
    size = (other.fixed_ns.value - usual.fixed_ns.value) / gained
    if low <= size <= high:
        return f"cheaper from {units.size(size)} on" if gained > 0 else f"cheaper up to {units.size(size)}"
    always = (size < low) == (gained > 0)
    return f"{'cheaper' if always else 'dearer'} at every fitted size"


def _large(line: Sequence[Transfer]) -> tuple[Transfer, ...]:
    return tuple(row for row in line if row.record.nbytes >= SMALLEST)


def _figure(family: str, words: str, known: dict[str, Fit | NoFit], lines: dict[str, tuple[Transfer, ...]]) -> Figure:
    usual = USUAL[family]
    return Figure(
        anchor=f"transfer-fits-{family}",
        title=f"{words}: fixed cost and rate",
        caption=f"One line a path over all sizes from {units.size(SMALLEST)} on, as one regime; the half size takes as "
        "long as the fixed cost. Where a line misses a size by more than 15 % there is no number. The last column "
        f"compares the lines with that of `{usual}`, for the measured sizes.",
        table=Table(
            headers=("path", "fixed cost", "rate", "half size", "worst miss", f"against {usual}"),
            lines=tuple(_line(name, one, known.get(usual), lines[name]) for name, one in known.items()),
        ),
    )


def _line(name: str, known: Fit | NoFit, usual: Fit | NoFit | None, rows: Sequence[Transfer]) -> Line:
    said = units.NONE
    if usual is not None and usual is not known and rows:
        said = crossover(usual, known, rows[0].record.nbytes, rows[-1].record.nbytes)
    if isinstance(known, NoFit):
        said = known.reason
    return Line(cells=(Cell(name, kind="path"), *_numbers(known), Cell(said, kind="text")))


def _numbers(known: Fit | NoFit) -> tuple[Cell, ...]:
    if not isinstance(known, Fit):
        return (NOTHING,) * 4
    half = known.half_size_bytes
    return (
        estimated(known.fixed_ns, units.time),
        estimated(known.rate, units.rate),
        NOTHING if half is None else Cell(units.size(half)),
        Cell(units.percent(known.worst_miss)),
    )
