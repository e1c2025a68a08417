"""`doctor`: whether this machine can measure."""

from typing import Annotated, Final

import typer

from .options import Json
from .terminal import UNSURE, Terminal

_NOT_KEPT: Final = "interrupted; nothing is kept of a look at the machine: start it again"


def doctor(
    context: typer.Context,
    json_: Json = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 where a finding is a warning or bad; notes pass.")
    ] = False,
) -> None:
    """Say whether this machine can measure, what stands in the way, and the smallest change it can see."""
    from benchmarks.doctor import text
    from benchmarks.doctor.diagnose import diagnose
    from benchmarks.progress import observer

    terminal: Terminal = context.obj
    with observer("round") as watched:
        found = terminal.guarded(lambda: diagnose(watched), _NOT_KEPT)
    terminal.say(text.to_json(found) if json_ else text.to_text(found))
    if strict and found.unfit:
        terminal.end(UNSURE)
