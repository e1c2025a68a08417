"""The examples run as they are shown, from anywhere, without a warning."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@cache
def run(example: Path) -> tuple[str, list[str]]:
    """Run an example once, in its own process, with warnings as errors: what it prints, and what it leaves behind."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "error", str(example)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout, [path.name for path in Path(folder).iterdir()]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_runs_without_a_warning_and_leaves_nothing_behind(example: Path) -> None:
    """An example ends well, warns of nothing, and writes no file."""
    _, left = run(example)
    assert left == []


def test_the_example_says_what_shares_and_what_copies() -> None:
    """Sharing calls are seen to share, preprocessing is seen to copy, with torch alone and with bridge."""
    example = next(path for path in EXAMPLES if path.name == "preprocess.py")
    printed, _ = run(example)
    said = dict(line.strip().split("  ", 1) for line in printed.splitlines() if ")  " in line)
    seen = {call: how.strip() for call, how in said.items()}
    assert seen["torch.from_numpy(array)"] == seen["tensor.numpy()"] == "shares memory"
    assert seen["bridge.as_tensor(array)"] == seen["bridge.as_array(tensor)"] == "shares memory"
    assert seen["preprocessed(array)"] == seen["bridge.standardize(array)"] == "copies"
