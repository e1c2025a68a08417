"""Charts as SVG and the scripts that make them live: vl-convert brings both, without a browser or the network."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Final

import vl_convert

if TYPE_CHECKING:
    from reports.figures.registry import Chart

_VEGA_LITE: Final = "6.4"
_TITLE_HEIGHT: Final = 34
_DECIMALS: Final = re.compile(r"(\d\.\d\d)\d+")  # a hundredth of a pixel is enough
_SIZE: Final = re.compile(r'width="(\d+)" height="(\d+)" viewBox="0 0 \d+ \d+"')


def svg(chart: Chart, label: str) -> str:
    """Return the chart as one SVG element that says what it is and shrinks with its column."""
    drawn: str = vl_convert.vegalite_to_svg(chart.whole, vl_version=_VEGA_LITE)
    named = f'role="img" aria-label="{escape(label)}" '
    return _DECIMALS.sub(r"\1", drawn).replace("<svg ", f"<svg {named}", 1)


def standing_alone(drawn: str, title: str) -> str:
    """Return an SVG with its title above it, as it is shown outside the page."""
    found = _SIZE.search(drawn)
    assert found, "vl-convert writes the size of what it draws"
    width, height = map(int, found.groups())
    tall = height + _TITLE_HEIGHT
    head = (
        f'<rect y="{-_TITLE_HEIGHT}" width="{width}" height="{tall}" fill="white"/>'
        f'<text x="10" y="-12" font-family="sans-serif" font-size="15" font-weight="bold">{escape(title)}</text>'
    )
    sized = _SIZE.sub(f'width="{width}" height="{tall}" viewBox="0 {-_TITLE_HEIGHT} {width} {tall}"', drawn, count=1)
    start = sized.index(">") + 1
    return f"{sized[:start]}{head}{sized[start:]}\n"


@cache
def scripts() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that is safe inside a page."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=_VEGA_LITE)
    return bundle.replace("</script", "<\\/script")
