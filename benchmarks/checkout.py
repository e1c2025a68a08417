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
        top = _git(root, "rev-parse", "--show-toplevel")
        ours = bool(top) and Path(top).resolve() == root.resolve()
        known = commit or (_git(root, "rev-parse", "HEAD") if ours else "") or UNKNOWN
        dirty = ours and bool(_git(root, "status", "--porcelain", "--", *_MEASURED))
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


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  our own arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607  git is found on PATH
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
