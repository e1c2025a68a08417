"""A repository of its own with pairs of commits to compare: the same code, and slowdowns planted in the second."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.checkout import ROOT, tree_hash
from benchmarks.studies.planted import copied, plant, tell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    #: Planted share -> case -> iterations.
    Tables = Mapping[float, Mapping[str, int]]

_FILES: Final = ("asv.conf.json", "pyproject.toml", "README.md", "CHANGELOG.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """A repository and the tags of the two commits to compare."""

    folder: Path
    a: str
    b: str

    def switch(self, commit: str) -> None:
        """Check a commit out."""
        _git(self.folder, "checkout", "--quiet", "--detach", commit)


def pair(folder: Path, share: float) -> Commits:
    """Return the commits of a planted share; of none, two of the plain `bridge`, the second with a new comment."""
    return Commits(folder=folder, a="planted" if share else "plain", b=_tag(share) if share else "comment")


def repository(work: Path, tables: Tables) -> Path:
    """Return the repository with the commits of all tables; it is made where none of the same content is there."""
    folder = work / _content(tables) / "repository"
    if not folder.exists():
        making = folder.with_name("making")
        shutil.rmtree(making, ignore_errors=True)
        _make(making, tables)
        making.rename(folder)
    return folder


def _content(tables: Tables) -> str:
    known = [
        tree_hash(ROOT / "bridge"),
        tree_hash(ROOT / "benchmarks"),
        {f"{key:g}": one for key, one in tables.items()},
    ]
    return hashlib.sha256(json.dumps(known, default=dict, sort_keys=True).encode()).hexdigest()[:12]


def _make(folder: Path, tables: Tables) -> None:
    bridge = copied(folder)
    shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, folder)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _commit(folder, "plain")
    with (bridge / "__init__.py").open("a", encoding="utf-8") as file:
        file.write("\n# A comment, and nothing else, is new.\n")
    _commit(folder, "comment")
    tell(folder / "benchmarks/suite")
    plant(bridge, {})
    _commit(folder, "planted")
    for share, table in tables.items():
        plant(bridge, table)
        _commit(folder, _tag(share))


def _tag(share: float) -> str:
    return f"planted-{share:g}"


def _commit(folder: Path, tag: str) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", tag)
    _git(folder, "tag", tag)


def _git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, check=True)  # noqa: S603, S607  ours
