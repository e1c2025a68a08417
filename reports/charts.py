"""Vega-Altair building blocks: axes with readable sizes and times, one palette, one shape and dash a meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.figures.registry import Json

Drawn = alt.LayerChart | alt.FacetChart

#: Okabe and Ito's palette without its yellow, which is too pale for a line on white.
PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
LIMIT_COLOUR: Final = "#767676"
INK: Final = "#1f2933"
GRID: Final = "#e4e7eb"
#: Fonts of one width, so that what vl-convert measures fits where a browser draws it.
FONT: Final = "'Liberation Sans', Arial, Helvetica, sans-serif"
#: More lines than this in one picture cannot be told apart; the figure is split.
LINES_CAP: Final = 12

SIZE_LABEL: Final = (
    "datum.value < 1024 ? datum.value + ' B' : datum.value < 1048576 ? datum.value / 1024 + ' KiB' : "
    "datum.value < 1073741824 ? datum.value / 1048576 + ' MiB' : datum.value / 1073741824 + ' GiB'"
)
TIME_LABEL: Final = (
    "datum.value === 0 ? '0' : datum.value < 999 ? format(datum.value, '~g') + ' ns' : "
    "datum.value < 999e3 ? format(datum.value / 1e3, '~g') + ' µs' : "
    "datum.value < 999e6 ? format(datum.value / 1e6, '~g') + ' ms' : format(datum.value / 1e9, '~g') + ' s'"
)
_TIP: Final = [alt.Tooltip("name:N", title="path"), alt.Tooltip("tip:N", title="case")]
_ALIASING: Final = "datum.label === 'shares' ? 'shares memory' : 'copies'"
_FEW_SIZES: Final = 7  # as many can all be labelled
_SIZE_STEPS: Final = 4  # a label every factor of 2**4: 64 B, 1 KiB, 16 KiB ...


def size_axis(sizes: Sequence[int]) -> alt.X:
    """Return the axis of payload sizes, smallest first: logarithmic, labelled in binary units."""
    powers = (2**power for power in range(6, 41, _SIZE_STEPS))
    ticks = list(sizes) if len(sizes) <= _FEW_SIZES else [one for one in powers if sizes[0] <= one <= sizes[-1]]
    return alt.X(
        "bytes:Q",
        title="payload of one call",
        scale=alt.Scale(type="log", base=2, nice=False, padding=14),
        axis=alt.Axis(values=ticks, labelExpr=SIZE_LABEL, labelOverlap="greedy"),
    )


def time_axis(title: str = "time of one call") -> alt.Y:
    """Return the axis of times, logarithmic, labelled ns, µs, ms at each power of ten."""
    axis = alt.Axis(labelExpr=TIME_LABEL, values=[10**power for power in range(13)])
    return alt.Y("value:Q", title=title, scale=alt.Scale(type="log", nice=False, padding=8), axis=axis)


def rate_axis() -> alt.Y:
    """Return the axis of rates, logarithmic, in 1e9 bytes per second."""
    axis = alt.Axis(labelExpr="format(datum.value, '~g') + ' GB/s'", values=[10**power for power in range(-5, 5)])
    return alt.Y("value:Q", title="payload per second", scale=alt.Scale(type="log", nice=False, padding=8), axis=axis)


def lines(  # noqa: PLR0913  the data, and one a thing that is drawn
    dataset: str, y: alt.Y, *, sizes: Sequence[int], names: Sequence[str], limit: str, dashed: bool = True
) -> Drawn:
    """Return lines over the sizes: colour and shape say the path, the dash says whether it copies, bars the interval.

    Rows hold ``name, bytes, value, low, high, aliasing, tip`` and the axes that `held` filters by. Where every path
    copies, nothing needs to be `dashed`.
    """
    base = alt.Chart(alt.NamedData(name=dataset)).encode(
        x=size_axis(sizes), color=_colour(names, limit), detail=["aliasing:N"]
    )
    dash = alt.StrokeDash(
        "aliasing:N",
        title=None,
        scale=alt.Scale(domain=["shares", "copies"], range=[[1, 0], [6, 4]]),
        legend=_legend(symbolType="stroke", symbolSize=500, symbolStrokeWidth=2, labelExpr=_ALIASING),
    )
    shape = alt.Shape("name:N", title=None, scale=_scale(names, limit, (*_repeat(SHAPES, names), "stroke")))
    interval = (
        base.mark_rule(strokeWidth=1.5, opacity=0.55)
        .encode(y=y, y2="high:Q", tooltip=alt.value(None))
        .transform_calculate(value="datum.low")  # both ends of a bar share the field of the axis
    )
    drawn = base.mark_line(strokeWidth=2).encode(y=y, tooltip=alt.value(None))
    drawn = drawn.encode(strokeDash=dash) if dashed else drawn
    marks = base.mark_point(size=54, filled=True, opacity=1).encode(y=y, shape=shape, tooltip=_TIP)
    return alt.layer(interval, drawn, marks)


def modelled(dataset: str, *, sizes: Sequence[int], names: Sequence[str]) -> Drawn:
    """Return the measured times as points and the lines of the cost model through them.

    Rows hold ``name, bytes, value, low, high, piece, tip``; `piece` names the regime of a line and is empty where a
    row is a measured time.
    """
    base = alt.Chart(alt.NamedData(name=dataset)).encode(x=size_axis(sizes), color=_colour(names, ""))
    y = time_axis()
    drawn = base.mark_line(strokeWidth=2).encode(y=y, detail=["piece:N"], tooltip=alt.value(None))
    interval = (
        base.mark_rule(strokeWidth=1.5, opacity=0.55)
        .encode(y=y, y2="high:Q", tooltip=alt.value(None))
        .transform_calculate(value="datum.low")
    )
    shape = alt.Shape("name:N", title=None, scale=_scale(names, "", _repeat(SHAPES, names)))
    marks = base.mark_point(size=54, filled=True, opacity=1).encode(y=y, shape=shape, tooltip=_TIP)
    measured, lines = "datum.piece === ''", "datum.piece !== ''"
    return alt.layer(
        drawn.transform_filter(lines), interval.transform_filter(measured), marks.transform_filter(measured)
    )


def held(chart: Drawn, dtype: str, layout: str, threads: str) -> Drawn:
    """Let a reader hold dtype, layout and threads; the limit is always drawn."""
    same = " && ".join(f"datum.{axis} === {axis}" for axis in ("dtype", "layout", "threads"))
    params = [
        alt.param(name=name, value=value)
        for name, value in (("dtype", dtype), ("layout", layout), ("threads", threads))
    ]
    return chart.add_params(*params).transform_filter(f"datum.dtype === '' || ({same})")


def bars(dataset: str, names: Sequence[str], kinds: Sequence[str], description: str) -> Json:
    """Return one bar of time a name, coloured by its ``text``, the interval drawn over its end."""
    time = alt.Axis(labelExpr=TIME_LABEL, tickCount=6)
    colour = alt.Color(
        "text:N",
        title=None,
        scale=alt.Scale(domain=list(kinds), range=["#009E73", "#56B4E9", "#D55E00"]),
        legend=_legend(symbolType="square"),
    )
    base = alt.Chart(alt.NamedData(name=dataset)).encode(y=_rows(names))
    filled = base.mark_bar(height=14).encode(
        x=alt.X("value:Q", title="time of one call", axis=time, scale=alt.Scale(zero=True)), color=colour, tooltip=_TIP
    )
    interval = base.mark_rule(strokeWidth=1.5, color=INK).encode(x="low:Q", x2="high:Q", tooltip=alt.value(None))
    drawn = alt.layer(filled, interval)
    return finished(drawn, description=description, height=max(60, 26 * len(names)))


def stacked(dataset: str, names: Sequence[str], parts: Sequence[str], description: str) -> Json:
    """Return one bar a name, whole, in pieces coloured by ``text``; rows hold ``name, text, value, order, tip``."""
    colours = ["#56B4E9", "#0072B2", "#009E73", "#D55E00", "#BDBDBD"]
    colour = alt.Color(
        "text:N",
        title=None,
        sort=list(parts),
        scale=alt.Scale(domain=list(parts), range=colours[: len(parts)]),
        legend=_legend(symbolType="square"),
    )
    share = alt.X(
        "value:Q",
        title="share of one call",
        stack="zero",
        axis=alt.Axis(format="%", tickCount=5),
        scale=alt.Scale(domain=[0, 1]),
    )
    base = alt.Chart(alt.NamedData(name=dataset)).encode(y=_rows(names))
    tip = [alt.Tooltip("text:N", title="part"), alt.Tooltip("tip:N", title="case")]
    filled = base.mark_bar(height=16).encode(x=share, color=colour, order=alt.Order("order:Q"), tooltip=tip)
    return finished(alt.layer(filled), description=description, height=max(60, 24 * len(names)))


def strip(dataset: str, rows: Sequence[Json], orders: Sequence[str]) -> Json:
    """Return cells coloured by one of three `orders`, each with its sign: cheaper, cannot tell, dearer."""
    x, y = (
        _columns(list(dict.fromkeys(row["column"] for row in sorted(rows, key=lambda row: row["order"])))),
        _rows(None),
    )
    colour = alt.Color(
        "text:N",
        title="the first is",
        scale=alt.Scale(domain=list(orders), range=["#0072B2", "#E4E7EB", "#E69F00"]),
        legend=_legend(3, symbolType="square"),
    )
    base = alt.Chart(alt.NamedData(name=dataset)).encode(x=x, y=y)
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=colour, tooltip=_tooltips("name", "column", "text")
    )
    signs = base.mark_text(fontSize=13, fontWeight="bold").encode(
        text=alt.Text("sign:N"), color=alt.condition("datum.text === 'cheaper'", alt.value("white"), alt.value(INK))
    )
    signed = signs.transform_calculate(sign="{'cheaper': '<', 'cannot tell': '~', 'dearer': '>'}[datum.text]")
    return _stepped(alt.layer(cells, signed), 46, "where the first path of each pair is cheaper and where dearer")


def heat(dataset: str, columns: Sequence[str], paths: Sequence[str]) -> Json:
    """Return cells coloured by the logarithm of ``value``, each with its number."""
    base = alt.Chart(alt.NamedData(name=dataset)).encode(x=_columns(columns), y=_rows(paths))
    scale = alt.Scale(type="log", domain=[1, 32], clamp=True, range=["#f1f7fb", "#08519c"], interpolate="lab")
    colour = alt.Color("value:Q", scale=scale, legend=None)
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(color=colour, tooltip=_TIP)
    dark = alt.condition("datum.value > 12", alt.value("white"), alt.value(INK))
    numbers = base.mark_text(fontSize=12).encode(text="text:N", color=dark)
    return _stepped(alt.layer(cells, numbers), 58, "multiples of the limit by path, dtype and layout")


def _columns(names: Sequence[str]) -> alt.X:
    axis = alt.Axis(orient="top", labelAngle=-40, labelLimit=220, ticks=False, domain=False)
    return alt.X("column:N", title=None, sort=list(names), axis=axis)


def _rows(names: Sequence[str] | None) -> alt.Y:
    axis = alt.Axis(labelLimit=420, ticks=False, domain=False)
    return alt.Y("name:N", title=None, sort=list(names) if names else None, axis=axis)


def _tooltips(*names: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{name}:N", title={"name": "pair", "column": "size"}.get(name, "the first is")) for name in names
    ]


def _stepped(chart: Drawn, step: int, description: str) -> Json:
    sized = chart.properties(width=alt.Step(step), height=alt.Step(30), description=description)
    return {**sized.to_dict(), "config": _CONFIG}


def finished(chart: Drawn, *, description: str, height: int = 340) -> Json:
    """Return the specification: data by name, as wide as its container, in the house's look."""
    spec: Json = chart.properties(width=WIDTH, height=height, description=description).to_dict()
    return {**spec, "config": _CONFIG}  # not through Altair, whose schema has no layout of legends


WIDTH: Final = 780
_AXIS: Final = {
    "labelColor": INK,
    "titleColor": INK,
    "gridColor": GRID,
    "domainColor": "#9aa5b1",
    "tickColor": "#9aa5b1",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 10,
    "labelPadding": 5,
    "labelFont": FONT,
    "titleFont": FONT,
}
_CONFIG: Final[Json] = {
    "aria": False,
    "background": "white",
    "font": FONT,
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelColor": INK,
        "titleColor": INK,
        "layout": {"bottom": {"direction": "vertical", "anchor": "start", "margin": 6}},
    },
}


def _legend(columns: int | None = None, **more: Any) -> alt.Legend:  # noqa: ANN401  whatever a legend takes
    as_many_as_fit = alt.expr("max(1, floor(width / 200))")
    return alt.Legend(
        orient="bottom",
        direction="horizontal",
        columns=columns or as_many_as_fit,
        columnPadding=18,
        labelFontSize=12,
        labelLimit=320,
        titleFontSize=12,
        titleFontWeight="normal",
        **more,
    )


def _colour(names: Sequence[str], limit: str) -> alt.Color:
    scale = _scale(names, limit, (*_repeat(PALETTE, names), LIMIT_COLOUR))
    return alt.Color("name:N", title=None, scale=scale, legend=_legend(symbolSize=80, symbolOpacity=1))


def _scale(names: Sequence[str], limit: str, values: Sequence[str]) -> alt.Scale:
    """Fix the values to the names; the limit's is the last."""
    domain = [*names, limit] if limit else list(names)
    return alt.Scale(domain=domain, range=list(values)[: len(names)] + list(values)[-1:] * bool(limit))


def _repeat(values: Sequence[str], names: Sequence[str]) -> list[str]:
    return [values[index % len(values)] for index in range(len(names))]
