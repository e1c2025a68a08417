"""What the page of the history says, computed once: per machine its steps and its lines, and what is left out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from .lines import Order, lines
from .measurements import in_its_own_environment, of_asv, of_session
from .pictures import SHORT
from .steps import FEWEST_COMMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.asv_results import Result
    from benchmarks.commits import Commit
    from benchmarks.records import Session

    from .lines import Line
    from .measurements import Measurement
    from .steps import Step

#: So many charts a machine at most: each is 400 x 150 pixels, and what no chart shows stands in the table.
CHARTS_CAP: Final = 24
#: A machine with as few lines has a chart of each.
FEW_LINES: Final = 12
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A step and the line it is on."""

    line: Line
    step: Step


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What is known of one machine."""

    name: str
    lines: tuple[Line, ...]

    @cached_property
    def found(self) -> tuple[Found, ...]:
        """Every step: changes of aliasing, then what became slower, then what became faster; the largest first."""
        known = (Found(line=line, step=step) for line in self.lines for step in line.steps)
        return tuple(sorted(known, key=_urgency))

    @cached_property
    def shown(self) -> tuple[Line, ...]:
        """The lines of times that more than one commit has, those of most commits first."""
        known = (line for line in self.lines if line.key.quantity == "time" and len(line.points) > 1)
        return tuple(sorted(known, key=lambda line: -len(line.points)))

    @cached_property
    def drawn(self) -> tuple[Line, ...]:
        """The lines that have a chart: those that change, the largest change first; all where there are few."""
        changed = dict.fromkeys(one.line.key for one in self.found if one.line.key.quantity == "time")
        by_key = {line.key: line for line in self.shown}
        rest = by_key if len(self.shown) <= FEW_LINES else {}
        return tuple(by_key[key] for key in (changed | dict.fromkeys(rest)))[:CHARTS_CAP]

    @cached_property
    def software(self) -> Mapping[str, tuple[str, ...]]:
        """Who measured, with the software that was used."""
        found: dict[str, dict[str, None]] = {}
        for line in self.lines:
            found.setdefault(line.key.by, {})[line.key.software] = None
        return {by: tuple(some) for by, some in sorted(found.items())}

    def said(self, line: Line) -> str:
        """Return who measured a line, with the software where that is not always the same."""
        key = line.key
        return key.by if len(self.software[key.by]) == 1 else f"{key.by}, {key.software}"

    @cached_property
    def long(self) -> int:
        """How many lines have commits enough for a step to be found."""
        return sum(len(line.points) >= FEWEST_COMMITS for line in self.shown)

    @cached_property
    def single(self) -> int:
        """How many lines of times have one commit alone, and so no history yet."""
        return sum(line.key.quantity == "time" and len(line.points) == 1 for line in self.lines)

    @cached_property
    def failed(self) -> tuple[tuple[Line, str], ...]:
        """Each line with the commits at which it failed."""
        return tuple((line, ", ".join(one[:SHORT] for one in line.failed)) for line in self.lines if line.failed)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many lines became slower, faster, or changed their aliasing."""
        return Counter(_kind(one) for one in self.found)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The machines by name, the order of commits, and what a reader must know of what is shown and what is not."""

    machines: tuple[Machine, ...]
    order: Order
    notes: tuple[str, ...] = field(default=())


def contents(
    results: Sequence[Result], pretty_names: Mapping[str, str], sessions: Sequence[Session], commits: Sequence[Commit]
) -> Contents:
    """Compute everything the page says; `commits` are those that lead to the one checked out, the oldest first."""
    order = Order(commits)
    own = [one for one in results if in_its_own_environment(one)]
    clean = [one for one in sessions if not one.header.dirty and _COMMIT.fullmatch(one.header.commit)]
    measured = [one for result in own for one in of_asv(result, pretty_names)]
    measured += [one for session in clean for one in of_session(session)]
    found = lines(measured, order)
    names = dict.fromkeys(line.key.machine for line in found)
    machines = [Machine(name=name, lines=tuple(one for one in found if one.key.machine == name)) for name in names]
    left_out = len(results) - len(own), len(sessions) - len(clean)
    return Contents(machines=tuple(machines), order=order, notes=tuple(_notes(measured, order, *left_out)))


def _notes(measured: Sequence[Measurement], order: Order, existing: int, unclear: int) -> Iterator[str]:
    foreign = sorted({one.commit[:SHORT] for one in measured if one.commit not in order.commits})
    if foreign:
        yield (
            "Not among the commits that lead to the one checked out, and put where their date puts them: "
            f"{', '.join(foreign)}."
        )
    if existing:
        yield (
            f"Left out, asv's results of an existing environment: {existing}. Its bridge is whatever was installed "
            "there, not the commit's."
        )
    if unclear:
        yield f"Left out, sessions with changes that were not committed or without a commit: {unclear}."


def _kind(found: Found) -> str:
    if found.line.key.quantity == "aliasing":
        return "aliasing"
    return "slower" if found.step.ratio > 1 else "faster"


def _urgency(found: Found) -> tuple[int, float]:
    return ("aliasing", "slower", "faster").index(_kind(found)), -found.step.size
