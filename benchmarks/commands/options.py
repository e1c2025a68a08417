"""Options and folders that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

SESSIONS: Final = Path(".bench/sessions")
PUBLISHED: Final = Path("reports/sessions")

Filter = Annotated[str | None, typer.Option("--filter", help="Only cases whose id matches this regular expression.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Machine = Annotated[str | None, typer.Option(help="A name for this machine; its CPU's by default.")]
Published = Annotated[Path, typer.Option(help="The folder of published sessions.")]
Seed = Annotated[int, typer.Option(help="Seed of the random orders.")]
