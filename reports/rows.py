"""The session as CSV: one row a case, those that were skipped or failed with the reason.

A time is of the case's primary clock, which `clock` names; other clocks stand in the session file.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from benchmarks.records import Failed, Measured

if TYPE_CHECKING:
    from benchmarks.records import Record
    from benchmarks.statistics import Estimate
    from reports.transfers import Transfer
    from reports.view import Row, View

_PARTS: Final = ("case", "path", "family", "dtype", "layout", "nbytes", "threads", "device")
_MEASURED: Final = ("source", "spelling", "aliasing", "loops", "minflt_per_call", "alloc_bytes")
_DERIVED: Final = (
    "clock",
    "time_ns",
    "low_ns",
    "high_ns",
    "passes",
    "noisy",
    "gb_per_s",
    "of_limit",
    "of_limit_low",
    "of_limit_high",
)
COLUMNS: Final = (*_PARTS, "outcome", *_MEASURED, *_DERIVED, "reason")


def csv_text(view: View) -> str:
    """Return one line a record under a line of column names, in the order of the session."""
    known: dict[str, Row | Transfer] = {row.record.case: row for row in view.rows}
    known |= {row.record.case: row for row in (*view.transfers.rows, *view.transfers.on_host)}
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(_values(record, known.get(record.case)) for record in view.session.records)
    return out.getvalue()


def _values(record: Record, row: Row | Transfer | None) -> dict[str, object]:
    said: dict[str, object] = {name: getattr(record, name) for name in _PARTS}
    if isinstance(record, Measured):
        said |= {"outcome": "measured"} | {name: getattr(record, name) for name in _MEASURED}
        return said | (_derived(row) if row else {})
    if isinstance(record, Failed):
        return said | {"outcome": "failed", "reason": record.error}
    return said | {"outcome": "skipped", "reason": record.skipped}


def _derived(row: Row | Transfer) -> dict[str, object]:
    time = row.time
    said: dict[str, object] = {"clock": row.clock, "time_ns": _short(time.value)}
    said |= {"low_ns": _short(time.low), "high_ns": _short(time.high)}
    said |= {"passes": time.passes, "noisy": str(time.noisy).lower(), "gb_per_s": _short(row.rate.value)}
    return said | (_of_limit(row.of_limit) if row.of_limit else {})


def _of_limit(limit: Estimate) -> dict[str, object]:
    values = (("of_limit", limit.value), ("of_limit_low", limit.low), ("of_limit_high", limit.high))
    return {name: _short(value) for name, value in values}


def _short(value: float) -> str:
    return f"{value:.6g}"
