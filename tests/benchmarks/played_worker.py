"""A real worker whose device is played by the host: pytest, desks, clocks and paths as on a GPU, numbers of no use.

A session's tests start it in place of `benchmarks.worker`, and nothing that it says is ever kept.
"""

import json
import sys
from time import perf_counter_ns
from types import SimpleNamespace

import pytest
import torch

from benchmarks import clocks, desk, gpu, worker
from benchmarks.apart import standard_output_apart
from benchmarks.suite import calls, given
from benchmarks.suite.given import Setting
from tests.benchmarks.stand_in import play


def played(patch: pytest.MonkeyPatch) -> None:
    """Play everything of CUDA that a session asks for."""
    play(patch)
    device = SimpleNamespace(
        wait=lambda: None,
        hold=lambda: None,
        mark=perf_counter_ns,
        between=lambda start, end: max(end - start, 1) / 1e6,
    )
    patch.setattr(
        desk, "clock_for", lambda name: clocks.clock_for("cpu") if name == "cpu" else clocks.Clock(device=device)
    )
    patch.setattr(given, "_SIDE", 8)  # the host multiplies matrices slowly
    patch.setattr(calls, "Setting", lambda **known: Setting(**(known | {"device": torch.device("cpu")})))
    patch.setattr(desk, "peaks", lambda run: run() is None or {"device_peak_bytes": 4096, "pinned_peak_bytes": 0})
    state = {"link_gen": 5, "link_width": 16, "sm_mhz": 1980, "memory_mhz": 3201, "temperature_c": 40}
    patch.setattr(gpu, "state", lambda _index: state)


if __name__ == "__main__":
    plan = json.loads(sys.stdin.readline())
    with pytest.MonkeyPatch.context() as patch, standard_output_apart() as stream:
        played(patch)
        status = worker.main(plan, worker.Events(stream=stream))
    raise SystemExit(status)
