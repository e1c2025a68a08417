"""The semantics card: what each path did with every trait that was tried, as the session observed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import units

from .registry import Cell, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.records import Observation, Semantics
    from reports.view import View

#: Kinds of traits in the order of the page.
_TITLES: Final = {
    "layout": "Layouts: strides, read-only, byte order",
    "dtype": "Dtypes",
    "array": "Arrays: masks, subclasses, odd shapes",
    "tensor": "Tensors: gradients, lazy bits, subclasses",
    "lifetime": "Lifetimes: the source goes, the result stays",
}
#: What the names of traits do not say by themselves.
_LEGEND: Final = {
    "array=masked": "an `np.ma` array with a hidden element",
    "array=subclass": "an `np.matrix`",
    "array=0d": "one element without axes",
    "array=one_row_reversed": "a negative stride on an axis of length one, where it means nothing",
    "tensor=requires_grad": "autograd follows it",
    "tensor=conjugate": "the memory holds the conjugates of its elements",
    "tensor=negative_bit": "the memory holds its elements with the other sign",
    "tensor=zero_tensor": "zeros that have no memory, as forward-mode autograd makes them",
    "tensor=subclass": "a subclass that adds nothing",
    "tensor=wrapper": "a subclass that holds another tensor and has no memory of its own",
    "lifetime=source_dropped": "the last reference to the source is dropped and free memory is overwritten, "
    "then the result is read",
    "lifetime=storage_resized": "the tensor's storage is resized to nothing, which torch refuses "
    "where it knows that an array shares it",
}
WRONG: Final = "wrong values"
DROPS: Final = "drops the mask"
DANGLES: Final = "dangles"
_LEAKS: Final = "leaks the source"
WORDS: Final = {
    "shares": "shares",
    "copies": "copies",
    "raises": "refuses",
    "dies": "kills Python",
    "unobserved": "not observed",
}


@section(
    90,
    "semantics",
    title="What each path does",
    lead="Observed before the timing on arrays of a few elements, by writing on one side and looking on the other; "
    "nothing is taken from documentation. C order means that the memory order of the source was not kept, dangles that "
    "the result still uses memory that was given back, and a dash that a path was not tried with such a source.",
)
def semantics_card(view: View) -> Iterator[Figure]:
    """Draw one table a kind of trait, then what the refusals say."""
    known = view.session.semantics
    kinds = dict.fromkeys(trait.partition("=")[0] for one in known for trait in one.observed)
    for kind in dict.fromkeys((*_TITLES, *kinds)) if known else ():
        yield _card(kind, known) if kind in kinds else _gap(kind)
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
    headers = ("path", *map(_header, traits))
    return Figure(
        anchor=f"semantics-{kind}",
        title=_TITLES.get(kind, kind),
        caption=_caption(kind, traits),
        table=Table(headers=headers, lines=lines),
    )


def _gap(kind: str) -> Figure:
    """Say that a session has no trait of a kind: it is older than them, or none of its paths has such a source."""
    table = Table(headers=("path", kind), lines=(Line(cells=(Cell("every path"), Cell("not observed"))),))
    return Figure(anchor=f"semantics-{kind}", title=_TITLES[kind], caption="", table=table)


def _caption(kind: str, traits: Sequence[str]) -> str:
    """Explain the columns, and name those that the session is too old for."""
    said = "; ".join(f"`{_header(trait)}`: {_LEGEND[trait]}" for trait in traits if trait in _LEGEND)
    missing = [trait for trait in _LEGEND if trait.startswith(f"{kind}=") and trait not in traits]
    unknown = f"Not observed: {', '.join(f'`{_header(trait)}`' for trait in missing)}" if missing else ""
    return " ".join(f"{sentence}." for sentence in (said, unknown) if sentence)


def _header(trait: str) -> str:
    return trait.partition("=")[2].replace("_", " ")


def _cell(seen: Observation | None) -> Cell:
    if seen is None:
        return Cell(units.NONE)
    if alarms := tuple(_alarms(seen)):
        return Cell(", ".join(alarms), seen.outcome, "dies")
    return Cell(WORDS[seen.outcome], ", ".join(_notes(seen)), seen.outcome)


def _alarms(seen: Observation) -> Iterator[str]:
    """Yield what went wrong without a word."""
    said = {WRONG: seen.wrong_values, DROPS: seen.drops_mask, DANGLES: seen.dangles, _LEAKS: seen.leaks}
    yield from (words for words, happened in said.items() if happened)


def _notes(seen: Observation) -> Iterator[str]:
    if seen.warns:
        yield "warns"
    if seen.keeps_order is False:
        yield "C order"
    if seen.writable is False:
        yield "read-only result"
    if seen.keeps_source:
        yield "keeps the source"


def _messages(known: Sequence[Semantics]) -> Iterator[Line]:
    said: dict[tuple[str, str], list[str]] = {}
    for one in known:
        for trait, seen in one.observed.items():
            if seen.error:
                said.setdefault((trait.replace("=", " "), seen.error), []).append(one.path)
    for (trait, error), paths in said.items():
        yield Line(cells=(Cell(trait), Cell(error, kind="text"), Cell(", ".join(paths), kind="path text")))
