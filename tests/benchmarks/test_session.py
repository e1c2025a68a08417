"""Sessions: most with workers that need no torch, one for real, one killed and resumed."""

import getpass
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import checkout, session, store, workers
from benchmarks.checkout import Checkout
from benchmarks.errors import MachineBusyError, NoCasesError, NotComparableError, NothingToResumeError, WorkerError
from benchmarks.lock import machine_lock
from benchmarks.partial import Partial
from benchmarks.records import Measured, Session
from benchmarks.session import Request, shuffled
from benchmarks.stages import PROFILE
from benchmarks.suite.cases import TRANSFERS, Case

Order = Callable[..., None]

SHARED, COPIED = "torch.from_numpy/float32/C/64B/1t", "torch.tensor/float32/C/64B/1t"
REFUSED = "torch.tensor/float32/reversed/64B/1t"
IDS = (SHARED, COPIED, "torch.tensor/float32/F/64B/1t", "torch.tensor/float32/strided/64B/1t", REFUSED)


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.total, self.passes = 0, 0
        self.names: list[tuple[int, str]] = []
        self.done: list[int] = []

    def begin(self, total: int, passes: int) -> None:
        """Note how much there is."""
        self.total, self.passes = total, passes

    def started(self, name: str, stage: int) -> None:
        """Note what runs."""
        self.names.append((stage, name))

    def finished(self, stage: int) -> None:
        """Note a step."""
        self.done.append(stage)


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    """Return a lock of this test alone."""
    return tmp_path / "lock"


@pytest.fixture
def plans(fake_worker: Order, tmp_path: Path) -> Callable[..., list[dict]]:
    """Give orders to workers that need no torch, and return the plans of those that were started."""
    log = tmp_path / "plans"

    def give(**orders: object) -> list[dict]:
        fake_worker(log=str(log), **orders)
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    give()
    return give


def a_request(tmp_path: Path, *ids: str, **changes: object) -> Request:
    """Return a request for a few cases in two passes."""
    known = {"cases": tuple(map(Case.parse, ids or IDS)), "passes": 2, "out": tmp_path / "out", "with_semantics": False}
    return Request(**(known | changes))


def orders_of(plans: list[dict]) -> dict[int, list[str]]:
    """Return the cases of each stage in the order they were given."""
    return {plan["pass"]: [job["case"] for job in plan["jobs"]] for plan in plans}


def test_a_session_checks_then_passes(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> None:
    """A session checks each case in one process, then times each in a fresh process a pass, with the check's loops."""
    path = session.run(a_request(tmp_path), Watcher(), lock_file=lock_file)
    assert [plan["pass"] for plan in plans()] == [0, 1, 2]
    assert all(set(order) == set(IDS) - {REFUSED} for order in orders_of(plans()).values())
    assert plans()[0]["jobs"][0].keys() == {"case"}
    assert plans()[1]["jobs"][0] | {"loops": 2, "rounds": 2} == plans()[1]["jobs"][0]
    assert all(len(record.passes()) == 2 for record in store.read(path).measured)


def test_a_session_leaves_one_file(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> None:
    """When a session ends, its file is all that is left; while it ran, everything was in the unfinished one."""
    path = session.run(a_request(tmp_path), Watcher(), lock_file=lock_file)
    assert list((tmp_path / "out").iterdir()) == [path]
    assert path.name == store.file_name(store.read(path).header)


def test_the_header_says_how_it_was_measured(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> None:
    """The header has the request's settings, the checkout, and the machine's given name."""
    request = a_request(tmp_path, SHARED, machine_name="<Rack> 7", commit="0123abcd", command="python <a>", seed=5)
    header = store.read(session.run(request, Watcher(), lock_file=lock_file)).header
    assert (header.commit, header.bridge_hash) == ("0123abcd", Checkout.look().bridge_hash)
    assert (header.machine_name, header.command, header.preset) == ("rack-7", "python <a>", "quick")
    assert (header.settings["passes"], header.settings["seed"], header.settings["device"]) == (2, 5, "cpu")


def test_what_makes_no_sense_is_skipped_with_its_reason(
    tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]
) -> None:
    """A case that its path refuses is recorded with the reason and never given to a worker."""
    found = store.read(session.run(a_request(tmp_path), Watcher(), lock_file=lock_file))
    assert [(one.case, one.skipped) for one in found.skipped] == [(REFUSED, "torch refuses negative strides")]


def test_each_pass_has_its_own_order(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> None:
    """Passes take the cases in different orders; the same seed gives the same orders, another seed others."""
    ids = [f"torch.tensor/float32/C/{size}/1t" for size in ("64B", "512B", "4KiB", "16KiB", "64KiB", "256KiB", "1MiB")]
    found = []
    for number, seed in enumerate((1, 1, 2)):
        before = len(plans())
        session.run(a_request(tmp_path / str(number), *ids, seed=seed), Watcher(), lock_file=lock_file)
        found.append(orders_of(plans()[before:]))
    first, again, other = found
    assert first == again != other
    assert len({tuple(order) for order in first.values()}) == 3


def test_a_shuffle_loses_nothing_and_does_not_depend_on_what_came_before() -> None:
    """An order has each case once, and is the same however the cases came."""
    assert sorted(shuffled("abcdef", 1, 2)) == sorted("abcdef")
    assert shuffled("abcdef", 1, 2) == shuffled("fedcba", 1, 2)


def test_each_step_is_told(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> None:
    """The watcher hears how many steps there are, and each step's start and end with its stage."""
    watcher = Watcher()
    session.run(a_request(tmp_path, SHARED, COPIED, with_semantics=True), watcher, lock_file=lock_file)
    assert watcher.passes == 2
    assert watcher.total == len(watcher.done) == len(watcher.names)
    assert watcher.done[-4:] == [1, 1, 2, 2]
    assert (0, "torch.tensor layout=F") in watcher.names


def test_semantics_are_those_of_the_paths_in_the_session(
    tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]
) -> None:
    """Each path of the session is probed, in the check alone, and its observations are in the file."""
    request = a_request(tmp_path, SHARED, with_semantics=True)
    found = store.read(session.run(request, Watcher(), lock_file=lock_file))
    assert [one.path for one in found.semantics] == ["torch.from_numpy"]
    assert [bool(plan["probes"]) for plan in plans()] == [True, False, False]


def test_a_death_in_a_pass_costs_its_case(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> None:
    """A case that kills its worker in the second pass is failed and keeps its first; the others are measured."""
    plans(die={COPIED: {"stage": 2, "signal": 11}})
    found = store.read(session.run(a_request(tmp_path, SHARED, COPIED), Watcher(), lock_file=lock_file))
    assert [record.case for record in found.measured] == [SHARED]
    assert found.failed[0].failed == {
        "error": "was killed by SIGSEGV",
        "stage": "pass 2",
        "samples_ns": {"wall": [[1.5, 2.5]]},
    }


def test_a_case_that_fails_its_check_is_not_timed(
    tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]
) -> None:
    """What raises in the check is failed there, and no pass is given it."""
    plans(**{"raise": [COPIED]})
    found = store.read(session.run(a_request(tmp_path, SHARED, COPIED), Watcher(), lock_file=lock_file))
    assert found.failed[0].failed["stage"] == "check"
    assert "alice" not in found.failed[0].error
    assert all(COPIED not in order for stage, order in orders_of(plans()).items() if stage)


def test_a_filter_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    """A filter without a case is refused with the preset and the filter."""
    with pytest.raises(NoCasesError, match=r"no case of preset quick matches '<a>'"):
        a_request(tmp_path, cases=None, pattern="<a>").chosen()


def test_a_filtered_session_has_its_limits(tmp_path: Path) -> None:
    """Whatever a filter leaves, the memcpy of each size is measured with it."""
    chosen = a_request(tmp_path, cases=None, pattern="^torch.tensor/float32/C/64B/1t$").chosen()
    assert [case.id for case in chosen] == ["ref.memcpy/uint8/C/64B/1t", COPIED]


def test_a_busy_machine_measures_nothing(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> None:
    """While another holds the machine, no session begins and nothing is written."""
    with machine_lock(lock_file), pytest.raises(MachineBusyError):
        session.run(a_request(tmp_path), Watcher(), lock_file=lock_file)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def unfinished(tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]) -> Path:
    """Return the folder of a session whose suite broke before its second pass."""
    plans(die={"": {"stage": 2, "exit": 3}})
    with pytest.raises(WorkerError):
        session.run(a_request(tmp_path, machine_name="m"), Watcher(), lock_file=lock_file)
    plans()
    return tmp_path / "out"


def test_a_resumed_session_does_what_is_left(
    unfinished: Path, lock_file: Path, plans: Callable[..., list[dict]]
) -> None:
    """Resuming takes the open pass alone and ends as a session of all passes; the unfinished file goes."""
    before = len(plans())
    path = session.resume(unfinished, Watcher(), lock_file=lock_file)
    assert [plan["pass"] for plan in plans()[before:]] == [2]
    assert all(len(record.passes()) == 2 for record in store.read(path).measured)
    assert list(unfinished.iterdir()) == [path]


def test_a_resumed_pass_has_the_order_it_would_have_had(
    unfinished: Path, lock_file: Path, plans: Callable[..., list[dict]]
) -> None:
    """The seed is the session's: the pass that is done later has the order of the pass that broke."""
    session.resume(unfinished, Watcher(), lock_file=lock_file)
    broken, resumed = (orders_of([plan])[2] for plan in plans()[-2:])
    assert broken == resumed


def test_probes_that_were_observed_are_not_tried_again(
    tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]]
) -> None:
    """A session that broke in its check resumes with the probes that are left."""
    plans(die={"torch.from_numpy dtype=bool": {"signal": 6}, SHARED: {"exit": 0}, "": {"stage": 1, "exit": 3}})
    with pytest.raises(WorkerError):
        session.run(a_request(tmp_path, SHARED, COPIED, with_semantics=True), Watcher(), lock_file=lock_file)
    plans()
    path = session.resume(tmp_path / "out", Watcher(), lock_file=lock_file)
    assert plans()[-1]["probes"] == []
    assert store.read(path).semantics[0].observed["dtype=bool"].outcome == "dies"


@pytest.mark.parametrize(
    ("key", "then"),
    [("bridge_hash", "feedfacecafebeef"), ("commit", "0" * 40), ("case_version", "0")],
)
def test_a_changed_checkout_is_not_gone_on_with(unfinished: Path, lock_file: Path, key: str, then: str) -> None:
    """Passes of two checkouts are not mixed: the refusal names what changed, with both values."""
    now = rewrite_header(unfinished, key, then)
    with pytest.raises(NotComparableError, match=rf"started with {key} = {then}, now it is {now}"):
        session.resume(unfinished, Watcher(), lock_file=lock_file)


@pytest.mark.parametrize(("part", "key"), [("machine", "kernel"), ("software", "torch")])
def test_another_machine_or_torch_is_not_gone_on_with(unfinished: Path, lock_file: Path, part: str, key: str) -> None:
    """Passes of two machines or versions are not mixed: the refusal names the fact, with both values."""
    now = rewrite_header(unfinished, part, lambda facts: facts | {key: "<old>"})[key]
    with pytest.raises(NotComparableError, match=rf"{part}\.{key} = <old>, now it is {re.escape(now)}"):
        session.resume(unfinished, Watcher(), lock_file=lock_file)


def test_a_busier_machine_can_go_on(unfinished: Path, lock_file: Path) -> None:
    """The load moves by itself and is no reason to stop."""
    rewrite_header(unfinished, "machine", lambda facts: facts | {"load_average": 99.0})
    assert session.resume(unfinished, Watcher(), lock_file=lock_file).exists()


def rewrite_header(folder: Path, key: str, change: object) -> object:
    """Change one field in the header of the unfinished session, and return what it was."""
    path = next(folder.iterdir())
    header, *lines = store.partial_lines(path)
    before = header[key]
    path.unlink()
    store.append(path, [header | {key: change(before) if callable(change) else change}, *lines])
    return before


def test_the_newest_unfinished_session_goes_on(unfinished: Path, lock_file: Path) -> None:
    """Of several unfinished sessions the newest is resumed, and the others are left alone."""
    older = unfinished / "20200101T000000Z-older.partial"
    older.write_text("not even a session")
    session.resume(unfinished, Watcher(), lock_file=lock_file)
    assert older.exists()
    assert len(list(unfinished.glob("*.jsonl"))) == 1


def test_nothing_to_resume_is_said(tmp_path: Path, lock_file: Path) -> None:
    """A folder without an unfinished session, or no folder at all, is an error with the way on."""
    with pytest.raises(NothingToResumeError, match="start one without --resume"):
        session.resume(tmp_path / "none", Watcher(), lock_file=lock_file)


REAL_IDS = (SHARED, COPIED, "torch.from_dlpack/float32/C/64B/1t", "bridge.as_array/float32/C/4KiB/1t")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Session]:
    """Return the file of a session that was measured for real, semantics and all."""
    folder = tmp_path_factory.mktemp("real")
    cases = tuple(map(Case.parse, ("ref.memcpy/uint8/C/64B/1t", *REAL_IDS, REFUSED)))
    path = session.run(Request(cases=cases, passes=2, out=folder), Watcher(), lock_file=folder / "lock")
    return path, store.read(path)


def test_a_real_session_measures_every_case(real: tuple[Path, Session]) -> None:
    """Each case has two passes of at least three samples, and what it was seen to do."""
    measured = {record.case: record for record in real[1].measured}
    assert set(measured) == {"ref.memcpy/uint8/C/64B/1t", *REAL_IDS}
    for record in measured.values():
        assert len(record.passes()) == 2
        assert all(len(rounds) >= 3 for rounds in record.passes())
    assert measured[SHARED].aliasing == "shares"
    assert (measured[COPIED].aliasing, measured[COPIED].alloc_bytes) == ("copies", 64)
    assert real[1].failed == ()


def test_a_real_session_sees_the_path_that_kills(real: tuple[Path, Session]) -> None:
    """The semantics have `torch.from_dlpack` dying of negative strides, and everything else beside it."""
    observed = next(one.observed for one in real[1].semantics if one.path == "torch.from_dlpack")
    assert (observed["layout=reversed"].outcome, observed["layout=reversed"].error) == ("dies", "was killed by SIGABRT")
    assert observed["layout=C"].outcome == "shares"


def test_a_real_session_sees_masks_and_lifetimes(real: tuple[Path, Session]) -> None:
    """Behind the death, the fresh process goes on: a dropped mask and a source that is kept are in the file."""
    peer, ours = (
        {one.path: one for one in real[1].semantics}[name] for name in ("torch.from_dlpack", "bridge.as_array")
    )
    assert peer.observed["array=masked"].drops_mask
    assert peer.observed["lifetime=source_dropped"].keeps_source is True
    resized = ours.observed["lifetime=storage_resized"]
    assert (resized.outcome, resized.keeps_source) == ("shares", True)


def test_a_real_session_tells_no_one_who_measured(real: tuple[Path, Session]) -> None:
    """No host name, no user's name or folder and no absolute path is in a session's file."""
    text = real[0].read_text()
    for secret in (platform.node(), str(checkout.ROOT), str(Path.home()), str(real[0].parent), sys.prefix):
        assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text), secret
    assert getpass.getuser() not in re.findall(r"\w+", text)
    assert not re.findall(r"(?<![\w.>])/\w+/\w+", text)


def kept(folder: Path, stage: int) -> list[str]:
    """Return the cases that the unfinished session of a folder has of a pass, read without touching it."""
    found = [path.read_text() for path in folder.glob("*.partial")]
    return re.findall(rf'"case": "([^"]+)", "pass": {stage},', found[0]) if found else []


def a_session_apart(folder: Path, *options: str, **orders: object) -> subprocess.Popen:
    """Start `python -m benchmarks run` over cases of torch.tensor in a process of its own, with a lock of its own."""
    code = (
        "import sys, runpy; from benchmarks import workers\n"
        f"workers._WORKER = (sys.executable, '-S', {str(Path(__file__).with_name('fake_worker.py'))!r})\n"
        "runpy.run_module('benchmarks', run_name='__main__', alter_sys=True)"
    )
    chosen = ["--filter", "^torch.tensor/float32/C/(64B|4KiB|64KiB)/1t", "--passes", "3", "--out", str(folder / "out")]
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", *chosen, *options],
        cwd=checkout.ROOT,
        env=os.environ | {"TMPDIR": str(folder), "FAKE_WORKER": json.dumps(orders)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_pass(process: subprocess.Popen, folder: Path, stage: int) -> None:
    """Wait until a case of a pass is on the disk."""
    while not kept(folder / "out", stage):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_a_session_killed_in_a_late_pass_resumes_to_its_end(tmp_path: Path) -> None:
    """After SIGKILL in pass 2, --resume measures what is missing and the file has every pass of every case."""
    process = a_session_apart(tmp_path, slow={"2": 0.3})
    wait_for_pass(process, tmp_path, 2)
    process.kill()
    process.communicate()
    known = kept(tmp_path / "out", 2)
    wait_until_free(tmp_path / "numpy-torch-bridge.lock")
    resumed = a_session_apart(tmp_path, "--resume")
    said, progress = resumed.communicate()
    assert resumed.returncode == 0, progress
    path = next((tmp_path / "out").glob("*.jsonl"))
    found = store.read(path).measured
    assert 0 < len(known) < len(found) == 6
    assert all(isinstance(record, Measured) and len(record.passes()) == 3 for record in found)
    assert f"Session: {path}" in said


def wait_until_free(lock_file: Path) -> None:
    """Wait until the worker of a killed session has noticed that nobody reads its events."""
    while True:
        try:
            with machine_lock(lock_file):
                return
        except MachineBusyError:
            time.sleep(0.05)


def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    """SIGINT ends a session with code 130 and one line that says how to go on; finished cases are on the disk."""
    process = a_session_apart(tmp_path, slow={"1": 0.3})
    wait_for_pass(process, tmp_path, 1)
    process.send_signal(signal.SIGINT)
    said, progress = process.communicate()
    assert process.returncode == 130
    assert progress.endswith("interrupted; finished cases are kept: python -m benchmarks run --resume\n")
    assert "Traceback" not in progress + said
    assert Partial.read(next((tmp_path / "out").glob("*.partial"))).timed


def test_a_session_on_a_gpu_looks_at_the_link_before_its_passes(
    tmp_path: Path, lock_file: Path, plans: Callable[..., list[dict]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the check the transfers alone are profiled, and the header has the GPU's state from first to last."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    sent, watcher = "h2d.pageable/float32/C/64MiB/1t", Watcher()
    path = session.run(a_request(tmp_path, SHARED, sent, device="cuda:1"), watcher, lock_file=lock_file)
    assert orders_of(plans())[PROFILE] == [sent]
    assert [plan["pass"] for plan in plans()] == [0, PROFILE, 1, 2]
    assert all(plan["device"] == "cuda:1" for plan in plans())
    known = store.read(path)
    assert known.header.machine["gpu_state"] == {"before": {"link_gen": 0}, "after": {"link_gen": 2}}
    assert (known.measured[1].samples_ns["dma"], known.measured[0].link) == (((3.5,),), None)
    assert watcher.total == len(watcher.done) == 2 * 3 + 1


def test_a_preset_knows_its_device(tmp_path: Path) -> None:
    """A session is about the device of its preset unless another one is asked for."""
    assert a_request(tmp_path).where == "cpu"
    assert a_request(tmp_path, preset="gpu").where == "cuda"
    assert a_request(tmp_path, preset="gpu", device="cuda:1").where == "cuda:1"


@pytest.mark.slow
def test_a_session_of_transfers_in_real_processes(
    tmp_path: Path, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From request to file a session of the gpu preset works on a device that the host plays: every family."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(workers, "_WORKER", (sys.executable, "-m", "tests.benchmarks.played_worker"))
    pattern = r"(^(ref|h2d|d2h|bridge)\..*/4KiB/|^many\..*/items64KiB/|^ring\.1MiB\.1x2/|^cast\.nb/|^ovl\..*/64MiB)"
    request = Request(preset="gpu", pattern=pattern, passes=1, out=tmp_path / "out")
    known = store.read(session.run(request, Watcher(), lock_file=lock_file))
    assert known.failed == ()
    assert known.skipped == ()
    families = {record.family for record in known.measured}
    assert families == {*TRANSFERS, "limit"}
    for record in known.measured:
        clocks = {"wall"} if record.device == "cpu" else {"done", "issue", "event"}
        assert set(record.samples_ns) == clocks, record.case
    assert known.header.settings["device"] == "cuda"
