"""A diagnosis in words and as JSON."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from .findings import to_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .findings import Diagnosis, Finding

_WIDTH: Final = 100
_INDENT: Final = 27


def to_text(found: Diagnosis) -> str:
    """Return the findings, the worst first, and last the answer in one sentence."""
    lines = [f"{found.machine}: {len(found.findings)} checks", ""]
    for one in found.findings:
        lines += _lines(one)
    return "\n".join([*lines, "", verdict(found)])


def _lines(one: Finding) -> Iterator[str]:
    head = f"  {one.severity:<8} {one.name:<{_INDENT - 12}} "
    yield from wrap(one.says, _WIDTH, initial_indent=head, subsequent_indent=" " * _INDENT)
    if one.do:
        yield from wrap(f"-> {one.do}", _WIDTH, initial_indent=" " * _INDENT, subsequent_indent=" " * (_INDENT + 3))


def verdict(found: Diagnosis) -> str:
    """Return whether this machine can measure, and what stands in the way."""
    bad, warnings = found.of("bad"), found.of("warning")
    if bad:
        return f"This machine cannot measure as it is: {_names(bad + warnings)}."
    if warnings:
        return f"This machine can measure with care: {_names(warnings)}."
    return "This machine can measure."


def warnings(found: Diagnosis) -> list[str]:
    """Return a line a finding that makes the machine unfit, and where to read what to do; nothing where it is fit."""
    lines = [f"{one.severity}: {one.name}: {one.says}" for one in found.unfit]
    return [*lines, "what to do about it: python -m benchmarks doctor"] if lines else []


def to_json(found: Diagnosis) -> str:
    """Return a diagnosis as one JSON object."""
    whole = {"machine": found.machine, "fit": not found.unfit, "says": verdict(found), "findings": to_record(found)}
    return json.dumps(whole, indent=2)


def _names(some: tuple[Finding, ...]) -> str:
    return ", ".join(one.name for one in some)
