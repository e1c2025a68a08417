"""Passes over variants with made-up processes, whose machine has known costs: the breakdown finds them again."""

from dataclasses import replace

import pytest

from benchmarks import trace
from benchmarks.breakdown.parts import UNEXPLAINED, breakdown
from benchmarks.breakdown.rounds import BUDGET_NS, SAMPLE_NS, SAMPLES_MAX, SAMPLES_MIN, Playing, counts, taken
from benchmarks.breakdown.variants import variants
from benchmarks.errors import CaseFailedError
from benchmarks.suite.cases import Case
from tests.benchmarks.machines import Machine

COPY = Case.parse("torch.tensor/float32/C/1MiB/1t")
CAST = Case.parse("np.astype.from_numpy/float64>float32/C/1MiB/1t")


def played(case: Case, machine: Machine, passes: int = 3) -> dict[str, float]:
    """Return the parts of a case on a machine, in nanoseconds."""
    playing = Playing(machine.start)
    known = [playing.play(variants(case, shares=False), number, 1) for number in range(1, passes + 1)]
    return {one.name: one.ns.value for one in breakdown(known).parts}


def test_a_copy_is_taken_apart() -> None:
    """Overhead, faults and bytes of the machine are found again, and nothing is left."""
    found = played(COPY, Machine())
    bytes_ns = COPY.nbytes / 16
    assert found["overhead"] == pytest.approx(1000 + 64 / 16)
    assert found["page faults"] == pytest.approx(256 * 1000)
    assert found["moving bytes"] == pytest.approx(bytes_ns, rel=1e-3)
    assert found[UNEXPLAINED] == pytest.approx(0, abs=1e-3)


def test_a_cast_is_told_from_moving() -> None:
    """What the elements take beside their bytes is the cast's."""
    found = played(CAST, Machine(per_fault=0))
    assert found["casting or order"] == pytest.approx(CAST.nbytes / 8, rel=1e-3)
    assert found["page faults"] == 0


def test_waiting_is_told_apart() -> None:
    """Time in the run queue is its own part and is in no other."""
    found = played(COPY, Machine(wait=7000.0))
    assert found["waiting for a CPU"] == pytest.approx(7000)
    assert found["page faults"] == pytest.approx(256 * 1000)
    assert "waiting for a CPU" not in played(COPY, Machine(wait=None))


def test_each_pass_has_fresh_processes_of_both_kinds() -> None:
    """Two processes a pass, all of them ended."""
    machine = Machine()
    played(COPY, machine, passes=2)
    assert sorted(machine.started) == [("fresh", 1), ("fresh", 2), ("warm", 1), ("warm", 2)]
    assert machine.open == 0


def test_a_case_that_is_refused_has_no_parts() -> None:
    """A case that a process refuses is an error with the reason; the processes are ended."""
    machine = Machine(refuses="take")
    with pytest.raises(CaseFailedError, match=r"torch.tensor/float32/C/.*/1t failed: TypeError: <a> \| &"):
        played(COPY, machine)
    assert machine.open == 0


def test_a_process_that_dies_is_an_error() -> None:
    """Whichever process dies, the case is named and no process stays."""
    machine = Machine(dies="warm")
    with pytest.raises(CaseFailedError, match=r"torch\.tensor/float32/C/1MiB/1t apart was killed by SIGSEGV"):
        played(COPY, machine)
    assert machine.open == 0


def test_a_part_that_cannot_be_measured_is_left_out_and_told() -> None:
    """Where nothing copies such elements there is no part for them, and the reason is kept."""
    playing = Playing(Machine(refuses="engine").start)
    known = [playing.play(variants(CAST, shares=False), 1, 1)]
    assert "casting or order" not in {one.name for one in breakdown(known).parts}
    assert dict(playing.refused) == dict.fromkeys(("engine", "engine_small"), "nothing copies")


def test_a_small_list_is_multiplied() -> None:
    """Where the small list has half as many arrays as the case, its time counts twice."""
    rows = Case.parse("torch.stack/float32/items512B/1MiB/1t")
    took = Playing(Machine().start).play(variants(rows, shares=False), 1, 1).took
    assert took["small"].call_ns == pytest.approx(2 * (1050 + (64 << 10) / 16))


def test_parts_know_how_many_threads_a_case_has() -> None:
    """A pass keeps the number of threads, by which moving bytes is divided."""
    playing = Playing(Machine().start)
    found = breakdown([playing.play(variants(replace(COPY, threads="allt"), shares=False), 1, 4)])
    assert found.part("moving bytes").ns.value == pytest.approx(COPY.nbytes / 16 / 4, rel=1e-3)


def test_each_pass_has_an_order_and_a_cpu_of_its_own() -> None:
    """Variants come in another order in another pass, on the next CPU."""
    machine = Machine()
    playing = Playing(machine.start)
    playing._cpus = (5, 7)
    for number in (1, 2, 3):
        playing.play(variants(CAST, shares=False), number, 1)
    passes = [machine.taken[first : first + 8] for first in (0, 8, 16)]
    assert [{cpu for _, cpu in one} for one in passes] == [{7}, {5}, {7}]
    assert len({tuple(case for case, _ in one) for one in passes}) > 1


def test_a_transfer_has_its_link_beside_it() -> None:
    """What the profiler saw of a transfer is kept with it: nothing, where nothing crossed."""
    device = Case.parse("h2d.pageable/float32/C/1MiB/1t")
    took = Playing(Machine().start).play(variants(device, shares=False), 1, 1).took
    assert (took["link"].call_ns, took["link_small"].call_ns) == (0, 0)
    copy = {"cat": "gpu_memcpy", "name": "Memcpy HtoD (Pageable -> Device)", "dur": 6.0, "args": {"bytes": 9}}
    sent = Machine(trace={"traceEvents": [copy] * trace.CALLS})
    link = Playing(sent.start).play(variants(device, shares=False), 1, 1).took["link"]
    assert (link.call_ns, link.wait_ns) == (6000, 0)


def test_samples_fit_into_a_budget() -> None:
    """Short calls are batched to a sample, long ones are called a few times, and no budget is spent many times over."""
    assert counts(100) == (SAMPLE_NS // 100, SAMPLES_MAX)
    assert counts(40e6) == (1, SAMPLES_MIN)
    loops, samples = counts(10e6)
    assert (loops, samples) == (1, BUDGET_NS // 10_000_000)


def test_the_median_loses_its_wait() -> None:
    """A sample that waited for a CPU is no slower once its wait is taken off."""
    samples = [{"call_ns": 100.0 + wait, "wait_ns": wait, "minflt": 2.0} for wait in (0.0, 50.0, 900.0)]
    found = taken(samples)
    assert (found.call_ns, found.wait_ns, found.minflt) == (150, 50, 2)
    assert found.running_ns == 100


def test_a_rare_sample_is_no_call() -> None:
    """One sample of many faults, or of a great wait, moves neither; one whose wait nobody counted leaves it unknown."""
    samples = [{"call_ns": 100.0 + wait, "wait_ns": wait, "minflt": 2.0} for wait in (0.0, 0.0, 900.0)]
    samples[2] |= {"minflt": 90.0}
    assert taken(samples) == (100, 0, 2)
    late = [
        {"call_ns": ns, "wait_ns": wait, "minflt": 0.0} for ns, wait in ((100.0, 50.0), (200.0, 0.0), (210.0, 150.0))
    ]
    assert taken(late).running_ns == 60
    assert taken([*samples, {"call_ns": 100.0, "wait_ns": None, "minflt": 2.0}]).wait_ns is None
