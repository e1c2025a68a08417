import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.checkout import UNKNOWN, Checkout, prove_bridge, tree_hash
from benchmarks.errors import ForeignBridgeError


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as nobody in particular."""
    who = {f"GIT_{role}_{fact}": "a@b" for role in ("AUTHOR", "COMMITTER") for fact in ("NAME", "EMAIL")}
    env = os.environ | who | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a plain copy of a made-up checkout, without git."""
    root = tmp_path / "a <b>"
    for name in ("bridge/host.py", "benchmarks/session.py", "docs/method.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}\n")
    return root


@pytest.fixture
def repository(copy: Path) -> Path:
    """Return a clean repository of a made-up checkout."""
    git(copy, "init", "--quiet")
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "--message", "one")
    return copy


def test_a_clean_checkout_is_its_commit(repository: Path) -> None:
    """A clean checkout has git's commit, is not dirty, and has the hash of its bridge."""
    known = Checkout.look(repository)
    assert (known.commit, known.dirty) == (git(repository, "rev-parse", "HEAD"), False)
    assert known.bridge_hash == tree_hash(repository / "bridge")


@pytest.mark.parametrize("name", ["bridge/host.py", "bridge/new <a>.py", "benchmarks/session.py"])
def test_what_is_measured_makes_it_dirty(repository: Path, name: str) -> None:
    """A change or a new file in bridge/ or benchmarks/ makes the checkout dirty."""
    (repository / name).write_text("changed\n")
    assert Checkout.look(repository).dirty


def test_a_note_does_not_make_it_dirty(repository: Path) -> None:
    """What lies outside bridge/ and benchmarks/ does not decide what a session means."""
    (repository / "docs/method.md").write_text("changed\n")
    (repository / "new.py").write_text("new\n")
    assert not Checkout.look(repository).dirty


def test_a_plain_copy_has_no_commit(copy: Path) -> None:
    """Without git the commit is unknown; what bridge/ holds is known all the same."""
    known = Checkout.look(copy)
    assert (known.commit, known.dirty) == (UNKNOWN, False)
    assert known.bridge_hash == tree_hash(copy / "bridge")


def test_a_copy_inside_another_repository_has_not_its_commit(repository: Path) -> None:
    """A copy that lies in somebody else's repository is neither at its commit nor dirty with it."""
    inside = repository / "vendor" / "copy"
    (inside / "bridge").mkdir(parents=True)
    (inside / "bridge" / "new.py").touch()
    known = Checkout.look(inside)
    assert (known.commit, known.dirty) == (UNKNOWN, False)


def test_a_plain_copy_can_be_told_its_commit(copy: Path) -> None:
    """The commit that a user gives is the one that is written."""
    assert Checkout.look(copy, commit="0123abcd").commit == "0123abcd"


def test_a_machine_without_git_has_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git is not installed, the commit is unknown instead of an error."""
    monkeypatch.setenv("PATH", "")
    assert Checkout.look(repository).commit == UNKNOWN


def test_the_hash_follows_content(copy: Path) -> None:
    """Another content of the same length is another hash; the old content has the old hash again."""
    before = tree_hash(copy / "bridge")
    (copy / "bridge/host.py").write_text("bridge/hOst.py\n")
    assert tree_hash(copy / "bridge") != before
    (copy / "bridge/host.py").write_text("bridge/host.py\n")
    assert tree_hash(copy / "bridge") == before


def test_the_hash_follows_names(copy: Path) -> None:
    """The same content under another name or in another folder is another hash."""
    seen = {tree_hash(copy / "bridge")}
    for name in ("bridge/hosts.py", "bridge/deep/host.py"):
        (copy / name).parent.mkdir(exist_ok=True)
        seen.add(tree_hash((copy / "bridge/host.py").rename(copy / name).parents[name.count("/") - 1]))
        (copy / name).rename(copy / "bridge/host.py")
    assert len(seen) == 3


def test_content_that_moves_to_the_next_file_is_seen(copy: Path) -> None:
    """Two files whose contents are cut at another place are not the same two files."""
    folder = copy / "bridge"
    (folder / "a.py").write_text("1\n2\n")
    (folder / "b.py").write_text("3\n")
    before = tree_hash(folder)
    (folder / "a.py").write_text("1\n")
    (folder / "b.py").write_text("2\n3\n")
    assert tree_hash(folder) != before


def test_the_hash_does_not_follow_what_is_compiled(copy: Path) -> None:
    """Files that Python leaves behind, and the place of the checkout, do not change the hash."""
    before = tree_hash(copy / "bridge")
    (copy / "bridge/__pycache__").mkdir()
    (copy / "bridge/__pycache__/host.cpython-311.pyc").write_bytes(b"\0")
    moved = copy.rename(copy.with_name("moved"))
    assert tree_hash(moved / "bridge") == before


def test_the_bridge_of_this_checkout_may_be_measured() -> None:
    """Here Python loads the checkout's own bridge, and nothing is refused."""
    assert prove_bridge() is None


def test_another_bridge_is_not_measured(copy: Path) -> None:
    """A bridge from outside the checkout is refused with the way to mend it."""
    with pytest.raises(ForeignBridgeError, match=r"outside this checkout.*pip install --editable \."):
        prove_bridge(copy)
