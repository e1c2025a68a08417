"""What docs/questions.md quotes of the published report: the measured sentence of each answer, and links to figures.

Each answer of that page has one sentence of what is true, one of what it costs, and one of what to write instead. The
second one, and the links, are the report's own:

    python benchmarks/studies/quoted_answers.py

takes them from docs/report/report.md, and says which answers have changed. The other two sentences are then to be read
again, and nothing else has to be done. A test fails as long as the page quotes another report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "questions.md"
REPORT: Final = DOCS / "report" / "report.md"

#: An answer of the report: its anchor, the question, the sentence, and the links where there are some.
_ANSWER: Final = re.compile(
    r'^\d+\. <a id="(?P<anchor>q-[\w-]+)"></a>\*\*(?P<text>.+)\*\*<br>\n'
    r"   (?P<sentence>.+)\n(?:   <br> (?P<links>.+)\n)?",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A question of the report with the sentence that answers it, and links to it and to its figures."""

    anchor: str
    text: str
    sentence: str
    links: str


def quoted(report: str) -> dict[str, Quoted]:
    """Return the answers of a report in Markdown by their anchors, in its order."""
    return {
        one["anchor"]: Quoted(anchor=one["anchor"], text=one["text"], sentence=one["sentence"], links=_links(one))
        for one in _ANSWER.finditer(report)
    }


def _links(one: re.Match[str]) -> str:
    links = [f"[In the report](#{one['anchor']})", *(one["links"] or "").split(" · ")]
    return " · ".join(filter(None, links)).replace("](#", f"]({REPORT.relative_to(DOCS).as_posix()}#")


def refreshed(page: str, report: str) -> str:
    """Return the page of questions with what it quotes of a report."""
    for one in quoted(report).values():
        page = _put(page, one.anchor, "measured", f"{one.sentence} ")
        page = _put(page, one.anchor, "figures", f"{one.links}\n")
    return page


def _put(page: str, anchor: str, name: str, text: str) -> str:
    """Return the page with another text between the marks of this name that come first after an anchor.

    Each text has a line of its own: a line that starts with a mark is none of Markdown.
    """
    place = re.compile(rf'(<a id="{anchor}"></a>.*?<!-- {name} -->\n)[^\n]*?\s?(<!-- end -->)', re.DOTALL)
    return place.sub(lambda found: f"{found[1]}{text}{found[2]}", page, count=1)


def main() -> None:
    """Bring the page up to date, and name the answers that have changed."""
    page, report = PAGE.read_text(encoding="utf-8"), REPORT.read_text(encoding="utf-8")
    changed = [one.anchor for one in quoted(report).values() if one.sentence not in page]
    PAGE.write_text(refreshed(page, report), encoding="utf-8", newline="\n")
    print("\n".join(changed) or "no answer has changed")


if __name__ == "__main__":
    main()
