"""Advice as text and as JSON: pure functions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmarks import amounts

if TYPE_CHECKING:
    from .expected import Expected
    from .ranking import Advice, Ranked
    from .wanted import Wanted


def to_text(advice: Advice) -> str:
    """Return the recommendation in a sentence, the ranked table, and what it rests on."""
    lines = [_sentence(advice), "", question(advice.wanted)]
    if advice.ranked:
        lines += ["", *_table(advice.ranked)]
    sections = {
        "not predicted (measuring would tell)": advice.unknown,
        "assumes": advice.assumes,
        "the answer changes": advice.flips,
        "not correct here": tuple(f"{one.path}: {one.reason}" for one in advice.excluded),
        "from": advice.notes,
    }
    for title, said in sections.items():
        lines += ["", f"{title}:", *(f"  {one}" for one in said)] if said else []
    return "\n".join(lines)


def to_json(advice: Advice) -> str:
    """Return advice as one JSON object; times in nanoseconds."""
    plain: dict[str, Any] = asdict(advice)
    plain["wanted"]["flags"] = sorted(advice.wanted.flags)
    return json.dumps(plain, indent=2)


def question(wanted: Wanted) -> str:
    """Return what was asked, in a line."""
    shape = " x ".join(map(str, wanted.geometry.shape)) or "one element"
    cast = f" to {wanted.to}" if wanted.casts else ""
    flags = "".join(f", {flag}" for flag in sorted(wanted.flags - {wanted.layout}))
    words = [f"{wanted.source} {shape} {wanted.dtype} {wanted.layout}{flags}{cast}", amounts.size(wanted.payload_bytes)]
    words += [f"device {wanted.device}", "1 thread" if wanted.threads == 1 else f"{wanted.threads} threads"]
    words += [f"{wanted.reuse} arrays of this shape"] if wanted.reuse > 1 else []
    words += ["written to afterwards"] if wanted.mutate else []
    return ", ".join(words)


def _sentence(advice: Advice) -> str:
    first = advice.first
    if first is None:
        return "No path can be recommended: none that is correct has a known time."
    tied = [one.path for one in advice.ranked if one.tied]
    ties = f"; not distinguishable from it: {', '.join(tied)}" if tied else ""
    what = "shares memory with its source" if first.aliasing == "shares" else "copies"
    return f"Write {first.code.splitlines()[-1]} : {time(first.expected)} a call, {what}{ties}."


def _table(ranked: tuple[Ranked, ...]) -> list[str]:
    rows = [("", "path", "time a call", "x best", "new memory", "aliasing", "timed", "code")]
    for number, one in enumerate(ranked, start=1):
        place = f"{number}{'=' if one.tied else ''}"
        memory = amounts.size(one.new_bytes) + (f" ({amounts.size(one.once_bytes)} once)" if one.once_bytes else "")
        cells = (place, one.path, time(one.expected), f"{one.times_best:.2f}", memory, one.aliasing)
        rows.append((*cells, one.expected.origin, _flat(one.code)))
    widths = [max(len(row[column]) for row in rows) for column in range(7)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)) for row in rows]


def _flat(code: str) -> str:
    return "; ".join(line.replace("  # once", "") for line in code.splitlines())


def time(expected: Expected) -> str:
    """Return a time and its interval in the unit that fits the value."""
    interval = amounts.interval(expected.value_ns, expected.low_ns, expected.high_ns)
    return f"{amounts.time(expected.value_ns)} {interval}"
