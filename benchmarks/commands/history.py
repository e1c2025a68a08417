"""`history`: each case over the commits of a range."""

from pathlib import Path
from typing import Annotated, Final

import typer

from .options import PUBLISHED, Filter, Machine, Published
from .terminal import FAILED, Terminal

HISTORY: Final = Path(".bench/history")

_COMMITS_KEPT: Final = "interrupted; commits that were finished are kept: the same command goes on with the others"


def history(
    context: typer.Context,
    commits: Annotated[
        str | None, typer.Argument(metavar="RANGE", help="A commit, or a range such as HEAD~3..HEAD.")
    ] = None,
    pattern: Filter = None,
    machine: Machine = None,
    out: Annotated[Path, typer.Option(help="The folder for the page.")] = HISTORY,
    sessions: Published = PUBLISHED,
) -> None:
    """Measure the commits of a range with asv, and show each case over commits; without a range, show what is there."""
    from benchmarks import history as asv

    terminal: Terminal = context.obj
    terminal.guarded(asv.require_asv)
    with terminal.drawing():
        from reports.history import write_history
    outcome = None
    if commits is not None:
        asked = asv.Request(range_=commits, pattern=pattern, machine_name=machine)
        outcome = terminal.guarded(lambda: asv.measure(asked), _COMMITS_KEPT)
        terminal.say(outcome.text)
    known = terminal.guarded(lambda: asv.known(sessions), _COMMITS_KEPT)
    terminal.say(f"History: {write_history(*known, out)}")
    if known.results:
        terminal.guarded(asv.publish, _COMMITS_KEPT)
        terminal.say("asv's own pages: python -m asv preview")
    if outcome and outcome.failed:
        terminal.stop("asv could not build or measure everything; the page says what failed", FAILED)
