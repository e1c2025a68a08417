"""Time against size, and bytes per second against the limit: one figure a group of comparable paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import charts, units
from reports.view import LIMIT

from .registry import Cell, Chart, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.statistics import Estimate
    from reports.view import Choice, Group, Row, View

    from .registry import Json

    Measure = Callable[[Row], Estimate]
    Text = Callable[[float], str]

#: More cases than this in one picture make the page slow; the rest stay in the CSV, and the caption says so.
ROWS_CAP: Final = 4000
_LIMIT_NAME: Final = f"{LIMIT} (limit)"


@section(
    10,
    "time",
    title="Time against size",
    lead="How long one call takes. Solid lines share memory with their source, dashed lines copy; the grey line is "
    "a plain memmove of the same bytes into warm memory, which no copy can beat.",
)
def time_against_size(view: View) -> Iterator[Figure]:
    """Draw the time of every path, one figure a group."""
    for group in view.groups:
        yield from _figures(view, group, "time", lambda row: row.time, units.time)


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
            yield from _figures(view, group, "rate", lambda row: row.rate, units.rate)


def _figures(view: View, group: Group, kind: str, measure: Measure, text: Text) -> Iterator[Figure]:
    paths = view.paths(group)
    for start in range(0, len(paths), charts.LINES_CAP):
        part = paths[start : start + charts.LINES_CAP]
        suffix = "" if len(paths) <= charts.LINES_CAP else f" ({start // charts.LINES_CAP + 1})"
        yield _figure(view, group, part, suffix, kind, measure, text)


def _figure(  # noqa: PLR0913, PLR0917  the two callers differ in all of these
    view: View, group: Group, paths: Sequence[str], suffix: str, kind: str, measure: Measure, text: Text
) -> Figure:
    choices = view.choices(group)
    rows = [row for row in view.groups[group] if row.record.path in paths]
    drawn = [*view.limits, *sorted(rows, key=lambda row: choices.index(row.choice))][:ROWS_CAP]
    return Figure(
        anchor=slug(f"{kind}-{group.anchor}{suffix}"),
        title=f"{group.heading}{suffix}",
        caption=_caption(view, rows, drawn, choices[0], kind),
        table=_table(rows, choices, measure, text),
        chart=_chart(view, drawn, paths, choices[0], kind, measure),
        choices=choices,
    )


def _caption(view: View, rows: Sequence[Row], drawn: Sequence[Row], first: Choice, kind: str) -> str:
    said = [f"Shown first: {first.text}.", "Bars are the range of the pass medians."]
    noisy = sum(row.time.noisy for row in rows)
    if noisy:
        said.append(f"{noisy} of {len(rows)} cases are noisy: their passes differ by more than a quarter.")
    if kind == "time" and view.empty_call:
        said.append(f"An empty call takes {units.time(view.empty_call.time.value)} and is part of every sample.")
    if len(drawn) < len(rows) + len(view.limits):
        said.append(f"{len(drawn)} cases are drawn; all stand in cases.csv.")
    return " ".join(said)


def _table(rows: Sequence[Row], choices: Sequence[Choice], measure: Measure, text: Text) -> Table:
    sizes = sorted({row.record.nbytes for row in rows})
    paths = tuple(dict.fromkeys(row.record.path for row in rows))
    cells = {(row.record.path, row.choice, row.record.nbytes): _cell(row, measure, text) for row in rows}
    lines = tuple(
        Line(
            cells=(Cell(path, kind="path"), *(cells.get((path, choice, size), Cell(units.NONE)) for size in sizes)),
            choice=choice,
        )
        for choice in choices
        for path in paths
        if any((path, choice, size) in cells for size in sizes)
    )
    return Table(headers=("path", *map(units.size, sizes)), lines=lines)


def _cell(row: Row, measure: Measure, text: Text) -> Cell:
    value = measure(row)
    return Cell(text(value.value), units.interval(value, text), "noisy" if row.time.noisy else "")


def _chart(  # noqa: PLR0913, PLR0917  what is drawn, and what of it
    view: View, rows: Sequence[Row], paths: Sequence[str], first: Choice, kind: str, measure: Measure
) -> Chart:
    limit = _LIMIT_NAME if view.limits else ""
    sizes = sorted({row.record.nbytes for row in rows})
    axis = charts.time_axis() if kind == "time" else charts.rate_axis()
    name = slug(f"{kind}-{paths[0]}-{len(paths)}")
    drawn = charts.held(charts.lines(name, axis, sizes=sizes, names=paths, limit=limit), *first)
    description = f"{kind} against size of {', '.join(paths)}; the table below holds the numbers"
    return Chart(
        spec=charts.finished(drawn, description=description),
        dataset=name,
        rows=tuple(_datum(row, measure(row)) for row in rows),
    )


def _datum(row: Row, value: Estimate) -> Json:
    record, limit = row.record, row.record.path == LIMIT
    return {
        "name": _LIMIT_NAME if limit else record.path,
        "bytes": record.nbytes,
        "value": float(f"{value.value:.4g}"),
        "low": float(f"{value.low:.4g}"),
        "high": float(f"{value.high:.4g}"),
        "aliasing": record.aliasing,
        "dtype": "" if limit else record.dtype,
        "layout": "" if limit else record.layout,
        "threads": "" if limit else record.threads,
        "tip": _tip(row),
    }


def _tip(row: Row) -> str:
    said = [row.record.case, units.with_interval(row.time, units.time), f"{row.record.aliasing} memory"]
    if row.record.aliasing == "copies":
        said.append(units.rate(row.rate.value))
    if row.of_limit and row.record.path != LIMIT:
        said.append(f"{units.times(row.of_limit.value)} the limit")
    return " · ".join(said)
