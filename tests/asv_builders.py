"""Builders of asv's result files, as asv 0.6 writes them."""

from __future__ import annotations

import json
import platform
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COLUMNS = (
    "result",
    "params",
    "version",
    "started_at",
    "duration",
    "stats_ci_99_a",
    "stats_ci_99_b",
    "stats_q_25",
    "stats_q_75",
    "stats_number",
    "stats_repeat",
    "samples",
    "profile",
)
COMMIT = "0123456789" * 4
ENVIRONMENT = "virtualenv-py3.11-hatchling1.33.0-numpy2.4.6-torch2.13.0"
DATE_S = 1_764_000_000


def a_result_text(rows: Any, **changes: Any) -> str:
    """Return a result file; `rows` has the results, the parameters and, where known, the two ends of the interval."""
    known: dict[str, Any] = {
        "commit_hash": COMMIT,
        "env_name": ENVIRONMENT,
        "date": DATE_S * 1000,
        "params": {"machine": "box", "python": "3.11"},
        "python": "3.11",
        "requirements": {"hatchling": "1.33.0", "numpy": "2.4.6", "torch": "2.13.0"},
        "env_vars": {},
        "result_columns": COLUMNS,
        "results": {name: _row(*row) for name, row in rows.items()} if isinstance(rows, dict) else rows,
        "durations": {},
        "version": 2,
    }
    return json.dumps(known | changes)


def _row(result: Any, params: list[list[str]], low: Any = None, high: Any = None) -> list[Any]:
    return [result, params, "1", 0, 0.1] + ([low, high] if low else [])


def write_results(folder: Path, rows: Mapping[str, Any], *, machine: str = "box", **changes: Any) -> None:
    """Write one result file of a machine, and the machine's own file beside it."""
    (folder / machine).mkdir(parents=True, exist_ok=True)
    (folder / machine / "machine.json").write_text(json.dumps({"machine": machine, "version": 1}), encoding="utf-8")
    text = a_result_text(dict(rows), **({"params": {"machine": machine}} | changes))
    commit = json.loads(text)["commit_hash"]
    (folder / machine / f"{commit[:8]}-{ENVIRONMENT}.json").write_text(text, encoding="utf-8")


def private(text: str) -> list[str]:
    """Return what no published file may hold: absolute paths, and the name of this host."""
    host = re.escape(platform.node())
    return re.findall(rf"(?<![\w./<])/\w+/[^\s\"]*|\b{host}\b" if host else r"(?<![\w./<])/\w+/[^\s\"]*", text)
