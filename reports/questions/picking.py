"""What answers share: the cases of several paths at one size, what was observed of a path, and phrases for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from benchmarks.suite.cases import MIDDLE_BYTES
from reports import units
from reports.figures.semantics import WORDS
from reports.view import Choice, Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.records import Observation
    from reports.transfers import Transfer
    from reports.view import Row, View

    Case = TypeVar("Case", Row, Transfer)


class Asked(NamedTuple):
    """A path of one family with what is held still, at any size."""

    path: str
    family: str
    source: str = "array"
    dtype: str = "float32"
    layout: str = "C"

    def line(self, view: View) -> tuple[Row, ...]:
        """Return the cases over the sizes, by one thread."""
        return view.line(Group(self.family, self.source), self.path, Choice(self.dtype, self.layout, "1t"))


def at_one_size(view: View, *asked: Asked, most_bytes: int = MIDDLE_BYTES) -> tuple[Row, ...]:
    """Return a case of each at the largest size, of at most `most_bytes`, that all have; nothing without one."""
    small = ((row for row in one.line(view) if row.record.nbytes <= most_bytes) for one in asked)
    return at_largest(small)


def at_largest(lines: Iterable[Iterable[Case]]) -> tuple[Case, ...]:
    """Return the case of each line at the largest size that all lines have; nothing without one."""
    known = [{row.record.nbytes: row for row in line} for line in lines]
    sizes = set.intersection(*map(set, known))
    return tuple(line[max(sizes)] for line in known) if sizes else ()


def observed(view: View, path: str, trait: str) -> Observation | None:
    """Return what a path did with a trait, None where that was not tried."""
    return next((one.observed.get(trait) for one in view.session.semantics if one.path == path), None)


def did(seen: Observation) -> str:
    """Return in words what was observed."""
    return f"{WORDS[seen.outcome]} and warns" if seen.warns else WORDS[seen.outcome]


def size(rows: Sequence[Row | Transfer]) -> str:
    """Return the size that all cases have."""
    return units.size(rows[0].record.nbytes)


def took_each(rows: Sequence[Row | Transfer]) -> str:
    """Return what each case takes: ```a` takes 542 ns [523-585 ns] and `b` 2.37 µs [2.35-2.42 µs]``."""
    times = [(row.record.path, units.with_interval(row.time, units.time)) for row in rows]
    return listed([f"`{path}`{'' if place else ' takes'} {time}" for place, (path, time) in enumerate(times)])


def did_each(rows: Sequence[Row]) -> str:
    """Return of each case whether it shares or copies, as it was observed, and in what time."""
    times = [(row.record, units.with_interval(row.time, units.time)) for row in rows]
    return listed([f"`{record.path}` {record.aliasing} in {time}" for record, time in times])


def coded(names: Sequence[str]) -> str:
    """Return names as code: ```a`, `b` and `c```."""
    return listed([f"`{name}`" for name in names])


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words: ``a, b and c``; nothing of no parts."""
    *most, last = parts or ("",)
    return f"{', '.join(most)} and {last}" if most else last
