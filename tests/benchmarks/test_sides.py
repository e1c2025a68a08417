import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.checkout import tree_hash
from benchmarks.errors import NoSideError
from benchmarks.sides import side


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository whose bridge has a commit, a tag and a change that is not committed."""
    root = tmp_path / "<a> & b"
    (root / "bridge").mkdir(parents=True)
    (root / "bridge" / "__init__.py").write_text("VERSION = 1\n")
    (root / "other.py").write_text("")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "one")
    git(root, "tag", "v1")
    (root / "bridge" / "__init__.py").write_text("VERSION = 2\n")
    return root


@pytest.mark.parametrize("name", ["v1", "main", "HEAD"])
def test_a_commit_is_taken_by_any_name(repository: Path, tmp_path: Path, name: str) -> None:
    """A side holds the bridge of its commit and nothing else, and says which commit that is."""
    made = side(name, tmp_path / "side", repository)
    assert (made.folder / "bridge" / "__init__.py").read_text() == "VERSION = 1\n"
    assert [one.name for one in made.folder.iterdir()] == ["bridge"]
    assert (made.name, made.commit) == (name, git(repository, "rev-parse", "HEAD"))
    assert made.bridge_hash == tree_hash(made.folder / "bridge")


def test_the_working_tree_is_taken_as_it_lies(repository: Path, tmp_path: Path) -> None:
    """The side called . has what is not committed, and no commit."""
    made = side(".", tmp_path / "side", repository)
    assert (made.folder / "bridge" / "__init__.py").read_text() == "VERSION = 2\n"
    assert made.commit is None
    assert made.bridge_hash != side("HEAD", tmp_path / "other", repository).bridge_hash


@pytest.mark.parametrize("name", ["<none>", "--help", "v1:bridge", ""])
def test_what_is_no_commit_is_refused(repository: Path, tmp_path: Path, name: str) -> None:
    """A name that git does not know, or that is no commit, is refused in a sentence, even one like an option."""
    with pytest.raises(NoSideError, match="git knows no commit"):
        side(name, tmp_path / "side", repository)


def test_a_commit_without_bridge_is_refused(repository: Path, tmp_path: Path) -> None:
    """A commit from before there was a bridge cannot be compared, and is named."""
    git(repository, "rm", "-r", "--quiet", "--force", "bridge")
    git(repository, "commit", "--quiet", "--message", "none")
    with pytest.raises(NoSideError, match="HEAD has no bridge/ to compare"):
        side("HEAD", tmp_path / "side", repository)


def test_without_git_there_are_no_commits(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git is missing a commit is refused with what to do; the working tree needs no git."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSideError, match="compare two session files instead"):
        side("v1", tmp_path / "one", repository)
    assert side(".", tmp_path / "two", repository).commit is None


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    """An interpreter that cannot be found is refused with its name before anything is measured."""
    with pytest.raises(NoSideError, match=r"there is no interpreter <none>; give --python the path of one"):
        side(".", tmp_path / "side", python="<none>")


def test_an_interpreter_keeps_its_own_path(tmp_path: Path) -> None:
    """A link to an interpreter is not followed: in a virtual environment it decides which packages are found."""
    link = tmp_path / "python <a>"
    link.symlink_to(sys.executable)
    assert side(".", tmp_path / "side", python=str(link)).python == str(link)
