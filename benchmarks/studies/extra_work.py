"""What a planted `bridge` has beside its own modules: real work that its functions do before they do theirs.

`planted.py` copies this file into a copy of `bridge/`, where it is the module `bridge.planted`, and puts the table of
iterations beside it. Whoever times a case says so by `take`; a call then costs no look-up, only the loop.
"""

import json
from collections.abc import Callable
from functools import wraps
from itertools import repeat
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: How often the loop goes round in each call.
iterations = 0


def take(case: str) -> None:
    """Work from now on as much as the table asks of a case; a case that it does not name works nothing."""
    work(table().get(case, 0))


def work(wanted: int) -> None:
    """Go round so often from now on."""
    global iterations  # noqa: PLW0603  one number that the loop reads without a look-up
    iterations = wanted


def table() -> dict[str, int]:
    """Return case -> iterations as it lies beside this module."""
    known: dict[str, int] = json.loads(Path(__file__).with_name("planted.json").read_text(encoding="utf-8"))
    return known


def with_work(real: Callable[P, R]) -> Callable[P, R]:
    """Return the function that goes round the loop and then does what the real one does."""

    @wraps(real)
    def working(*arguments: P.args, **keywords: P.kwargs) -> R:
        for _ in repeat(None, iterations):
            pass
        return real(*arguments, **keywords)

    return working
