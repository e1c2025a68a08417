"""Time, rate and share of the limit against size, one figure a direction, and where the largest size stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.suite.cases import OURS
from reports import charts, units
from reports.figures.registry import Cell, Chart, Figure, Line, Table, slug
from reports.figures.versus import ratio_cell
from reports.transfers import DIRECTIONS, LIMITS, USUAL, against, all_of, sizes

from .parts import NOTHING, estimated, part, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reports.figures.registry import Json
    from reports.transfers import Transfer, Transfers

    Curves = Mapping[str, tuple[Transfer, ...]]

#: The usual path and bridge's stand in every picture, with as many others as there are colours left.
_OTHERS: Final = len(charts.PALETTE) - 2


@part(20)
def time_against_size(transfers: Transfers) -> Iterator[Figure]:
    """Draw the time of every path over the sizes."""
    for family, words in DIRECTIONS.items():
        for number, curves in _pictures(transfers.curves(family)):
            name = f"transfer-time-{family}{number}"
            yield Figure(
                anchor=name,
                title=f"{words}: time against size{number.replace('-', ', part ')}",
                caption=_launch(transfers),
                table=_table(curves, timed),
                chart=_chart(name, curves, transfers.limits(LIMITS[family])),
            )


@part(22)
def rate_against_limit(transfers: Transfers) -> Iterator[Figure]:
    """List rate and share of the limit of every path over the sizes."""
    for family, words in DIRECTIONS.items():
        if curves := transfers.curves(family):
            yield Figure(
                anchor=f"transfer-rate-{family}",
                title=f"{words}: payload per second, and its share of the limit",
                caption=f"The limit is `{LIMITS[family]}` at the same size; shares are taken pass by pass.",
                table=_table(curves, _rate),
            )


@part(24)
def the_largest(transfers: Transfers) -> Iterator[Figure]:
    """List every path at the largest size: time, rate, share of the limit, and how many times as fast as usual."""
    for family, words in DIRECTIONS.items():
        rows = largest(transfers, family)
        if rows:
            yield Figure(
                anchor=f"transfer-largest-{family}",
                title=f"{words}: {units.size(rows[0].record.nbytes)}, the largest size",
                caption=f"The last column is how many times as fast as `{USUAL[family]}`, pass by pass.",
                table=Table(
                    headers=("path", "time", "rate", "of the limit", "times as fast"),
                    lines=tuple(_largest_line(transfers, row) for row in rows),
                ),
            )


def largest(transfers: Transfers, family: str) -> tuple[Transfer, ...]:
    """Return the paths of a family at the largest size that was measured."""
    rows = tuple(all_of(transfers.curves(family)))
    top = max(sizes(rows), default=0)
    return tuple(row for row in rows if row.record.nbytes == top)


def largest_anchor(row: Transfer) -> str:
    """Return the id of a path's row at the largest size."""
    return f"transfer-largest-{row.record.family}-{slug(row.name)}"


def _pictures(curves: Curves) -> Iterator[tuple[str, Curves]]:
    """Yield the curves in as many pictures as they need, each with a number where there are several."""
    head = [name for name in curves if name in USUAL.values() or name.startswith(OURS)]
    rest = [name for name in curves if name not in head]
    parts = [rest[start : start + _OTHERS] for start in range(0, len(rest), _OTHERS)] or [[]]
    for number, some in enumerate(parts if curves else [], start=1):
        yield f"-{number}" if len(parts) > 1 else "", {name: curves[name] for name in (*head, *some)}


def _table(curves: Curves, cell: Callable[[Transfer], Cell]) -> Table:
    columns = sizes(all_of(curves))
    lines = []
    for name, line in curves.items():
        known = {row.record.nbytes: cell(row) for row in line}
        lines.append(Line(cells=(Cell(name, kind="path"), *(known.get(size, NOTHING) for size in columns))))
    return Table(headers=("path", *map(units.size, columns)), lines=tuple(lines))


def _rate(row: Transfer) -> Cell:
    share = f"{units.percent(row.share.value)} {units.interval(row.share, units.percent)}" if row.share else ""
    return Cell(units.rate(row.rate.value), share, "noisy" if row.time.noisy else "")


def _largest_line(transfers: Transfers, row: Transfer) -> Line:
    return Line(
        anchor=largest_anchor(row),
        cells=(
            Cell(row.name, kind="path"),
            timed(row),
            estimated(row.rate, units.rate),
            estimated(row.share, units.percent),
            _faster(transfers, row),
        ),
    )


def _faster(transfers: Transfers, row: Transfer) -> Cell:
    """Return how many times as fast as the usual path a transfer is, marked where that is certain."""
    usual = transfers.usual(row)
    ratio = None if usual is row else against(usual, row)
    marked = {"faster": "slower", "slower": "faster"}
    plain = ratio_cell(ratio)
    return Cell(plain.text, plain.note, marked.get(plain.kind, ""))


def _launch(transfers: Transfers) -> str:
    row = transfers.launch
    return f"The smallest kernel and a wait for it take {units.time(row.time.value)}." if row else ""


def _chart(name: str, curves: Curves, limits: tuple[Transfer, ...]) -> Chart:
    columns = sizes(all_of(curves))
    limits = tuple(row for row in limits if columns[0] <= row.record.nbytes <= columns[-1])
    limit = f"{limits[0].name} (limit, clock event)" if limits else ""
    drawn = charts.lines(
        name,
        charts.time_axis("time until the device is done"),
        sizes=columns,
        names=list(curves),
        limit=limit,
        dashed=False,
    )
    description = f"time against size of {', '.join(curves)}; the table below holds the numbers"
    rows = (*(_datum(row, limit) for row in limits), *(_datum(row, row.name) for row in all_of(curves)))
    return Chart(spec=charts.finished(drawn, description=description), dataset=name, rows=rows)


def _datum(row: Transfer, name: str) -> Json:
    tip = f"{units.size(row.record.nbytes)} · {units.with_interval(row.time, units.time)}"
    return {
        "name": name,
        "bytes": row.record.nbytes,
        "value": float(f"{row.time.value:.4g}"),
        "low": float(f"{row.time.low:.4g}"),
        "high": float(f"{row.time.high:.4g}"),
        "aliasing": row.record.aliasing,
        "tip": f"{tip} · {units.rate(row.rate.value)}",
    }
