"""The two sides of a comparison: folders that hold `bridge/` alone, taken from a commit or from the working tree.

Cases, inputs and clocks are this checkout's on both sides, so a comparison sees `bridge` and nothing else.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .checkout import ROOT, commit_named, git, tree_hash
from .errors import NoSideError

if TYPE_CHECKING:
    from pathlib import Path

#: The name of the working tree, committed or not.
WORKING_TREE: Final = "."
_PACKAGE: Final = "bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side: the name it was asked for by, its commit (None for the working tree), its folder, what `bridge` is.

    `python` is the interpreter that runs it, None for the one that runs this.
    """

    name: str
    commit: str | None
    folder: Path
    bridge_hash: str
    python: str | None = None


def side(name: str, folder: Path, root: Path = ROOT, *, python: str | None = None) -> Side:
    """Put the `bridge/` of a commit, tag or branch, or of the working tree, into a new folder.

    Raises:
        NoSideError: git knows no such commit, or it has no `bridge/`, or there is no such interpreter.
    """
    interpreter = python and _interpreter(python)
    if name == WORKING_TREE:
        shutil.copytree(root / _PACKAGE, folder / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        commit = None
    else:
        commit = _commit(name, root)
        _unpack(commit, name, folder, root)
    return Side(name=name, commit=commit, folder=folder, bridge_hash=tree_hash(folder / _PACKAGE), python=interpreter)


def _interpreter(python: str) -> str:
    """Return the absolute path of an interpreter; a virtual environment's link is not followed, for it says which."""
    found = shutil.which(python)
    if found is None:
        raise NoSideError(f"there is no interpreter {python}; give --python the path of one that has torch and NumPy")
    return os.path.abspath(found)  # noqa: PTH100  Path.resolve follows links


def _commit(name: str, root: Path) -> str:
    found = commit_named(root, name)
    if found is None:
        if git(root, "--version") is None:
            raise NoSideError("git is not installed, and commits are its own; compare two session files instead")
        raise NoSideError(
            f"git knows no commit {name!r} here; name a commit, a tag, a branch, or . for the working tree"
        )
    return found


def _unpack(commit: str, name: str, folder: Path, root: Path) -> None:
    archive = git(root, "archive", commit, _PACKAGE)
    if archive is None or archive.returncode != 0:
        raise NoSideError(f"{name} has no {_PACKAGE}/ to compare")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
