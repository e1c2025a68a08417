"""A page read back: its tags balanced, its ids, its addresses, the text of each table row."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "base", "col", "wbr"}


@dataclass
class Page(HTMLParser):
    """What tests ask of a page; feeding it text whose tags are not balanced fails."""

    ids: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    rows: dict[str, str] = field(default_factory=dict)
    open_tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What a reader sees, in one line."""
        return " ".join("".join(self.said).split())

    @classmethod
    def of(cls, text: str) -> Page:
        """Read a page."""
        page = cls()
        HTMLParser.__init__(page)
        page.feed(text)
        page.close()
        assert not page.open_tags, f"never closed: {page.open_tags}"
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and what it says."""
        known = dict(attrs)
        self.tags.append((tag, known))
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.addresses += [value for name, value in attrs if name in {"src", "href"} and value]
        if tag not in VOID:
            self.open_tags.append((tag, known))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself, as SVG has them."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Refuse a tag that closes another one."""
        self.said.append(" " * (tag in {"td", "th", "tr", "p", "li", "h2", "h3"}))
        opened, _ = self.open_tags.pop()
        assert opened == tag, f"<{opened}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        """Collect what a reader sees, and the text of each row that has an id."""
        if not {"style", "script", "title"} & {tag for tag, _ in self.open_tags}:
            self.said.append(data)
        for tag, attrs in self.open_tags:
            if tag == "tr" and attrs.get("id"):
                name = attrs["id"] or ""
                self.rows[name] = f"{self.rows.get(name, '')} {data.strip()}"
