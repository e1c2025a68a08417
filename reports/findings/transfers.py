"""Findings on transfers between host and device, where the session itself has some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.suite.cases import OURS
from reports import units
from reports.figures.transfers import curves, losses
from reports.transfers import USUAL, against

from .registry import Finding, finding, worth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.view import View


@finding(15)
def transfers_against_the_link(view: View) -> Iterator[Finding]:
    """Say how fast bridge carries the largest array to the device, against the usual spelling and the link."""
    for row in curves.largest(view.transfers, "h2d"):
        ratio = against(view.transfers.usual(row), row)
        if row.record.path.startswith(OURS) and ratio and worth(ratio) and row.share:
            said, share = units.with_interval(row.rate, units.rate), units.with_interval(row.share, units.percent)
            times = units.with_interval(ratio, units.times)
            yield Finding(
                sentence=f"At {units.size(row.record.nbytes)} `{row.record.path}` moves {said} to the GPU, {times} as "
                f"fast as `{USUAL['h2d']}` and {share} of what the link can do.",
                anchor=curves.largest_anchor(row),
                numbers=(said, times, share),
            )


@finding(61)
def transfers_that_lose(view: View) -> Iterator[Finding]:
    """Say where bridge's own transfers are furthest behind the usual spelling."""
    for row, usual, ratio in losses.pairs(view.transfers):
        if row.record.path.startswith(OURS) and ratio.low > 1 and worth(ratio):
            said = units.with_interval(ratio, units.times)
            yield Finding(
                sentence=f"At {units.size(row.record.nbytes)} `{row.record.path}` takes {said} as long as "
                f"`{usual.record.path}` ({row.record.dtype}, layout {row.record.layout}).",
                anchor=losses.loss_anchor(row),
                numbers=(said,),
            )
