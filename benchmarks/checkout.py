"""What is measured: the commit, whether it is clean, and the hash of `bridge/` as it lies in this checkout."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import ForeignBridgeError

ROOT: Final = Path(__file__).parent.parent
UNKNOWN: Final = "unknown"
#: Only these decide what a session means; a note in docs/ does not make it dirty.
_MEASURED: Final = ("bridge", "benchmarks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The commit, whether `bridge/` or `benchmarks/` differ from it, and the hash of `bridge/`."""

    commit: str
    dirty: bool
    bridge_hash: str

    @classmethod
    def look(cls, root: Path = ROOT, commit: str | None = None) -> Checkout:
        """Ask git; a plain copy, even inside another repository, has no commit but the one that is given."""
        top = _said(root, "rev-parse", "--show-toplevel")
        ours = bool(top) and Path(top).resolve() == root.resolve()
        known = commit or (_said(root, "rev-parse", "HEAD") if ours else "") or UNKNOWN
        dirty = ours and bool(_said(root, "status", "--porcelain", "--", *_MEASURED))
        return cls(commit=known, dirty=dirty, bridge_hash=tree_hash(root / "bridge"))


def tree_hash(folder: Path) -> str:
    """Return 16 hexadecimal digits over the relative names and contents of a folder's Python files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def prove_bridge(root: Path = ROOT) -> None:
    """Refuse to measure another `bridge` than the checkout's: its commit and hash would be lies.

    Raises:
        ForeignBridgeError: another one is installed and wins.
    """
    import bridge  # noqa: PLC0415  loads torch

    loaded = Path(bridge.__file__ or ".").resolve()
    if root.resolve() not in loaded.parents:
        raise ForeignBridgeError(
            "Python loads a bridge from outside this checkout, so the session would not say what was measured. "
            "Install the checkout: pip install --editable ."
        )


def git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """Run git in a folder, and return what came of it; None where git is not installed."""
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False)  # noqa: S603  our own arguments
    except FileNotFoundError:
        return None


def commit_named(root: Path, name: str) -> str | None:
    """Return the full name of a commit, tag or branch; None where git knows none of this name."""
    # The first argument after --end-of-options is no option, whatever it looks like.
    return _said(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}") or None


def _said(root: Path, *arguments: str) -> str:
    done = git(root, *arguments)
    return done.stdout.decode().strip() if done and done.returncode == 0 else ""
