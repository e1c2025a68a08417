"""Bridge against the usual spelling, and all threads against one: ratios of two cases, taken pass by pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.suite.cases import OURS
from reports import units
from reports.view import USUAL, ratio_of

from .registry import Cell, Figure, Line, Table, section, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.statistics import Estimate
    from reports.view import Choice, Group, Row, View


@section(
    45,
    "usual",
    title="Bridge against the usual spelling",
    lead="How many times as long a bridge path takes as what people usually write, taken pass by pass. Below 1 bridge "
    "is faster; where the interval holds 1 neither is.",
)
def bridge_against_the_usual(view: View) -> Iterator[Figure]:
    """List the ratios of every bridge path to its group's usual spelling."""
    for group in view.groups:
        usual = USUAL.get(group)
        ours = [path for path in view.paths(group) if path.startswith(OURS)]
        if usual not in view.paths(group) or not ours:
            continue
        if lines := [line for choice in view.choices(group) for line in _lines(view, group, choice, ours)]:
            yield Figure(
                anchor=f"usual-{group.anchor}",
                title=f"{group.heading}: against {usual}",
                caption=f"Shown first: {view.choices(group)[0].text}.",
                table=Table(headers=("path", *map(units.size, _sizes(view, group))), lines=tuple(lines)),
                choices=view.choices(group),
            )


def usual_anchor(group: Group, path: str, choice: Choice) -> str:
    """Return the id of the row of a path's ratios."""
    return f"usual-{group.anchor}-{slug('/'.join((path, *choice)))}"


def ratio_to_usual(view: View, row: Row) -> Estimate | None:
    """Return how many times as long a case takes as the usual spelling's, where both were measured."""
    usual = view.twin(row, path=USUAL.get(row.group, ""))
    return ratio_of(row, usual) if usual else None


def _sizes(view: View, group: Group) -> list[int]:
    return sorted({row.record.nbytes for row in view.groups[group]})


def _lines(view: View, group: Group, choice: Choice, ours: Sequence[str]) -> Iterator[Line]:
    for path in ours:
        ratios = {row.record.nbytes: ratio_to_usual(view, row) for row in view.line(group, path, choice)}
        if any(ratios.values()):
            cells = (ratio_cell(ratios.get(size)) for size in _sizes(view, group))
            anchor = usual_anchor(group, path, choice)
            yield Line(cells=(Cell(path, kind="path"), *cells), choice=choice, anchor=anchor)


def ratio_cell(ratio: Estimate | None) -> Cell:
    """Return a ratio with its interval, marked where the interval lies on one side of 1."""
    if ratio is None:
        return Cell(units.NONE)
    kind = "faster" if ratio.high < 1 else "slower" if ratio.low > 1 else ""
    return Cell(units.times(ratio.value), units.interval(ratio, units.times), kind)


@section(
    55,
    "threads",
    title="Threads",
    lead="The same case with all threads and with one. Below 1 the threads help.",
)
def threads_against_one(view: View) -> Iterator[Figure]:
    """List every case that was measured with all threads beside the same case with one."""
    pairs = [(row, one) for row in view.rows if row.record.threads == _ALL and (one := view.twin(row, threads="1t"))]
    if pairs:
        yield Figure(
            anchor="threads-ratio",
            title="All threads against one",
            caption="The ratio is taken pass by pass.",
            table=Table(
                headers=("case", "all threads", "one thread", "ratio"),
                lines=tuple(_threads_line(row, one) for row, one in pairs),
            ),
        )


def threads_anchor(row: Row) -> str:
    """Return the id of the row of a case with all threads."""
    return f"threads-{slug(row.record.case)}"


def _threads_line(row: Row, one: Row) -> Line:
    times = (Cell(units.time(case.time.value), units.interval(case.time, units.time)) for case in (row, one))
    return Line(
        anchor=threads_anchor(row),
        cells=(Cell(row.record.case, kind="path"), *times, ratio_cell(ratio_of(row, one))),
    )


_ALL: Final = "allt"
