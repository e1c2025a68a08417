"""pytest-benchmark as a rival: `pytest benchmarks` on one commit, then on the other."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_benchmark.utils import parse_compare_fail

from benchmarks.studies.rival_tools import Said, output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.studies.rival_commits import Commits

#: What --benchmark-compare-fail is given; each is a judge of its own over the same two runs.
CHECKS: Final = ("min:10%", "mean:10%")


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestBenchmark:
    """`pytest benchmarks`, judged as --benchmark-compare-fail does, which has a word for slower alone."""

    def ready(self, commits: Commits) -> None:
        """Nothing: it runs in the environment that it stands in."""

    def compare(self, commits: Commits, cases: Sequence[str]) -> list[Said]:
        """Run one commit, then the other."""
        a, b = (self._run(commits, commit, cases) for commit in (commits.a, commits.b))
        return [one for check in CHECKS for one in said(check, a, b)]

    def _run(self, commits: Commits, commit: str, cases: Sequence[str]) -> Any:  # noqa: ANN401  a JSON file of pytest-benchmark
        commits.switch(commit)
        out = commits.folder.with_name("pytest-benchmark.json")
        tests = [f"benchmarks/test_conversions.py::test_conversion[{case}]" for case in cases]
        command = [sys.executable, "-m", "pytest", "-q", "--benchmark-enable", f"--benchmark-json={out}", *tests]
        output(command, commits.folder, {"PYTHONPATH": str(commits.folder)})
        return json.loads(out.read_text(encoding="utf-8"))


def said(check: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Said]:
    """Ask pytest-benchmark's own check of each case of two of its files."""
    judge, before = parse_compare_fail(check), _stats(a)
    return [
        Said(
            tool=f"pytest-benchmark {check}",
            case=case,
            flagged="slower" if judge.fails(stats, before[case]) else "none",
            ratio=stats[judge.field] / before[case][judge.field],
        )
        for case, stats in _stats(b).items()
    ]


def _stats(found: Mapping[str, Any]) -> dict[str, Any]:
    return {one["extra_info"]["case"]: one["stats"] for one in found["benchmarks"]}
