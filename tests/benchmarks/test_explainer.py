"""The process that takes cases apart, in this process, with a clock and counters that move when told."""

import gc
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.breakdown import engines, observing
from benchmarks.breakdown.engines import NoEngineError, replacements
from benchmarks.breakdown.observing import FACTS, NotToldError, observe, traced
from benchmarks.breakdown.process import SETTLING_CALLS, Explainer, Instruments
from benchmarks.suite.calls import Call, call
from benchmarks.suite.cases import Case
from benchmarks.suite.inputs import InputCache
from benchmarks.suite.paths import PATHS
from benchmarks.suite.registry import path
from benchmarks.waits import run_queue_wait_ns

WARM = {"look": False, "cpu": None, "device": "cpu", "settle": "warm"}
FRESH = {**WARM, "settle": "fresh"}


@dataclass
class Played:
    """A clock and counters; a planted path moves them."""

    ns: int = 0
    faults: int = 0
    wait_ns: int | None = 0
    calls: int = 0

    @property
    def instruments(self) -> Instruments:
        """What a process reads."""
        return Instruments(now_ns=lambda: self.ns, faults=lambda: self.faults, wait_ns=lambda: self.wait_ns)


@pytest.fixture
def played(registry: None) -> Iterator[Played]:
    """Register paths with planted costs, and give the machine that has them."""
    machine = Played()

    @path("test.planted", family="copy")
    def _planted(a: Any) -> Any:
        machine.calls += 1
        machine.ns += 700
        machine.faults += 3
        machine.wait_ns = None if machine.wait_ns is None else machine.wait_ns + 40
        return torch.from_numpy(a.copy())

    @path("test.settles", family="copy")
    def _settles(a: Any) -> Any:
        machine.calls += 1
        machine.faults += 100 if machine.calls < 7 else 0
        return torch.from_numpy(a.copy())

    yield machine
    gc.unfreeze()


def explainer(machine: Played) -> Explainer:
    """Return the process' part of a machine."""
    return Explainer({"1t": 1, "allt": 1}, 1 << 20, machine.instruments)


def ready(case: str) -> Call:
    """Return the call of a case."""
    return call(Case.parse(case), InputCache(1 << 28))


def test_planted_work_faults_and_waits_are_told(played: Played) -> None:
    """Time, faults and waiting are those of one call, to the digit."""
    process = explainer(played)
    assert process.answer({"take": "test.planted/float32/C/64B/1t", **FRESH}) == {"taken": {}}
    assert process.answer({"time": 5}) == {"call_ns": 700, "minflt": 3, "wait_ns": 40}


def test_a_system_that_counts_no_waits_says_so(played: Played) -> None:
    """Where nobody counts, the wait is null and not nothing."""
    played.wait_ns = None
    process = explainer(played)
    process.answer({"take": "test.planted/float32/C/64B/1t", **FRESH})
    assert process.answer({"time": 5})["wait_ns"] is None


def test_warm_memory_is_called_until_it_faults_no_more(played: Played) -> None:
    """In warm memory a case is called until one call faults nothing, in fresh memory it is not."""
    explainer(played).answer({"take": "test.settles/float32/C/64B/1t", **WARM})
    assert played.calls == 7
    explainer(played).answer({"take": "test.planted/float32/C/64B/1t", **WARM})
    assert played.calls == 7 + 2 + SETTLING_CALLS
    explainer(played).answer({"take": "test.planted/float32/C/64B/1t", **FRESH})
    assert played.calls == 7 + 2 + SETTLING_CALLS + 2


def test_what_is_done_instead_is_timed_from_then_on(played: Played) -> None:
    """After an engine was asked for, the path is called no more; taking a case again brings it back."""
    process = Explainer({"1t": 1, "allt": 1}, 1 << 20)
    process.answer({"take": "torch.tensor/float32/F/4KiB/1t", **FRESH})
    assert process.answer({"instead": "engine"})["instead"] in {"Tensor.copy_", "np.copyto"}
    assert process.answer({"time": 3})["call_ns"] > 0
    assert process.answer({"instead": "move"}) == {"instead": "memmove"}
    assert process.answer({"calibrate": True})["call_ns"] > 0


def test_what_cannot_be_done_instead_is_refused() -> None:
    """A result that no library copies into is a refusal in words."""
    process = Explainer({"1t": 1, "allt": 1}, 1 << 20)
    process.answer({"take": "ref.call/uint8/C/64B/1t", **FRESH})
    assert "neither Tensor.copy_ nor np.copyto" in process.answer({"instead": "engine"})["refused"]


@pytest.mark.parametrize(
    "case",
    [
        "torch.tensor/float32/F/4KiB/1t",
        "bridge.as_tensor.copy/float32/reversed/4KiB/1t",
        "np.astype.from_numpy/float64>float32/C/4KiB/1t",
        "Tensor.numpy.copy/float32/strided/4KiB/1t",
        "np.stack.to/uint8>float32/items4KiB/64KiB/1t",
        "bridge.as_array.copy/float32/requires_grad/4KiB/1t",
    ],
)
def test_an_engine_copies_the_elements(case: str) -> None:
    """Every engine that is offered gives the result the elements that the path gives."""
    known = ready(case)
    offered = replacements(known, "engine")
    assert offered
    for run in offered.values():
        out = run()
        if out is not None:
            assert np.array_equal(np.asarray(torch.as_tensor(out)), known.expected())


def test_bytes_are_half_of_what_is_read_and_written() -> None:
    """A cast to half the size reads 4 KiB and writes 2: memmove of 3 KiB touches as many."""
    from benchmarks.breakdown.engines import _moved  # noqa: PLC0415  private on purpose

    cast, plain = ready("np.astype.from_numpy/float64>float32/C/4KiB/1t"), ready("torch.tensor/float32/C/4KiB/1t")
    assert (_moved(cast, cast.run()), _moved(plain, plain.run())) == (3072, 4096)


@pytest.mark.parametrize(
    ("case", "nbytes"),
    [
        ("ref.memcpy/uint8/C/4KiB/1t", 4096),
        ("loader.bridge.stack.workers0/float32/items4KiB/64KiB/1t", 64 << 10),
        ("np.stack.to/uint8>float32/items4KiB/64KiB/1t", (64 << 10) * 5 // 2),
    ],
)
def test_all_bytes_are_moved_though_a_result_holds_few(case: str, nbytes: int) -> None:
    """A limit returns no bytes and a loader its last batch: memmove of all of them arrives in the other buffer."""
    move = replacements(ready(case), "move")["memmove"]
    out, source = move._memory
    assert not np.shares_memory(out, source)
    source[:] = 7
    move()
    assert (len(out), set(out.tolist())) == (nbytes, {7})


def test_the_faster_library_is_timed(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two engines the one that takes less is chosen, wherever it stands, and it is what is timed from then on."""

    def takes(ns: int) -> Callable[[], None]:
        def run() -> None:
            played.ns += ns

        return run

    process = explainer(played)
    process.answer({"take": "test.planted/float32/C/64B/1t", **FRESH})
    assert process.answer({"calibrate": True}) == {"call_ns": 700}
    for order in (("slow", "fast"), ("fast", "slow")):
        known = {name: takes({"slow": 900, "fast": 300}[name]) for name in order}
        monkeypatch.setattr(engines, "replacements", lambda _call, _what, known=known: known)
        assert process.answer({"instead": "engine"}) == {"instead": "fast"}
        assert process.answer({"time": 5})["call_ns"] == 300


def test_no_engine_is_an_error() -> None:
    """What neither library copies into says which path it was."""
    with pytest.raises(NoEngineError, match=r"ref\.call"):
        replacements(ready("ref.call/uint8/C/64B/1t"), "engine")


PLAIN = PATHS["np.copy.from_numpy"]


@pytest.mark.parametrize(
    ("case", "numpy_bytes", "torch_bytes"),
    [
        ("np.copy.from_numpy/float32/C/16MiB/1t", 16 << 20, 0),
        ("torch.from_numpy.clone/float32/C/16MiB/1t", 0, 16 << 20),
        ("torch.from_numpy/float32/C/16MiB/1t", 0, 0),
    ],
)
def test_new_memory_is_told_by_its_allocator(case: str, numpy_bytes: int, torch_bytes: int) -> None:
    """The library that allocates a result is the one whose allocations are told, and a view allocates nothing."""
    found = observe(ready(case))
    assert found.keys() == FACTS.keys()
    assert found["numpy_allocated_bytes"] == numpy_bytes
    assert found["torch_allocated_bytes"] == torch_bytes
    assert found["torch_allocations"] == (torch_bytes > 0)
    assert found["numpy_and_python_peak_bytes"] >= numpy_bytes


def test_what_is_dropped_counts_for_the_peak() -> None:
    """A path that makes an array twice as large on the way has a peak beyond what its result holds."""
    found = observe(ready("seeds.preprocess/float32/C/16MiB/1t"))
    assert found["torch_allocated_bytes"] >= 2 * (16 << 20)
    assert found["torch_allocations"] >= 2


def test_huge_pages_are_counted_in_all_blocks_of_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each array of a result the huge pages that the kernel lists under its address count, once."""
    whole = np.zeros(3 << 20, np.uint8)
    blocks = [whole[: 1 << 20], torch.from_numpy(whole[1 << 20 : 2 << 20])]
    start = whole.ctypes.data
    lines = f"{start - 4096:x}-{start + whole.nbytes:x} rw-p 0 00:00 0 <a> | &\nAnonHugePages:    2048 kB\n"
    (tmp_path / "smaps").write_text(lines)
    monkeypatch.setattr(observing, "_SELF", tmp_path)
    several = replace(ready("np.copy.from_numpy/float32/C/64B/1t"), path=replace(PLAIN, function=lambda _a: blocks))
    assert FACTS["result_huge_page_bytes"](several) == 2 << 20


def test_resident_memory_is_that_of_the_result_and_its_peak() -> None:
    """A result of 64 MiB makes the process as much larger; what is dropped on the way is in the peak alone."""
    made = ready("seeds.preprocess/float32/C/64MiB/1t")
    made.run()
    np.ones(256 << 20, np.uint8)  # what was dropped before is no peak of the call
    try:
        held, peak = (FACTS[name](made) / (64 << 20) for name in ("resident_bytes", "resident_peak_bytes"))
    except NotToldError as error:
        pytest.skip(str(error))
    assert held == pytest.approx(1, abs=0.1)
    assert peak == pytest.approx(2, abs=0.1)


def test_a_fact_that_is_not_told_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this system does not say is a reason in words, and all other facts stay."""

    def untold(_call: Call) -> int:
        raise NotToldError("this system does not tell <a> | &")

    monkeypatch.setitem(FACTS, "resident_peak_bytes", untold)
    found = observe(ready("torch.tensor/float32/C/4KiB/1t"))
    assert found["resident_peak_bytes"] == "this system does not tell <a> | &"
    assert isinstance(found["resident_bytes"], int)


def test_a_missing_file_of_the_kernel_is_a_reason(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc neither the peak nor huge pages can be told."""
    monkeypatch.setattr(observing, "_SELF", tmp_path / "none")
    found = observe(ready("np.copy.from_numpy/float32/C/4KiB/1t"))
    assert "does not list its mappings" in found["result_huge_page_bytes"]
    assert "does not forget and tell the peak" in found["resident_peak_bytes"]


def test_a_trace_is_what_chrome_reads() -> None:
    """The trace holds the operators of as many calls as were asked for."""
    events = json.loads(traced(ready("torch.from_numpy.clone/float32/C/4KiB/1t"), 2))["traceEvents"]
    assert sum(one.get("name") == "aten::clone" for one in events) == 2


def test_looking_is_asked_by_lines() -> None:
    """A process answers with facts and with a trace."""
    process = Explainer({"1t": 1, "allt": 1}, 1 << 20)
    process.answer({"take": "torch.from_numpy.clone/float32/C/4KiB/1t", **FRESH})
    assert process.answer({"observe": True})["observed"].keys() == FACTS.keys()
    assert "aten::clone" in process.answer({"trace": 1})["trace"]


def test_the_wait_is_the_second_number(tmp_path: Any) -> None:
    """Of the kernel's three numbers the second is the wait; a file that is missing, strange or not kept is none."""
    (tmp_path / "schedstat").write_text("100 42 7\n")
    (tmp_path / "not-kept").write_text("0 0 0\n")
    assert run_queue_wait_ns(tmp_path / "not-kept") is None
    (tmp_path / "strange").write_text("<a>\n")
    assert run_queue_wait_ns(tmp_path / "schedstat") == 42
    assert run_queue_wait_ns(tmp_path / "strange") is run_queue_wait_ns(tmp_path / "none") is None
