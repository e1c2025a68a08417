"""Time against size, and bytes per second against the limit: one figure a group of comparable paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports import charts, units
from reports.view import LIMIT

from .registry import Cell, Chart, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import altair as alt

    from benchmarks.statistics import Estimate
    from reports.view import Choice, Group, Row, View

    from .registry import Json

#: More cases than this in one picture make the page slow; the rest stay in the CSV, and the caption says so.
ROWS_CAP: Final = 4000
_LIMIT_NAME: Final = f"{LIMIT} (limit)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What of a case is drawn: its number, its text, its axis, and the chart's expressions for value and interval."""

    name: str
    measure: Callable[[Row], Estimate]
    text: Callable[[float], str]
    axis: Callable[[], alt.Y]
    value: str
    low: str
    high: str


_TIME: Final = Kind(
    name="time",
    measure=lambda row: row.time,
    text=units.time,
    axis=charts.time_axis,
    value="datum.time",
    low="datum.least",
    high="datum.most",
)
_RATE: Final = Kind(
    name="rate",
    measure=lambda row: row.rate,
    text=units.rate,
    axis=charts.rate_axis,
    value="datum.bytes / datum.time",
    low="datum.bytes / datum.most",
    high="datum.bytes / datum.least",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """As many paths of a group as one picture can hold."""

    group: Group
    number: str
    paths: tuple[str, ...]
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...]


@section(
    10,
    "time",
    title="Time against size",
    lead="How long one call takes. Solid lines share memory with their source, dashed lines copy; the grey line is "
    "a plain memmove of the same bytes into warm memory, by one thread. Bars, and the brackets in the "
    "tables, are the range of the pass medians; shaded numbers are noisy: their passes differ by more than a quarter.",
)
def time_against_size(view: View) -> Iterator[Figure]:
    """Draw the time of every path, one figure a group."""
    for group in view.groups:
        yield from (_figure(view, part, _TIME) for part in _parts(view, group))


@section(
    20,
    "rate",
    title="Bytes per second against the limit",
    lead="The same cases as a rate. One GB/s is 1e9 bytes of payload a second, each byte counted once, although a copy "
    "both reads and writes it.",
)
def rate_against_limit(view: View) -> Iterator[Figure]:
    """Draw the rate of every path that moves bytes; what shares memory moves none."""
    for group in view.groups:
        if group.family != "share":
            yield from (_figure(view, part, _RATE) for part in _parts(view, group))


def _parts(view: View, group: Group) -> Iterator[Part]:
    paths, choices = view.paths(group), view.choices(group)
    for start in range(0, len(paths), charts.LINES_CAP):
        some = paths[start : start + charts.LINES_CAP]
        yield Part(
            group=group,
            number=f" ({start // charts.LINES_CAP + 1})" if len(paths) > charts.LINES_CAP else "",
            paths=some,
            rows=tuple(row for choice in choices for path in some for row in view.line(group, path, choice)),
            choices=choices,
        )


def _figure(view: View, part: Part, kind: Kind) -> Figure:
    return Figure(
        anchor=slug(f"{kind.name}-{part.group.anchor}{part.number}"),
        title=f"{part.group.heading}{part.number}",
        caption=_caption(view, part, kind),
        table=_table(part, kind),
        chart=_chart(view, part, kind),
        choices=part.choices,
    )


def _caption(view: View, part: Part, kind: Kind) -> str:
    said = [f"Shown first: {part.choices[0].text}."]
    noisy = sum(row.time.noisy for row in part.rows)
    if noisy:
        said.append(f"{noisy} of {len(part.rows)} cases are noisy.")
    if kind is _TIME and part.group.family == "share" and view.empty_call:
        said.append(f"An empty call takes {units.time(view.empty_call.time.value)} and is part of every sample.")
    if len(part.rows) > ROWS_CAP:
        said.append(f"{ROWS_CAP:,} cases are drawn; all stand in cases.csv.")
    return " ".join(said)


def _table(part: Part, kind: Kind) -> Table:
    sizes = sorted({row.record.nbytes for row in part.rows})
    cells = {(row.record.path, row.choice, row.record.nbytes): _cell(row, kind) for row in part.rows}
    lines = tuple(
        Line(
            cells=(Cell(path, kind="path"), *(cells.get((path, choice, size), Cell(units.NONE)) for size in sizes)),
            choice=choice,
        )
        for choice in part.choices
        for path in part.paths
        if any((path, choice, size) in cells for size in sizes)
    )
    return Table(headers=("path", *map(units.size, sizes)), lines=lines)


def _cell(row: Row, kind: Kind) -> Cell:
    value = kind.measure(row)
    return Cell(kind.text(value.value), units.interval(value, kind.text), "noisy" if row.time.noisy else "")


def _chart(view: View, part: Part, kind: Kind) -> Chart:
    name = slug(f"times-{part.group.anchor}{part.number}")
    sizes = sorted({row.record.nbytes for row in part.rows})
    limits = [row for row in view.limits if sizes[0] <= row.record.nbytes <= sizes[-1]]
    drawn = charts.lines(
        name,
        kind.axis(),
        sizes=sizes,
        names=part.paths,
        limit=_LIMIT_NAME if limits else "",
    )
    held = charts.held(drawn, *part.choices[0]).transform_calculate(value=kind.value, low=kind.low, high=kind.high)
    description = f"{kind.name} against size of {', '.join(part.paths)}; the table below holds the numbers"
    return Chart(
        spec=charts.finished(held, description=description),
        dataset=name,
        rows=tuple(_datum(row) for row in (*limits, *part.rows[:ROWS_CAP])),
        first=part.choices[0],
    )


def _datum(row: Row) -> Json:
    record, limit = row.record, row.record.path == LIMIT
    return {
        "name": _LIMIT_NAME if limit else record.path,
        "bytes": record.nbytes,
        "time": float(f"{row.time.value:.4g}"),
        "least": float(f"{row.time.low:.4g}"),
        "most": float(f"{row.time.high:.4g}"),
        "aliasing": record.aliasing,
        "dtype": "" if limit else record.dtype,
        "layout": "" if limit else record.layout,
        "threads": "" if limit else record.threads,
        "tip": _tip(row),
    }


def _tip(row: Row) -> str:
    said = [units.size(row.record.nbytes), units.with_interval(row.time, units.time)]
    if row.record.aliasing == "copies":
        said.append(units.rate(row.rate.value))
    if row.of_limit and row.record.path != LIMIT:
        said.append(f"{units.times(row.of_limit.value)} the limit")
    return " · ".join(said)
