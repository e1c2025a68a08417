"""How a session goes on, on standard error: case, pass and time left; plain lines where nobody watches a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .stages import BEHAVIOUR, CHECK, CONFIRMATION, INSTRUCTIONS, PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from .session import Observer

_CASE_WIDTH = 44
_OTHERS = {
    CHECK: "check",
    PROFILE: "profile",
    BEHAVIOUR: "trying awkward sources",
    INSTRUCTIONS: "counting instructions",
}


@dataclass(kw_only=True)
class Bar:
    """A progress bar: what runs, which pass, how much is done, how long it will take."""

    progress: Progress
    task: TaskID
    unit: str = "pass"
    passes: int = 0

    def begin(self, total: int, passes: int) -> None:
        """Set the number of steps from now on."""
        self.passes = passes
        self.progress.reset(self.task, total=total)

    def started(self, name: str, stage: int) -> None:
        """Show what runs now."""
        self.progress.update(self.task, case=name[:_CASE_WIDTH], stage=stage_text(stage, self.passes, self.unit))

    def finished(self, stage: int) -> None:  # noqa: ARG002  a bar only counts
        """Move on by one step."""
        self.progress.advance(self.task)


@dataclass(kw_only=True)
class Lines:
    """One line a stage, for logs."""

    console: Console
    unit: str = "pass"
    stage: int | None = None
    passes: int = 0
    total: int = 0
    done: int = 0

    def begin(self, total: int, passes: int) -> None:
        """Say how many steps there are from now on."""
        self.total, self.passes, self.done, self.stage = total, passes, 0, None

    def started(self, name: str, stage: int) -> None:  # noqa: ARG002  a log names stages, not cases
        """Say that a stage begins, once."""
        if stage != self.stage:
            self.stage = stage
            self.console.print(f"{stage_text(stage, self.passes, self.unit)}: {self.done} of {self.total} steps done")

    def finished(self, stage: int) -> None:  # noqa: ARG002  a log only counts
        """Count a step."""
        self.done += 1


@contextmanager
def observer(unit: str = "pass") -> Iterator[Observer]:
    """Yield what shows on standard error how far a session is, in passes, or a comparison, in rounds."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield Lines(console=console, unit=unit)
        return
    with _progress(console) as progress:
        task = progress.add_task("", total=None, case="starting", stage="check")
        yield Bar(progress=progress, task=task, unit=unit)


def stage_text(stage: int, passes: int, unit: str = "pass") -> str:
    """Return the words for a stage."""
    if stage > CONFIRMATION:
        return f"{unit} {stage - CONFIRMATION} to confirm what changed"
    return _OTHERS.get(stage, f"{unit} {stage} of {passes}")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.fields[stage]}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[case]}", markup=False),
        console=console,
    )
