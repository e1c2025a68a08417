"""The figures of a report. Every module here is loaded, so that a new one is found without a list."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from .registry import SECTIONS, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.view import View

    from .registry import Figure, Section

__all__ = ["drawn", "shown", "titles"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def drawn(view: View) -> Iterator[tuple[Section, tuple[Figure, ...]]]:
    """Yield each section with its figures, in the order of the page; a section without figures is left out."""
    for section in sorted(SECTIONS.values(), key=lambda one: one.order):
        if figures := tuple(section.draw(view)):
            yield section, figures


def titles(sections: Sequence[tuple[Section, Sequence[Figure]]]) -> dict[str, str]:
    """Return the titles of figures, each with that of its section, by their anchors in the order of the page."""
    return {one.anchor: f"{section.title}: {one.title}" for section, some in sections for one in some}
