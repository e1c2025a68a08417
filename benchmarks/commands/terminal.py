"""How a command speaks and ends. What prints and what exits is `benchmarks.__main__`'s own, and is given."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from benchmarks.errors import BenchmarkError, MachineBusyError, NotComparableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK, WORSE, FAILED, NOT_COMPARABLE, UNSURE, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_KEPT: Final = "interrupted; finished cases are kept: python -m benchmarks run --resume"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where a command's results, its notes and its exit code go."""

    say: Callable[[str], None]
    note: Callable[[str], None]
    end: Callable[[int], NoReturn]

    def stop(self, text: str, code: int) -> NoReturn:
        """End with a note that says why."""
        self.note(text)
        self.end(code)

    def guarded(self, work: Callable[[], T], interrupted: str = _KEPT) -> T:
        """Do some work; what users can mend becomes one line and an exit code."""
        try:
            return work()
        except BenchmarkError as error:
            codes = {MachineBusyError: BUSY, NotComparableError: NOT_COMPARABLE}
            self.stop(str(error), codes.get(type(error), FAILED))
        except re.error as error:
            self.stop(f"--filter is no regular expression: {error}", FAILED)
        except KeyboardInterrupt:
            self.stop(interrupted, INTERRUPTED)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Import what makes pages: a box that only measures may lack it."""
        try:
            yield
        except ModuleNotFoundError as error:
            self.stop(f"pages need {error.name}, which is not installed: pip install --editable '.[report]'", FAILED)

    @contextmanager
    def page(self) -> Iterator[None]:
        """Draw the page of what is kept: what hinders that is said, and changes neither result nor exit code."""
        try:
            yield
        except ModuleNotFoundError as error:
            self.note(f"its page needs {error.name}, which is not installed: pip install --editable '.[report]'")
        except OSError as error:
            self.note(f"its page is not written: {error}")
