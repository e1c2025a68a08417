"""Whether new memory of this process may come in huge pages. Standard library only.

NumPy asks for huge pages from 4 MiB on. Linux lets a process refuse them for all memory that it touches from then on,
whatever is asked; memory that is there keeps its pages. The refusal lasts until it is taken back.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Final

_SET: Final = 41  # PR_SET_THP_DISABLE of <linux/prctl.h>, since Linux 3.15
_GET: Final = 42
_MODE: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def allow_huge_pages(*, allowed: bool) -> None:
    """Let new memory come in huge pages, or refuse them; nothing happens where the system has no such switch."""
    _prctl(_SET, 0 if allowed else 1)


def huge_pages_allowed() -> bool:
    """Whether this process refuses no huge pages."""
    return _prctl(_GET, 0) != 1


def why_no_switch() -> str | None:
    """Return why refusing huge pages would change nothing here, or None where it does."""
    if _prctl(_GET, 0) < 0:
        return "this system cannot refuse huge pages for a process"
    if _mode() == "never":
        return "this system gives no huge pages, so that all pages are small"
    return None


def _prctl(option: int, value: int) -> int:
    """Ask Linux; -1 where it does not know the option, or where this is not Linux."""
    if not sys.platform.startswith("linux"):
        return -1
    known: int = ctypes.CDLL(None).prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0)))
    return known


def _mode() -> str:
    """Return the mode of this system; ``never`` where the kernel has no huge pages."""
    try:
        return chosen_mode(_MODE.read_text(encoding="ascii")) or "never"
    except OSError:
        return "never"


def chosen_mode(text: str) -> str | None:
    """Return the mode that is chosen: ``madvise`` of ``always [madvise] never``."""
    return text.partition("[")[2].partition("]")[0] or None
