"""What a profile asks of its processes, and what it says where something cannot be had: with made-up processes."""

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.breakdown import explain, warm
from benchmarks.breakdown.explain import Fresh, Wanted, Warm, instructions_of, looked_at, play, starter
from benchmarks.errors import CaseFailedError, MachineBusyError, NotCountedError
from benchmarks.lock import machine_lock
from benchmarks.matrix import Surroundings
from benchmarks.suite.cases import Case
from tests.benchmarks.machines import Machine
from tests.benchmarks.test_growth import Quiet
from tests.profile_builders import a_growth

COPY = Case.parse("torch.tensor/float32/C/64MiB/1t")


def around(**changes: Any) -> Surroundings:
    """Return a machine of four threads."""
    known = {"device": "cpu", "threads": 4, "free_bytes": 1 << 40, "bfloat16": True, "shared_bytes": 1 << 40}
    return Surroundings(**(known | {"starts": frozenset({"fork"}), "no_small_pages": None} | changes))


def wanted(case: Case = COPY, *, shares: bool = False) -> Wanted:
    """Return a case to be taken apart."""
    return Wanted(case=case, shares=shares, around=around())


@pytest.mark.parametrize(("threads", "number"), [("1t", 1), ("allt", 4)])
def test_a_case_has_the_threads_of_its_name(threads: str, number: int) -> None:
    """One thread, or as many as torch takes on this machine."""
    assert wanted(Case.parse(f"torch.tensor/float32/C/64MiB/{threads}")).threads == number


def test_without_memory_that_stays_nothing_is_timed_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the allocator keeps nothing there is no warm call, and why its part is missing is told."""
    assert "warm" in [one.name for one in wanted().variants]
    monkeypatch.setattr(warm, "unavailable", lambda: "this is <a> | &")
    assert "warm" not in [one.name for one in wanted().variants]
    played, _ = play(wanted(), Machine(wait=None).start, 1, Quiet())
    told = explain._unheard(wanted(), played)
    assert told["page faults"] == "this is <a> | &"
    assert "this system does not count it" in told["waiting for a CPU"]


def test_warm_memory_is_what_the_allocator_keeps() -> None:
    """One process is started with an allocator as it comes, the other with one that maps and gives back nothing."""
    (tunables,) = Warm.variables.values()
    assert dict(Fresh.variables) == {}
    assert {"glibc.malloc.mmap_max=0", "glibc.malloc.trim_threshold=18446744073709551615"} == set(tunables.split(":"))


@pytest.mark.parametrize(
    ("libc", "reason"),
    [(("glibc", "2.36"), None), (("musl", "1.2"), "this is musl"), (("", ""), f"this is {platform.system()}")],
)
def test_only_one_allocator_is_known_to_keep_memory(
    monkeypatch: pytest.MonkeyPatch, libc: tuple[str, str], reason: str | None
) -> None:
    """Another C library is named as what is here instead; one that has no name by its system."""
    monkeypatch.setattr(warm.platform, "libc_ver", lambda: libc)
    assert warm.unavailable() == (reason and f"it takes the allocator of glibc, and {reason}")


def test_each_kind_of_memory_has_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both run the working tree's bridge, and all threads are those of this machine."""
    started: list[Any] = []

    def start(sides: Any, settings: Any, kind: Any) -> Callable[[str, int], None]:
        return lambda name, number: started.append((kind, sides[name].name, settings.threads, number))

    monkeypatch.setattr(explain.partners, "starter", start)
    both = starter(around())
    both("fresh", 1)
    both("warm", 2)
    threads = {"1t": 1, "allt": 4}
    assert started == [(Fresh, ".", threads, 1), (Warm, ".", threads, 2)]


def test_every_pass_is_played_and_what_is_refused_is_told_by_its_part() -> None:
    """Each pass has its number, and a part that lacks its variant says why in the part's own name."""
    machine = Machine(refuses="engine")
    cast = Case.parse("np.astype.from_numpy/float64>float32/C/1MiB/1t")
    played, refused = play(wanted(cast), machine.start, 2, Quiet())
    assert [one.threads for one in played] == [1, 1]
    assert sorted(machine.started) == [("fresh", 1), ("fresh", 2), ("warm", 1), ("warm", 2)]
    assert refused == {"casting or order": "nothing copies"}


def test_the_case_itself_is_looked_at_in_fresh_memory() -> None:
    """Facts are those of the case, its trace names no folder, and the process is ended."""
    machine = Machine(trace={"traceEvents": [{"name": "/home/<a>/x.py(7): run"}]})
    facts, trace = looked_at(wanted(), machine.start)
    assert (machine.started, machine.open) == ([("fresh", 0)], 0)
    assert facts["torch_allocated_bytes"] == COPY.nbytes
    assert json.loads(trace) == {"traceEvents": [{"name": "x.py(7): run"}]}


def test_a_process_that_dies_while_it_looks_is_an_error() -> None:
    """The case is named and no process stays."""
    machine = Machine(dies="fresh")
    with pytest.raises(CaseFailedError, match=r"looked at torch\.tensor/float32/C/64MiB/1t was killed by SIGSEGV"):
        looked_at(wanted(), machine.start)
    assert machine.open == 0


def test_instructions_are_a_number_or_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case of the CPU is counted, by whatever family; what hinders it, or a device, is said."""

    def count(sides: Any, cases: list[str], *, every: bool) -> list[dict[str, int]]:
        assert every
        return [dict.fromkeys(cases, 7) for _ in sides]

    monkeypatch.setattr(explain, "count", count)
    assert instructions_of(COPY) == 7
    assert instructions_of(Case.parse("h2d.pageable/float32/C/1MiB/1t")) == "valgrind sees no device"

    def refuse(*_sides: Any, **_options: Any) -> None:
        raise NotCountedError("no valgrind <a> | &")

    monkeypatch.setattr(explain, "count", refuse)
    assert instructions_of(COPY) == "no valgrind <a> | &"


def test_a_profile_holds_the_machine_and_keeps_what_it_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bridge is proved first, nothing else measures meanwhile; numbers are facts, reasons are told."""
    lock_file, proved = tmp_path / "lock", []
    machine = Machine(wait=None)

    def start(memory: str, number: int) -> Any:
        with pytest.raises(MachineBusyError), machine_lock(lock_file):
            pass
        return machine.start(memory, number)

    monkeypatch.setattr(explain, "prove_bridge", lambda: proved.append(True))
    monkeypatch.setattr(explain.growth, "measure", lambda *_asked: a_growth())
    monkeypatch.setattr(explain, "starter", lambda _around: start)
    monkeypatch.setattr(explain, "instructions_of", lambda _case: "no valgrind <a> | &")
    found = explain.profile(COPY, 3, Quiet(), lock_file=lock_file)
    assert proved == [True]
    assert found.about["passes"] == found.breakdown.whole.passes == 3
    assert found.minflt == {"fresh": COPY.nbytes // 4096, "warm": 0}
    assert found.facts["torch_allocated_bytes"] == COPY.nbytes
    assert found.missing["instructions"] == "no valgrind <a> | &"
    assert "this system does not count it" in found.missing["waiting for a CPU"]
    assert found.missing["resident_peak_bytes"] == "this system does not tell <a> | &"
    assert found.breakdown.part("moving bytes") is not None
