"""Where the time goes: the parts of each path's call, one bar a path, where caches, memory and fresh pages tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import charts, units
from reports.parts import PARTS, parted, price

from .registry import Cell, Chart, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.parts import Parted, Price
    from reports.view import Row, View

SIZES: Final = (4 << 10, 1 << 20, 64 << 20)
_FAMILIES: Final = ("share", "copy", "copy_into", "cast")
_HUGE: Final = "its faults are of huge pages, and stay unexplained"


@section(
    48,
    "where",
    title="Where the time goes",
    lead="Each call in parts that add up, from other cases of this session: the empty call; the same path with 64 "
    "bytes; memmove of half of the bytes read and written; faults times what one costs; and the rest. Where a cast "
    "or the processor's caches make moving cheaper than memmove, the rest is below zero. One case in detail: "
    "`python -m benchmarks profile CASE`.",
)
def where_the_time_goes(view: View) -> Iterator[Figure]:
    """Draw the parts of each path's time at three sizes."""
    cost = price(view)
    for size in SIZES:
        found = list(parted(view, list(_rows(view, size)), cost))
        if found:
            yield _figure(size, found, cost)


def _rows(view: View, size: int) -> Iterator[Row]:
    for group, rows in view.groups.items():
        if group.family in _FAMILIES:
            first = view.choices(group)[0]
            yield from (row for row in rows if (row.record.nbytes, row.choice) == (size, first))


def _figure(size: int, found: Sequence[Parted], cost: Price | None) -> Figure:
    name = f"where-{size}"
    return Figure(
        anchor=name,
        title=f"Calls with {units.size(size)}",
        caption=_caption(cost),
        table=Table(headers=("path", "time", *PARTS, "remark"), lines=tuple(map(_line, found))),
        chart=_chart(name, found),
    )


def _caption(cost: Price | None) -> str:
    if cost is None:
        return "No pair of cases tells what a fault costs here: faults stay unexplained."
    return (
        f"A minor fault costs {units.with_interval(cost.ns, units.time)}, told by copies of {units.size(cost.nbytes)}."
    )


def _line(one: Parted) -> Line:
    row = one.row
    parts = (Cell(units.time(ns), f"({ns / row.time.value:.0%})") if ns else Cell("0") for ns in one.ns.values())
    return Line(
        anchor=f"where-{slug(row.record.case)}",
        cells=(
            Cell(f"{row.record.path} ({row.record.source})", kind="path"),
            Cell(units.time(row.time.value), units.interval(row.time, units.time)),
            *parts,
            Cell("" if one.priced else _HUGE, kind="text"),
        ),
    )


def _chart(name: str, found: Sequence[Parted]) -> Chart:
    """Return bars of the parts above zero, each as its share of their sum."""
    rows = []
    for one in found:
        whole = sum(max(0.0, ns) for ns in one.ns.values())
        bar = f"{one.row.record.path} ({one.row.record.source})"
        for place, (part, ns) in enumerate(one.ns.items()):
            share = max(0.0, ns) / whole
            tip = f"{one.row.record.case}: {units.time(ns)}"
            rows.append({"name": bar, "text": part, "value": round(share, 4), "order": place, "tip": tip})
    names = list(dict.fromkeys(str(row["name"]) for row in rows))
    return Chart(
        spec=charts.stacked(name, names, PARTS, "parts of the time of each path"), dataset=name, rows=tuple(rows)
    )
