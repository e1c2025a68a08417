"""What changed since the last published session of this machine: a stored comparison, weaker than one in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks import verdict_text
from benchmarks.errors import NoCasesError
from benchmarks.stored import compare_sessions, difference
from benchmarks.suite.cases import OURS
from reports import units

from .registry import Cell, Figure, Line, Table, section, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.outcome import Comparison, Found
    from benchmarks.records import Header, Session
    from reports.view import View

_WORDS: Final = ("failed", "slower", "faster", "unclear", "same")
_NOBODY: Final = "No earlier session of this machine has been published, so there is nothing to compare with."
_UNSHARED: Final = "The two sessions share no case of their own, so nothing is compared."


@section(
    100,
    "changes",
    title="Changes since the last published session",
    lead="B is this session, A the newest published one of this machine before it under the same conditions. "
    "Not interleaved: each was measured on its own, so whatever the machine did between them stands in the ratios. An "
    "interval holds every ratio of a pass of B to a pass of A.",
)
def changes_since_the_last(view: View) -> Iterator[Figure]:
    """List the cases that changed, then the counts; or say why nothing is compared."""
    earlier, here = view.beside.earlier, view.session
    if earlier is None:
        yield _statement(_NOBODY, here.header)
    elif differs := difference(earlier.header, here.header):
        caption = f"The sessions differ in {differs}. Their numbers mean different things, so nothing is compared."
        yield _statement(caption, here.header, earlier.header)
    else:
        yield from _compared(earlier, here)


def _compared(earlier: Session, here: Session) -> Iterator[Figure]:
    try:
        found = compare_sessions(earlier, here)
    except NoCasesError:
        yield _statement(_UNSHARED, here.header, earlier.header)
        return
    changed = [one for one in verdict_text.told(found) if one.word in _WORDS[:3] or one.became_copy]
    if changed:
        yield _changed(sorted(changed, key=lambda one: not one.case.startswith(OURS)))
    yield _counts(found, here.header, earlier.header)


def _statement(caption: str, here: Header, earlier: Header | None = None) -> Figure:
    facts = (("A, the earlier session", _named(earlier) if earlier else "none"), ("B, this session", _named(here)))
    table = Table(headers=("what", "value"), lines=tuple(Line(cells=texts(fact)) for fact in facts))
    return Figure(anchor="changes-none", title="Not compared", caption=caption, table=table)


def _named(header: Header) -> str:
    return f"{header.started[:16].replace('T', ' ')}, commit {header.commit[:8]}"


def _changed(found: Sequence[Found]) -> Figure:
    return Figure(
        anchor="changes-cases",
        title=f"Cases that changed: {len(found)}",
        caption="Paths of bridge first, the worst of them at the top. All other paths run the same code in both "
        "sessions: what changed there, the machine did.",
        table=Table(headers=("case", "B / A", "verdict", "why"), lines=tuple(map(_line, found))),
    )


def _line(found: Found) -> Line:
    return Line(
        cells=(
            Cell(found.case, kind="path"),
            _ratio(found),
            Cell(found.word, kind="verdict text"),
            Cell(verdict_text.why(found), kind="text"),
        )
    )


def _ratio(found: Found) -> Cell:
    if found.verdict is None:
        return Cell(units.NONE)
    shift, kind = found.verdict.shift, found.word if found.word in {"faster", "slower"} else ""
    return Cell(units.times(shift.ratio), units.between(shift.ratio_low, shift.ratio_high, units.times), kind)


def _counts(found: Comparison, here: Header, earlier: Header) -> Figure:
    """Count the verdicts of bridge's paths and of all others, which tell how much the machine did."""
    ours = [one for one in found.cases if one.case.startswith(OURS)]
    others = [one for one in found.cases if not one.case.startswith(OURS)]
    named = (("paths of bridge", ours), ("other paths", others), ("control", found.control))
    lines = (Line(cells=(Cell(name), *_numbers(some))) for name, some in named)
    return Figure(
        anchor="changes-counts",
        title="How many cases changed",
        caption=f"A: {_named(earlier)}. B: {_named(here)}. {' '.join(verdict_text.summary(found))}",
        table=Table(headers=("cases", "all", *_WORDS), lines=tuple(lines)),
    )


def _numbers(found: Sequence[Found]) -> Iterator[Cell]:
    yield Cell(units.count(len(found)))
    for word in _WORDS:
        yield Cell(units.count(sum(one.word == word for one in found)))
