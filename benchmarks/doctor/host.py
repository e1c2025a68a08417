"""Where checks look: the files of /proc and /sys below one root, the environment, and the folders that are written to.

Tests give a root of their own with files that they made up.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import affinity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A system as checks see it. `cpus` are those that this process may run on."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cpus: tuple[int, ...] = field(default_factory=affinity.cpus)
    sessions: Path = Path()
    temporary: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))

    def read(self, name: str) -> str | None:
        """Return a file's text without blanks around it, or None where it cannot be read."""
        try:
            return (self.root / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None

    def number(self, name: str) -> int | None:
        """Return the whole number that a file holds, or None where there is none."""
        return whole(self.read(name))

    def every(self, pattern: str) -> dict[str, str]:
        """Return the texts of all files that a pattern matches, in the order of their names."""
        names = sorted(path.relative_to(self.root).as_posix() for path in self.root.glob(pattern))
        return {name: text for name in names if (text := self.read(name)) is not None}


def whole(text: str | None) -> int | None:
    """Return a text as a whole number, or None where it is none."""
    try:
        return int(text or "")
    except ValueError:
        return None


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a list as the kernel writes it: ``0-2,8`` -> 0, 1, 2, 8."""
    spans = (part.split("-") for part in text.split(",") if part.strip())
    return tuple(number for span in spans for number in range(int(span[0]), int(span[-1]) + 1))
