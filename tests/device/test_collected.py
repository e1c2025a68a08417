"""How many tests wait for a device: one that was lost, or that no longer knows it needs one, changes the number."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.uncovered import uncovered

ROOT = Path(__file__).parents[2]
FOR_A_DEVICE = 613  # changes with the tests of this folder, and only with them


def test_all_tests_for_a_device_are_skipped_without_one() -> None:
    """Where torch sees no device, each of them is collected and skipped for that reason, and nothing else happens."""
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-m", "gpu", "-p", "no:cacheprovider", "tests/device"]
    env = {**uncovered(), "CUDA_VISIBLE_DEVICES": "", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100, check=False)
    reasons = re.findall(
        r"^SKIPPED \[(\d+)\] .*: torch.cuda.is_available\(\) is False: no CUDA device$", done.stdout, re.MULTILINE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(map(int, reasons)) == FOR_A_DEVICE
    assert re.search(rf"^{FOR_A_DEVICE} skipped, \d+ deselected in ", done.stdout, re.MULTILINE)
