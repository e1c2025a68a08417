"""The page of a profile: the parts drawn and listed, all else in words, nothing from outside."""

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

from reports.profile import bar, html, write_page
from tests.profile_builders import HOSTILE, a_breakdown, a_profile


def test_the_page_is_written_and_stays_the_same(tmp_path: Path) -> None:
    """The same profile gives the same bytes."""
    path = write_page(a_profile(), tmp_path)
    assert path == tmp_path / "profile.html"
    assert path.read_text() == html(a_profile()) == html(a_profile())


def test_every_part_has_a_row_and_a_colour() -> None:
    """A part's row has its time, range, share and method; its colour is that of the bar."""
    page = html(a_profile())
    assert '<span class="swatch part0"></span>page faults' in page
    assert re.search(r"8\.00 ms <small>\[7\.00.9\.00 ms\]</small></td><td>80\.0%</td>", page)
    assert '<span class="swatch left"></span>unexplained' in page


def test_the_bar_has_room_for_parts_above_zero() -> None:
    """Widths are shares of the sum of what is above zero; the rest is in the words for those who do not see it."""
    drawn = str(bar(a_breakdown()))
    widths = [float(one) for one in re.findall(r'<rect[^>]* width="([\d.]+)"', drawn)]
    assert widths == [727.3, 272.7]
    assert re.findall(r'<rect[^>]* x="([\d.]+)"', drawn) == ["0.0", "727.3"]
    assert "unexplained -1.00 ms" in drawn.partition("viewBox")[0]


def test_names_from_outside_are_text() -> None:
    """No tag starts in what a spelling, a CPU or a reason is called."""
    page = html(a_profile())
    assert "<a>" not in page
    assert page.count("&lt;a&gt; | &amp;") >= 4


def test_a_part_that_is_named_outside_is_text_in_the_bar() -> None:
    """Its name stands in the bar, its tip and its label, and starts no tag there."""
    known = a_breakdown()
    drawn = str(bar(replace(known, parts=tuple(replace(one, name=HOSTILE) for one in known.parts))))
    assert "<a>" not in drawn
    assert drawn.count("&lt;a&gt; | &amp;: 8.00 ms") == 1


def test_what_is_missing_and_what_a_fault_costs_are_told() -> None:
    """The page says why a number is not there, and the price of a fault with its counts."""
    page = html(a_profile())
    assert "Not available" in page
    assert "valgrind is not installed &lt;a&gt; | &amp;" in page
    assert "16,385 minor faults a call in fresh memory, 1 in warm: 488 ns each." in page


def test_raw_records_and_the_trace_are_inside() -> None:
    """Both links hold what they say, and need no network."""
    page = html(a_profile())
    held = [gzip.decompress(base64.b64decode(one)) for one in re.findall(r"gzip;base64,([^\"]+)", page)]
    assert json.loads(held[0])["case"] == a_profile().case
    assert json.loads(held[1]) == {"traceEvents": []}
    assert not re.search(r"https?://", re.sub(r"base64,[^\"]+", "", page))


def test_what_is_not_known_is_left_out() -> None:
    """A profile without missing things, faults or facts of the machine has no headings for them."""
    page = html(a_profile(missing={}, about={}, minflt={"fresh": 0.0}))
    assert "Not available" not in page
    assert "Measured on" not in page
    assert "each." not in page
