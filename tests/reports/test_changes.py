"""The section on what changed since the last published session: which session it is, and what is said of it."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import store
from reports import pages, units
from reports.contents import contents
from reports.published import Beside, Shelf
from reports.site import publish
from reports.view import View
from tests.builders import HOSTILE, a_failure, a_header, a_record, a_session
from tests.reports.tables import section, texts

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.records import Session
    from reports.figures.registry import Figure

EARLIER = "2026-11-20T12:00:00+00:00"


def at(started: str, factor: float = 1.0, **header: Any) -> Session:
    """Return a session of this start, whose paths of bridge cost so many times as much."""
    records = [
        a_record("bridge.as_tensor", ns=1000 * factor),
        a_record("bridge.as_array", ns=1000 / factor),
        a_record(f"path {HOSTILE}", ns=700),
        a_record("torch.from_numpy", size="64B", ns=500),
    ]
    return a_session(records, started=started, id=started, **header)


def figures(session: Session, earlier: Session | None) -> dict[str, Figure]:
    """Return the figures of the section by their anchor."""
    return section("changes", View(session, Beside(earlier=earlier)))


def publish_all(folder: Path, *sessions: Session) -> Shelf:
    """Lay sessions into a folder as published ones are, each under the name of its start."""
    for session in sessions:
        store.write(folder / session.header.machine_name / store.file_name(session.header), session)
    return Shelf(folder)


def test_without_an_earlier_session_one_sentence_says_so() -> None:
    """Where none was published, nothing is compared, and that is said."""
    known = figures(at("2026-11-23T12:00:00+00:00"), None)
    assert list(known) == ["changes-none"]
    assert known["changes-none"].caption.startswith("No earlier session of this machine has been published")
    assert texts(known["changes-none"])[0] == ["A, the earlier session", "none"]


def test_what_changed_stands_first_then_the_counts() -> None:
    """A slower and a faster path of bridge are listed with interval and verdict; all cases are counted by whose."""
    known = figures(at("2026-11-23T12:00:00+00:00", 1.5), at(EARLIER))
    assert list(known) == ["changes-cases", "changes-counts"]
    slower, faster = texts(known["changes-cases"])
    assert slower[0] == "bridge.as_tensor/float32/C/4KiB/1t"
    assert slower[1].startswith("1.5")
    assert [slower[2], faster[2]] == ["slower", "faster"]
    assert texts(known["changes-counts"]) == [
        ["paths of bridge", "2", "0", "1", "1", "0", "0"],
        ["other paths", "1", "0", "0", "0", "0", "1"],
        ["control", "1", "0", "0", "0", "0", "1"],
    ]
    said = known["changes-counts"].caption
    assert said.startswith("A: 2026-11-20 12:00, commit 01234567. B: 2026-11-23 12:00, commit 01234567.")
    assert "3 cases: 1 slower, 1 faster, 1 same." in said
    assert "Changes from 5.0% on could be seen in half of the cases" in said


def test_where_nothing_changed_there_are_counts_alone() -> None:
    """The same numbers twice give no list, and a count of what is the same."""
    known = figures(at("2026-11-23T12:00:00+00:00"), at(EARLIER))
    assert list(known) == ["changes-counts"]


def test_paths_of_bridge_come_before_all_others() -> None:
    """What other paths did stands below, however bad it is; a copy and a failure are changes too."""
    before = [
        a_record("torch.as_tensor", ns=100),
        a_record("bridge.stack", ns=100),
        a_record("bridge.as_tensor", ns=100),
        a_record("bridge.copyto", ns=100),
    ]
    after = [
        a_failure("torch.as_tensor"),
        a_record("bridge.stack", ns=150),
        a_record("bridge.as_tensor", ns=100, aliasing="copies"),
        a_failure("bridge.copyto"),
    ]
    known = figures(a_session(after, id="after"), a_session(before, started=EARLIER))
    lines = texts(known["changes-cases"])
    paths = [line[0].partition("/")[0] for line in lines]
    assert paths[-1] == "torch.as_tensor"
    assert set(paths[:-1]) == {"bridge.copyto", "bridge.stack", "bridge.as_tensor"}
    assert any("shares -> copies" in line[3] for line in lines)
    assert any(HOSTILE in line[3] and line[1] == units.NONE for line in lines)


def test_sessions_that_differ_are_not_compared() -> None:
    """The first fact that differs is named with both values, and nothing else is said."""
    other = at(EARLIER, software={**a_header().software, "torch": f"2.12 {HOSTILE}"})
    known = figures(at("2026-11-23T12:00:00+00:00", 9.0), other)
    assert list(known) == ["changes-none"]
    assert f"differ in software.torch: 2.12 {HOSTILE} and 2.13.0+cpu." in known["changes-none"].caption


def test_sessions_without_a_case_in_common_are_not_compared() -> None:
    """Two sessions of other cases are said to share none."""
    known = figures(a_session([a_record("bridge.a")]), a_session([a_record("bridge.b")], started=EARLIER))
    assert "share no case" in known["changes-none"].caption


def test_every_page_names_what_it_is_not() -> None:
    """Markdown and HTML label the comparison as not interleaved, and hostile names stay text."""
    made = contents(at("2026-11-23T12:00:00+00:00", 2.0), Beside(earlier=at(EARLIER)))
    for text, start in ((pages.html(made), '<section id="changes"'), (pages.markdown(made), "## Changes since")):
        part = text.partition(start)[2].partition("How it was measured")[0]
        assert "Not interleaved" in part
        assert "bridge.as_tensor/float32/C/4KiB/1t" in part
        assert "<a>" not in part


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, None),
        ({"2026-11-20": {}, "2026-11-21": {}}, "2026-11-21"),
        ({"2026-11-23": {}, "2026-11-24": {}}, None),
        ({"2026-11-20": {}, "2026-11-21": {"case_version": "0"}}, "2026-11-20"),
        ({"2026-11-20": {"case_version": "8"}, "2026-11-21": {"case_version": "9"}}, "2026-11-21"),
        ({"2026-11-20": {"machine": {"name": "other"}}}, None),
    ],
    ids=["none", "newest", "itself and later", "comparable", "none comparable", "other machine"],
)
def test_the_newest_comparable_session_before_is_taken(tmp_path: Path, others: Any, expected: str | None) -> None:
    """Of this machine's earlier sessions the newest comparable one is taken, else the newest; never a later one."""
    shelf = publish_all(tmp_path, *(at(f"{day}T12:00:00+00:00", **header) for day, header in others.items()))
    found = shelf.beside(at("2026-11-23T12:00:00+00:00")).earlier
    assert (found and found.header.started[:10]) == expected


def test_each_report_of_the_site_has_the_session_before_it(tmp_path: Path) -> None:
    """Of two published sessions the later report compares with the earlier one, which has nothing before it."""
    publish_all(tmp_path / "in", at(EARLIER), at("2026-11-23T12:00:00+00:00", 1.5))
    publish(tmp_path / "in", tmp_path / "site", date(2026, 12, 5))
    older, newer = sorted((tmp_path / "site").rglob("report.md"))
    assert "No earlier session of this machine has been published" in older.read_text(encoding="utf-8")
    assert "| bridge.as_tensor/float32/C/4KiB/1t | 1.5" in newer.read_text(encoding="utf-8")


def test_only_headers_of_other_sessions_are_read(tmp_path: Path) -> None:
    """A session that is not compared may be damaged below its header: the report does not look there."""
    shelf = publish_all(tmp_path, at("2026-11-19T12:00:00+00:00"), at(EARLIER))
    path = store.sessions_in(tmp_path)[0]
    path.write_text(path.read_text(encoding="utf-8").partition("\n")[0] + "\n<a>\n", encoding="utf-8")
    found = shelf.earlier(dataclasses.replace(a_header(), started="2026-11-23T12:00:00+00:00"))
    assert found is not None
    assert found.header.started == EARLIER
