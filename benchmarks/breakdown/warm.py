"""Memory that stays: what makes glibc's allocator keep what is freed, so that its pages are there the next time."""

from __future__ import annotations

import platform
from typing import Final

#: No block is a mapping of its own, and the heap gives nothing back (glibc's manual, "Memory Allocation Tunables").
VARIABLES: Final = {"GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=18446744073709551615"}


def unavailable() -> str | None:
    """Return why there is no such memory here, or None."""
    name, _ = platform.libc_ver()
    return None if name == "glibc" else f"it takes the allocator of glibc, and this is {name or platform.system()}"
