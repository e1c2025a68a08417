"""The tools that `compare` is measured against: what is asked of each, and what each says of a case.

A tool takes a repository that stands for a project with two commits, and a few cases, and is run as its users run it.
Nothing here judges by itself: what is flagged is what the tool flags. `rival_asv.py`, `rival_pytest.py` and
`rival_pyperf.py` each hold one.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.studies.rival_commits import Commits

Flag = Literal["slower", "faster", "none"]


class ToolFailedError(BenchmarkError):
    """A rival ended with an error; the message has its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a tool says of one case: its flag, and its ratio of B to A."""

    tool: str
    case: str
    flagged: Flag
    ratio: float


class Tool(Protocol):
    """Compares two commits."""

    def ready(self, commits: Commits) -> None:
        """Prepare what its users have already: nothing of this is timed."""

    def compare(self, commits: Commits, cases: Sequence[str]) -> list[Said]:
        """Measure both commits and judge.

        Raises:
            ToolFailedError: the tool ended with an error.
        """


def output(command: Sequence[str], folder: Path, around: Mapping[str, str], fine: tuple[int, ...] = (0,)) -> str:
    """Run a command in a folder and return what it printed; ToolFailedError where its exit code is not fine."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env={**inherited, **around}, capture_output=True, text=True, check=False)  # noqa: S603  ours
    if done.returncode not in fine:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise ToolFailedError(f"{command[0]} ended with {done.returncode}; see what it said:\n{last}")
    return done.stdout
