import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import checkout
from benchmarks.errors import MachineBusyError
from benchmarks.lock import LOCK_FILE, machine_lock

HOLD = """
import sys, time
from pathlib import Path
from benchmarks.lock import machine_lock
with machine_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a lock file of this test alone."""
    return tmp_path / "lock <a>"


@pytest.fixture
def holder(path: Path) -> subprocess.Popen:
    """Return another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, path], cwd=checkout.ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_holder_is_refused(path: Path, holder: subprocess.Popen) -> None:
    """While another process holds the machine, taking it fails at once with words for the user."""
    with pytest.raises(MachineBusyError, match="another benchmark run holds this machine"), machine_lock(path):
        pytest.fail("two hold one machine")


def test_the_lock_goes_with_its_holder(path: Path, holder: subprocess.Popen) -> None:
    """A holder that is killed leaves the machine free: the file alone holds nothing."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with machine_lock(path) as descriptor:
        assert os.fstat(descriptor).st_ino == path.stat().st_ino


def test_the_lock_is_free_after_a_run(path: Path) -> None:
    """A run that ended by an error can be followed by the next."""
    with contextlib.suppress(ZeroDivisionError), machine_lock(path):
        raise ZeroDivisionError
    with machine_lock(path) as descriptor:
        assert descriptor > 2


def test_a_worker_that_outlives_its_session_keeps_the_machine(path: Path) -> None:
    """A process that inherits the lock holds it as long as it lives, whatever became of the session."""
    with machine_lock(path) as descriptor:
        worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(descriptor,))
    with pytest.raises(MachineBusyError), machine_lock(path):
        pytest.fail("the worker still measures")
    worker.communicate(b"\n")
    with machine_lock(path):
        pass


def test_the_lock_is_the_machines() -> None:
    """The lock lies in the folder that all users share, not in a checkout."""
    assert checkout.ROOT not in LOCK_FILE.parents
