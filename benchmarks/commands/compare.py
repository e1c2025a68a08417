"""`compare`: the bridge of two commits, of two interpreters, or two session files."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .load import load
from .options import Filter, Seed
from .terminal import Terminal

if TYPE_CHECKING:
    from benchmarks.asked import CompareOptions
    from benchmarks.outcome import Comparison

COMMENT: Final = Path("comparison.md")
COMPARISONS: Final = Path(".bench/comparisons")

_NOT_KEPT: Final = "interrupted; a comparison keeps nothing, for its rounds belong together: start it again"


def compare(
    context: typer.Context,
    a: Annotated[
        str, typer.Argument(help="The base: a commit, a tag, . for the working tree, or a session file.")
    ] = "",
    b: Annotated[str, typer.Argument(help="What is compared with it.", show_default=".")] = "",
    preset: Annotated[str, typer.Option(help="quick, normal or careful: how many rounds.")] = "normal",
    pattern: Filter = None,
    threshold: Annotated[str, typer.Option(help="A change within this is none.")] = "5%",
    format_: Annotated[str, typer.Option("--format", help="table, md or json.")] = "table",
    seed: Seed = 0,
    python: Annotated[
        list[str] | None, typer.Option(help="Twice: interpreters to compare, over one bridge (A).")
    ] = None,
    github: Annotated[bool, typer.Option("--github", help="Also write a step summary and comparison.md.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compare sessions that differ in more than bridge.")] = False,
) -> None:
    """Compare the bridge of two commits, measured in turn: exit 1 where B is worse, 4 where nothing can be said.

    Each comparison is kept in .bench/comparisons, with a page beside it.
    """
    from benchmarks import kept, verdict_text
    from benchmarks.asked import CompareOptions

    terminal: Terminal = context.obj
    interpreters = tuple(python or ())
    asked = terminal.guarded(
        lambda: CompareOptions(
            a=a, b=b, preset=preset, threshold=threshold, format=format_, python=interpreters, force=force
        )
    )
    if asked.of_sessions:
        found = terminal.guarded(lambda: _stored(asked, pattern, terminal))
    else:
        found = terminal.guarded(lambda: _duet(asked, pattern, seed), _NOT_KEPT)
    texts = {"table": verdict_text.to_table, "md": verdict_text.to_markdown, "json": kept.to_json}
    terminal.say(texts[format_](found))
    _keep(found, terminal)
    if github:
        _tell_github(found)
    terminal.end(found.exit_code)


def _stored(asked: "CompareOptions", pattern: str | None, terminal: Terminal) -> "Comparison":
    from benchmarks.stored import compare_sessions

    a, b = (load(name, terminal) for name in asked.sides)
    return compare_sessions(a, b, pattern=pattern, threshold=asked.share, force=asked.force)


def _duet(asked: "CompareOptions", pattern: str | None, seed: int) -> "Comparison":
    from benchmarks import comparison
    from benchmarks.machine import machine
    from benchmarks.progress import observer

    plan = comparison.Plan(
        cases=comparison.chosen(pattern, interpreters=asked.interpreters is not None),
        effort=asked.preset,
        threshold=asked.share,
        seed=seed,
        pythons=asked.interpreters,
        started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        machine=machine(),
    )
    with observer("round") as watched:
        return comparison.between(*asked.sides, plan, watched)


def _keep(found: "Comparison", terminal: Terminal) -> None:
    """Keep a comparison and draw its page; what hinders that is said, and changes neither result nor exit code."""
    from benchmarks import kept

    try:
        path = kept.keep(found, COMPARISONS, datetime.now(UTC))
    except OSError as error:
        terminal.note(f"the comparison is not kept: {error}")
        return
    terminal.note(f"Comparison: {path}")
    with terminal.page():
        from reports.comparison import write_page

        terminal.note(f"Page: {write_page(path)}")


def _tell_github(found: "Comparison") -> None:
    """Write the step's summary and a file for a comment; neither where there is nothing to say."""
    from benchmarks.verdict_text import comment

    COMMENT.unlink(missing_ok=True)
    if text := comment(found):
        COMMENT.write_text(text + "\n", encoding="utf-8")
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(text + "\n")
