"""The ratio map: every path in every dtype and layout as a multiple of the limit, at three sizes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from reports import charts, units

from .registry import Cell, Chart, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.view import Group, Row, View

_SIZES: Final = (4 * 2**10, 2**20, 64 * 2**20)


@section(
    60,
    "ratios",
    title="Ratio map",
    lead="How many times as long as a memmove of the same bytes: 1x is the limit. A dtype or layout that is dear for "
    "one path stands out in its line.",
)
def ratio_map(view: View) -> Iterator[Figure]:
    """Draw the multiples of the limit of each group that moves bytes, one map a size."""
    for group, rows in view.groups.items():
        moved = [row for row in rows if row.of_limit and group.family != "share"]
        if moved:
            yield _by_size(view, group, moved)
        known = [row for row in moved if row.record.threads == "1t"]
        for size in _three_sizes(known):
            yield _map(group, size, [row for row in known if row.record.nbytes == size])


def limit_anchor(row: Row) -> str:
    """Return the id of the row that holds a case's multiple of the limit."""
    return f"limit-{row.group.anchor}-{slug('/'.join((row.record.path, *row.choice)))}"


def _by_size(view: View, group: Group, rows: Sequence[Row]) -> Figure:
    sizes = sorted({row.record.nbytes for row in rows})
    cells = {(row.record.path, row.choice, row.record.nbytes): row for row in rows}
    lines = tuple(
        Line(
            anchor=limit_anchor(line[0]),
            cells=(Cell(path, kind="path"), *(_cell(cells.get((path, choice, size))) for size in sizes)),
            choice=choice,
        )
        for choice in view.choices(group)
        for path in view.paths(group)
        if (line := [row for row in view.line(group, path, choice) if row.of_limit])
    )
    return Figure(
        anchor=f"limit-{group.anchor}",
        title=f"{group.heading}: multiples of the limit",
        caption=f"Shown first: {view.choices(group)[0].text}.",
        table=Table(headers=("path", *map(units.size, sizes)), lines=lines),
        choices=view.choices(group),
    )


def _three_sizes(rows: Sequence[Row]) -> list[int]:
    """Return the sizes nearest to small, middle and large at which more than one dtype or layout was measured."""
    varied = [size for size in {row.record.nbytes for row in rows} if len(_columns(rows, size)) > 1]
    nearest = (min(varied, key=lambda size: abs(math.log2(size / want))) for want in _SIZES if varied)
    return sorted(set(nearest))


def _columns(rows: Sequence[Row], size: int) -> list[str]:
    return list(dict.fromkeys(_column(row) for row in rows if row.record.nbytes == size))


def _column(row: Row) -> str:
    return f"{row.record.dtype} {row.record.layout}"


def _map(group: Group, size: int, rows: Sequence[Row]) -> Figure:
    columns = _columns(rows, size)
    name = f"ratios-{group.anchor}-{size}"
    cells = {(row.record.path, _column(row)): row for row in rows}
    paths = dict.fromkeys(row.record.path for row in rows)
    lines = (
        Line(cells=(Cell(path, kind="path"), *(_cell(cells.get((path, column))) for column in columns)))
        for path in paths
    )
    drawn = tuple(_datum(row) for row in rows)
    return Figure(
        anchor=name,
        title=f"{group.heading} at {units.size(size)}",
        caption="The number is the ratio of the times, pass by pass.",
        table=Table(headers=("path", *columns), lines=tuple(lines)),
        chart=Chart(spec=charts.heat(name, columns, list(paths)), dataset=name, rows=drawn, fluid=False),
    )


def _cell(row: Row | None) -> Cell:
    if row is None or row.of_limit is None:
        return Cell(units.NONE)
    kind = "noisy" if row.of_limit.noisy else ""
    return Cell(units.times(row.of_limit.value), units.interval(row.of_limit, units.times), kind)


def _datum(row: Row) -> dict[str, str | float]:
    assert row.of_limit, "only rows with a limit are drawn"
    value = row.of_limit.value
    tip = f"{_column(row)} · {units.with_interval(row.of_limit, units.times)} the limit"
    return {
        "name": row.record.path,
        "column": _column(row),
        "value": float(f"{value:.4g}"),
        "text": units.times(value),
        "tip": tip,
    }
