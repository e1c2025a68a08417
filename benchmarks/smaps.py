"""What the kernel says of this process' memory in /proc/self/smaps: which bytes lie on huge pages."""

from __future__ import annotations

import re
from typing import Final

_KIB: Final = 1 << 10
#: A mapping: from, to, and its huge pages in KiB.
_MAPPING: Final = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (?:.*\n)*?AnonHugePages:\s+(\d+) kB", re.MULTILINE)


def huge_bytes(smaps: str | None, start: int, nbytes: int) -> int | None:
    """Return how many of some bytes lie on huge pages, by the text of smaps; None where none of its mappings has them.

    The bytes may lie in several mappings: advice splits the first page, with the allocator's header, from the others.
    Of each mapping no more is counted than it has in common with the bytes.
    """
    end = start + nbytes
    found = [(int(one[1], 16), int(one[2], 16), int(one[3]) * _KIB) for one in _MAPPING.finditer(smaps or "")]
    huge = [min(size, min(end, high) - max(start, low)) for low, high, size in found if low < end and start < high]
    return sum(huge) if huge else None
