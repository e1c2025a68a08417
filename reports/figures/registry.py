"""What a figure is, and the decorator that makes a function one.

Adding a figure is one decorated function in one module of this package: it takes the `View` of a session and yields
figures, which then stand in the page and in the Markdown and are written as SVG.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reports.view import Choice, View

Json = dict[str, Any]  # Any: a Vega-Lite specification is whatever JSON holds


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its text, a note beside it (an interval), and a kind that says how it is drawn."""

    text: str
    note: str = ""
    kind: str = ""

    def __str__(self) -> str:
        """Return the cell in one line of text."""
        return f"{self.text} {self.note}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table: the first cell heads it. With a `choice` it is shown only where that is chosen."""

    cells: tuple[Cell, ...]
    anchor: str = ""
    choice: Choice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with one header a column; refused when a line has more or fewer cells than there are headers."""

    headers: tuple[str, ...]
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        """Refuse lines that do not fit the headers."""
        for line in self.lines:
            if len(line.cells) != len(self.headers):
                raise ValueError(f"a line of {len(line.cells)} cells under {len(self.headers)} headers: {line.cells}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A Vega-Lite specification that reads `rows` under the name `dataset`.

    A `fluid` chart is as wide as its column; the others keep the size their cells need. Where a reader chooses, `first`
    is what is shown before.
    """

    spec: Json
    dataset: str
    rows: tuple[Json, ...]
    fluid: bool = True
    first: Choice | None = None

    @property
    def whole(self) -> Json:
        """The specification with the data it shows first, as it is drawn without a page around it."""
        held = self.first._asdict() if self.first else {}
        rows = [row for row in self.rows if not row.get("dtype") or all(row[key] == held[key] for key in held)]
        return {**self.spec, "datasets": {self.dataset: rows}}

    @property
    def columns(self) -> Json:
        """The data without repeated names: the fields, then the values of each row."""
        return {"fields": list(self.rows[0]), "rows": [list(row.values()) for row in self.rows]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A title, a sentence of caption, the table, and the chart where one says more than the table.

    `choices` are what a reader may hold still, the first of them being shown before anybody chooses.
    """

    anchor: str
    title: str
    caption: str
    table: Table
    chart: Chart | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Figures under one heading; `order` is the section's place in the page."""

    order: int
    anchor: str
    title: str
    lead: str
    draw: Callable[[View], Iterator[Figure]] = field(repr=False)


SECTIONS: Final[dict[str, Section]] = {}


def section(
    order: int, anchor: str, *, title: str, lead: str
) -> Callable[[Callable[[View], Iterator[Figure]]], Callable[[View], Iterator[Figure]]]:
    """Make the decorated function the section of this anchor.

    Raises:
        ValueError: the anchor is taken.
    """
    if anchor in SECTIONS:
        raise ValueError(f"there is a section {anchor!r} already")

    def register(draw: Callable[[View], Iterator[Figure]]) -> Callable[[View], Iterator[Figure]]:
        SECTIONS[anchor] = Section(order=order, anchor=anchor, title=title, lead=lead, draw=draw)
        return draw

    return register


def slug(text: str) -> str:
    """Return `text` as an id; two texts never get the same, because what is replaced leaves its checksum."""
    plain = re.sub(r"^\.+|[^A-Za-z0-9._-]+", "-", text)
    return plain if plain == text else f"{plain.strip('-')}-{zlib.crc32(text.encode()):08x}"


def texts(values: Sequence[str]) -> tuple[Cell, ...]:
    """Return plain cells."""
    return tuple(map(Cell, values))


def shown(table: Table, first: Choice | None) -> tuple[Line, ...]:
    """Return the lines that stand in the table before anybody chooses."""
    return tuple(line for line in table.lines if line.choice in (None, first))
