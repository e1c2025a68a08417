"""`report`: the page of one session."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .load import load
from .options import PUBLISHED

if TYPE_CHECKING:
    from .terminal import Terminal

REPORT: Final = Path(".bench/report")


def report(
    context: typer.Context,
    session: Annotated[str, typer.Argument(help="A session file, or latest.")] = "latest",
    out: Annotated[Path, typer.Option(help="The folder for the report.")] = REPORT,
) -> None:
    """Make one self-contained HTML page of a session, plus Markdown, CSV and SVG."""
    terminal: Terminal = context.obj
    with terminal.drawing():
        from reports.findings import findings
        from reports.pages import write_report
        from reports.published import Shelf

    known = load(session, terminal)
    path = write_report(known, out, beside=terminal.guarded(lambda: Shelf(PUBLISHED).beside(known)))
    for number, finding in enumerate(findings(known)[:3], start=1):
        terminal.say(f"{number}. {finding.sentence}")
    terminal.say(f"\nReport: {path}")
