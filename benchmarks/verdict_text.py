"""A comparison as text: a table to read in ten seconds, Markdown for a merge. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import amounts
from .attribution import attributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .attribution import Part
    from .outcome import Comparison, Found
    from .sides import Side
    from .verdicts import Verdict

FORMATS: Final = ("table", "md", "json")
#: Of a list beside the table more lines than these are counted.
_MOST_LINES: Final = 20
#: What GitHub takes as a comment, and a little less.
COMMENT_BYTES: Final = 60_000
#: What people came for first.
_ORDER: Final = ("failed", "slower", "faster", "unclear", "same")
_CHANGED: Final = frozenset({"failed", "slower", "faster"})


def to_table(found: Comparison) -> str:
    """Return what changed, one line a case, then how many cases did not, and what could have been seen."""
    rows = [_cells(one) for one in told(found)]
    lines = [heading(found), ""]
    if rows:
        lines += [*_aligned([("case", "B / A", "interval", "verdict", "why"), *rows]), ""]
    return "\n".join([*lines, *_causes(found, "  "), *_behaviour(found, "  "), *summary(found)])


def to_markdown(found: Comparison) -> str:
    """Return the same as Markdown."""
    return _markdown(found, [_row(one) for one in told(found)])


def comment(found: Comparison, limit_bytes: int = COMMENT_BYTES) -> str | None:
    """Return Markdown that fits into a comment, the worst cases first; None where there is nothing to say."""
    if found.exit_code == 0 and not told(found) and not found.behaviour:
        return None
    rows = [_row(one) for one in told(found)]
    kept = len(rows)
    while len((text := _markdown(found, rows[:kept], left_out=len(rows) - kept)).encode()) > limit_bytes and kept:
        kept //= 2
    return text


def _markdown(found: Comparison, rows: list[str], *, left_out: int = 0) -> str:
    table = ["| case | B / A | interval | verdict | why |", "|---|---:|---|---|---|", *rows, ""] if rows else []
    more = [f"{left_out} cases more are left out here.", ""] if left_out else []
    beside = [_piped(line) for line in (*_causes(found, "- "), *_behaviour(found, "- "))]
    said = [*table, *more, *beside, *map(_escaped, summary(found))]
    return "\n".join([f"**{_escaped(heading(found))}**", "", *said])


def causes(found: Comparison) -> Iterator[str]:
    """Yield what the changes of each path come from, one line a path."""
    for one in attributions(found.cases, found.threshold):
        unsaid = [f"not said: {'; '.join(one.unsaid)}"] if one.unsaid else []
        yield f"{one.line}: {'; '.join([*map(_part, one.parts), *unsaid])}"


def _part(one: Part) -> str:
    known = one.verdict.shift
    sizes = f"{amounts.size(one.low)} to {amounts.size(one.high)}"
    said = f"{one.what} ({sizes}) {known.ratio:.3g}x [{known.ratio_low:.3g}, {known.ratio_high:.3g}] {one.verdict.word}"
    if one.verdict.reason:
        return f"{said}: {one.verdict.reason}"
    return f"{said}, with {'more' if one.verdict.word == 'slower' else 'fewer'} page faults" if one.faults else said


def _causes(found: Comparison, mark: str) -> Iterator[str]:
    """Yield what the changes come from, one line a path, as many as a reader bears."""
    moved = ", or the machine, for the control moved" if found.control_moved else ""
    yield from _listed(f"What the changes come from, B / A{moved}:", tuple(causes(found)), mark)


def _behaviour(found: Comparison, mark: str) -> Iterator[str]:
    """Yield what paths do otherwise with awkward sources, one line each, as many as a reader bears."""
    yield from _listed("With awkward sources, A -> B:", found.behaviour, mark)


def _listed(title: str, lines: Sequence[str], mark: str) -> Iterator[str]:
    if not lines:
        return
    yield title
    yield ""
    yield from (f"{mark}{line}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"{mark}and {len(lines) - _MOST_LINES} more"
    yield ""


def _row(found: Found) -> str:
    case, *others = _cells(found)
    return f"| `{_piped(case)}` | {' | '.join(map(_piped, others))} |"


def told(found: Comparison) -> list[Found]:
    """Return the cases that need a line of their own: those that changed, seemed to, or failed; the rest is counted."""
    known = [one for one in found.cases if one.word in _CHANGED or one.changes or one.flagged]
    return sorted(known, key=lambda one: (not found.is_worse(one), _ORDER.index(one.word), -_size(one)))


def _size(found: Found) -> float:
    return abs(found.verdict.shift.value) if found.verdict else 0.0


def _cells(found: Found) -> tuple[str, str, str, str, str]:
    if found.verdict is None:
        return (found.case, "", "", found.word, why(found))
    known = found.verdict.shift
    interval = f"[{known.ratio_low:.3g}, {known.ratio_high:.3g}]"
    return (found.case, f"{known.ratio:.3g}x", interval, found.word, why(found))


def why(found: Found) -> str:
    """Return the reasons of a verdict, what changed exactly, and what failed, in one line; often empty."""
    failed = [f"{side.upper()}: {error}" for side, error in found.failed.items()]
    said = "; ".join([*_reasons(found.verdict), *found.changes, *failed])
    return said or ("" if found.verdict else "it was not played to the end")


def _reasons(verdict: Verdict | None) -> Iterator[str]:
    """Yield the reason of a verdict, and of a change what fresh rounds said: what was picked out looks larger."""
    if verdict and verdict.reason:
        yield verdict.reason
    if verdict and verdict.again and verdict.word != "unclear":
        yield f"again {verdict.again.ratio:.3g}x"


def heading(found: Comparison) -> str:
    """Return what was compared and what came out, in one line."""
    words = {0: "nothing got worse", 1: "B is worse", 2: "cases failed", 4: "nothing can be said"}
    how = "" if found.interleaved else " (not interleaved)"
    seem = found.exit_code == 0 and any(one.word == "slower" or one.became_copy for one in found.cases)
    outcome = "some cases look worse" if seem else words[found.exit_code]
    a, b = (f"{_named(side)}{_differing(found, name)}" for name, side in (("a", found.a), ("b", found.b)))
    return f"A {a} against B {b}{how}: {outcome}"


def _named(side: Side) -> str:
    return f"{side.name} ({side.commit[:8]})" if side.commit else f"{side.name} (the working tree)"


def _differing(found: Comparison, name: str) -> str:
    """Return the versions of one side that are not those of the other, where interpreters are compared."""
    if not found.interpreters:
        return ""
    ours, theirs = (found.loaded.get(one, {}).get("software", {}) for one in (name, "b" if name == "a" else "a"))
    differing = [f"{package} {version}" for package, version in ours.items() if version != theirs.get(package)]
    return f" with {', '.join(differing) or 'the same versions'}"


def summary(found: Comparison) -> Iterator[str]:
    """Yield the sentences below the rows: how many cases have which verdict, what could be seen, the control."""
    counts = {word: sum(one.word == word for one in found.cases) for word in _ORDER}
    yield f"{len(found.cases)} cases: " + ", ".join(f"{count} {word}" for word, count in counts.items() if count) + "."
    visible = sorted(max(one.verdict.shift.visible, found.threshold) for one in found.cases if one.verdict)
    if visible:
        middle, worst = visible[len(visible) // 2], visible[-1]
        yield f"Changes from {middle:.1%} on could be seen in half of the cases, from {worst:.1%} on in all."
        if found.interleaved:
            yield "A regression that hits only some calls is hidden: the fastest samples are compared."
    moved = "moved: what seems to have changed may be the machine" if found.control_moved else "stood still"
    if found.has_control:
        which = "measured against themselves" if found.interpreters else "that do not touch bridge"
        yield f"The control, {len(found.control)} paths {which}, {moved}."
    else:
        yield "There is no control: none of its paths was judged."
    yield from found.notes
    if found.too_unclear:
        more = "rounds (--preset careful)" if found.interleaved else "passes"
        yield f"More than a tenth of the cases are unclear: take more {more} or a calmer machine."


def _aligned(rows: list[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _piped(text: str) -> str:
    return _escaped(text).replace("|", "\\|").replace("\n", " ")


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;")
