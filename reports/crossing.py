"""Where one path overtakes another by the cost model, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import units

if TYPE_CHECKING:
    from benchmarks.crossings import Crossing


def at(crossing: Crossing) -> str:
    """Return where two paths change their order: ``781 KiB [700-812 KiB]``, or ``between 4 MiB and 16 MiB``."""
    if crossing.size_bytes is None:
        return f"between {units.size(crossing.low)} and {units.size(crossing.high)}"
    return f"{units.size(crossing.size_bytes)} {units.between(crossing.low, crossing.high, units.size)}"
