"""pyperf as a rival: one `bench_func` a case on either commit, judged by ``pyperf compare_to``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.studies.rival_tools import Said, output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.studies.rival_commits import Commits
    from benchmarks.studies.rival_tools import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyperf:
    """Student's t-test at 95 % over all values of all processes; pyperf's own number of processes is 20."""

    python: str
    processes: int

    def ready(self, commits: Commits) -> None:
        """Nothing: it runs in the interpreter that was named."""

    def compare(self, commits: Commits, cases: Sequence[str]) -> list[Said]:
        """Run one commit, then the other."""
        a, b = (self._run(commits, commit, cases) for commit in ("a", "b"))
        printed = output([self.python, "-m", "pyperf", "compare_to", str(a), str(b)], commits.folder, {})
        ratios = ratios_of(*(json.loads(one.read_text(encoding="utf-8")) for one in (a, b)))
        return said(printed, ratios, self.processes)

    def _run(self, commits: Commits, side: Literal["a", "b"], cases: Sequence[str]) -> Path:
        commits.switch(getattr(commits, side))
        out = commits.folder.with_name(f"pyperf-{side}.json")
        out.unlink(missing_ok=True)  # pyperf writes over no file
        script = commits.folder / "benchmarks/studies/pyperf_cases.py"
        options = ["--quiet", "--processes", str(self.processes), "--output", str(out), "--cases", " ".join(cases)]
        output([self.python, str(script), *options], commits.folder, {"PYTHONPATH": str(commits.folder)})
        return out


def ratios_of(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, float]:
    """Return case -> mean of B over mean of A, from pyperf's files."""
    before, after = _means(a), _means(b)
    return {case: after[case] / before[case] for case in after}


def said(printed: str, ratios: Mapping[str, float], processes: int) -> list[Said]:
    """Read what ``pyperf compare_to`` prints: a line for each case that is significant, and no more than names else."""
    significant = {
        line.partition(": Mean +- std dev:")[0] for line in printed.splitlines() if "Mean +- std dev" in line
    }
    changed: dict[bool, Flag] = {True: "slower", False: "faster"}
    tool = f"pyperf t-test, {processes} processes"
    return [
        Said(tool=tool, case=case, flagged=changed[ratio > 1] if case in significant else "none", ratio=ratio)
        for case, ratio in ratios.items()
    ]


def _means(found: Mapping[str, Any]) -> dict[str, float]:
    return {
        one["metadata"]["name"]: mean(value for run in one["runs"] for value in run.get("values", ()))
        for one in found["benchmarks"]
    }
