"""A session as pytest-benchmark's own JSON, so that ``pytest-benchmark compare`` reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from .records import WALL

if TYPE_CHECKING:
    from .records import Json, Measured, Session

#: The version of pytest-benchmark's files that this layout was read from.
_LAYOUT: Final = "5.3.1"


def pytest_benchmark_text(session: Session) -> str:
    """Return the text of the file: every case's samples of all passes as the rounds of one benchmark."""
    header = session.header
    return json.dumps(
        {
            "machine_info": _machine_info(header.machine, header.software),
            "commit_info": {"id": header.commit, "time": header.started, "dirty": header.dirty, "project": "bridge"},
            "benchmarks": [_benchmark(record) for record in session.measured if WALL in record.samples_ns],
            "datetime": header.started,
            "version": _LAYOUT,
        },
        indent=1,
    )


def _machine_info(machine: Json, software: Json) -> Json:
    cpu = {"brand_raw": machine["cpu"], "count": machine["logical_cpus"]}
    names = {"node": machine["name"], "machine": machine["architecture"], "system": machine["system"]}
    python = {"python_version": software["python"], "python_implementation": software["implementation"]}
    return {**names, **python, "processor": machine["cpu"], "release": machine["kernel"], "cpu": cpu}


def _benchmark(record: Measured) -> Json:
    axes = {"path": record.path, "dtype": record.dtype, "layout": record.layout, "threads": record.threads}
    seconds = [sample / 1e9 for rounds in record.passes() for sample in rounds]
    return {
        "group": f"{record.family} {record.dtype} {record.layout} {record.nbytes} {record.threads}",
        "name": record.case,
        "fullname": record.case,
        "params": {**axes, "nbytes": record.nbytes},
        "param": record.case,
        "extra_info": {"aliasing": record.aliasing, "minflt_per_call": record.minflt_per_call},
        "options": {"disable_gc": True, "timer": "perf_counter", "warmup": 1},
        "stats": _stats(seconds, record.loops),
    }


def _stats(seconds: list[float], loops: int) -> Json:
    """Let pytest-benchmark compute its own columns."""
    from pytest_benchmark.stats import Stats  # noqa: PLC0415  only where its file is asked for

    stats = Stats()
    for sample in seconds:
        stats.update(sample)
    known: dict[str, Any] = stats.as_dict()
    return {**known, "data": seconds, "iterations": loops}
