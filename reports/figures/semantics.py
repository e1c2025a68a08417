"""The semantics card: what each path did with every trait that was tried, as the session observed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import units

from .registry import Cell, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.records import Observation, Semantics
    from reports.view import View

_TITLES: Final = {
    "layout": "Layouts: strides, read-only, byte order",
    "dtype": "Dtypes",
    "tensor": "Tensors: gradients, conjugate and negative bits",
}
WRONG: Final = "wrong values"
WORDS: Final = {"shares": "shares", "copies": "copies", "raises": "refuses", "dies": "kills Python"}


@section(
    90,
    "semantics",
    title="What each path does",
    lead="Observed before the timing on arrays of a few elements, by writing on one side and looking on the other; "
    "nothing is taken from documentation. C order means that the memory order of the source was not kept.",
)
def semantics_card(view: View) -> Iterator[Figure]:
    """Draw one table a kind of trait, then what the refusals say."""
    known = view.session.semantics
    kinds = dict.fromkeys(trait.partition("=")[0] for one in known for trait in one.observed)
    for kind in kinds:
        yield _card(kind, known)
    if lines := tuple(_messages(known)):
        table = Table(headers=("source", "what it says", "said by"), lines=lines)
        yield Figure(anchor="semantics-messages", title="What the refusals say", caption="", table=table)


def card_anchor(one: Semantics, kind: str) -> str:
    """Return the id of a path's row among the traits of one kind."""
    return f"semantics-{kind}-{one.source}-{slug(one.path)}"


def _card(kind: str, known: Sequence[Semantics]) -> Figure:
    traits = list(dict.fromkeys(trait for one in known for trait in one.observed if trait.startswith(f"{kind}=")))
    lines = tuple(
        Line(
            anchor=card_anchor(one, kind),
            cells=(Cell(one.path, one.spelling, "path"), *(_cell(one.observed.get(trait)) for trait in traits)),
        )
        for one in known
        if any(trait in one.observed for trait in traits)
    )
    headers = ("path", *(trait.partition("=")[2].replace("_", " ") for trait in traits))
    return Figure(
        anchor=f"semantics-{kind}",
        title=_TITLES.get(kind, kind),
        caption="",
        table=Table(headers=headers, lines=lines),
    )


def _cell(seen: Observation | None) -> Cell:
    if seen is None:
        return Cell(units.NONE)
    if seen.wrong_values:
        return Cell(WRONG, seen.outcome, "dies")
    return Cell(WORDS[seen.outcome], ", ".join(_notes(seen)), seen.outcome)


def _notes(seen: Observation) -> Iterator[str]:
    if seen.warns:
        yield "warns"
    if seen.keeps_order is False:
        yield "C order"
    if seen.writable is False:
        yield "read-only result"


def _messages(known: Sequence[Semantics]) -> Iterator[Line]:
    said: dict[tuple[str, str], list[str]] = {}
    for one in known:
        for trait, seen in one.observed.items():
            if seen.error:
                said.setdefault((trait.replace("=", " "), seen.error), []).append(one.path)
    for (trait, error), paths in said.items():
        yield Line(cells=(Cell(trait), Cell(error, kind="text"), Cell(", ".join(paths), kind="path text")))
