"""How asv is driven over a range: what it is asked for, what is not measured again, and what goes wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import history
from benchmarks.errors import AsvError, MachineBusyError, NoCasesError, NoRangeError
from benchmarks.lock import machine_lock

ROOT = Path(__file__).parents[2]
FROM_NUMPY = "asv_conversions.time_torch_from_numpy"
TINY = "^torch.from_numpy/float32/C/64B/1t$"

Told = "Callable[..., None]"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository of three commits where asv is played, and a home that asv may write to."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(ROOT / "asv.conf.json", folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name in ("first", "second <a> | &", "third"):
        git(folder, "commit", "--quiet", "--allow-empty", "--message", name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(history, "_ASV", (sys.executable, str(Path(__file__).with_name("fake_asv.py"))))
    return folder


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return what tells the played asv how to end."""
    return lambda **words: monkeypatch.setenv("FAKE_ASV", json.dumps(words))


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def measure(root: Path, range_: str, pattern: str | None = TINY, **more: Any) -> history.Outcome:
    """Measure a range, asv's words going nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    known = {"output": nowhere, "machine_name": "box", "lock_file": root.parent / "lock"} | more
    try:
        return history.measure(history.Request(range_=range_, pattern=pattern, root=root, **known))
    finally:
        os.close(nowhere)


def calls(root: Path) -> list[dict[str, Any]]:
    """Return how asv was called."""
    path = root / "calls.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_range_is_measured_oldest_first_under_the_machines_name(root: Path) -> None:
    """Asv is asked once for every commit of the range, for the points of the chosen cases alone."""
    found = measure(root, "HEAD~2..HEAD")
    (call,) = calls(root)

    assert found == history.Outcome(commits=2, measured=2, failed=False)
    assert call["commits"] == [git(root, "rev-parse", "HEAD~1"), git(root, "rev-parse", "HEAD")]
    assert call["words"][:4] == ["run", "HASHFILE:-", "--machine", "box"]
    assert rf"^{FROM_NUMPY.replace('.', chr(92) + '.')}\('(64B/float32/C)'\)$" in call["words"]


def test_one_commit_is_one_commit(root: Path) -> None:
    """A name of a commit means that commit, not all that lead to it."""
    assert measure(root, "HEAD~1").commits == 1
    assert calls(root)[0]["commits"] == [git(root, "rev-parse", "HEAD~1")]


def test_what_is_there_is_not_measured_again(root: Path) -> None:
    """The same command on a longer range asks for the new commits alone, and for none when all are there."""
    measure(root, "HEAD~1")
    longer = measure(root, "HEAD~2..HEAD")
    again = measure(root, "HEAD~2..HEAD")

    assert (longer.measured, again.measured) == (1, 0)
    assert calls(root)[1]["commits"] == [git(root, "rev-parse", "HEAD")]
    assert len(calls(root)) == 2


def test_a_point_that_nobody_asked_for_is_missing(root: Path) -> None:
    """The NaN that asv writes for a point outside the filter does not make that point done."""
    measure(root, "HEAD")
    (path,) = (root / history.RESULTS).glob("box/*.json")
    data = json.loads(path.read_text())
    row = data["results"][FROM_NUMPY]
    row[0], row[1] = [5e-7, float("nan")], [["'64B/float32/C'", "'4KiB/float32/C'"]]
    row[5], row[6] = [4e-7, None], [6e-7, None]
    path.write_text(json.dumps(data))

    assert measure(root, "HEAD", "^torch.from_numpy/float32/C/4KiB/").measured == 1


@pytest.mark.parametrize("change", [{"env_name": "virtualenv-py3.11-torch9"}, {"params": {"machine": "another"}}])
def test_numbers_of_another_environment_or_machine_are_none_of_ours(root: Path, change: dict[str, Any]) -> None:
    """A commit that was measured with another torch, or elsewhere, is measured here all the same."""
    measure(root, "HEAD")
    (path,) = (root / history.RESULTS).glob("box/*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    assert measure(root, "HEAD").measured == 1


def test_a_failed_benchmark_is_told_and_tried_again(root: Path, told: Told) -> None:
    """Asv's exit code 2 is a failure that the range goes on after; what failed is missing the next time."""
    told(exit=2, fail="time_torch_from_numpy")
    assert measure(root, "HEAD").failed
    told()
    assert measure(root, "HEAD") == history.Outcome(commits=1, measured=1, failed=False)


def test_asv_that_stops_is_an_error(root: Path, told: Told) -> None:
    """Any other exit code of asv's is an error that gives it."""
    told(exit=1)
    with pytest.raises(AsvError, match="exit code 1; its own words stand above"):
        measure(root, "HEAD")


@pytest.mark.parametrize(
    ("range_", "said"),
    [
        ("<a> | &", "git knows no commits '<a> | &' here.*HEAD~3..HEAD"),
        ("HEAD..HEAD~1", "the range 'HEAD..HEAD~1' holds no commit; the older end of a range comes first"),
        ("--all", "git knows no commits '--all' here"),
    ],
)
def test_a_range_without_commits_is_refused(root: Path, range_: str, said: str) -> None:
    """What names no commit, or is an option, is refused with what to write, before asv is started."""
    with pytest.raises(NoRangeError, match=said):
        measure(root, range_)
    assert calls(root) == []


def test_a_filter_that_matches_nothing_is_refused(root: Path) -> None:
    """Cases that asv does not measure are refused by the pattern."""
    with pytest.raises(NoCasesError, match="no case that asv measures matches '<none>'"):
        measure(root, "HEAD", "<none>")


def test_a_busy_machine_is_left_alone(root: Path) -> None:
    """While another run holds the machine, asv is not started."""
    with machine_lock(root.parent / "lock"), pytest.raises(MachineBusyError):
        measure(root, "HEAD")
    assert calls(root) == []


def test_a_missing_asv_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asv there is one line that says how to install it."""
    monkeypatch.setattr(history, "find_spec", lambda _name: None)
    with pytest.raises(AsvError, match=r"pip install --editable '.\[report,history\]'"):
        history.require_asv()


def test_asv_knows_the_machine_by_our_name(root: Path) -> None:
    """The facts asv keeps are under the name of sessions; the host's name is not among them."""
    measure(root, "HEAD")
    known = json.loads((root.parent / ".asv-machine.json").read_text())

    assert set(known) == {"box", "version"}
    assert known["box"]["machine"] == "box"
    assert known["box"]["num_cpu"] == str(os.cpu_count())


def test_asvs_words_are_progress(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What asv says goes to standard error, for standard output is for results."""
    measure(root, "HEAD", output=history.PROGRESS)
    assert capfd.readouterr() == ("", "asv says <a> | &\n")


def test_publish_makes_asvs_pages(root: Path, told: Told, capfd: pytest.CaptureFixture[str]) -> None:
    """Asv makes its own pages, and what it could not do is an error."""
    history.publish(root=root)
    assert [one["words"] for one in calls(root)] == [["publish"]]
    told(exit=3)
    with pytest.raises(AsvError, match="asv publish ended with exit code 3"):
        history.publish(root=root)


def test_an_interrupted_range_keeps_its_finished_commits(root: Path, told: Told) -> None:
    """Ctrl-C ends asv too, which is not killed but asked; the same range then goes on where it stopped."""
    told(hang=git(root, "rev-parse", "HEAD"))
    threading.Thread(target=_interrupt_when, args=(root / "hangs",), daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        measure(root, "HEAD~2..HEAD")
    told()

    assert measure(root, "HEAD~2..HEAD").measured == 1
    assert calls(root)[-1]["commits"] == [git(root, "rev-parse", "HEAD")]


def _interrupt_when(there: Path) -> None:
    while not there.exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_an_asv_that_does_not_end_is_killed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An asv that ignores the interrupt does not keep the machine."""
    monkeypatch.setattr(history, "_GRACE_S", 0.1)
    code = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    history._interrupt(process)
    process.stdout.close()

    assert process.returncode == -signal.SIGKILL


def test_every_point_is_one_of_the_quick_preset() -> None:
    """Without a filter all points of asv's benchmarks are asked for."""
    points = history.chosen(None)
    assert ("asv_conversions.time_bridge_as_tensor", "64B/float32/C") in points
    assert ("asv_conversions.track_aliasing_bridge_as_tensor", "64B/float32/C") in points


def test_asv_is_found_where_it_is_installed() -> None:
    """This environment has asv, and nothing is said."""
    assert importlib.util.find_spec("asv")
    history.require_asv()
