"""The command line as a newcomer types it: what it prints, and the exit code it leaves.

Each test starts the real command with real workers; `test_commands.py` holds the same promises in one process.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import store
from benchmarks.__main__ import TERMINAL
from benchmarks.commands.run import finish
from benchmarks.lock import machine_lock
from tests.builders import a_failure, a_full_session, a_record, a_session

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TINY = ("--filter", "^torch.from_numpy/float32/C/(64B|4KiB)/1t$", "--passes", "1")

Run = "Callable[..., subprocess.CompletedProcess[str]]"


def environment(folder: Path) -> dict[str, str]:
    """Return an environment with a machine lock of its own."""
    return os.environ | {"TMPDIR": str(folder)}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs the command line in the checkout."""

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
        env = environment(tmp_path)
        return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=100)

    return command


@pytest.fixture
def session_file(tmp_path: Path) -> Path:
    """Return the file of a made-up session."""
    path = tmp_path / "made.jsonl"
    store.write(path, a_full_session(sizes=("64B", "4KiB")))
    return path


def test_a_session_from_the_command_line(run: Run, tmp_path: Path) -> None:
    """Run leaves one session file with the limit of each size, and says where; progress is on standard error."""
    done = run("run", *TINY, "--out", tmp_path / "out", "--pytest-json", tmp_path / "pytest.json")
    (path,) = (tmp_path / "out").iterdir()
    session = store.read(path)

    assert done.returncode == 0, done.stderr
    assert f"Session: {path}" in done.stdout
    assert "pass 1 of 1" in done.stderr
    assert {record.path for record in session.measured} == {"torch.from_numpy", "ref.memcpy"}
    assert str(ROOT) not in path.read_text()
    assert str(tmp_path) not in path.read_text()
    assert "torch.from_numpy/float32/C/64B/1t" in (tmp_path / "pytest.json").read_text()


def test_list_and_dry_run_measure_nothing(run: Run, tmp_path: Path) -> None:
    """--list prints ids, --dry-run counts cases and estimates minutes; neither leaves a file."""
    listed = run("run", *TINY, "--list", "--out", tmp_path / "out")
    counted = run("run", "--preset", "standard", "--dry-run", "--out", tmp_path / "out")
    found = re.match(r"(\d+) cases in 6 passes, (\d+) skipped: about [\d.]+ minutes", counted.stdout)

    assert "torch.from_numpy/float32/C/4KiB/1t" in listed.stdout.splitlines()
    assert found
    assert int(found[1]) >= 1500
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--preset", "huge"), "there is no preset 'huge'; choose one of quick, standard, full"),
        (("run", "--passes", "0"), "greater than or equal to 1"),
        (("profile", "torch.tensor/float32/reversed/1MiB/1t"), "torch refuses negative strides"),
    ],
    ids=lambda value: value[0] + " " + value[1] if isinstance(value, tuple) else "",
)
def test_wrong_words_get_one_clear_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """A usage error, found by typer, by us or by the suite, exits 2, says what was wrong, and shows no traceback."""
    done = run(*arguments)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_the_second_run_is_told_and_leaves(run: Run, tmp_path: Path) -> None:
    """While another run holds the machine, exit code 5 and the reason."""
    with machine_lock(tmp_path / "numpy-torch-bridge.lock"):
        done = run("run", *TINY, "--out", tmp_path / "out")

    assert done.returncode == 5
    assert "another benchmark run holds this machine" in done.stderr


def test_interrupting_keeps_what_is_done_and_resuming_ends_it(run: Run, tmp_path: Path) -> None:
    """Ctrl-C exits 130 and keeps the finished cases; --resume makes the session whole."""
    out = tmp_path / "out"
    words = [sys.executable, "-m", "benchmarks", "run", *TINY[:3], "2", "--out", str(out)]
    running = subprocess.Popen(words, cwd=ROOT, env=environment(tmp_path), stderr=subprocess.PIPE, text=True)
    _wait_for(lambda: any('"pass": 1' in path.read_text() for path in out.glob("*.partial")))
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    kept = list(out.iterdir())
    done = run("run", "--resume", "--out", out)
    (path,) = out.iterdir()

    assert running.returncode == 130
    assert "finished cases are kept" in errors
    assert [one.suffix for one in kept] == [".partial"]
    assert done.returncode == 0, done.stderr
    assert {len(record.passes()) for record in store.read(path).measured} == {2}


def _wait_for(holds: Callable[[], bool], limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.05)


def test_publish_takes_a_whole_session_and_refuses_a_dirty_one(run: Run, session_file: Path, tmp_path: Path) -> None:
    """--add copies a clean session of six passes; anything less is refused with the reason."""
    dirty = tmp_path / "dirty.jsonl"
    store.write(dirty, a_session([a_record(family="limit", path="ref.memcpy", dtype="uint8")], dirty=True))
    folders = ("--sessions", tmp_path / "published", "--out", tmp_path / "site")
    taken, refused = run("publish", "--add", session_file, *folders), run("publish", "--add", dirty, *folders)

    assert taken.returncode == 0, taken.stderr
    assert (tmp_path / "site" / "index.html").is_file()
    assert len(list((tmp_path / "published").rglob("*.jsonl"))) == 1
    assert refused.returncode == 2
    assert "not published" in refused.stderr


def test_a_failed_case_costs_the_exit_code_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A session with a failed case is kept, the case is named, and the exit code is 2."""
    path = tmp_path / "failed.jsonl"
    store.write(path, a_session([a_record(), a_failure(error="was killed by SIGSEGV")]))
    with pytest.raises(SystemExit) as stopped:
        finish(path, None, TERMINAL)
    said = capsys.readouterr()

    assert stopped.value.code == 2
    assert "torch.tensor/float32/C/4KiB/1t: was killed by SIGSEGV" in said.err
    assert f"Session: {path}" in said.out
