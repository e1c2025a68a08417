import json

import pytest

from benchmarks import trace

PAGEABLE, PINNED = "Memcpy HtoD (Pageable -> Device)", "Memcpy HtoD (Pinned -> Device)"


def an_event(name: str, nbytes: int, us: float, cat: str = "gpu_memcpy") -> dict:
    """Return one event as the profiler writes it, with what it says beside."""
    args = {"device": 0, "stream": 7, "bytes": nbytes, "memory bandwidth (GB/s)": nbytes / us / 1000}
    return {"ph": "X", "cat": cat, "name": name, "pid": 0, "tid": 7, "ts": 5.5, "dur": us, "args": args}


def a_trace(*events: dict) -> str:
    """Return a trace as the profiler writes it."""
    others = [{"ph": "M", "name": "process_name", "args": {"name": "<a> | &"}}, an_event("void kernel", 1, 9, "kernel")]
    return json.dumps({"schemaVersion": 1, "traceEvents": [*others, *events]})


def test_copies_over_the_link_are_found() -> None:
    """Copies in both directions count; kernels, copies within the device and fills do not."""
    within = an_event("Memcpy DtoD (Device -> Device)", 99, 1)
    fill = an_event("Memset (Device)", 99, 1, "gpu_memset")
    back = an_event("Memcpy DtoH (Device -> Pinned)", 8, 3)
    found = trace.copies(a_trace(an_event(PAGEABLE, 64, 2.5), within, fill, back))
    assert [(one.kind, one.nbytes, one.ns) for one in found] == [
        (PAGEABLE, 64, 2500.0),
        ("Memcpy DtoH (Device -> Pinned)", 8, 3000.0),
    ]


def test_one_call_is_a_share_of_all() -> None:
    """Copies, bytes and nanoseconds of several calls are given per call, each kind by itself."""
    events = [an_event(PINNED, 4096, 1.0), an_event(PINNED, 4096, 1.0), an_event(PAGEABLE, 10, 4.0)] * 3
    seen = trace.per_call(trace.copies(a_trace(*events)), calls=3)
    assert seen["link"] == {PINNED: {"copies": 2, "nbytes": 8192}, PAGEABLE: {"copies": 1, "nbytes": 10}}
    assert seen["samples_ns"] == {"dma": [pytest.approx(6000.0)]}


def test_what_sends_nothing_has_no_time() -> None:
    """A call without a copy has an empty link and no sample of the engine."""
    assert trace.per_call(trace.copies(a_trace())) == {"link": {}, "samples_ns": {}}


@pytest.mark.filterwarnings("ignore")  # the profiler says that there is no CUDA here
def test_the_profiler_is_asked_for_what_a_device_did() -> None:
    """Where there is no device the profiler runs all the same, and its trace reads back: it holds no copy."""
    calls: list[str] = []
    text = trace.recorded(lambda: calls.append("run"), lambda: calls.append("wait"))
    assert calls == ["run"] * trace.CALLS + ["wait"]
    assert trace.copies(text) == []
