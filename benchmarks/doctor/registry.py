"""The decorator that makes a function a check: it looks at a host, and returns what it found under the check's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from .findings import Finding
    from .host import Host

    Check = Callable[[Host], Finding]

#: Every check by its name, in the order of their definition; importing `checks` fills it.
CHECKS: Final[dict[str, Check]] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Make the decorated function the check of this name.

    Raises:
        ValueError: the name is taken.
    """
    if name in CHECKS:
        raise ValueError(f"there is a check {name!r} already")

    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register
