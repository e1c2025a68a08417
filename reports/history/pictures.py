"""A line over commits as a small chart, and as one that fits into a cell of a table."""

from __future__ import annotations

from html import escape
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING, Final

import altair as alt
from markupsafe import Markup

from reports import charts
from reports.drawing import svg
from reports.figures.registry import Chart, slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.figures.registry import Json

    from .lines import Line, Point

SHORT: Final = 8
_WIDTH: Final = 400
_HEIGHT: Final = 150
_SPARK_WIDTH: Final = 110
_SPARK_HEIGHT: Final = 22
_MARGIN: Final = 3
_ASV, _SESSION = charts.PALETTE[0], charts.PALETTE[1]
_COLOURS: Final = {"asv": _ASV, "session": _SESSION}


def chart(line: Line) -> Markup:
    """Return a line of times as SVG: a mark a commit with its interval, and the level between two steps."""
    rows = tuple(_rows(line))
    known = Chart(spec=_spec(line.key.by, [row["commit"] for row in rows]), dataset="history", rows=rows)
    return Markup(svg(known, f"time of {line.key.case} over commits, {line.key.by}"))  # noqa: S704  escaped there


def spark(line: Line) -> Markup:
    """Return a line as a picture for a cell, from zero to its largest value."""
    top = max(point.value for point in line.points) or 1.0
    places = [
        f"{x:.1f},{_spark_y(point, top):.1f}" for x, point in zip(_spark_x(line.points), line.points, strict=True)
    ]
    label = escape(f"{len(places)} commits of {line.key.case}, {line.key.by}")
    x, y = places[-1].split(",")
    colour = _COLOURS[line.key.by]
    return Markup(  # noqa: S704  the label is escaped, the rest is numbers
        f'<svg class="spark" role="img" aria-label="{label}" viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" '
        f'width="{_SPARK_WIDTH}" height="{_SPARK_HEIGHT}"><polyline points="{" ".join(places)}" fill="none" '
        f'stroke="{colour}" stroke-width="1.5"/><circle cx="{x}" cy="{y}" r="2.2" fill="{colour}"/></svg>'
    )


def anchor(line: Line) -> str:
    """Return the id of a line's chart."""
    return slug("-".join(line.key))


def _rows(line: Line) -> list[Json]:
    """Return a row a point; the points between two steps are a part, whose level is their median."""
    starts = {step.first_after.commit for step in line.steps}
    parts = list(accumulate(int(point.commit in starts) for point in line.points))
    values = {part: [one.value for one, own in zip(line.points, parts, strict=True) if own == part] for part in parts}
    return [
        {
            "commit": point.commit[:SHORT],
            "value": point.value,
            "low": point.low,
            "high": point.high,
            "level": median(values[part]),
            "part": part,
        }
        for point, part in zip(line.points, parts, strict=True)
    ]


def _spec(by: str, commits: Sequence[str]) -> Json:
    x = alt.X(
        "commit:O",
        title=None,
        sort=list(commits),
        axis=alt.Axis(labelAngle=-40, labelOverlap="greedy"),
        scale=alt.Scale(),
    )
    axis = alt.Axis(labelExpr=charts.TIME_LABEL, tickCount=4)
    y = alt.Y("value:Q", title=None, axis=axis, scale=alt.Scale(zero=True))
    base = alt.Chart(alt.NamedData(name="history")).encode(x=x)
    level = base.mark_line(strokeWidth=5, opacity=0.25, color=_COLOURS[by]).encode(y="level:Q", detail="part:N")
    interval = base.mark_rule(strokeWidth=1.5, opacity=0.6, color=_COLOURS[by]).encode(y=alt.Y("low:Q"), y2="high:Q")
    marks = base.mark_point(size=36, filled=True, opacity=1, color=_COLOURS[by]).encode(y=y)
    drawn = charts.finished(alt.layer(level, interval, marks), description="time over commits", height=_HEIGHT)
    return {**drawn, "width": _WIDTH}


def _spark_x(points: Sequence[Point]) -> list[float]:
    steps = max(len(points) - 1, 1)
    return [_MARGIN + index * (_SPARK_WIDTH - 2 * _MARGIN) / steps for index in range(len(points))]


def _spark_y(point: Point, top: float) -> float:
    return _SPARK_HEIGHT - _MARGIN - point.value / top * (_SPARK_HEIGHT - 2 * _MARGIN)
