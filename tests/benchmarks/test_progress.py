import io

import pytest
from rich.console import Console

from benchmarks import progress
from benchmarks.partial import CHECK
from benchmarks.progress import Bar, Lines, observer, stage_text
from benchmarks.stages import CONFIRMATION


def a_console(*, terminal: bool) -> Console:
    """Return a console that writes into a text."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=120, highlight=False)


def go_on(watched: object) -> None:
    """Let a session of one case and two passes go on."""
    watched.begin(3, 2)
    for stage in (CHECK, 1, 2):
        watched.started(f"case <a>/{stage}", stage)
        watched.finished(stage)


def test_stages_have_words() -> None:
    """The first stage is the check, the others are passes of so many."""
    assert [stage_text(stage, 6) for stage in (CHECK, 1, 6)] == ["check", "pass 1 of 6", "pass 6 of 6"]


def test_a_comparison_has_rounds() -> None:
    """A comparison's stages are rounds of so many at most, and rounds that confirm what seemed to have changed."""
    texts = [stage_text(stage, 20, "round") for stage in (1, 20, CONFIRMATION + 1)]
    assert texts == ["round 1 of 20", "round 20 of 20", "round 1 to confirm what changed"]


def test_a_log_has_one_line_a_stage() -> None:
    """Where nobody watches a terminal, each stage is one line with what was done before it."""
    console = a_console(terminal=False)
    watched = Lines(console=console)
    go_on(watched)
    watched.started("another case of the same stage", 2)
    assert console.file.getvalue() == (
        "check: 0 of 3 steps done\npass 1 of 2: 1 of 3 steps done\npass 2 of 2: 2 of 3 steps done\n"
    )


def test_a_terminal_has_a_bar_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar shows the stage, the case as it is called, and how much is done."""
    console = a_console(terminal=True)
    monkeypatch.setattr(progress, "Console", lambda **_: console)
    with observer() as watched:
        assert isinstance(watched, Bar)
        go_on(watched)
    shown = console.file.getvalue()
    assert "pass 2 of 2" in shown
    assert "3/3" in shown
    assert "case <a>/2" in shown


def test_a_case_may_hold_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name in square brackets is a name and no markup."""
    console = a_console(terminal=True)
    monkeypatch.setattr(progress, "Console", lambda **_: console)
    with observer() as watched:
        watched.begin(1, 1)
        watched.started("[/bold] [red]x", 1)
    assert "[red]x" in console.file.getvalue()


def test_without_a_terminal_there_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress goes to standard error, and standard output stays empty."""
    with observer() as watched:
        go_on(watched)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("check: 0 of 3 steps done\n")
