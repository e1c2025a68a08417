"""`history` on the command line: what it prints, and which exit code says what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks import __main__ as main
from benchmarks import history
from benchmarks.errors import AsvError, MachineBusyError, NoRangeError
from tests.asv_builders import write_results
from tests.builders import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {"asv_conversions.time_torch_from_numpy": ([5e-7], [["'4KiB/float32/C'"]])}


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Work in a folder of this test alone, where asv is not started, and note what it would have been asked for."""
    monkeypatch.chdir(tmp_path)
    noted: list[Any] = []
    known = history.known
    monkeypatch.setattr(history, "measure", lambda request: noted.append(request) or outcome())
    monkeypatch.setattr(history, "known", lambda sessions: known(sessions, tmp_path))
    monkeypatch.setattr(history, "publish", lambda: noted.append("publish"))
    return noted


def outcome(**changes: Any) -> history.Outcome:
    """Return how a range of three commits ended, of which one was there."""
    return history.Outcome(**({"commits": 3, "measured": 2, "failed": False} | changes))


def call(*words: str) -> Result:
    """Run one command in this process."""
    return CliRunner().invoke(main.app, ["history", *words], prog_name="python -m benchmarks")


def test_a_range_is_measured_and_shown(asked: list[Any], tmp_path: Path) -> None:
    """The result is how many commits were measured, the page, and the way to asv's own pages."""
    write_results(tmp_path / history.RESULTS, ROWS)
    found = call("HEAD~3..HEAD", "--filter", HOSTILE, "--machine", "box", "--out", "out <a>")
    request, published = asked

    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout.splitlines() == [
        "2 of 3 commits measured, 1 before",
        "History: out <a>/history.html",
        "asv's own pages: python -m asv preview",
    ]
    assert (request.range_, request.pattern, request.machine_name) == ("HEAD~3..HEAD", HOSTILE, "box")
    assert published == "publish"


def test_without_a_range_nothing_is_measured(asked: list[Any]) -> None:
    """The page is made of what is there; where asv measured nothing, its pages are not made."""
    found = call()
    assert (found.exit_code, found.stdout) == (0, "History: .bench/history/history.html\n")
    assert asked == []
    assert Path(".bench/history/history.html").is_file()


def test_a_failed_benchmark_is_exit_code_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made all the same, and says what failed."""
    monkeypatch.setattr(history, "measure", lambda _request: outcome(failed=True))
    found = call("HEAD")
    assert found.exit_code == 2
    assert "History: .bench/history/history.html" in found.stdout
    assert found.stderr == "asv could not build or measure everything; the page says what failed\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [(NoRangeError("no <a>"), 2), (AsvError("no <a>"), 2), (MachineBusyError("no <a>"), 5)],
)
def test_what_cannot_be_measured_is_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception, code: int) -> None:
    """A mistake is one line on standard error, with the exit code of its kind."""
    monkeypatch.setattr(history, "measure", raising(error))
    found = call("HEAD")
    assert (found.exit_code, found.stdout, found.stderr) == (code, "", "no <a>\n")


def test_an_interrupt_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is exit code 130, and the same command goes on."""
    monkeypatch.setattr(history, "measure", raising(KeyboardInterrupt()))
    found = call("HEAD")
    assert found.exit_code == 130
    assert "commits that were finished are kept: the same command goes on" in found.stderr


def test_a_filter_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken regular expression is a usage error, before anything is measured."""
    monkeypatch.undo()
    found = call("HEAD", "--filter", "(")
    assert found.exit_code == 2
    assert found.stderr.startswith("--filter is no regular expression")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A result file of another version is one line with its name and the way out."""
    write_results(tmp_path / history.RESULTS, ROWS, version=9)
    found = call()
    assert found.exit_code == 2
    assert "has version 9 of asv's result format" in found.stderr


def raising(error: BaseException) -> Callable[..., None]:
    """Return a function that raises."""

    def fail(*_known: object) -> None:
        raise error

    return fail
