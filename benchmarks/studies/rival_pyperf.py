"""pyperf as a rival: one `bench_func` a case on either commit, judged by ``pyperf compare_to``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any, Final, Literal

from benchmarks.studies.rival_tools import Said, ToolFailedError, output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.studies.rival_commits import Commits
    from benchmarks.studies.rival_tools import Flag

_COMPARED: Final = "Mean +- std dev:"
_HIDDEN: Final = re.compile(r"^Benchmark hidden because not significant \(\d+\): (.*)$", re.MULTILINE)


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
    """Read what ``pyperf compare_to`` prints: a line for each case that is significant, the names of all others in one.

    Raises:
        ToolFailedError: the lines and names are not as many as the cases.
    """
    hidden = {name for names in _HIDDEN.findall(printed) for name in names.split(", ")}
    if printed.count(_COMPARED) + len(hidden) != len(ratios):
        raise ToolFailedError(
            f"pyperf compare_to does not speak of all {len(ratios)} cases; see what it said:\n{printed}"
        )
    changed: dict[bool, Flag] = {True: "slower", False: "faster"}
    tool = f"pyperf t-test, {processes} processes"
    return [
        Said(tool=tool, case=case, flagged="none" if case in hidden else changed[ratio > 1], ratio=ratio)
        for case, ratio in ratios.items()
    ]


def _means(found: Mapping[str, Any]) -> dict[str, float]:
    common = found.get("metadata", {})  # what all of them share, a single one's name too
    return {
        (common | one.get("metadata", {}))["name"]: mean(
            value for run in one["runs"] for value in run.get("values", ())
        )
        for one in found["benchmarks"]
    }
