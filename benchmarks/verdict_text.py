"""A comparison as text: a table to read in ten seconds, Markdown for a merge, JSON for machines. Pure functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .outcome import Comparison, Found
    from .records import Json
    from .sides import Side

FORMATS: Final = ("table", "md", "json")
#: What GitHub takes as a comment, and a little less.
COMMENT_BYTES: Final = 60_000
#: What people came for first.
_ORDER: Final = ("failed", "slower", "faster", "unclear", "same")
_CHANGED: Final = frozenset({"failed", "slower", "faster"})


def to_json(found: Comparison) -> str:
    """Return a comparison as one JSON object; ratios are time of B over time of A."""
    settings = {"effort": found.effort, "threshold": found.threshold, "interleaved": found.interleaved}
    control = {"moved": found.control_moved, "cases": [_case_json(one) for one in found.control]}
    whole = {
        "a": _side_json(found.a),
        "b": _side_json(found.b),
        "settings": settings,
        "control": control,
        "cases": [_case_json(one) for one in found.cases],
        "notes": list(found.notes),
        "exit": found.exit_code,
    }
    return json.dumps(whole, indent=2)


def to_table(found: Comparison) -> str:
    """Return what changed, one line a case, then how many cases did not, and what could have been seen."""
    rows = [_cells(one) for one in _told(found)]
    lines = [_heading(found), ""]
    if rows:
        lines += [*_aligned([("case", "B / A", "interval", "verdict", "why"), *rows]), ""]
    return "\n".join([*lines, *_summary(found)])


def to_markdown(found: Comparison) -> str:
    """Return the same as Markdown."""
    return _markdown(found, [_row(one) for one in _told(found)])


def comment(found: Comparison, limit_bytes: int = COMMENT_BYTES) -> str | None:
    """Return Markdown that fits into a comment, the worst cases first; None where there is nothing to say."""
    if found.exit_code == 0 and not _told(found):
        return None
    rows = [_row(one) for one in _told(found)]
    kept = len(rows)
    while len((text := _markdown(found, rows[:kept], left_out=len(rows) - kept)).encode()) > limit_bytes and kept:
        kept //= 2
    return text


def _markdown(found: Comparison, rows: list[str], *, left_out: int = 0) -> str:
    table = ["| case | B / A | interval | verdict | why |", "|---|---:|---|---|---|", *rows, ""] if rows else []
    more = [f"{left_out} cases more are left out here.", ""] if left_out else []
    return "\n".join([f"**{_escaped(_heading(found))}**", "", *table, *more, *map(_escaped, _summary(found))])


def _row(found: Found) -> str:
    case, *others = _cells(found)
    return f"| `{_piped(case)}` | {' | '.join(map(_piped, others))} |"


def _told(found: Comparison) -> list[Found]:
    """Return the cases that need a line of their own: those that changed, seemed to, or failed; the rest is counted."""
    known = [one for one in found.cases if one.word in _CHANGED or one.changes or one.flagged]
    return sorted(known, key=lambda one: (not one.is_worse, _ORDER.index(one.word), -_size(one)))


def _size(found: Found) -> float:
    return abs(found.verdict.shift.value) if found.verdict else 0.0


def _cells(found: Found) -> tuple[str, str, str, str, str]:
    why = [*found.changes, *(f"{side.upper()}: {error}" for side, error in found.failed.items())]
    if found.verdict is None:
        return (found.case, "", "", "failed", "; ".join(why) or "it was not played to the end")
    known = found.verdict.shift
    interval = f"[{known.ratio_low:.3g}, {known.ratio_high:.3g}]"
    reasons = [*([found.verdict.reason] if found.verdict.reason else []), *why]
    return (found.case, f"{known.ratio:.3g}x", interval, found.word, "; ".join(reasons))


def _heading(found: Comparison) -> str:
    words = {0: "nothing got worse", 1: "B is worse", 2: "cases failed", 4: "nothing can be said"}
    how = "" if found.interleaved else " (not interleaved)"
    return f"A {_named(found.a)} against B {_named(found.b)}{how}: {words[found.exit_code]}"


def _named(side: Side) -> str:
    return f"{side.name} ({side.commit[:8]})" if side.commit else f"{side.name} (the working tree)"


def _summary(found: Comparison) -> Iterator[str]:
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
        yield f"The control, {len(found.control)} paths that do not touch bridge, {moved}."
    else:
        yield "There is no control: none of the paths that do not touch bridge was judged."
    yield from found.notes
    if found.too_unclear:
        yield "More than a tenth of the cases are unclear: take more rounds (--preset careful) or a calmer machine."


def _aligned(rows: list[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _piped(text: str) -> str:
    return _escaped(text).replace("|", "\\|").replace("\n", " ")


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;")


def _side_json(side: Side) -> Json:
    return {"name": side.name, "commit": side.commit, "bridge_hash": side.bridge_hash}


def _case_json(found: Found) -> Json:
    known = found.verdict.shift if found.verdict else None
    return {
        "case": found.case,
        "verdict": found.word,
        "ratio": known and known.ratio,
        "low": known and known.ratio_low,
        "high": known and known.ratio_high,
        "rounds": found.rounds,
        "log_ratios": [float(f"{one:.5g}") for one in found.log_ratios],
        "visible": known and known.visible,
        "reason": found.verdict.reason if found.verdict else "",
        "changes": list(found.changes),
        "became_copy": found.became_copy,
        "failed": dict(found.failed),
    }
