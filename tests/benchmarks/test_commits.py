"""Commits in git's order."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks import commits
from benchmarks.errors import NoRangeError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository whose second commit claims to be older than the first."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for seconds, subject in ((2000, "first"), (1000, "<a> | & \x0b\u2028odd"), (3000, "third")):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", subject, seconds=seconds)
    return tmp_path


def git(folder: Path, *arguments: str, seconds: int = 0) -> None:
    """Run git as somebody at some time."""
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    when = {"GIT_AUTHOR_DATE": f"@{seconds} +0000", "GIT_COMMITTER_DATE": f"@{seconds} +0000", "PATH": "/usr/bin:/bin"}
    subprocess.run(["git", *names, *arguments], cwd=folder, env=when, capture_output=True, check=True)


def test_parents_come_before_children_whatever_their_dates(root: Path) -> None:
    """The order is the history's, and a message with anything in it is read whole."""
    found = commits.until_now(root)
    assert [one.subject for one in found] == ["first", "<a> | & \x0b\u2028odd", "third"]
    assert [one.seconds for one in found] == [2000, 1000, 3000]


def test_a_tag_names_its_commit_and_a_range_all_after_its_start(root: Path) -> None:
    """A tag is one commit; a range of tags holds what came after the first of them, the oldest first."""
    git(root, "tag", "--annotate", "v1", "--message", "v1", "HEAD~2")
    names = [one.name for one in commits.until_now(root)]
    assert commits.in_range("v1", root) == (names[0],)
    assert commits.in_range("v1..HEAD", root) == (names[1], names[2])


def test_of_a_merge_the_first_parent_is_followed(root: Path) -> None:
    """What was merged is one commit of a range, as asv sees it."""
    git(root, "checkout", "--quiet", "-b", "side", "HEAD~1")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "aside", seconds=4000)
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-ff", "--message", "merge", "side", seconds=5000)
    (merge,) = commits.in_range("HEAD~1..HEAD", root)
    assert {one.name: one.subject for one in commits.until_now(root)}[merge] == "merge"
    assert len(commits.until_now(root)) == 5


def test_a_folder_without_git_has_no_commits(tmp_path: Path) -> None:
    """A plain copy of the project has no history to put commits in order, and no range."""
    assert commits.until_now(tmp_path) == ()
    with pytest.raises(NoRangeError, match="git knows no commits 'HEAD'"):
        commits.in_range("HEAD", tmp_path)


def test_a_machine_without_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git there is one line that says so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoRangeError, match="git is not installed"):
        commits.in_range("HEAD", tmp_path)
