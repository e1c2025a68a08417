"""Rivals: they judge, we read what they say; which commits they are given, and what many answers come to."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import comparison
from benchmarks.errors import NoCasesError
from benchmarks.studies import rival_asv, rival_commits, rival_pyperf, rival_pytest, rivals
from benchmarks.studies.rival_commits import Commits, pair, repository
from benchmarks.studies.rival_outcomes import Outcome, Seen, outcomes, read, summary, wall_s
from benchmarks.studies.rival_tools import Said, ToolFailedError, output
from benchmarks.suite.paths import PATHS
from benchmarks.suite.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHARE = "bridge.as_tensor/float32/C/64B/1t"
STACK = "bridge.stack/float32/C/4KiB/1t"
FILL = "bridge.copyto/float32/C/4KiB/1t"

ASV_PRINTED = """
All benchmarks:

| Change | Before [305b35] <a> | After [61a42] <b> | Ratio | Benchmark (Parameter)                                     |
|--------|---------------------|-------------------|-------|-----------------------------------------------------------|
| +      | 2.00±0.2μs          | 2.49±0.4μs        | 1.25  | asv_conversions.time_bridge_as_tensor('64B/float32/C')    |
|        | n/a                 | n/a               | n/a   | asv_conversions.time_bridge_as_tensor('64KiB/float32/C')  |
| -      | 13.7±2μs            | 10.3±2μs          | 0.75  | asv_conversions.time_bridge_stack('4KiB/float32/C')       |
|        | 13.7±2μs            | 15.3±2μs          | ~1.12 | asv_conversions.time_bridge_copyto('4KiB/float32/C')      |
"""

PYPERF_PRINTED = """\
<a> | &: Mean +- std dev: [a] 656 ns +- 24 ns -> [b] 700 ns +- 8 ns: 1.07x slower
b/x: Mean +- std dev: [a] 656 ns +- 24 ns -> [b] 600 ns +- 8 ns: 1.09x faster

Benchmark hidden because not significant (1): c/x

Geometric mean: 1.00x slower
"""


def test_the_cases_are_in_every_tool_and_of_every_family() -> None:
    """Each is a case that `compare` takes by itself and that asv has as a point; no family of ours is left out."""
    families = {PATHS[case.partition("/")[0]].family for case in rivals.CASES}
    quick = {case.id for path in PATHS.values() for case in PRESETS["quick"].cases(path.name, path.family)}

    assert len(set(rivals.CASES)) == 12
    assert set(rivals.CASES) <= set(rivals.every()) <= set(comparison.chosen(None)) & quick
    assert all(case.endswith("/1t") for case in rivals.every())
    assert families == {"share", "copy", "copy_into", "cast", "order", "stack", "preprocess"}


def test_asv_is_asked_for_the_points_alone() -> None:
    """The expression finds the point of a case, and not one that ends or begins alike."""
    asked = re.compile(rival_asv.pattern(SHARE))

    assert asked.search("asv_conversions.time_bridge_as_tensor('64B/float32/C')")
    assert not asked.search("asv_conversions.time_bridge_as_tensor('64KiB/float32/C')")
    assert not asked.search("asv_conversions.time_bridge_as_tensor_copy('64B/float32/C')")


def test_what_asv_marks_is_flagged() -> None:
    """Plus is slower, minus is faster; a ratio that asv finds insignificant is no flag."""
    said = rival_asv.said(ASV_PRINTED, [SHARE, STACK, FILL])

    assert [(one.case, one.flagged, one.ratio) for one in said] == [
        (SHARE, "slower", 1.25),
        (STACK, "faster", 0.75),
        (FILL, "none", 1.12),
    ]


def test_a_case_that_asv_did_not_measure_is_no_silent_pass() -> None:
    """A row without a ratio, or no row at all, is an error that names the case."""
    with pytest.raises(ToolFailedError, match="64KiB"):
        rival_asv.said(ASV_PRINTED, [SHARE, "bridge.as_tensor/float32/C/64KiB/1t"])


def a_file(**least: float) -> dict[str, Any]:
    """Return what pytest-benchmark writes of some cases: their minima; the mean is 10 above."""
    found = [{"extra_info": {"case": case}, "stats": {"min": ns, "mean": ns + 10}} for case, ns in least.items()]
    return {"benchmarks": found}


def test_pytest_benchmark_judges_by_its_own_check() -> None:
    """More than 10 % above the minimum is slower, 9 % is not, and less is never called faster."""
    before, after = a_file(over=100, near=100, under=100), a_file(over=111, near=109, under=50)
    said = {one.case: one for one in rival_pytest.said("min:10%", before, after)}

    assert {case: one.flagged for case, one in said.items()} == {"over": "slower", "near": "none", "under": "none"}
    assert said["over"].ratio == pytest.approx(1.11)
    assert said["over"].tool == "pytest-benchmark min:10%"


def test_minimum_and_mean_judge_apart() -> None:
    """The mean of the same runs has a verdict of its own."""
    before, after = a_file(one=100), a_file(one=111)
    after["benchmarks"][0]["stats"]["mean"] = 100

    assert [rival_pytest.said(check, before, after)[0].flagged for check in rival_pytest.CHECKS] == ["slower", "none"]


def test_what_pyperf_calls_significant_is_flagged() -> None:
    """A case that is not hidden is significant, its direction is that of the means; of a single one no name is said."""
    ratios = {"<a> | &": 1.07, "b/x": 0.91, "c/x": 1.01}
    said = rival_pyperf.said(PYPERF_PRINTED, ratios, 5)

    assert {one.case: one.flagged for one in said} == {"<a> | &": "slower", "b/x": "faster", "c/x": "none"}
    assert {one.tool for one in said} == {"pyperf t-test, 5 processes"}
    assert rival_pyperf.said("Mean +- std dev: [a] 1 us -> [b] 2 us: 2x slower", {"one": 2.0}, 5)[0].flagged == "slower"


def test_a_case_that_pyperf_does_not_speak_of_is_no_flag() -> None:
    """Where lines and names are not as many as the cases, nothing is flagged: it is an error."""
    with pytest.raises(ToolFailedError, match="all 4 cases"):
        rival_pyperf.said(PYPERF_PRINTED, dict.fromkeys(("<a> | &", "b/x", "c/x", "d/x"), 1.5), 5)


def test_pyperf_ratios_leave_out_what_is_no_value() -> None:
    """The run that calibrates has no values; the ratio is that of the means of all others."""
    files = [
        {"benchmarks": [{"metadata": {"name": "one"}, "runs": [{"warmups": [[1, 9.0]]}, {"values": [ns, 3 * ns]}]}]}
        for ns in (1.0, 1.5)
    ]

    assert rival_pyperf.ratios_of(*files) == {"one": 1.5}


def test_pyperf_says_the_name_of_a_single_case_once_for_all() -> None:
    """What all benchmarks of a file have in common stands beside them, the name of a single one too."""
    alone = {"benchmarks": [{"runs": [{"values": [1.0]}]}], "metadata": {"name": "one"}}

    assert rival_pyperf.ratios_of(alone, alone) == {"one": 1.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with two planted shares."""
    return repository(tmp_path_factory.mktemp("work"), {0.1: {SHARE: 7}, 0.25: {SHARE: 19}})


def differing(commits: Commits) -> list[str]:
    """Return the files that differ between the commits."""
    command = ["git", "diff", "--name-only", commits.a, commits.b]
    return subprocess.check_output(command, cwd=commits.folder, text=True).split()


def test_identical_code_is_a_comment_and_a_planted_slowdown_a_table(made: Path) -> None:
    """Nothing else differs between the commits of a pair."""
    diff = subprocess.check_output(["git", "diff", "--unified=0", "plain", "comment"], cwd=made, text=True)
    added = [line for line in diff.splitlines() if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))]

    assert differing(pair(made, 0)) == ["bridge/__init__.py"]
    assert added == ["+", "+# A comment, and nothing else, is new."]
    assert differing(pair(made, 0.1)) == differing(pair(made, 0.25)) == ["bridge/planted.json"]


def test_a_repository_is_made_once_for_the_same_content(made: Path) -> None:
    """The same tables find it again; others make their own, so no commit is older than the code it stands for."""
    work = made.parents[1]

    assert repository(work, {0.1: {SHARE: 7}, 0.25: {SHARE: 19}}) == made
    assert rival_commits._content({0.1: {SHARE: 8}}) != rival_commits._content({0.1: {SHARE: 7}})


def test_tools_that_know_nothing_of_planting_time_the_planted_work(made: Path) -> None:
    """In the planted commit, whoever asks the suite for a case gets `bridge` with the work of that case."""
    commits = pair(made, 0.25)
    commits.switch(commits.b)
    code = (
        "import sys, bridge; from benchmarks.suite import calls, cases, inputs\n"
        "calls.call(cases.Case.parse(sys.argv[1]), inputs.InputCache(1 << 20)); print(bridge.planted.iterations)"
    )
    env = os.environ | {"PYTHONPATH": str(made)}
    printed = subprocess.check_output([sys.executable, "-P", "-c", code, SHARE], env=env, cwd=made)

    assert int(printed) == 19


def test_a_tool_that_fails_is_quoted() -> None:
    """An exit code that is not fine raises what the tool said last; one that is fine does not."""
    command = [sys.executable, "-c", "print('<a> | &'); raise SystemExit(3)"]
    assert output(command, rivals.ROOT, {}, (0, 3)) == "<a> | &\n"
    with pytest.raises(ToolFailedError, match=r"ended with 3.*\n<a> \| &"):
        output(command, rivals.ROOT, {})


def an_outcome(**traits: Any) -> Outcome:
    """Return an outcome of identical code."""
    usual = {"tool": "t", "case": STACK, "busy": False, "planted": 0.0, "measured": 1.0, "flagged": "none"}
    return Outcome(**usual | {"ratio": 1.0, "cases": 12, "seconds": 60.0} | traits)


def test_outcomes_carry_the_measured_size_and_survive_the_file(tmp_path: Path) -> None:
    """What is planted is said by its measured ratio, identical code by one; a line read is the outcome written."""
    said = [Said(tool="<a> | &", case=STACK, flagged="slower", ratio=1.3)]
    planted = Seen(busy=True, planted=0.25, cases=12, seconds=9.5)
    (found,) = outcomes(said, planted, {STACK: {"0.25": {"ratio": 1.22}}})
    (same,) = outcomes(said, Seen(busy=False, planted=0.0, cases=12, seconds=9.5), {})
    path = tmp_path / "out.jsonl"
    rivals._append(path, [found])
    rivals._append(path, [same])

    assert (found.measured, same.measured) == (1.22, 1.0)
    assert read(path) == [found, same]
    assert json.loads(path.read_text().splitlines()[0]) == asdict(found)
    assert read(tmp_path / "none") == []


def test_wall_time_counts_what_is_spent_once_once() -> None:
    """Comparisons of one case and of twelve give the cost of each; without them, or by chance, it is proportional."""
    assert wall_s([(1, 30.0), (12, 140.0)], 200) == pytest.approx(20 + 200 * 10)
    assert wall_s([(12, 60.0), (12, 600.0), (12, 120.0)], 24) == pytest.approx(240)
    assert wall_s([(1, 8.0), (12, 7.0)], 24) == pytest.approx(14)


def test_the_summary_counts_false_alarms_and_what_is_found() -> None:
    """Of identical code either flag is false; of a planted slowdown only `slower` is right. Loads stand apart."""
    found = [
        *(an_outcome(flagged=flag) for flag in ("slower", "faster", "none", "none")),
        *(an_outcome(flagged=flag, planted=0.1, measured=1.08) for flag in ("slower", "faster", "none", "none")),
        an_outcome(busy=True, tool="u", seconds=24.0),
    ]

    assert list(summary(found))[2:] == [
        "| idle | nothing | t | 4 | 1 | 1 | 50% | 17 |",
        "| idle | 8.0% | t | 4 | 1 | 1 | 25% | 17 |",
        "| busy | nothing | u | 1 | 0 | 0 | 0% | 7 |",
    ]


class Played:
    """A tool that flags nothing and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def ready(self, commits: Commits) -> None:
        """Nothing to prepare."""

    def compare(self, commits: Commits, cases: Sequence[str]) -> list[Said]:
        """Say of every case that nothing changed."""
        self.asked.append((commits.a, commits.b))
        return [Said(tool="played", case=case, flagged="none", ratio=1.0) for case in cases]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Played:
    """Have a tool that measures nothing, and no repository."""
    tool = Played()
    monkeypatch.setattr(rivals, "tool", lambda *_: tool)
    monkeypatch.setattr(rivals, "repository", lambda *_: tmp_path)
    return tool


def asked(tmp_path: Path, **options: Any) -> argparse.Namespace:
    """Return what the command line gives."""
    usual = {"tool": ["asv"], "repeats": 2, "planted": [0.0], "budget": 1e9, "busy": False, "sizes": None}
    return argparse.Namespace(**usual | {"out": tmp_path / "out", "work": tmp_path} | options)


def test_repeats_are_appended_to_what_is_there(played: Played, tmp_path: Path) -> None:
    """A study that is started again adds its repeats to the file; tools and shares take turns."""
    sizes = tmp_path / "sizes"
    sizes.write_text(json.dumps({STACK: {f"{share:g}": {"iterations": 1, "ratio": 1.1} for share in rivals.SHARES}}))
    for _ in range(2):
        rivals.play(asked(tmp_path, planted=[0.0, 0.1], sizes=sizes), [STACK])

    assert played.asked == [("plain", "comment"), ("planted", "planted-0.1")] * 4
    assert [one.measured for one in read(tmp_path / "out")] == [1.0, 1.1] * 4


def test_a_spent_budget_begins_nothing(played: Played, tmp_path: Path) -> None:
    """Without time left no comparison begins, and the file stays as it is."""
    rivals.play(asked(tmp_path, budget=0), [STACK])

    assert (played.asked, read(tmp_path / "out")) == ([], [])


def test_a_case_without_a_size_is_not_planted(played: Played, tmp_path: Path) -> None:
    """Nothing is measured where it is not known how much work a case needs; the message says how to find out."""
    sizes = tmp_path / "sizes"
    sizes.write_text("{}")
    with pytest.raises(NoCasesError, match=r"no size of bridge\.stack.*planted_sizes\.py"):
        rivals.play(asked(tmp_path, planted=[0.1], sizes=sizes), [STACK])

    assert played.asked == []
