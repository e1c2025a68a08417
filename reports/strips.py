"""Strips: one small SVG a case, drawn by hand so that hundreds of them stay light. All share one scale.

A dot is one round: across, the time of B over that of A, logarithmic; down, the order in which they were played. Below
them a bar is the interval and its tick the estimate; squares under it are fresh rounds, which confirm a change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.verdicts import Shift

WIDTH: Final = 300
#: A scale ends at one of these ratios and its inverse.
_ENDS: Final = (1.1, 1.2, 1.5, 2.0, 4.0, 8.0)
#: Few cases that are far off shall not press all others together: they are marked at the end.
_FAR: Final = 1.5
_MOST: Final = 0.9
_MARGIN: Final = 6  # of the width, on each side, for what lies beyond the ends
_LANE: Final = 16
_BAR: Final = 9
_PAD: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Rounds, each a logarithm of a ratio, and what they say together; sessions that took no turns have no rounds."""

    rounds: Sequence[float] = ()
    shift: Shift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From a logarithm of a ratio to a place across: `end` is the ratio at the right, its inverse stands at the left.

    `least` is the threshold as a logarithm: changes within it are none.
    """

    end: float
    least: float

    @classmethod
    def over(cls, shifts: Iterable[Shift], threshold: float) -> Scale:
        """Return the narrowest scale that shows every interval up to 1.5x, nine of ten, and twice the threshold."""
        reaches = sorted(math.exp(max(-one.low, one.high)) for one in shifts) or [1.0]
        least = math.log1p(threshold)
        needed = max(min(reaches[-1], _FAR), reaches[int(_MOST * (len(reaches) - 1))], math.exp(2 * least))
        return cls(end=next((one for one in _ENDS if one >= needed), _ENDS[-1]), least=least)

    def shows(self, value: float) -> bool:
        """Whether a value lies between the ends."""
        return abs(value) <= math.log(self.end)

    def x(self, value: float) -> float:
        """Return the place of a value, that of the end for one beyond it."""
        share = max(-1.0, min(1.0, value / math.log(self.end)))
        return WIDTH / 2 + share * (WIDTH / 2 - _MARGIN)


def strip(first: Played, fresh: Played | None, scale: Scale, *, label: str, kind: str) -> Markup:
    """Return the strip of a case; `label` says its numbers to those who do not see it, `kind` is its verdict."""
    shapes: list[str] = []
    height = float(_PAD)
    for played, suffix in ((first, ""), (fresh or Played(), " fresh")):
        if played.rounds:
            shapes += _rounds(played.rounds, scale, height, suffix)
            height += _LANE
        if played.shift:
            shapes += _interval(played.shift, scale, height + _BAR / 2, suffix)
            height += _BAR
    return _svg([*_ground(scale, height + _PAD), *shapes], height + _PAD, label, kind)


def axis(scale: Scale) -> Markup:
    """Return the head of a column of strips: which ratios stand at its ends and in its middle."""
    left, right = f"{1 / scale.end:.3g}x", f"{scale.end:.3g}x"
    marks = ((0, "start", f"{left}, B faster"), (WIDTH / 2, "middle", "1x"), (WIDTH, "end", f"B slower, {right}"))
    texts = [f'<text x="{_n(place)}" y="11" text-anchor="{anchor}">{text}</text>' for place, anchor, text in marks]
    return _svg(texts, 14, f"Scale from {left} to {right}", "axis")


def _svg(shapes: Iterable[str], height: float, label: str, kind: str) -> Markup:
    names = f"strip {kind}".strip()
    tall = _n(height)
    head = f'<svg class="{escape(names)}" role="img" aria-label="{escape(label)}" width="{WIDTH}" height="{tall}">'
    return Markup(f"{head}{''.join(shapes)}</svg>")  # noqa: S704  numbers of ours, and names escaped above


def _ground(scale: Scale, height: float) -> Iterator[str]:
    left, right = scale.x(-scale.least), scale.x(scale.least)
    tall = _n(height)
    yield f'<path class="band" d="M{_n(left)} 0H{_n(right)}V{tall}H{_n(left)}z"/>'
    yield f'<path class="one" d="M{_n(WIDTH / 2)} 0V{tall}"/>'


def _rounds(values: Sequence[float], scale: Scale, top: float, fresh: str) -> Iterator[str]:
    """Draw dots, or hollow squares, from the first round down to the last; those beyond an end stand on it, darker."""
    step = _LANE / len(values)
    shape = "m-1.5-1.5h3v3h-3z" if fresh else "h0"
    for shown, suffix in ((True, ""), (False, " beyond")):
        places = [
            f"M{_n(scale.x(value))} {_n(top + step * (index + 0.5))}{shape}"
            for index, value in enumerate(values)
            if scale.shows(value) is shown
        ]
        if places:
            yield f'<path class="rounds{fresh}{suffix}" d="{"".join(places)}"/>'


def _interval(shift: Shift, scale: Scale, y: float, fresh: str) -> Iterator[str]:
    low, high = scale.x(shift.low), scale.x(shift.high)
    yield f'<path class="bar{fresh}" d="M{_n(low)} {_n(y)}H{_n(high)}"/>'
    if scale.shows(shift.value):
        yield f'<path class="tick{fresh}" d="M{_n(scale.x(shift.value))} {_n(y - 3.5)}v7"/>'
    beyond = dict.fromkeys(one > 0 for one in (shift.low, shift.value, shift.high) if not scale.shows(one))
    if heads := "".join(_arrowhead(1 if right else -1, scale, y) for right in beyond):
        yield f'<path class="head" d="{heads}"/>'


def _arrowhead(value: float, scale: Scale, y: float) -> str:
    """Return the outline of a triangle that points beyond the end on the value's side."""
    sign = math.copysign(1.0, value)
    place = scale.x(sign * math.inf)
    return f"M{_n(place + sign * 5)} {_n(y)}l{_n(-sign * 4)}-2.5v5z"


def _n(number: float) -> str:
    """Return a length in pixels: a tenth of one is enough."""
    return f"{number:.1f}".removesuffix(".0")
