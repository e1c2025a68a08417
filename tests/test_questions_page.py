"""docs/questions.md: three sentences each, the second quoted from the published report, links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import store
from benchmarks.studies.quoted_answers import PAGE, REPORT, quoted, refreshed
from reports import questions
from reports.rendering import environment
from reports.view import View

ROOT = Path(__file__).parent.parent
TEXT = PAGE.read_text(encoding="utf-8")
REPORTED = REPORT.read_text(encoding="utf-8")
#: Anchor of a question -> its heading and what stands under it.
ANSWERS = {
    one[1]: (one[2], one[3])
    for one in re.finditer(
        r'^<a id="(q-[\w-]+)"></a>\n\n## ([^\n]+)\n\n(.+?)(?=\n<a id=|\Z)', TEXT, re.MULTILINE | re.DOTALL
    )
}
#: A number with a unit, an interval behind it being part of it.
NUMBER = re.compile(r"\d[\d.,]*(?:x\b| (?:[KMG]iB|B|ns|µs|ms|s|GB/s|%)(?!\w))(?: \[[^\]]+\])?")


def prose(anchor: str) -> str:
    """Return what an answer says, without marks, links under it, and code."""
    said = ANSWERS[anchor][1].partition("<!-- figures -->")[0]
    return re.sub(r"`[^`]+`|<!-- .*? -->", "code", said)


def test_the_page_has_every_question_in_the_order_of_the_report() -> None:
    """Report and page have the same questions, in the same words, under the same anchors."""
    known = {one.anchor: one.text for one in questions.questions()}
    assert len(known) == len(re.findall(r"^## ", TEXT, re.MULTILINE))
    assert {anchor: heading for anchor, (heading, _) in ANSWERS.items()} == known
    assert list(ANSWERS) == list(known) == list(quoted(REPORTED))
    assert {anchor: one.text for anchor, one in quoted(REPORTED).items()} == known


@pytest.mark.parametrize("anchor", ANSWERS)
def test_an_answer_has_three_sentences(anchor: str) -> None:
    """What is true, what it costs, what to write instead: each ends a line with its full stop."""
    assert len(re.findall(r"[.?!](?=\s|$)", prose(anchor))) == 3
    lines = ANSWERS[anchor][1].partition("\n\n<!-- figures -->")[0].splitlines()
    assert len(lines) == 3
    assert "`" in lines[2], "the third one has code"


def test_the_page_quotes_the_published_report() -> None:
    """Measured sentences and links are the report's own; `quoted_answers.py` puts those of another report there."""
    assert refreshed(TEXT, REPORTED) == TEXT
    other = REPORTED.replace("`torch.from_numpy` shares in", "`torch.from_numpy` runs in")
    assert "`torch.from_numpy` runs in" in refreshed(TEXT, other)


@pytest.mark.parametrize("anchor", ANSWERS)
def test_every_number_stands_in_the_report(anchor: str) -> None:
    """A number with a unit, whoever wrote it, is in the published report as the same text."""
    for number in NUMBER.findall(ANSWERS[anchor][1]):
        assert number in REPORTED, number


def test_every_link_to_the_report_has_its_anchor_there() -> None:
    """A link into the report leads to an anchor that is there once, and every question has its own."""
    there = re.findall(r'<a id="([^"]+)"></a>', REPORTED)
    assert len(there) == len(set(there))
    links = re.findall(r"\]\(report/report\.md#([^)]+)\)", TEXT)
    assert set(links) <= set(there)
    assert set(ANSWERS) <= set(links)


def test_the_published_report_answers_as_its_session_does() -> None:
    """The report in the repository is that of the session which the README names, made by this code."""
    named = re.search(r"reports/sessions/[\w./-]+\.jsonl", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert named
    view = View(store.read(ROOT / named[0]))
    escaped = environment().filters["md"]
    said = {one.question.anchor: escaped(one.sentence) for one in questions.answers(view, {})}
    assert {anchor: one.sentence for anchor, one in quoted(REPORTED).items()} == said
