"""The page of the history, self-contained like a report and in the same look. `write_history` alone writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import units
from reports.rendering import environment

from . import pictures
from .contents import CHARTS_CAP, contents
from .steps import FEWEST_COMMITS, LEAST_CHANGE, LEAST_COMMITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.asv_results import Result
    from benchmarks.commits import Commit
    from benchmarks.records import Session

    from .contents import Contents, Found
    from .lines import Line, Order

_ALIASING: Final = {0.0: "shares", 1.0: "copies"}


def write_history(
    results: Sequence[Result],
    pretty_names: Mapping[str, str],
    sessions: Sequence[Session],
    commits: Sequence[Commit],
    out: Path,
) -> Path:
    """Write history.html into `out`; the same input gives the same bytes.

    Returns:
        The path of the page.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "history.html"
    path.write_text(html(contents(results, pretty_names, sessions, commits)), encoding="utf-8", newline="\n")
    return path


def html(made: Contents) -> str:
    """Return the page: everything it needs is inside, and it has no script."""
    template = environment().get_template("history.html.j2")
    return template.render(
        history=made,
        chart=pictures.chart,
        spark=pictures.spark,
        anchor=pictures.anchor,
        row=line_cells,
        step=lambda found: step_cells(found, made.order),
        cap=CHARTS_CAP,
        fewest=FEWEST_COMMITS,
        level=LEAST_COMMITS,
        least=f"{LEAST_CHANGE * 100:.0f} %",
    )


def step_cells(found: Found, order: Order) -> dict[str, str]:
    """Return what a line of the table of steps says."""
    line, step = found.line, found.step
    commit = order.commits.get(step.first_after.commit)
    between = order.between(step.last_before, step.first_after)
    return {
        "commit": step.first_after.commit[: pictures.SHORT],
        "subject": commit.subject if commit else "not in this history",
        "between": f"or one of {between} commits before it that were not measured" if between else "",
        "before": _value(line, step.before),
        "after": _value(line, step.after),
        "change": units.times(step.ratio) if line.key.quantity == "time" else "aliasing",
        "kind": "slower" if step.after > step.before else "faster",
        "held": str(step.commits_after),
    }


def line_cells(line: Line) -> dict[str, str]:
    """Return what a line of the table of cases says."""
    first, newest = line.points[0], line.points[-1]
    return {
        "commits": str(len(line.points)),
        "first": units.time(first.value),
        "newest": units.time(newest.value),
        "range": f"[{units.time(newest.low)}{units.DASH}{units.time(newest.high)}]" if newest.high > newest.low else "",
        "ratio": units.times(newest.value / first.value) if first.value else units.NONE,
    }


def _value(line: Line, value: float) -> str:
    return units.time(value) if line.key.quantity == "time" else _ALIASING[value]
