"""The worker's events: in this process where a path is made up, as a process of its own where that matters."""

import io
import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch

from benchmarks import checkout, desk, worker
from benchmarks.suite.registry import path
from benchmarks.workers import Plan

pytestmark = pytest.mark.usefixtures("registry")

PLAIN, COPY = "torch.from_numpy/float32/C/64B/1t", "torch.tensor/float32/C/4KiB/1t"
REFUSED = "torch.from_numpy/float32/reversed/64B/1t"
DEADLY = {"path": "torch.from_dlpack", "trait": "layout=reversed"}


def a_plan(number: int, *jobs: dict, probes: tuple[dict, ...] = (), **changes: object) -> Plan:
    """Return a plan as a session makes it."""
    known = {"device": "cpu", "threads": {"1t": 1, "allt": 1}, "cache_bytes": 1 << 20}
    return Plan(number=number, jobs=jobs, probes=probes, **(known | changes))


def a_job(case: str, loops: int = 2, rounds: int = 3) -> dict:
    """Return a case with the loops and rounds that its check found."""
    return {"case": case, "loops": loops, "rounds": rounds}


def run(plan: Plan) -> list[dict]:
    """Do a plan in this process and return its events."""
    stream = io.StringIO()
    assert worker.main(json.loads(plan.to_line()), worker.Events(stream=stream)) == 0
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def run_apart(plan: Plan) -> tuple[list[dict], subprocess.CompletedProcess]:
    """Do a plan in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.worker"]
    done = subprocess.run(command, input=plan.to_line(), cwd=checkout.ROOT, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()], done


def test_a_check_says_what_the_passes_need() -> None:
    """Stage 0 checks each case: what starts, then aliasing, shape, and how often it is to be called."""
    started, event = run(a_plan(0, {"case": COPY}))
    assert started == {"started": COPY}
    assert event["case"] == COPY
    assert (event["checked"]["aliasing"], event["checked"]["alloc_bytes"]) == ("copies", 4096)
    assert event["checked"]["shape"] == [1024]
    assert event["checked"]["loops"] > 1
    assert event["checked"]["rounds"] >= 3


def test_a_pass_times_in_the_order_of_the_plan() -> None:
    """A pass takes its cases in the plan's order, and each comes back with the pass and a sample a round."""
    events = run(a_plan(2, a_job(COPY, rounds=4), a_job(PLAIN, loops=1)))
    timed = [event for event in events if "pass" in event]
    assert [(event["case"], event["pass"]) for event in timed] == [(COPY, 2), (PLAIN, 2)]
    assert [list(event["samples_ns"]) for event in timed] == [["wall"], ["wall"]]
    assert [len(event["samples_ns"]["wall"]) for event in timed] == [4, 3]
    assert all(sample > 0 for event in timed for sample in event["samples_ns"]["wall"])


@pytest.mark.parametrize(("loops", "rounds"), [(1, 3), (7, 3), (10, 5)])
def test_faults_are_told_per_call(monkeypatch: pytest.MonkeyPatch, loops: int, rounds: int) -> None:
    """A path that faults five pages at each call is said to fault five, whatever the loops and rounds."""
    calls = []

    @path("fake.faults", family="share")
    def fake(a: np.ndarray) -> torch.Tensor:
        calls.append(1)
        return torch.from_numpy(a)

    monkeypatch.setattr(desk, "minor_faults", lambda: 5 * len(calls))
    events = run(a_plan(1, a_job("fake.faults/float32/C/64B/1t", loops, rounds)))
    assert events[1]["minflt"] == 5.0


def test_a_case_that_raises_costs_itself() -> None:
    """A case that raises is failed with the first line of its error, and the next one is taken."""
    events = run(a_plan(0, {"case": REFUSED}, {"case": PLAIN}))
    failed = next(event for event in events if "failed" in event)
    assert failed["case"] == REFUSED
    assert failed["failed"].startswith("ValueError: At least one stride in the given numpy array is negative")
    assert "\n" not in failed["failed"]
    assert [event["case"] for event in events if "checked" in event] == [PLAIN]


def raising(error: BaseException) -> Callable[[np.ndarray], object]:
    """Return a path that raises."""

    def function(a: np.ndarray) -> object:
        raise error

    return function


WRONG: dict[str, tuple[Callable[[np.ndarray], object], str]] = {
    "wrong": (lambda a: torch.from_numpy(a) * 2, "WrongResultError"),
    "memory": (raising(MemoryError("<a> | &")), "MemoryError: <a> | &"),
    "silent": (raising(ValueError()), "ValueError"),
    "two lines": (raising(AssertionError("<a>\nmore")), "AssertionError: <a>"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_or_failing_path_is_never_timed(kind: str) -> None:
    """Wrong values and errors, even ones that say nothing, are failures by name in the check."""
    function, words = WRONG[kind]
    path("fake.wrong", family="copy")(function)
    events = run(a_plan(0, {"case": "fake.wrong/float32/C/64B/1t"}))
    assert words in events[-1]["failed"]
    assert not any("checked" in event for event in events)


def test_nothing_to_do_is_done() -> None:
    """A plan without cases and probes ends without an event."""
    assert run(a_plan(1)) == []


def test_probes_come_before_cases() -> None:
    """A probe says that it starts and what it saw, before any case is taken; a warning is seen each time."""
    probe = {"path": "torch.from_numpy", "trait": "layout=readonly"}
    events = run(a_plan(0, {"case": PLAIN}, probes=(probe, {**probe, "path": "torch.as_tensor"})))
    names = ["torch.from_numpy layout=readonly", "torch.as_tensor layout=readonly"]
    assert [event["started"] for event in events if "started" in event] == [*names, PLAIN]
    assert [event["observed"]["warns"] for event in events if "probe" in event] == [True, True]


def test_threads_are_those_of_the_case() -> None:
    """A case runs with the number of torch's threads that its last part stands for."""
    seen = []

    @path("fake.threads", family="share")
    def fake(a: np.ndarray) -> torch.Tensor:
        seen.append(torch.get_num_threads())
        return torch.from_numpy(a)

    run(a_plan(1, a_job("fake.threads/float32/C/64B/allt"), threads={"1t": 1, "allt": 2}))
    assert set(seen) == {2}
    seen.clear()
    run(a_plan(1, a_job("fake.threads/float32/C/64B/1t"), threads={"1t": 1, "allt": 2}))
    assert set(seen) == {1}


def test_a_deadly_probe_is_announced_before_it_kills() -> None:
    """The last event of a worker that a probe kills names the probe; what was seen before is not lost."""
    probes = ({"path": "torch.from_numpy", "trait": "layout=reversed"}, DEADLY)
    events, done = run_apart(a_plan(0, {"case": PLAIN}, probes=probes))
    assert done.returncode < 0
    assert events[-1] == {"started": "torch.from_dlpack layout=reversed"}
    assert events[1]["observed"]["outcome"] == "raises"


def test_standard_output_is_for_events_alone() -> None:
    """Whatever pytest or a library prints goes to standard error: every line of standard output is an event."""
    events, done = run_apart(a_plan(1, a_job(PLAIN), a_job(REFUSED)))
    assert done.returncode == 0
    assert [next(iter(event)) for event in events] == ["started", "case", "started", "case"]
    assert "1 failed" in done.stderr


def test_the_standard_output_is_moved_away() -> None:
    """After the worker took standard output for its events, whoever writes to it writes to standard error."""
    code = (
        "import os, sys; from benchmarks.apart import standard_output_apart\n"
        "with standard_output_apart() as stream:\n    os.write(1, b'<noise>'); stream.write('<event>')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout.ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("<event>", "<noise>")


@pytest.mark.parametrize("lost", [True, False])
def test_an_error_of_the_device_that_stays_ends_the_worker(monkeypatch: pytest.MonkeyPatch, *, lost: bool) -> None:
    """Where the device fails every further call, the process ends after the case that failed, and takes no other."""

    def synchronize() -> None:
        if lost:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    monkeypatch.setattr("torch.cuda.synchronize", synchronize)
    events = run(a_plan(0, {"case": REFUSED}, {"case": PLAIN}))
    assert [event["started"] for event in events if "started" in event] == [REFUSED] + [PLAIN] * (not lost)
