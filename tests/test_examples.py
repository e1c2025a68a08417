"""The examples run as they are shown, from anywhere, without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


def run(example: Path, folder: Path) -> str:
    """Run an example in its own process, with warnings as errors, and return what it prints."""
    command = [sys.executable, "-W", "error", str(example)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_runs_without_a_warning_and_leaves_nothing_behind(example: Path, tmp_path: Path) -> None:
    """An example ends well, warns of nothing, and writes no file."""
    run(example, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_example_says_what_shares_and_what_copies(tmp_path: Path) -> None:
    """Sharing calls are seen to share, preprocessing is seen to copy, with torch alone and with bridge."""
    example = next(path for path in EXAMPLES if path.name == "preprocess.py")
    said = dict(line.strip().split("  ", 1) for line in run(example, tmp_path).splitlines() if ")  " in line)
    seen = {call: how.strip() for call, how in said.items()}
    assert seen["torch.from_numpy(array)"] == seen["tensor.numpy()"] == "shares memory"
    assert seen["bridge.as_tensor(array)"] == seen["bridge.as_array(tensor)"] == "shares memory"
    assert seen["preprocessed(array)"] == seen["bridge.standardize(array)"] == "copies"
