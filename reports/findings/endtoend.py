"""Findings on memory that is held or in small pages, and on loaders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.suite.cases import BATCHES
from reports import units
from reports.figures import endtoend, memory
from reports.view import ratio_of

from .registry import Finding, certain, finding, worth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.view import Row, View


@finding(35)
def small_pages(view: View) -> Iterator[Finding]:
    """Say what huge pages save the largest copy that is refused them, of those that stand in a table."""
    rows = _largest_first(view, "small_pages")
    for row in (row for row in rows if row.choice == memory.chosen(view, row.record.nbytes)):
        base = memory.dropped(view, row)
        ratio = ratio_of(row, base) if base else None
        if base and ratio and ratio.low > 1 and worth(ratio):
            said, faults = units.with_interval(ratio, units.times), units.count(row.record.minflt_per_call)
            yield Finding(
                sentence=f"Refused huge pages, `{base.record.path}` takes {said} as long at "
                f"{units.size(row.record.nbytes)}, with {faults} page faults a call instead of "
                f"{units.count(base.record.minflt_per_call)}.",
                anchor=memory.memory_anchor(row),
                numbers=(said, faults),
            )


@finding(40)
def workers(view: View) -> Iterator[Finding]:
    """Say what a loader's workers cost or save: the lowest ratio among those that are certain."""
    rows = _largest_first(view, "feed")
    known = [(row, ratio) for row in rows if (ratio := endtoend.against(view, row, how="workers0")) and certain(ratio)]
    row, ratio = min(known, key=lambda one: one[1].value, default=(None, None))
    if row and ratio and worth(ratio):
        said = units.with_interval(ratio, units.times)
        rate = units.with_interval(endtoend.per_second(row), units.digits)
        epoch = f"{units.size(row.record.nbytes)} of arrays of {units.size(BATCHES[row.record.layout])}"
        yield Finding(
            sentence=f"Where arrays lie in memory, `{row.record.path}` gives {rate} batches per second over "
            f"{epoch} and takes {said} as long as without workers, the lowest ratio that is certain.",
            anchor=endtoend.loader_anchor(row),
            numbers=(rate, said),
        )


def _largest_first(view: View, family: str) -> list[Row]:
    return sorted((row for row in view.rows if row.record.family == family), key=lambda row: -row.record.nbytes)
