"""Strips: where rounds, intervals and the threshold lie on a scale that all cases share."""

from __future__ import annotations

import math
import re

import pytest

from benchmarks.verdicts import Shift
from reports import charts, strips
from reports.rendering import TEMPLATES
from reports.strips import Played, Scale
from tests.builders import HOSTILE

STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")


def a_shift(ratio: float, spread: float = 0.01) -> Shift:
    """Return a shift of this ratio whose interval is so wide on each side."""
    value = math.log(ratio)
    return Shift(value=value, low=value - spread, high=value + spread, rounds=10)


def drawn(first: Played, fresh: Played | None = None, scale: Scale | None = None) -> dict[str, list[str]]:
    """Return the outlines of a strip by their class."""
    text = strips.strip(first, fresh, scale or Scale(end=1.5, least=math.log1p(0.05)), label="", kind="slower")
    found: dict[str, list[str]] = {}
    for name, outline in re.findall(r'<path class="([^"]*)" d="([^"]*)"/>', text):
        found.setdefault(name, []).append(outline)
    return found


def places(outline: str) -> list[tuple[float, float]]:
    """Return where each part of an outline starts."""
    return [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) ([\d.]+)", outline)]


@pytest.mark.parametrize(
    ("ratios", "threshold", "end"),
    [
        ((), 0.05, 1.2),
        ((1.0,), 0.02, 1.1),
        ((1.0, 1.15), 0.05, 1.2),
        ((0.8,), 0.05, 1.5),
        ((8.0, *(1.0,) * 20), 0.05, 1.5),
        ((8.0, *(1.7,) * 20), 0.05, 2.0),
        ((99.0,), 0.05, 8.0),
        ((1.0,), 0.3, 2.0),
        ((1.0,), 0.99, 4.0),
    ],
)
def test_a_scale_shows_intervals_and_twice_the_threshold(ratios: list[float], threshold: float, end: float) -> None:
    """One case that is far off does not stretch a scale beyond 1.5x; most cases and the threshold do."""
    assert Scale.over(map(a_shift, ratios), threshold).end == end


def test_a_scale_is_logarithmic_and_even() -> None:
    """No change lies in the middle; a ratio and its inverse lie as far from it; beyond an end is the end."""
    scale = Scale(end=2.0, least=0.05)
    assert scale.x(0) == strips.WIDTH / 2
    assert scale.x(math.log(1.5)) + scale.x(-math.log(1.5)) == pytest.approx(strips.WIDTH)
    assert scale.x(math.log(8)) == scale.x(math.log(2)) < strips.WIDTH


def test_each_round_is_a_dot_in_its_order() -> None:
    """There are as many dots as rounds, the first at the top, the slower the further right."""
    (dots,) = drawn(Played(rounds=(0.3, -0.1, 0.0)))["rounds"]
    (first, second, third) = places(dots)
    assert first[1] < second[1] < third[1]
    assert second[0] < third[0] == strips.WIDTH / 2 < first[0]


def test_the_interval_is_a_bar_and_the_estimate_a_tick() -> None:
    """The bar goes from the low end to the high one, the tick stands within it, and the shade is the threshold."""
    scale = Scale(end=1.5, least=math.log1p(0.05))
    found = drawn(Played(shift=a_shift(1.2)), scale=scale)
    low, high = (scale.x(math.log(1.2) + one) for one in (-0.01, 0.01))
    assert found["bar"] == [f"M{low:.1f} 6.5H{high:.1f}"]
    assert low < places(found["tick"][0])[0][0] < high
    assert places(found["band"][0])[0][0] == pytest.approx(scale.x(-scale.least), abs=0.05)
    assert "rounds" not in found


def test_fresh_rounds_are_squares_below() -> None:
    """Rounds that confirm a change are drawn under the first ones, in another shape, with their own interval."""
    found = drawn(Played(rounds=(0.1,) * 20, shift=a_shift(1.1)), Played(rounds=(0.2,) * 10, shift=a_shift(1.2)))
    assert found["rounds fresh"][0].count("h3v3h-3z") == 10
    assert min(y for _, y in places(found["rounds fresh"][0])) > max(y for _, y in places(found["rounds"][0]))
    assert places(found["tick fresh"][0])[0][0] > places(found["tick"][0])[0][0]


@pytest.mark.parametrize(("ratio", "edge"), [(8.0, 294.0), (0.1, 6.0)])
def test_what_lies_beyond_the_scale_is_marked_at_its_end(ratio: float, edge: float) -> None:
    """Rounds stand on the end in another colour, and an arrowhead stands for the interval; no tick lies."""
    found = drawn(Played(rounds=(math.log(ratio), 0.0), shift=a_shift(ratio)))
    assert [x for x, _ in places(found["rounds beyond"][0])] == [edge]
    assert len(places(found["rounds"][0])) == 1
    assert len(places(found["head"][0])) == 1
    assert abs(places(found["head"][0])[0][0] - edge) == 5
    assert "tick" not in found


def test_an_interval_beyond_both_ends_has_two_arrowheads() -> None:
    """An interval that is wider than the scale points out of it on both sides, and keeps its tick."""
    found = drawn(Played(shift=a_shift(1.0, spread=3.0)))
    assert len(places(found["head"][0])) == 2
    assert "tick" in found


def test_a_strip_says_what_it_shows() -> None:
    """A strip is an image with a name, and no name ends its tag."""
    text = strips.strip(Played(rounds=(0.0,)), None, Scale(end=1.5, least=0.05), label=HOSTILE, kind="same")
    assert text.startswith('<svg class="strip same" role="img" aria-label="&lt;a&gt; | &amp; &quot;&#x27;" ')


def test_the_colours_are_those_of_charts() -> None:
    """Each verdict has its own colour of the report's palette, and ink and grid are the charts' too."""
    colours = {name: colour.upper() for name, colour in re.findall(r"\.strip\.?(\w*)[^{]*{[^}]*color: (#\w+)", STYLE)}
    assert set(colours.values()) == {one.upper() for one in charts.PALETTE[:3]}
    assert charts.INK in STYLE
    assert f".strip .band {{ fill: {charts.GRID}; }}" in STYLE


def test_the_axis_names_its_ends() -> None:
    """The head of a column says which ratios stand at the ends, and on which side B is slower."""
    text = strips.axis(Scale(end=1.5, least=0.05))
    assert re.findall(r">([^<>]+)</text>", text) == ["0.667x, B faster", "1x", "B slower, 1.5x"]
