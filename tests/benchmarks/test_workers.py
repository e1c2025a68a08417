import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import workers
from benchmarks.errors import WorkerError
from benchmarks.workers import Plan, events, failure_text

CASES = ("a <1>", "b |", "c &")
PROBE = {"path": "p", "trait": "layout=F"}

Order = Callable[..., None]


def a_plan(number: int = 1, *, cases: tuple[str, ...] = CASES, probes: tuple[dict, ...] = ()) -> Plan:
    """Return a plan over some cases."""
    jobs = tuple({"case": case} for case in cases)
    return Plan(number=number, jobs=jobs, probes=probes, device="cpu", threads={"1t": 1}, cache_bytes=0)


def finished(found: list[dict]) -> list[tuple[str, object]]:
    """Return each case or probe that ended, in order, with its failure if it has one."""
    return [(one.get("case") or one.get("probe"), one.get("failed")) for one in found if "started" not in one]


@pytest.fixture
def started(fake_worker: Order, tmp_path: Path) -> Callable[..., list[dict]]:
    """Give orders, and return the plans of the workers that were started so far."""
    log = tmp_path / "plans"
    fake_worker(log=str(log))

    def plans(**orders: object) -> list[dict]:
        fake_worker(log=str(log), **orders)
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    return plans


def test_a_calm_worker_does_it_all(started: Callable[..., list[dict]]) -> None:
    """One process takes all cases in the order of the plan."""
    assert finished(list(events(a_plan()))) == [(case, None) for case in CASES]
    assert len(started()) == 1


def test_nothing_to_do_starts_nothing(started: Callable[..., list[dict]]) -> None:
    """An empty plan starts no process."""
    assert list(events(a_plan(cases=()))) == []
    assert started() == []


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"signal": 11}, "was killed by SIGSEGV"),
        ({"signal": 6}, "was killed by SIGABRT"),
        ({"signal": 9}, "was killed by SIGKILL (out of memory?)"),
        ({"exit": 3}, "ended with exit code 3"),
        ({"exit": 0}, "ended with exit code 0"),
    ],
)
def test_a_death_costs_one_case(started: Callable[..., list[dict]], order: dict, error: str) -> None:
    """Whatever kills a worker, the case that ran is failed with how it died, and a fresh worker does the rest."""
    started(die={CASES[1]: order})
    assert finished(list(events(a_plan()))) == [(CASES[0], None), (CASES[1], error), (CASES[2], None)]
    assert [[job["case"] for job in plan["jobs"]] for plan in started()] == [list(CASES), [CASES[2]]]


def test_every_case_can_be_deadly(fake_worker: Order) -> None:
    """Three deadly cases are three failures, and the plan ends."""
    fake_worker(die={case: {"signal": 11} for case in CASES})
    assert [failed for _, failed in finished(list(events(a_plan())))] == ["was killed by SIGSEGV"] * 3


def test_a_hang_costs_one_case(fake_worker: Order) -> None:
    """A case that says nothing for longer than the limit is killed and failed, and the rest is done."""
    fake_worker(die={CASES[0]: {"hang": 60}})
    found = finished(list(events(a_plan(), limit_s=0.5)))
    assert found == [(CASES[0], "hung for 0.5 s and was killed"), (CASES[1], None), (CASES[2], None)]


def test_an_error_of_a_case_needs_no_new_worker(started: Callable[..., list[dict]]) -> None:
    """A case that raises, be it for memory, is failed by its worker, which goes on."""
    started(**{"raise": [CASES[0]]})
    assert [failed is None for _, failed in finished(list(events(a_plan())))] == [False, True, True]
    assert len(started()) == 1


def test_a_deadly_probe_is_an_observation(fake_worker: Order) -> None:
    """A probe that kills its worker is observed to die; the cases behind it are taken."""
    fake_worker(die={"p layout=F": {"signal": 6}})
    found = list(events(a_plan(0, probes=(PROBE,))))
    assert {"probe": "p layout=F", "observed": {"outcome": "dies", "error": "was killed by SIGABRT"}} in found
    assert finished(found)[1:] == [(case, None) for case in CASES]


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"exit": 1}, "ended with exit code 1"),
        ({"signal": 9}, "was killed by SIGKILL (out of memory?)"),
        ({"hang": 60}, "hung for 2 s and was killed"),
    ],
)
def test_an_end_that_is_no_crash_is_no_observation(fake_worker: Order, order: dict, error: str) -> None:
    """A path is not called deadly when its probe could not be run, or when something else ended the process."""
    fake_worker(die={"p layout=F": order})
    found = list(events(a_plan(0, probes=(PROBE,)), limit_s=2))
    assert {"probe": "p layout=F", "observed": {"outcome": "unobserved", "error": error}} in found
    assert finished(found)[1:] == [(case, None) for case in CASES]


def test_an_error_of_our_own_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a probe could not do stands in its observation: the last line of the traceback."""
    code = 'print(\'{"started": "p layout=F"}\', flush=True); import no_such_thing'
    monkeypatch.setattr(workers, "_WORKER", (sys.executable, "-S", "-c", code))
    observed = next(event for event in events(a_plan(0, probes=(PROBE,))) if "probe" in event)["observed"]
    assert observed["outcome"] == "unobserved"
    assert observed["error"].endswith("ModuleNotFoundError: No module named 'no_such_thing'")


@pytest.mark.parametrize("order", [{"exit": 1}, {"signal": 11}])
def test_a_worker_that_dies_before_its_first_case_is_an_error(fake_worker: Order, order: dict) -> None:
    """With no case to blame there is an error, and not one process after the other."""
    fake_worker(die={"": order})
    with pytest.raises(WorkerError, match=r"a worker (ended with exit code 1|was killed by SIGSEGV) before it took"):
        list(events(a_plan()))


def test_a_worker_that_says_nothing_is_an_error(fake_worker: Order) -> None:
    """A worker that hangs before its first case is ended, and the error says how long it was waited for."""
    fake_worker(die={"": {"hang": 60}})
    with pytest.raises(WorkerError, match=r"said nothing for 0\.5 s before it took a case"):
        list(events(a_plan(), limit_s=0.5))


def test_a_worker_that_dies_while_it_ends_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When all cases are told, how the process ended does not matter: a device's driver may fail at its exit."""
    code = f"import json, os; print(json.dumps({{'case': '{CASES[0]}'}}), flush=True); os.abort()"
    monkeypatch.setattr(workers, "_WORKER", (sys.executable, "-S", "-c", code))
    assert finished(list(events(a_plan(cases=CASES[:1])))) == [(CASES[0], None)]


def test_a_worker_that_leaves_work_undone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that ends well without taking a case is an error: a new one would do the same, for ever."""
    monkeypatch.setattr(workers, "_WORKER", (sys.executable, "-S", "-c", "input()"))
    with pytest.raises(WorkerError):
        list(events(a_plan()))


def test_what_a_broken_worker_wrote_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a broken worker ends with its last words, without folders."""
    code = "import sys; sys.stderr.write('no module at /home/alice/<a>\\n' * 30); sys.exit(4)"
    monkeypatch.setattr(workers, "_WORKER", (sys.executable, "-S", "-c", code))
    with pytest.raises(WorkerError, match=r"ended with exit code 4 before it took a case:\nno module at <a>") as error:
        list(events(a_plan(cases=CASES * 9000)))
    assert "alice" not in str(error.value)
    assert len(str(error.value).splitlines()) == 16


def test_events_come_while_the_worker_lives(fake_worker: Order) -> None:
    """An event is there at once, not when the worker ends; closing the stream of events ends the worker."""
    fake_worker(die={CASES[1]: {"hang": 60}})
    stream, start = events(a_plan()), time.monotonic()
    assert [next(stream) for _ in range(3)][-1] == {"started": CASES[1]}
    stream.close()
    assert time.monotonic() - start < 30


def test_each_pass_has_its_layout_of_hashes(started: Callable[..., list[dict]]) -> None:
    """Hashes are seeded by the pass, so a pass that is measured again has the same ones."""
    for number in (1, 2):
        list(events(a_plan(number)))
    assert [plan["hash_seed"] for plan in started()] == ["1", "2"]


def test_a_worker_holds_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The descriptor of the lock is open in the worker, so the machine is busy as long as it lives."""
    descriptor = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    code = f"import json, os; os.fstat({descriptor}); print(json.dumps({{'case': '{CASES[0]}'}}))"
    monkeypatch.setattr(workers, "_WORKER", (sys.executable, "-S", "-c", code))
    assert finished(list(events(a_plan(cases=CASES[:1]), lock=descriptor))) == [(CASES[0], None)]
    os.close(descriptor)


def test_a_plan_forgets_what_is_done() -> None:
    """What is left of a plan has neither the cases nor the probes that are finished."""
    left = a_plan(0, probes=(PROBE, {**PROBE, "trait": "layout=C"})).without({CASES[1], "p layout=F"})
    assert [job["case"] for job in left.jobs] == [CASES[0], CASES[2]]
    assert [probe["trait"] for probe in left.probes] == ["layout=C"]


def test_a_plan_is_one_line() -> None:
    """A plan is one line of JSON with everything that a worker has to know, whatever its cases are called."""
    line = a_plan(3, cases=("a\n<b>",), probes=(PROBE,)).to_line()
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "pass": 3,
        "jobs": [{"case": "a\n<b>"}],
        "probes": [PROBE],
        "device": "cpu",
        "threads": {"1t": 1},
        "cache_bytes": 0,
    }


def test_a_failure_has_no_folders_and_fits() -> None:
    """The text of a failure names no folder and is short enough for a table."""
    assert failure_text({"failed": "no file '/home/alice/<a>'" + "x" * 999}) == "no file '<a>'" + "x" * 287
