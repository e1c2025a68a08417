"""The page of a comparison: what stands first, what is drawn of each case, and what it says in words."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from benchmarks import kept
from reports.comparison import page, write_page
from tests.builders import HOSTILE
from tests.comparison_builders import a_comparison, a_found, as_data, one_of_each
from tests.reports.parsed import Page

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.outcome import Found

MORE = {
    "started": "2026-11-25T10:11:12+00:00",
    "machine": {"name": f"box {HOSTILE}"},
    "loaded": {
        "a": {"software": {"python": "3.11.7", "torch": "2.13.0"}},
        "b": {"software": {"python": "3.11.7", "torch": "2.14.0 <a>"}},
    },
    "notes": (f"a note {HOSTILE}",),
    "behaviour": (f"bridge.as_tensor array={HOSTILE}: copies -> shares",),
}


@pytest.fixture(scope="module")
def whole() -> str:
    """Return the page of a comparison with a case of every kind and all that is known of it."""
    return page(as_data(a_comparison(**MORE)))


def section(text: str, anchor: str) -> str:
    """Return one section of a page."""
    found = re.search(rf'<section id="{anchor}".*?</section>', text, re.DOTALL)
    assert found, anchor
    return found[0]


def rows(text: str, anchor: str) -> list[str]:
    """Return the rows of a section as plain text."""
    body = section(text, anchor).partition("<tbody>")[2]
    plain = (re.sub(r"<svg.*?</svg>|<wbr>", "", row, flags=re.DOTALL) for row in body.split("</tr>")[:-1])
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in plain]


def head(text: str) -> str:
    """Return what stands above the tables as plain text."""
    return " ".join(re.sub(r"<[^>]*>", "", text.partition("<header")[2].partition("</header>")[0]).split())


def test_what_changed_stands_first_and_the_worst_at_the_top(whole: str) -> None:
    """Failed, slower, copied, faster and not repeated cases come in this order; the rest in the next table."""
    verdicts = [re.search(r"failed|slower(?! at)|faster|same|unclear", row) for row in rows(whole, "changed")]
    assert [one and one[0] for one in verdicts] == ["failed", "slower", "slower", "same", "faster", "unclear"]
    assert [re.search(r"unclear|same", row)[0] for row in rows(whole, "others")] == ["unclear", "same", "same"]
    assert whole.index('id="changed"') < whole.index('id="others"') < whole.index('id="control"')
    assert len(rows(whole, "control")) == 10


def test_a_row_has_ratio_interval_verdict_and_reason(whole: str) -> None:
    """Each changed case says how much, between what, what it is called, and why."""
    told = rows(whole, "changed")
    assert re.fullmatch(
        r"bridge.standardize/float32/C/1MiB/1t 1\.\d\dx \[1\.\d\d.1\.\d\dx\] slower again 1\.\d+x", told[2]
    )
    assert told[3].endswith("same shares → copies; new memory 0 → 4,096 bytes")
    assert "unclear slower at first, but fresh rounds did not repeat it" in told[5]
    assert "failed B: was killed by SIGSEGV &lt;a&gt; | &amp; &#34;&#39;" in told[0]


def test_the_heading_is_the_tables(whole: str) -> None:
    """The one heading says who was compared and what came out, and so does the page's title."""
    said = "A feature/x &lt;a&gt; | &amp; &#34;&#39; (01234567) against B . (the working tree): B is worse"
    assert f"<h1>{said}</h1>" in whole
    assert f"<title>{said}</title>" in whole


def test_the_head_says_what_was_compared_and_what_could_be_seen(whole: str) -> None:
    """Commits, versions that differ, settings, machine, notes, counts and the control stand above the tables."""
    said = head(whole)
    for words in (
        "commit 0123456789ab, whose bridge has the hash aaaaaaaaaaaaaaaa",
        "the working tree",
        "Both sides have python 3.11.7.",
        "The sides differ in torch: A has 2.13.0, B has 2.14.0 &lt;a&gt;.",
        "Effort: normal, judged after 10 and 20 rounds; a change within 5&nbsp;% is none; interleaved",
        "Measured on box &lt;a&gt; | &amp; &quot;&#x27; at 2026-11-25 10:11 UTC.",
        "a note &lt;a&gt;",
        "9 cases: 1 failed, 2 slower, 1 faster, 2 unclear, 3 same.",
        "Changes from",
        "The control, 10 paths that do not touch bridge, stood still.",
    ):
        assert words in said


def test_what_a_file_does_not_know_is_left_out() -> None:
    """A comparison without a time, machine, versions, notes or fresh rounds is drawn all the same."""
    text = page(as_data(a_comparison((a_found(),), effort="6 and 6 passes")))
    assert "Measured" not in head(text)
    assert "Both sides have" not in head(text)
    assert "Effort: 6 and 6 passes; " in head(text)
    assert 'class="notes"' not in text
    assert 'class="rounds fresh"' not in section(text, "changed")


def test_every_case_has_its_strip_and_every_strip_its_numbers(whole: str) -> None:
    """Each case with rounds has one image that names ratio, rounds and fresh rounds; all are on one scale."""
    labels = re.findall(r'<svg class="strip (?!axis)[^"]*" role="img" aria-label="([^"]+)"', whole)
    assert len(labels) == 9 + 10
    known = next(one for one in labels if "fresh" in one and "1.1" in one)
    pattern = (
        r"B over A \S+ \[\S+\]; 20 rounds from \S+x to \S+x; B over A \S+ \[\S+\]; 10 fresh rounds from \S+x to \S+x"
    )
    assert re.fullmatch(pattern, known)
    assert whole.count(">B slower, 1.5x<") == 3
    assert len(set(re.findall(r'class="band" d="M(\S+) 0H', whole))) == 1


def test_colour_says_what_words_say(whole: str) -> None:
    """A cell is coloured by its verdict, a copy where A shares as badly as what is slower; a strip by its verdict."""
    cells = dict(re.findall(r"<th[^>]*>([^\n]*?)</th>.*?<td class=\"text (\w+)\">", section(whole, "changed")))
    colours = {case.replace("<wbr>", "").partition("/")[0]: colour for case, colour in cells.items()}
    assert colours["bridge.standardize"] == "slower"
    assert colours["bridge.copyto"] == "faster"
    assert list(cells.values()) == ["slower", "slower", "slower", "slower", "faster", "unclear"]
    assert re.findall(r'class="strip (\w+)" role', section(whole, "changed"))[1:] == [
        *("failed", "slower", "slower", "same", "faster", "unclear")
    ]


def _without_rounds(one: Found) -> Found:
    judged = one.verdict and dataclasses.replace(one.verdict, again=None)
    return dataclasses.replace(one, verdict=judged, log_ratios=(), confirmation=(), flagged=False)


def test_sessions_have_intervals_alone_and_say_so() -> None:
    """What did not take turns is labelled, in the heading too, and drawn without rounds."""
    cases = tuple(_without_rounds(one) for one in one_of_each())
    control = (dataclasses.replace(a_found("c"), log_ratios=()),)
    text = page(as_data(a_comparison(cases, control=control, interleaved=False, effort="6 and 6 passes")))
    assert "(not interleaved)" in head(text)
    assert "Not interleaved: both were measured on their own" in head(text)
    assert 'class="rounds' not in text
    assert text.count('class="bar"') == 8 + 1
    assert "Hollow squares" not in text


def test_a_comparison_of_nothing_is_a_page() -> None:
    """Where nothing changed, nothing else was compared and there is no control, each is said."""
    text = page(as_data(a_comparison((), control=())))
    assert ">Nothing.<" in section(text, "changed")
    assert "There is no other case" in section(text, "others")
    assert "There is none" in section(text, "control")
    assert "There is no control" in head(text)


def test_the_page_asks_for_nothing_and_runs_nothing(whole: str) -> None:
    """Every address is in the page, no script is in it, and its policy would allow none."""
    known = Page.of(whole)
    assert all(one.startswith(("#", "data:")) for one in known.addresses)
    assert {one[1:] for one in known.addresses if one.startswith("#")} <= set(known.ids)
    assert len(known.ids) == len(set(known.ids))
    assert "script" not in [tag for tag, _ in known.tags]
    policy = next(attrs["content"] for tag, attrs in known.tags if attrs.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_other_behaviour_has_its_section(whole: str) -> None:
    """What paths do otherwise with awkward sources stands before the tables, where there is any."""
    assert "array=&lt;a&gt; | &amp; &#34;&#39;: copies → shares" in section(whole, "behaviour")
    assert 'id="behaviour"' not in page(as_data(a_comparison()))


def test_hostile_names_stay_text(whole: str) -> None:
    """No case, name, version or error becomes a tag."""
    assert "<a>" not in whole
    assert "&lt;a&gt;" in whole


def test_the_comparison_is_inside_its_page(whole: str) -> None:
    """What is downloaded from the page is the object that it was made from."""
    packed = re.search(r'href="data:application/gzip;base64,([^"]+)"', whole)
    assert packed
    assert json.loads(gzip.decompress(base64.b64decode(packed[1]))) == as_data(a_comparison(**MORE))


def test_two_hundred_cases_are_light() -> None:
    """A page of 200 cases with 30 rounds each stays below 600 kB."""
    cases = tuple(a_found(f"bridge.as_tensor.dtype/float64>float32/sliced/{n}KiB/1t", rounds=30) for n in range(200))
    assert len(page(as_data(a_comparison(cases))).encode()) < 600_000


def test_the_page_lies_beside_what_was_kept(tmp_path: Path) -> None:
    """The page has the name of the file, and the same file gives the same bytes."""
    found = a_comparison()
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(as_data(found)), encoding="utf-8")
    assert write_page(path) == tmp_path / "kept.html"
    first = (tmp_path / "kept.html").read_bytes()
    assert write_page(path).read_bytes() == first
    assert kept.from_json(json.loads(path.read_text())).exit_code == found.exit_code
