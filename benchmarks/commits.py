"""Commits as git orders them: those of a range, and all that lead to the one that is checked out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .checkout import commit_named, git
from .errors import NoRangeError

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit: its full name, when it was committed in seconds since 1970, and the first line of its message."""

    name: str
    seconds: float
    subject: str


def in_range(text: str, root: Path) -> tuple[str, ...]:
    """Return the commits that `text` names, the oldest first: one commit, tag or branch, or a range such as A..B.

    Of a merge only the first parent is followed, as asv does.

    Raises:
        NoRangeError: git does not know it, or it is empty.
    """
    if one := commit_named(root, text):
        return (one,)
    found = _git(root, "rev-list", "--first-parent", "--reverse", "--end-of-options", text, "--")
    if found.returncode != 0:
        raise NoRangeError(
            f"git knows no commits {text!r} here; name a commit or tag, or a range such as HEAD~3..HEAD or v0.1..v0.2"
        )
    if not found.stdout.strip():
        raise NoRangeError(f"the range {text!r} holds no commit; the older end of a range comes first: OLD..NEW")
    return tuple(found.stdout.decode().split())


def until_now(root: Path) -> tuple[Commit, ...]:
    """Return every commit that leads to the one checked out, parents before children; none where git knows none."""
    shown = _git(root, "log", "-z", "--reverse", "--date-order", "--pretty=format:%H %ct %s")
    if shown.returncode != 0:
        return ()
    texts = (text.split(" ", 2) for text in shown.stdout.decode(errors="replace").split("\0"))
    return tuple(Commit(name=name, seconds=float(when), subject=subject) for name, when, subject in texts)


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    done = git(root, *arguments)
    if done is None:
        raise NoRangeError("git is not installed, and commits are its own")
    return done
