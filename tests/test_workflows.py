"""The workflow that compares a pull request with its base: what its steps do, run as the runner runs them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
COMPARE = yaml.safe_load((ROOT / ".github/workflows/compare.yml").read_text(encoding="utf-8"))
STEPS = {step.get("name"): step for step in COMPARE["jobs"]["compare"]["steps"]}


@pytest.mark.parametrize(("code", "job"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 0), (5, 5)])
def test_a_job_fails_unless_the_runner_was_too_noisy(code: int, job: int, tmp_path: Path) -> None:
    """The job has the exit code of the comparison, but for 4: a noisy runner is a warning and blocks nobody."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/asked"\nexit {code}\n')
    python.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "BASE": "0123abc"}
    script = STEPS["Compare with the base"]["run"]
    done = subprocess.run(["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == job
    assert (tmp_path / "asked").read_text() == "-m benchmarks compare 0123abc HEAD --github\n"
    assert ("::warning::" in done.stdout) is (code == 4)


@pytest.mark.parametrize(
    ("old", "new", "asked"),
    [
        ("", None, []),
        ("", "B is worse", ["POST repos/us/bridge/issues/7/comments"]),
        ("42", "B is worse", ["PATCH repos/us/bridge/issues/comments/42"]),
        ("42", None, ["PATCH repos/us/bridge/issues/comments/42"]),
    ],
    ids=["nothing", "first", "again", "mended"],
)
def test_a_pull_request_has_one_comment_that_is_true(
    old: str, new: str | None, asked: list[str], tmp_path: Path
) -> None:
    """The comment is written once, then anew at each push; when nothing changes any more it says so."""
    gh = tmp_path / "gh"
    gh.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *--jq*) printf "%s" "{old}" ;; *)\n'
        f'  echo "$4 $5" >> "{tmp_path}/asked"; cat comment.md > "{tmp_path}/said" ;;\nesac\n'
    )
    gh.chmod(0o755)
    if new:
        (tmp_path / "comparison.md").write_text(new)
    known = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NUMBER": "7", "REPOSITORY": "us/bridge"}
    command = ["bash", "-e", "-o", "pipefail", "-c", STEPS["Comment"]["run"]]
    subprocess.run(command, env=os.environ | known, cwd=tmp_path, check=True)

    told = (tmp_path / "asked").read_text().splitlines() if asked else []
    assert told == asked
    assert not asked or (new or "Nothing that was compared changes any more.") in (tmp_path / "said").read_text()


def test_both_commits_are_there() -> None:
    """The checkout is not shallow: the base's commit has to be in it."""
    checkout = next(step for step in COMPARE["jobs"]["compare"]["steps"] if "checkout" in step.get("uses", ""))

    assert checkout["with"]["fetch-depth"] == 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash(path: Path) -> None:
    """A tag can be moved to other code, a hash cannot."""
    used = re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))

    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one) for one in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """What comes from a pull request enters scripts as variables: text in a script would be run."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]

    assert not [step for job in jobs.values() for step in job["steps"] if "${{" in step.get("run", "")]
