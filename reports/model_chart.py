"""The cost model drawn over the times it was fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import charts, units
from .figures.registry import Chart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.curves import Regime

    from .figures.registry import Json
    from .view import Choice, Group, Row, View

#: A line is drawn through this many sizes: on logarithmic axes it is bent.
_STEPS: Final = 24


def chart(view: View, group: Group, choice: Choice, paths: Sequence[str]) -> Chart:
    """Return the measured times of some paths as points, and through them the lines of their regimes."""
    measured = [_measured(row) for path in paths for row in view.line(group, path, choice)]
    modelled = [
        row for path in paths for regime in view.curve(group, path, choice).regimes for row in _line(path, regime)
    ]
    name = f"model-{group.anchor}"
    drawn = charts.modelled(name, sizes=sorted({row["bytes"] for row in measured}), names=paths)
    description = f"measured times and the cost model of {', '.join(paths)}; the table below holds the numbers"
    spec = charts.finished(drawn, description=description)
    return Chart(spec=spec, dataset=name, rows=(*measured, *modelled))


def _measured(row: Row) -> Json:
    return {
        "name": row.record.path,
        "bytes": row.record.nbytes,
        "value": float(f"{row.time.value:.4g}"),
        "low": float(f"{row.time.low:.4g}"),
        "high": float(f"{row.time.high:.4g}"),
        "piece": "",
        "tip": f"{units.size(row.record.nbytes)} · {units.with_interval(row.time, units.time)}",
    }


def _line(path: str, regime: Regime) -> Iterator[Json]:
    for step in range(_STEPS + 1):
        size = regime.low * (regime.high / regime.low) ** (step / _STEPS)
        time = float(f"{regime.fit.at(size).value:.4g}")
        piece = f"{path} {regime.name} {regime.low}"
        yield {"name": path, "bytes": round(size), "value": time, "low": time, "high": time, "piece": piece, "tip": ""}
