"""`run`: one session of this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import SESSIONS, Filter, Machine, Seed
from .terminal import FAILED, Terminal

if TYPE_CHECKING:
    from benchmarks.asked import RunOptions
    from benchmarks.records import Json
    from benchmarks.session import Request


def run(
    context: typer.Context,
    preset: Annotated[
        str, typer.Option(help="quick, standard, full or gpu: which cases, and how many passes.")
    ] = "quick",
    pattern: Filter = None,
    passes: Annotated[int | None, typer.Option(min=1, help="Passes; the preset's number by default.")] = None,
    seed: Seed = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N; the preset's by default.")] = None,
    machine: Machine = None,
    commit: Annotated[str | None, typer.Option(help="The commit, where there is no git to ask.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for sessions.", show_default=str(SESSIONS))] = SESSIONS,
    pytest_json: Annotated[Path | None, typer.Option(help="Also write a file for pytest-benchmark compare.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest unfinished session.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Print the case ids and stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print how much it would be and stop.")] = False,
) -> None:
    """Measure one session on this machine."""
    from benchmarks.asked import RunOptions

    terminal: Terminal = context.obj
    asked = terminal.guarded(
        lambda: RunOptions(
            preset=preset, pattern=pattern, passes=passes, seed=seed, device=device, machine=machine, commit=commit
        )
    )
    request = _request(asked, out)
    if list_ or dry_run:
        terminal.say(terminal.guarded(lambda: _listed(request) if list_ else _estimate(request)))
        return
    finish(_measure(request, terminal, resume=resume), pytest_json, terminal)


def finish(path: Path, pytest_json: Path | None, terminal: Terminal) -> None:
    """Say what a session came to and where it lies; a case that failed is named and ends with its exit code."""
    from benchmarks.export import pytest_benchmark_text
    from benchmarks.store import read

    known = read(path)
    if pytest_json is not None:
        pytest_json.write_text(pytest_benchmark_text(known), encoding="utf-8")
    terminal.say(f"{len(known.measured)} cases measured, {len(known.skipped)} skipped, {len(known.failed)} failed")
    terminal.say(f"Session: {path}")
    if known.failed:
        lines = (f"failed in {one.failed['stage']}: {one.case}: {one.error}" for one in known.failed)
        terminal.stop("\n".join(lines), FAILED)


def _request(asked: "RunOptions", out: Path) -> "Request":
    from benchmarks.session import Request

    return Request(
        preset=asked.preset,
        pattern=asked.pattern,
        passes=asked.passes,
        seed=asked.seed,
        device=asked.device,
        machine_name=asked.machine,
        commit=asked.commit,
        command=asked.command(),
        out=out,
    )


def _listed(request: "Request") -> str:
    return "\n".join(case.id for case in request.chosen())


def _estimate(request: "Request") -> str:
    from benchmarks.estimate import estimate

    return estimate(request)


def _measure(request: "Request", terminal: Terminal, *, resume: bool) -> Path:
    from benchmarks import session
    from benchmarks.progress import observer

    with observer() as watched:
        if resume:
            return terminal.guarded(lambda: session.resume(request.out, watched, commit=request.commit))
        return terminal.guarded(lambda: session.run(request, watched, examine=lambda: _examined(request.out, terminal)))


def _examined(out: Path, terminal: Terminal) -> "list[Json]":
    """Look at the machine before it measures, and say on standard error what makes it unfit."""
    from benchmarks.doctor import text
    from benchmarks.doctor.diagnose import examined
    from benchmarks.doctor.findings import to_record
    from benchmarks.doctor.host import Host

    found = examined(Host(sessions=out))
    for line in text.warnings(found):
        terminal.note(line)
    return to_record(found)
