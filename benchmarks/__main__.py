"""The command line: the only print, the only exit code. Results go to standard output, progress to standard error.

Exit codes: 0 done, 1 worse than the base, 2 usage error or a case failed, 3 not comparable, 4 nothing can be said,
5 another run holds this machine, 130 interrupted with all finished work kept.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .advice import Advice
    from .asked import AdviseOptions, CompareOptions, RunOptions
    from .breakdown.outcome import Profile
    from .outcome import Comparison
    from .records import Json, Session
    from .session import Request

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure what NumPy <-> PyTorch conversions cost here, and report it.",
)

SESSIONS: Final = Path(".bench/sessions")
REPORT: Final = Path(".bench/report")
PUBLISHED: Final = Path("reports/sessions")
COMMENT: Final = Path("comparison.md")
SITE: Final = Path(".bench/site")
COMPARISONS: Final = Path(".bench/comparisons")
HISTORY: Final = Path(".bench/history")
PROFILES: Final = Path(".bench/profiles")

_KEPT: Final = "interrupted; finished cases are kept: python -m benchmarks run --resume"
_NOT_KEPT: Final = "interrupted; a comparison keeps nothing, for its rounds belong together: start it again"
_NOT_KEPT_PROFILE: Final = "interrupted; a profile keeps nothing, for its parts belong together: start it again"
_DOCTOR_NOT_KEPT: Final = "interrupted; nothing is kept of a look at the machine: start it again"
_COMMITS_KEPT: Final = "interrupted; commits that were finished are kept: the same command goes on with the others"

_NO_ADVICE: Final = "interrupted; advice keeps nothing"

T = TypeVar("T")

OK, WORSE, FAILED, NOT_COMPARABLE, UNSURE, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

Preset = Annotated[str, typer.Option(help="quick, standard, full or gpu: which cases, and how many passes.")]
Filter = Annotated[str | None, typer.Option("--filter", help="Only cases whose id matches this regular expression.")]
Out = Annotated[Path, typer.Option(help="The folder for sessions.", show_default=str(SESSIONS))]


@app.command()
def run(
    preset: Preset = "quick",
    pattern: Filter = None,
    passes: Annotated[int | None, typer.Option(min=1, help="Passes; the preset's number by default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random orders.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N; the preset's by default.")] = None,
    machine: Annotated[str | None, typer.Option(help="A name for this machine; its CPU's by default.")] = None,
    commit: Annotated[str | None, typer.Option(help="The commit, where there is no git to ask.")] = None,
    out: Out = SESSIONS,
    pytest_json: Annotated[Path | None, typer.Option(help="Also write a file for pytest-benchmark compare.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest unfinished session.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Print the case ids and stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print how much it would be and stop.")] = False,
) -> None:
    """Measure one session on this machine."""
    from .asked import RunOptions

    asked = _guarded(
        lambda: RunOptions(
            preset=preset, pattern=pattern, passes=passes, seed=seed, device=device, machine=machine, commit=commit
        )
    )
    request = _request(asked, out)
    if list_ or dry_run:
        _say(_listed(request) if list_ else _estimate(request))
        return
    path = _measure(request, resume=resume)
    _finish_run(path, pytest_json)


@app.command()
def compare(
    a: Annotated[
        str, typer.Argument(help="The base: a commit, a tag, . for the working tree, or a session file.")
    ] = "",
    b: Annotated[str, typer.Argument(help="What is compared with it.", show_default=".")] = "",
    preset: Annotated[str, typer.Option(help="quick, normal or careful: how many rounds.")] = "normal",
    pattern: Filter = None,
    threshold: Annotated[str, typer.Option(help="A change within this is none.")] = "5%",
    format_: Annotated[str, typer.Option("--format", help="table, md or json.")] = "table",
    seed: Annotated[int, typer.Option(help="Seed of the random orders.")] = 0,
    python: Annotated[
        list[str] | None, typer.Option(help="Twice: interpreters to compare, over one bridge (A).")
    ] = None,
    github: Annotated[bool, typer.Option("--github", help="Also write a step summary and comparison.md.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compare sessions that differ in more than bridge.")] = False,
) -> None:
    """Compare the bridge of two commits, measured in turn: exit 1 where B is worse, 4 where nothing can be said.

    Each comparison is kept in .bench/comparisons, with a page beside it.
    """
    from . import kept, verdict_text
    from .asked import CompareOptions

    interpreters = tuple(python or ())
    asked = _guarded(
        lambda: CompareOptions(
            a=a, b=b, preset=preset, threshold=threshold, format=format_, python=interpreters, force=force
        )
    )
    if asked.of_sessions:
        found = _guarded(lambda: _stored(asked, pattern))
    else:
        found = _guarded(lambda: _duet(asked, pattern, seed), _NOT_KEPT)
    texts = {"table": verdict_text.to_table, "md": verdict_text.to_markdown, "json": kept.to_json}
    _say(texts[format_](found))
    _keep(found)
    if github:
        _tell_github(found)
    raise SystemExit(found.exit_code)


@app.command()
def report(
    session: Annotated[str, typer.Argument(help="A session file, or latest.")] = "latest",
    out: Annotated[Path, typer.Option(help="The folder for the report.")] = REPORT,
) -> None:
    """Make one self-contained HTML page of a session, plus Markdown, CSV and SVG."""
    with _drawing():
        from reports.findings import findings
        from reports.pages import write_report
        from reports.published import Shelf

    known = _load(session)
    path = write_report(known, out, beside=_guarded(lambda: Shelf(PUBLISHED).beside(known)))
    for number, finding in enumerate(findings(known)[:3], start=1):
        _say(f"{number}. {finding.sentence}")
    _say(f"\nReport: {path}")


@app.command()
def publish(
    add: Annotated[str | None, typer.Option(help="First take this session into reports/sessions.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for the site.")] = SITE,
    sessions: Annotated[Path, typer.Option(help="The folder of published sessions.")] = PUBLISHED,
) -> None:
    """Build the static site of all published sessions."""
    with _drawing():
        from reports.site import NotPublishable, admit
        from reports.site import publish as build

    if add is not None:
        try:
            _say(f"Published: {admit(_load(add), sessions)}")
        except (NotPublishable, FileExistsError) as error:
            _stop(f"not published: {error}", FAILED)
    _say(f"Site: {build(sessions, out, datetime.now(UTC).date())}")


@app.command()
def history(
    commits: Annotated[
        str | None, typer.Argument(metavar="RANGE", help="A commit, or a range such as HEAD~3..HEAD.")
    ] = None,
    pattern: Filter = None,
    machine: Annotated[str | None, typer.Option(help="A name for this machine; its CPU's by default.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for the page.")] = HISTORY,
    sessions: Annotated[Path, typer.Option(help="The folder of published sessions.")] = PUBLISHED,
) -> None:
    """Measure the commits of a range with asv, and show each case over commits; without a range, show what is there."""
    from . import history as asv

    _guarded(asv.require_asv)
    with _drawing():
        from reports.history import write_history
    outcome = None
    if commits is not None:
        asked = asv.Request(range_=commits, pattern=pattern, machine_name=machine)
        outcome = _guarded(lambda: asv.measure(asked), _COMMITS_KEPT)
        _say(outcome.text)
    known = _guarded(lambda: asv.known(sessions), _COMMITS_KEPT)
    _say(f"History: {write_history(*known, out)}")
    if known.results:
        _guarded(asv.publish, _COMMITS_KEPT)
        _say("asv's own pages: python -m asv preview")
    if outcome and outcome.failed:
        _stop("asv could not build or measure everything; the page says what failed", FAILED)


@app.command()
def profile(
    case: Annotated[str, typer.Argument(help="A case id, such as torch.tensor/float32/C/64MiB/1t.")],
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    passes: Annotated[int, typer.Option(min=1, help="Passes.")] = 5,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N, for a path that needs one.")] = "cpu",
    out: Annotated[Path, typer.Option(help="The folder for the page, the JSON and the trace.")] = PROFILES,
) -> None:
    """Say where the time of one case goes, part by part, and what it takes of memory."""
    from .breakdown import explain, outcome, text
    from .progress import observer
    from .suite.cases import Case

    try:
        wanted = Case.parse(case)
    except ValueError as error:
        _stop(str(error), FAILED)
    with observer() as watched:
        found = _guarded(lambda: explain.profile(wanted, passes, watched, device=device), _NOT_KEPT_PROFILE)
    _say(outcome.to_json(found) if json_ else text.to_text(found))
    _keep_profile(found, out / wanted.id.replace("/", "-").replace(">", "-"))


@app.command()
def doctor(
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 where a finding is a warning or bad; notes pass.")
    ] = False,
) -> None:
    """Say whether this machine can measure, what stands in the way, and the smallest change it can see."""
    from .doctor import text
    from .doctor.diagnose import diagnose
    from .progress import observer

    with observer("round") as watched:
        found = _guarded(lambda: diagnose(watched), _DOCTOR_NOT_KEPT)
    _say(text.to_json(found) if json_ else text.to_text(found))
    if strict and found.unfit:
        raise SystemExit(UNSURE)


@app.command()
def advise(
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
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rank the correct ways to convert an array here, with the code to write; what records lack is measured (10 s)."""
    from .asked import AdviseOptions

    asked = _guarded(lambda: AdviseOptions(shape=shape, dtype=dtype, layout=layout, npy=npy))
    more = {"to": to, "device": device, "reuse": reuse, "mutate": mutate, "threads": threads}
    found = _guarded(lambda: _advice(asked, more, measures=not no_measure), _NO_ADVICE)
    from .advice.text import to_json, to_text

    _say(to_json(found) if json_ else to_text(found))
    if found.first is None:
        _stop("no time is known; leave --no-measure out, or measure a session: python -m benchmarks run", UNSURE)


def _advice(asked: AdviseOptions, more: dict[str, Any], *, measures: bool) -> Advice:
    from . import advice

    if asked.npy is not None:
        return advice.advise(advice.mapped(asked.npy), measures=measures, **more)
    wanted = advice.described(shape=asked.shape or "", dtype=asked.dtype or "", layout=asked.layout, **more)
    return advice.advise(wanted, measures=measures)


def _request(asked: RunOptions, out: Path) -> Request:
    from .session import Request

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


def _tell_github(found: Comparison) -> None:
    """Write the step's summary and a file for a comment; neither where there is nothing to say."""
    from .verdict_text import comment

    COMMENT.unlink(missing_ok=True)
    if text := comment(found):
        COMMENT.write_text(text + "\n", encoding="utf-8")
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(text + "\n")


def _keep(found: Comparison) -> None:
    """Keep a comparison and draw its page; what hinders that is said, and changes neither result nor exit code."""
    from . import kept

    try:
        path = kept.keep(found, COMPARISONS, datetime.now(UTC))
    except OSError as error:
        _note(f"the comparison is not kept: {error}")
        return
    _note(f"Comparison: {path}")
    with _page():
        from reports.comparison import write_page

        _note(f"Page: {write_page(path)}")


@contextmanager
def _page() -> Iterator[None]:
    """Draw the page of what is kept already: what hinders that is said, and changes neither result nor exit code."""
    try:
        yield
    except ModuleNotFoundError as error:
        _note(f"its page needs {error.name}, which is not installed: pip install --editable '.[report]'")
    except OSError as error:
        _note(f"its page is not written: {error}")


def _keep_profile(found: Profile, folder: Path) -> None:
    """Keep a profile as JSON, its trace, and its page where pages can be made."""
    from .breakdown import outcome

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "profile.json").write_text(outcome.to_json(found) + "\n", encoding="utf-8")
        (folder / "trace.json").write_text(found.trace, encoding="utf-8")
    except OSError as error:
        _note(f"the profile is not kept: {error}")
        return
    _note(
        f"Profile: {folder / 'profile.json'}\nTrace, for ui.perfetto.dev or chrome://tracing: {folder / 'trace.json'}"
    )
    with _page():
        from reports.profile import write_page

        _note(f"Page: {write_page(found, folder)}")


def _stored(asked: CompareOptions, pattern: str | None) -> Comparison:
    from .stored import compare_sessions

    a, b = map(_load, asked.sides)
    return compare_sessions(a, b, pattern=pattern, threshold=asked.share, force=asked.force)


def _duet(asked: CompareOptions, pattern: str | None, seed: int) -> Comparison:
    from . import comparison
    from .machine import machine
    from .progress import observer

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


def _listed(request: Request) -> str:
    return "\n".join(case.id for case in _guarded(request.chosen))


def _estimate(request: Request) -> str:
    from .estimate import estimate

    return _guarded(lambda: estimate(request))


def _measure(request: Request, *, resume: bool) -> Path:
    from . import session
    from .progress import observer

    with observer() as watched:
        if resume:
            return _guarded(lambda: session.resume(request.out, watched, commit=request.commit))
        return _guarded(lambda: session.run(request, watched, examine=lambda: _examined(request.out)))


def _examined(out: Path) -> list[Json]:
    """Look at the machine before it measures, and say on standard error what makes it unfit."""
    from .doctor import text
    from .doctor.diagnose import examined
    from .doctor.findings import to_record
    from .doctor.host import Host

    found = examined(Host(sessions=out))
    for line in text.warnings(found):
        _note(line)
    return to_record(found)


def _finish_run(path: Path, pytest_json: Path | None) -> None:
    from .export import pytest_benchmark_text
    from .store import read

    known = read(path)
    if pytest_json is not None:
        pytest_json.write_text(pytest_benchmark_text(known), encoding="utf-8")
    _say(f"{len(known.measured)} cases measured, {len(known.skipped)} skipped, {len(known.failed)} failed")
    _say(f"Session: {path}")
    if known.failed:
        _stop("\n".join(f"failed in {one.failed['stage']}: {one.case}: {one.error}" for one in known.failed), FAILED)


def _load(name: str) -> Session:
    from .store import read, sessions_in

    found = sessions_in(SESSIONS) if name == "latest" else [Path(name)]
    if not found:
        _stop(f"no session in {SESSIONS}; measure one: python -m benchmarks run", FAILED)
    if not found[-1].is_file():
        _stop(f"there is no session file {found[-1]}", FAILED)
    return _guarded(lambda: read(found[-1]))


def _guarded(work: Callable[[], T], interrupted: str = _KEPT) -> T:
    """Do some work; what users can mend becomes one line and an exit code."""
    from .errors import BenchmarkError, MachineBusyError, NotComparableError

    try:
        return work()
    except BenchmarkError as error:
        codes = {MachineBusyError: BUSY, NotComparableError: NOT_COMPARABLE}
        _stop(str(error), codes.get(type(error), FAILED))
    except re.error as error:
        _stop(f"--filter is no regular expression: {error}", FAILED)
    except KeyboardInterrupt:
        _stop(interrupted, INTERRUPTED)


@contextmanager
def _drawing() -> Iterator[None]:
    """Import what makes pages: a box that only measures may lack it."""
    try:
        yield
    except ModuleNotFoundError as error:
        _stop(f"pages need {error.name}, which is not installed: pip install --editable '.[report]'", FAILED)


def _say(text: str) -> None:
    print(text)


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _stop(text: str, code: int) -> NoReturn:
    _note(text)
    raise SystemExit(code)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
