"""The environment of processes that coverage has nothing to learn from: they run a copy of the checkout, or no test."""

from __future__ import annotations

import os

#: How coverage tells a child process that it is measured.
_NAMES = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


def uncovered() -> dict[str, str]:
    """Return the environment without what would have coverage trace there, and count and time its tracing too."""
    return {name: value for name, value in os.environ.items() if name not in _NAMES}
