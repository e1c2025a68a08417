"""One comparison -> one page that opens offline and needs no script: what changed first, each case's rounds drawn."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks import kept, verdict_text
from benchmarks.verdicts import LOOKS

from . import strips, units
from .rendering import environment, packed
from .strips import Played, Scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from markupsafe import Markup

    from benchmarks.outcome import Comparison, Found
    from benchmarks.records import Json
    from benchmarks.verdicts import Shift

#: Of what did not change, what nobody could tell comes first.
_QUIET: Final = ("unclear", "same")
_TURNS: Final = "interleaved: both sides took turns, round by round"
_APART: Final = (
    "Not interleaved: both were measured on their own, so whatever the machine did between them stands in the ratios. "
    "There are no rounds to draw, only intervals, and no verdict here fails a merge."
)
_READING_APART: Final = (
    "Across each strip lies the time of B over that of A, on one logarithmic scale for all; right of the line B is "
    "slower. The bar is the interval, its tick the estimate. Shaded is what counts as no change; an arrowhead lies "
    "beyond the scale."
)
_READING: Final = (
    f"{_READING_APART} A dot is one round, the first at the top. Hollow squares are fresh rounds, played to see "
    "whether a change repeats, and the thin bar is their interval."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case in a table of the page."""

    case: str
    ratio: str
    interval: str
    word: str
    kind: str
    why: str
    strip: Markup | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One table of the page; `none` is said where it would be empty."""

    anchor: str
    title: str
    rows: tuple[Row, ...]
    none: str


def write_page(path: Path) -> Path:
    """Write the page of a comparison that is kept as JSON beside that file.

    Returns:
        The path of the page.
    """
    written = path.with_suffix(".html")
    written.write_text(page(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8", newline="\n")
    return written


def page(data: Json) -> str:
    """Return the page of a comparison, given as the object that `compare --format json` prints.

    Raises:
        NewerFormatError, RecordError: it cannot be read; the message says why.
    """
    found = kept.from_json(data)
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            heading=verdict_text.heading(found),
            facts=tuple(_facts(found)),
            notes=() if found.interleaved else (_APART,),
            summary=tuple(verdict_text.summary(found)),
            causes=tuple(verdict_text.causes(found)),
            control_moved=found.control_moved,
            behaviour=tuple(line.replace(" -> ", " → ") for line in found.behaviour),
            reading=_READING if found.interleaved else _READING_APART,
            axis=strips.axis(scale_of(found)),
            tables=tuple(_tables(found)),
            raw=packed(json.dumps(data)),
        )
    )


def _facts(found: Comparison) -> Iterator[str]:
    """Yield what was compared and how, one sentence each."""
    for letter, side in (("A", found.a), ("B", found.b)):
        what = f"commit `{side.commit[:12]}`" if side.commit else "the working tree"
        yield f"{letter} is `{side.name}`, {what}, whose bridge has the hash `{side.bridge_hash}`."
    yield from _software(*(found.loaded.get(name, {}).get("software", {}) for name in ("a", "b")))
    looks = " and ".join(str(look.rounds) for look in LOOKS.get(found.effort, ()))
    effort = f"{found.effort}, judged after {looks} rounds" if looks else found.effort
    none = f"a change within {100 * found.threshold:.3g} % is none"
    yield f"Effort: {effort}; {none}; {_TURNS if found.interleaved else 'not interleaved'}."
    known = {"on": found.machine.get("name"), "at": found.started[:16].replace("T", " ")}
    if said := " ".join(f"{word} {value}" for word, value in known.items() if value):
        yield f"Measured {said}{' UTC' if known['at'] else ''}."


def _software(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[str]:
    """Say the versions: of both sides at once, but for those that differ."""
    both = [f"{name} {version}" for name, version in a.items() if b.get(name) == version]
    if both:
        yield f"Both sides have {', '.join(both)}."
    for name in dict.fromkeys((*a, *b)):
        if a.get(name) != b.get(name):
            yield f"The sides differ in {name}: A has {a.get(name, 'none')}, B has {b.get(name, 'none')}."


def _tables(found: Comparison) -> Iterator[Rows]:
    told, scale = verdict_text.told(found), scale_of(found)
    quiet = sorted((one for one in found.cases if one not in told), key=lambda one: _QUIET.index(one.word))

    def rows(some: Iterable[Found]) -> tuple[Row, ...]:
        return tuple(_row(one, scale, worse=found.is_worse(one)) for one in some)

    yield Rows(anchor="changed", title="What changed, or seemed to", rows=rows(told), none="Nothing.")
    yield Rows(anchor="others", title="What did not", rows=rows(quiet), none="There is no other case.")
    yield Rows(anchor="control", title="The control", rows=rows(found.control), none="There is none.")


def scale_of(found: Comparison) -> Scale:
    """Return the scale that all strips of a comparison share."""
    every = (*found.cases, *found.control)
    return Scale.over((one.verdict.shift for one in every if one.verdict), found.threshold)


def _row(found: Found, scale: Scale, *, worse: bool) -> Row:
    first = Played(rounds=found.log_ratios, shift=found.verdict.shift if found.verdict else None)
    again = found.verdict.again if found.verdict else None
    fresh = Played(rounds=found.confirmation, shift=again) if again else None
    ratio, interval = _numbers(first.shift) if first.shift else ("", "")
    label = "; ".join([*_said(first, "rounds"), *(_said(fresh, "fresh rounds") if fresh else ())])
    return Row(
        case=found.case,
        ratio=ratio,
        interval=interval,
        word=found.word,
        kind="slower" if worse else found.word,
        why=verdict_text.why(found).replace(" -> ", " → "),
        strip=strips.strip(first, fresh, scale, label=label, kind=found.word) if label else None,
    )


def _numbers(shift: Shift) -> tuple[str, str]:
    return units.times(shift.ratio), units.between(shift.ratio_low, shift.ratio_high, units.times)


def _said(played: Played, what: str) -> Iterator[str]:
    """Say in words what a strip shows."""
    if played.shift:
        yield "B over A {} {}".format(*_numbers(played.shift))
    if played.rounds:
        low, high = (units.times(math.exp(one)) for one in (min(played.rounds), max(played.rounds)))
        yield f"{len(played.rounds)} {what} from {low} to {high}"
