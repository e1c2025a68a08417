"""Standard output kept for what a process has to say to the one that started it."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def standard_output_apart() -> TextIO:
    """Return standard output for the caller alone: whatever else writes there goes to standard error from now on."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream
