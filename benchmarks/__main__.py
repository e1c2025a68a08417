"""The command line: the only print, the only exit code. Results go to standard output, progress to standard error.

Exit codes: 0 done, 1 worse than the base, 2 usage error or a case failed, 3 not comparable, 4 nothing can be said,
5 another run holds this machine, 130 interrupted with all finished work kept.
"""

from __future__ import annotations

import sys
from typing import Final, NoReturn

import typer

from .commands.advise import advise
from .commands.compare import compare
from .commands.doctor import doctor
from .commands.history import history
from .commands.profile import profile
from .commands.publish import publish
from .commands.report import report
from .commands.run import run
from .commands.terminal import Terminal


def _say(text: str) -> None:
    print(text)


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _end(code: int) -> NoReturn:
    raise SystemExit(code)


TERMINAL: Final = Terminal(say=_say, note=_note, end=_end)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"obj": TERMINAL},
    help="Measure what NumPy <-> PyTorch conversions cost here, and report it.",
)
for _command in (run, compare, report, publish, history, profile, doctor, advise):  # as help lists them
    app.command()(_command)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
