"""`publish`: the site of all published sessions."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from .load import load
from .options import PUBLISHED, Published
from .terminal import FAILED, Terminal

SITE: Final = Path(".bench/site")


def publish(
    context: typer.Context,
    add: Annotated[str | None, typer.Option(help="First take this session into reports/sessions.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for the site.")] = SITE,
    sessions: Published = PUBLISHED,
) -> None:
    """Build the static site of all published sessions."""
    terminal: Terminal = context.obj
    with terminal.drawing():
        from reports.site import NotPublishable, admit, mostly_noisy
        from reports.site import publish as build

    if add is not None:
        session = load(add, terminal)
        try:
            terminal.say(f"Published: {admit(session, sessions)}")
        except (NotPublishable, FileExistsError) as error:
            terminal.stop(f"not published: {error}", FAILED)
        if doubt := mostly_noisy(session):
            terminal.note(doubt)
    terminal.say(f"Site: {build(sessions, out, datetime.now(UTC).date())}")
