"""A comparison from command to exit code, in a repository of its own where a commit makes two paths worse."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.uncovered import uncovered

ROOT = Path(__file__).parents[2]
FEW = r"^bridge\.(as_array|stack|as_tensor|copyto)/float32/C/(64B|4KiB)/1t|^bridge\.as_tensor\.copy/float32/C/4KiB/1t"
#: With few cases one that is unclear is more than a tenth of them; nothing is to be found here, so more are affordable.
MORE = (
    r"^bridge\.(as_array|stack|as_tensor|copyto|copyto\.out_array|as_tensor\.copy|as_array\.copy|standardize)"
    r"/float32/C/(64B|4KiB|1MiB)/1t"
)
SLOWER, COPIED = "bridge.stack/float32/C/4KiB/1t", "bridge.as_array/float32/C/"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody."""
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, check=True)


def change(path: Path, before: str, after: str) -> None:
    """Replace a text that is there once."""
    text = path.read_text()
    assert text.count(before) == 1, (path, before)
    path.write_text(text.replace(before, after))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a repository with this checkout's packages in one commit."""
    folder = tmp_path / "checkout"
    for name in ("bridge", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is")
    return folder


def compared(folder: Path, cases: str = FEW, preset: str = "quick") -> tuple[int, dict]:
    """Compare the commit before with the working tree, by the command."""
    command = [sys.executable, "-m", "benchmarks", "compare", "HEAD", ".", "--preset", preset, "--format", "json"]
    environment = uncovered() | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [*command, "--filter", cases], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def skip_if_the_machine_moved(code: int, found: dict) -> None:
    """A machine on which the control moves shows nothing about comparisons."""
    if code == 4:
        unclear = sum(one["verdict"] == "unclear" for one in found["cases"])
        pytest.skip(
            f"too noisy now: control moved {found['control']['moved']}, {unclear} of {len(found['cases'])} unclear"
        )


def test_what_got_worse_is_named(checkout: Path) -> None:
    """A path that takes three times as long and one that copies what it shared are what exit code 1 is about."""
    change(
        checkout / "bridge" / "batch.py",
        "    if len(seq) == 0:\n",
        "    for _ in range(2 * len(seq)):\n        [np.asarray(one) for one in seq]\n    if len(seq) == 0:\n",
    )
    change(
        checkout / "bridge" / "host.py",
        "            ):\n                return array\n",
        "            ):\n                return array.copy()\n",
    )
    code, found = compared(checkout)
    skip_if_the_machine_moved(code, found)
    worse = {one["case"] for one in found["cases"] if one["verdict"] == "slower" or one["became_copy"]}
    assert code == found["exit"] == 1
    assert SLOWER in worse
    assert {one["case"] for one in found["cases"] if one["became_copy"]} == {f"{COPIED}64B/1t", f"{COPIED}4KiB/1t"}
    assert all(case.startswith(("bridge.stack/", COPIED)) for case in worse)
    assert found["a"]["bridge_hash"] != found["b"]["bridge_hash"]


def test_a_change_of_comments_is_none(checkout: Path) -> None:
    """A commit that changes comments alone makes nothing worse, though its files differ."""
    host = checkout / "bridge" / "host.py"
    host.write_text(host.read_text() + "\n# nothing changed\n")
    code, found = compared(checkout, MORE, "normal")
    skip_if_the_machine_moved(code, found)
    assert (code, [one["case"] for one in found["cases"] if one["verdict"] in ("slower", "faster")]) == (0, [])
    assert found["a"]["bridge_hash"] != found["b"]["bridge_hash"]
