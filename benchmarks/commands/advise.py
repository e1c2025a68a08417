"""`advise`: the fastest correct path for an array that is described."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from .options import Json, Machine
from .terminal import UNSURE, Terminal

if TYPE_CHECKING:
    from benchmarks.advice import Advice
    from benchmarks.asked import AdviseOptions

_NOT_KEPT: Final = "interrupted; advice keeps nothing"


def advise(
    context: typer.Context,
    shape: Annotated[str | None, typer.Option(help="The shape, such as 32,3,224,224.")] = None,
    dtype: Annotated[str | None, typer.Option(help="The dtype of the source.")] = None,
    to: Annotated[str | None, typer.Option(help="The dtype of the result; the source's by default.")] = None,
    layout: Annotated[str, typer.Option(help="How it lies in memory, a word of the glossary.")] = "C",
    npy: Annotated[Path | None, typer.Option(help="An .npy file instead of shape, dtype and layout.")] = None,
    device: Annotated[str, typer.Option(help="Where the result goes: cpu, cuda or cuda:N.")] = "cpu",
    reuse: Annotated[int, typer.Option(help="How many arrays of this shape are converted.")] = 1,
    mutate: Annotated[bool, typer.Option("--mutate", help="The result is written to, or the source changes.")] = False,
    threads: Annotated[int, typer.Option(help="How many threads torch may use.")] = 1,
    no_measure: Annotated[bool, typer.Option("--no-measure", help="Say only what this machine's records say.")] = False,
    machine: Machine = None,
    json_: Json = False,
) -> None:
    """Rank the correct ways to convert an array here, with the code to write; what records lack is measured (10 s)."""
    from benchmarks.asked import AdviseOptions

    terminal: Terminal = context.obj
    asked = terminal.guarded(lambda: AdviseOptions(shape=shape, dtype=dtype, layout=layout, npy=npy))
    more = {"to": to, "device": device, "reuse": reuse, "mutate": mutate, "threads": threads}
    found = terminal.guarded(lambda: _advice(asked, more, machine, measures=not no_measure), _NOT_KEPT)
    from benchmarks.advice.text import to_json, to_text

    terminal.say(to_json(found) if json_ else to_text(found))
    if found.first is None:
        terminal.stop(
            "no time is known; leave --no-measure out, or measure a session: python -m benchmarks run", UNSURE
        )


def _advice(asked: "AdviseOptions", more: dict[str, Any], machine: str | None, *, measures: bool) -> "Advice":
    from benchmarks import advice

    if asked.npy is not None:
        return advice.advise(advice.mapped(asked.npy), measures=measures, machine_name=machine, **more)
    wanted = advice.described(shape=asked.shape or "", dtype=asked.dtype or "", layout=asked.layout, **more)
    return advice.advise(wanted, measures=measures, machine_name=machine)
