"""asv's own result files, as asv 0.6 writes them: one a machine, commit and environment. Read only, never written.

`results` holds a row a benchmark, whose columns `result_columns` names; each is a list with one entry a point, in the
order of the parameters' product. None means failed. NaN means skipped, and also that the point was not asked for.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from .errors import AsvResultError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .records import Json

#: The one version of the format that is read.
VERSION: Final = 2
_NO_RESULTS: Final = frozenset({"machine.json", "benchmarks.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One number of asv's: a benchmark at one point. `value` is None where it failed, its interval where there is none.

    `value`, `low` and `high` are in the benchmark's unit, of a time in seconds; the interval is asv's, at 99 %.
    """

    benchmark: str
    point: str
    version: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One file: what one machine measured of one commit in one environment; `seconds` is the commit's date."""

    machine: str
    commit: str
    seconds: float
    environment: str
    python: str
    requirements: Mapping[str, str]
    points: tuple[Point, ...]


def results_in(folder: Path) -> list[Result]:
    """Read every result file below a folder.

    Raises:
        AsvResultError: one of them cannot be read; the message names it.
    """
    return [read(path) for path in sorted(folder.glob("*/*.json")) if path.name not in _NO_RESULTS]


def read(path: Path) -> Result:
    """Read one result file.

    Raises:
        AsvResultError: it is of another version, or not as asv writes it.
    """
    data = _json(path)
    if data.get("version") != VERSION:
        raise AsvResultError(
            f"{path.name} has version {data.get('version')!r} of asv's result format; this checkout reads {VERSION}. "
            "Bring an older file up to date with: python -m asv update. For a newer one, update this checkout"
        )
    try:
        return _result(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AsvResultError(
            f"{path.name} is not as asv writes results ({error!r}); measure its commit again"
        ) from error


def pretty_names(folder: Path) -> dict[str, str]:
    """Return the names that asv keeps for people, by benchmark; none where asv has not found any benchmark yet."""
    path = folder / "benchmarks.json"
    if not path.exists():
        return {}
    known = {name: one for name, one in _json(path).items() if isinstance(one, dict)}
    return {name: str(one.get("pretty_name") or "") for name, one in known.items()}


def _json(path: Path) -> Json:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AsvResultError(f"{path.name} is no JSON: {error}. Take another copy of it, or measure again") from error
    if not isinstance(data, dict):
        raise AsvResultError(f"{path.name} is not as asv writes its files; measure again")
    return data


def _result(data: Json) -> Result:
    rows = {name: dict(zip(data["result_columns"], row, strict=False)) for name, row in data["results"].items()}
    return Result(
        machine=str(data["params"]["machine"]),
        commit=str(data["commit_hash"]),
        seconds=data["date"] / 1000,
        environment=str(data["env_name"]),
        python=str(data["python"]),
        requirements={str(name): str(version) for name, version in data["requirements"].items()},
        points=tuple(point for name, row in rows.items() for point in _points(name, row)),
    )


def _points(name: str, row: Mapping[str, Any]) -> Iterator[Point]:
    """Yield what was measured or failed; what was skipped or not asked for says nothing."""
    points = [", ".join(text.strip("'") for text in one) for one in product(*row["params"])]
    columns = [row.get(column) or [None] * len(points) for column in ("result", "stats_ci_99_a", "stats_ci_99_b")]
    for point, value, low, high in zip(points, *columns, strict=True):
        if value is None or not math.isnan(value):
            ends = _finite(low, high) if value is not None else (None, None)
            version = str(row["version"])
            yield Point(benchmark=name, point=point, version=version, value=value, low=ends[0], high=ends[1])


def _finite(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Return the interval; asv's has no ends where there are too few samples for one."""
    known = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    return (low, high) if known else (None, None)
