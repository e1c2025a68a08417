"""`profile`: where the time of one case goes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .options import Json
from .terminal import FAILED, Terminal

if TYPE_CHECKING:
    from benchmarks.breakdown.outcome import Profile

PROFILES: Final = Path(".bench/profiles")

_NOT_KEPT: Final = "interrupted; a profile keeps nothing, for its parts belong together: start it again"


def profile(
    context: typer.Context,
    case: Annotated[str, typer.Argument(help="A case id, such as torch.tensor/float32/C/64MiB/1t.")],
    json_: Json = False,
    passes: Annotated[int, typer.Option(min=1, help="Passes.")] = 5,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N, for a path that needs one.")] = "cpu",
    out: Annotated[Path, typer.Option(help="The folder for the page, the JSON and the trace.")] = PROFILES,
) -> None:
    """Say where the time of one case goes, part by part, and what it takes of memory."""
    from benchmarks.breakdown import explain, outcome, text
    from benchmarks.progress import observer
    from benchmarks.suite.cases import Case

    terminal: Terminal = context.obj
    try:
        wanted = Case.parse(case)
    except ValueError as error:
        terminal.stop(str(error), FAILED)
    with observer() as watched:
        found = terminal.guarded(lambda: explain.profile(wanted, passes, watched, device=device), _NOT_KEPT)
    terminal.say(outcome.to_json(found) if json_ else text.to_text(found))
    _keep(found, out / wanted.id.replace("/", "-").replace(">", "-"), terminal)


def _keep(found: "Profile", folder: Path, terminal: Terminal) -> None:
    """Keep a profile as JSON, its trace, and its page where pages can be made."""
    from benchmarks.breakdown import outcome

    kept, trace = folder / "profile.json", folder / "trace.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(outcome.to_json(found) + "\n", encoding="utf-8")
        trace.write_text(found.trace, encoding="utf-8")
    except OSError as error:
        terminal.note(f"the profile is not kept: {error}")
        return
    terminal.note(f"Profile: {kept}\nTrace, for ui.perfetto.dev or chrome://tracing: {trace}")
    with terminal.page():
        from reports.profile import write_page

        terminal.note(f"Page: {write_page(found, folder)}")
