"""Where one path overtakes another: the fastest at every size, and pairs whose order changes, as ranges of sizes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Final

from benchmarks.crossings import ORDERS, changes, orders
from reports import charts, crossing, units

from .registry import Cell, Chart, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.crossings import Crossing, Order
    from reports.view import Choice, Group, Row, View

_FEWEST_SIZES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two paths of one group: how the first stands to the second at each size of both, and where that changes."""

    group: Group
    first: str
    second: str
    orders: tuple[tuple[int, Order], ...]
    changes: tuple[Crossing, ...] = ()

    @property
    def overtakes(self) -> bool:
        """Whether each of the two is cheaper somewhere, with intervals apart on both sides."""
        return {"cheaper", "dearer"} <= {order for _, order in self.orders}

    @property
    def anchor(self) -> str:
        """The id of this pair's row."""
        return f"overtakes-{self.group.anchor}-{slug(f'{self.first} {self.second}')}"

    def ranges(self, order: Order) -> str:
        """Return the sizes of one order as ranges: ``64 B to 4 KiB, 1 MiB``."""
        runs = (list(run) for key, run in groupby(self.orders, key=lambda one: one[1]) if key == order)
        return ", ".join(_range(run[0][0], run[-1][0]) for run in runs) or units.NONE


@section(
    40,
    "overtakes",
    title="Where one path overtakes another",
    lead="At each size the fastest path, with those that cannot be told from it because their intervals overlap; and "
    "the pairs whose order changes, as ranges of measured sizes. Where the lines of the cost model cross, that size is "
    "given with the range of the passes, else the measured sizes between which the order changes.",
)
def where_paths_overtake(view: View) -> Iterator[Figure]:
    """List the fastest paths, and draw the pairs that change their order."""
    for group in view.groups:
        choice = view.choices(group)[0]
        lines = [line for path in view.paths(group) if len(line := view.line(group, path, choice)) >= _FEWEST_SIZES]
        if len(lines) > 1:
            yield _fastest(group, choice, lines)
        if pairs := [pair for pair in all_pairs(view, group) if pair.overtakes]:
            yield _changing(group, choice, pairs)


def all_pairs(view: View, group: Group) -> Iterator[Pair]:
    """Yield every two paths of a group with their order at the sizes they share."""
    choice = view.choices(group)[0]
    for first, second in combinations(view.paths(group), 2):
        both = [view.curve(group, path, choice) for path in (first, second)]
        yield Pair(group=group, first=first, second=second, orders=orders(*both), changes=changes(*both))


def _range(low: int, high: int) -> str:
    return units.size(low) if low == high else f"{units.size(low)} to {units.size(high)}"


def _fastest(group: Group, choice: Choice, lines: Sequence[Sequence[Row]]) -> Figure:
    sizes = sorted({row.record.nbytes for line in lines for row in line})
    table = Table(
        headers=("size", "fastest", "time", "cannot be told from it"),
        lines=tuple(_fastest_line([row for line in lines for row in line if row.record.nbytes == at]) for at in sizes),
    )
    title = f"{group.heading}: the fastest at each size"
    return Figure(anchor=f"fastest-{group.anchor}", title=title, caption=f"For {choice.text}.", table=table)


def _fastest_line(rows: Sequence[Row]) -> Line:
    best, *others = sorted(rows, key=lambda row: row.time.value)
    near = ", ".join(row.record.path for row in others if not row.time.apart(best.time))
    time = Cell(units.time(best.time.value), units.interval(best.time, units.time))
    cells = (Cell(best.record.path, kind="path text"), time, Cell(near or units.NONE, kind="path text"))
    return Line(cells=(Cell(units.size(best.record.nbytes)), *cells))


def _changing(group: Group, choice: Choice, pairs: Sequence[Pair]) -> Figure:
    lines = tuple(
        Line(
            anchor=pair.anchor,
            cells=(
                _name(pair),
                *(Cell(pair.ranges(order), kind="text") for order in ORDERS),
                Cell(", ".join(map(crossing.at, pair.changes)), kind="text"),
            ),
        )
        for pair in pairs
    )
    return Figure(
        anchor=f"overtakes-{group.anchor}",
        title=f"{group.heading}: pairs that change their order",
        caption=f"For {choice.text}. Each line says where the first of the two is the cheaper, where the dearer one.",
        table=Table(headers=("pair", *ORDERS, "the order changes at"), lines=lines),
        chart=_chart(group, pairs),
    )


def _name(pair: Pair) -> Cell:
    return Cell(f"{pair.first} against {pair.second}", kind="path")


def _chart(group: Group, pairs: Sequence[Pair]) -> Chart:
    rows = tuple(
        {"name": _name(pair).text, "column": units.size(size), "text": order, "order": size}
        for pair in pairs
        for size, order in pair.orders
    )
    name = f"overtakes-{group.anchor}"
    return Chart(spec=charts.strip(name, rows, ORDERS), dataset=name, rows=rows, fluid=False)
