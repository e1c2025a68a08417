"""Which correct path is fastest for an array on this machine, and what to write: ``advise(x, to="float32")``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.checkout import ROOT, tree_hash
from benchmarks.machine import machine, software

from . import wanted
from .advising import Adviser
from .ranking import Advice
from .recorded import load
from .wanted import Wanted, described, mapped

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FOLDERS", "Advice", "Wanted", "advise", "adviser", "described", "mapped"]

#: Where this machine's records lie: published ones, and those of the folder that is worked in.
FOLDERS: Final = (ROOT / "reports" / "sessions", Path(".bench") / "sessions")


def advise(
    x: Any,  # noqa: ANN401  an array, a tensor, or what `described` gives
    *,
    to: str | None = None,
    measures: bool = True,
    folders: Iterable[Path] = FOLDERS,
    machine_name: str | None = None,
    **more: Any,  # noqa: ANN401  the fields of Wanted
) -> Advice:
    """Return advice for an array or a tensor, or for what `described` gives; print it to read it.

    Args:
        x: The source. Its values are not read; what is timed is another one that lies like it.
        to: The dtype of the result; the source's if it is not given.
        measures: Whether what the records lack may be measured, for ten seconds at most.
        folders: Where the records lie.
        machine_name: What this machine's records call it; the name that a session gives it by itself if not given.
        more: `device`, `reuse`, `mutate`, `threads`, as in `Wanted`.

    Raises:
        UsageError: there is nothing to advise on; the message says why.
        MachineBusyError: something has to be measured, and another run holds this machine.
    """
    asked = x if isinstance(x, Wanted) else wanted.of(x, to=to, **more)
    return adviser(folders, measures=measures, machine_name=machine_name).advise(asked)


def adviser(folders: Iterable[Path] = FOLDERS, *, measures: bool = True, machine_name: str | None = None) -> Adviser:
    """Return what advises from this machine's records."""
    records = load(folders, machine(machine_name), software(), tree_hash(ROOT / "bridge"))
    return Adviser(records=records, measures=measures)
