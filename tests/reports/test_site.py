from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest

from benchmarks import store
from reports.site import NotPublishable, admit, publish
from tests.builders import HOSTILE, a_failure, a_header, a_record, a_session
from tests.reports.parsed import Page


def settings(**changes: object) -> dict[str, object]:
    """Return the settings of a session with some changed."""
    return {**a_header().settings, **changes}


def test_a_fit_session_is_taken_in_whole(tmp_path: Path) -> None:
    """A complete, clean, standard session lies under its machine's name and reads back as it was."""
    session = a_session([a_record(), a_failure()])
    path = admit(session, tmp_path)
    assert path == tmp_path / "amd-epyc-2c" / "20261123T120000Z-01234567.jsonl"
    assert store.read(path) == session


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        (a_session([a_record()], dirty=True), "commit 01234567 was measured with changes; commit them"),
        (a_session([a_record()], settings=settings(preset="quick")), "preset is 'quick'.*--preset standard"),
        (a_session([a_record(), a_record("b", passes=5)]), r"b/float32.* has 5 passes.* needs 6.*--passes 6"),
        (a_session([]), "no case was measured"),
    ],
    ids=["dirty", "quick", "five passes", "empty"],
)
def test_an_unfit_session_is_refused_with_the_way_out(tmp_path: Path, session: object, reason: str) -> None:
    """Each condition is named with its value and what to do, and nothing is written."""
    with pytest.raises(NotPublishable, match=reason):
        admit(session, tmp_path)
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_a_session_is_published_once(tmp_path: Path) -> None:
    """Taking the same session again is refused: published files are never overwritten."""
    admit(a_session([a_record()]), tmp_path)
    with pytest.raises(FileExistsError):
        admit(a_session([a_record()]), tmp_path)


def test_a_machine_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    """A machine named like a parent folder is published inside the sessions all the same."""
    path = admit(a_session([a_record()], machine={"name": "../.."}), tmp_path / "sessions")
    assert path.resolve().is_relative_to((tmp_path / "sessions").resolve())
    assert len(path.relative_to(tmp_path / "sessions").parts) == 2


def test_the_site_lists_machines_and_the_age_of_their_numbers(tmp_path: Path) -> None:
    """Every session stands under its machine with its age and torch, the newest first, each link leading to a page."""
    hostile = {"name": HOSTILE, "cpu": HOSTILE}
    admit(a_session([a_record()]), tmp_path / "sessions")
    admit(a_session([a_record()], started="2026-12-04T08:00:00+00:00"), tmp_path / "sessions")
    admit(a_session([a_record()], machine=hostile, software={}), tmp_path / "sessions")
    index = publish(tmp_path / "sessions", tmp_path / "site", date(2026, 12, 5))
    text = index.read_text(encoding="utf-8")
    newer, older = (
        text.index("measured 1 day ago with torch 2.13.0"),
        text.index("measured 12 days ago with torch 2.13.0"),
    )
    assert newer < older
    assert "measured 12 days ago with torch an unknown version" in text
    assert HOSTILE not in text
    page = Page.of(text)
    reports = [one for one in page.addresses if not one.startswith("data:")]
    assert len(reports) == 3
    for address in reports:
        report = index.parent / unquote(address)
        assert (report.parent / "../../index.html").resolve() == index.resolve()
        assert "../../index.html" in Page.of(report.read_text(encoding="utf-8")).addresses


def test_an_empty_site_says_how_to_fill_it(tmp_path: Path) -> None:
    """Without sessions the index says how to publish one."""
    index = publish(tmp_path / "none", tmp_path / "site", date(2026, 12, 5))
    assert "publish --add SESSION" in index.read_text(encoding="utf-8")


def test_what_was_measured_today_is_of_today(tmp_path: Path) -> None:
    """A session of the same day is not said to be zero days old."""
    admit(a_session([a_record()]), tmp_path / "sessions")
    index = publish(tmp_path / "sessions", tmp_path / "site", date(2026, 11, 23))
    assert "measured today with torch" in index.read_text(encoding="utf-8")
