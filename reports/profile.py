"""One profile -> one page that opens offline and needs no script: the parts of the time, drawn and listed."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from benchmarks.breakdown import outcome, text

from . import units
from .rendering import environment, packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.breakdown.outcome import Profile
    from benchmarks.breakdown.parts import Breakdown

#: The width of the bar in its own units, and how wide a part has to be to carry its name.
_WIDTH: Final = 1000.0
_TALL: Final = 46
_NAMED: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One part of the time: its place in the colours, what it takes, its share of the whole, how it was measured."""

    kind: str
    name: str
    time: str
    interval: str
    share: str
    method: str


def write_page(found: Profile, folder: Path) -> Path:
    """Write profile.html into a folder and return its path; the same profile gives the same bytes."""
    path = folder / "profile.html"
    path.write_text(html(found), encoding="utf-8", newline="\n")
    return path


def html(found: Profile) -> str:
    """Return the page; the JSON and the trace are inside, compressed."""
    return (
        environment()
        .get_template("profile.html.j2")
        .render(
            profile=found,
            time=units.time(found.breakdown.whole.value),
            interval=units.interval(found.breakdown.whole, units.time),
            bar=bar(found.breakdown),
            rows=tuple(_rows(found.breakdown)),
            faults=text.faults(found),
            facts=tuple((text.label(name), text.amount(name, value)) for name, value in found.facts.items()),
            growth=tuple(text.grows(found.growth)),
            missing=tuple((text.label(name), reason) for name, reason in found.missing.items()),
            about=tuple(_about(found)),
            raw=packed(outcome.to_json(found)),
            trace=packed(found.trace),
        )
    )


def _rows(known: Breakdown) -> Iterator[Row]:
    for kind, one in zip(_kinds(known), known.parts, strict=True):
        yield Row(
            kind=kind,
            name=one.name,
            time=units.time(one.ns.value) if one.ns.value else "0",
            interval=units.interval(one.ns, units.time) if one.ns.high > one.ns.low else "",
            share=f"{one.ns.value / known.whole.value:.1%}",
            method=one.method,
        )


def _kinds(known: Breakdown) -> Iterator[str]:
    """Yield the class of each part: a colour of its own, grey for what is unexplained."""
    for place, one in enumerate(known.parts):
        yield "left" if one.name == known.parts[-1].name else f"part{place}"


def bar(known: Breakdown) -> Markup:
    """Return the parts as one bar. Parts below zero have no width; where parts overlap, the bar is their sum."""
    kinds, every = list(_kinds(known)), [max(0.0, one.ns.value) for one in known.parts]
    scale = _WIDTH / (sum(every) or 1.0)
    shapes, left = [], 0.0
    for kind, ns, one in zip(kinds, every, known.parts, strict=True):
        wide = ns * scale
        said = f"{escape(one.name)}: {units.time(one.ns.value)}"
        if wide > 0:
            shapes.append(
                f'<rect class="{kind}" x="{left:.1f}" width="{wide:.1f}" height="{_TALL}"><title>{said}</title></rect>'
            )
        if wide >= _NAMED:
            shapes.append(f'<text x="{left + 8:.1f}" y="{_TALL / 2 + 5:.0f}">{escape(one.name)}</text>')
        left += wide
    label = "; ".join(f"{one.name} {units.time(one.ns.value)}" for one in known.parts)
    head = f'<svg class="parts" role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH:.0f} {_TALL}">'
    return Markup(f"{head}{''.join(shapes)}</svg>")  # noqa: S704  numbers of ours, and names escaped above


def _about(found: Profile) -> Iterator[str]:
    """Yield when, where and with what this was measured, one sentence each."""
    machine, software = (dict(found.about.get(name) or {}) for name in ("machine", "software"))  # type: ignore[call-overload]
    at = str(found.about.get("started", ""))[:16].replace("T", " ")
    if cpu := machine.get("cpu"):
        yield f"Measured on {cpu}, {machine.get('logical_cpus')} CPUs, {at} UTC."
    if versions := ", ".join(f"{name} {software[name]}" for name in ("python", "numpy", "torch") if name in software):
        yield f"With {versions}."
    yield f"Medians of {found.breakdown.whole.passes} passes, each in fresh processes; in brackets their range."
