"""The page of the history: lines that never mix, steps, and what a reader is told of what is not shown."""

from __future__ import annotations

import math
import platform
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import asv_results
from benchmarks.commits import Commit
from benchmarks.suite import asv_names
from benchmarks.suite.cases import Case
from reports.history import pictures, write_history
from reports.history.contents import CHARTS_CAP, FEW_LINES, Contents, contents
from reports.history.page import html
from tests.asv_builders import DATE_S, private, write_results
from tests.builders import HOSTILE, a_failure, a_header, a_record, a_session
from tests.gpu_builders import a_full_gpu_session
from tests.reports.parsed import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.records import Session

ROOT = Path(__file__).parents[2]
PATH = "torch.from_numpy"
CASE = f"{PATH}/float32/C/4KiB/1t"
NAME = "asv_conversions.time_torch_from_numpy"
ALIASING = "asv_conversions.track_aliasing_torch_from_numpy"
PRETTY = {NAME: PATH, ALIASING: f"{PATH}, aliasing"}
POINT = [["'4KiB/float32/C'"]]


def commit(index: int) -> Commit:
    """Return a made-up commit with a hostile message."""
    return Commit(name=f"{index:08x}" * 5, seconds=DATE_S + 60 * index, subject=f"change {index} {HOSTILE}")


COMMITS = [commit(index) for index in range(12)]

Results = "Callable[..., list[asv_results.Result]]"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Return what makes asv's results of one benchmark, a value in seconds a commit."""

    def make(values: Sequence[float | None], name: str = NAME, **changes: Any) -> list[asv_results.Result]:
        for one, value in zip(COMMITS, values, strict=False):
            ends = ([value * 0.99], [value * 1.01]) if value else ()
            rows = {name: ([value], POINT, *ends)}
            when = {"commit_hash": one.name, "date": one.seconds * 1000}
            write_results(tmp_path, rows, **(when | changes))
        return asv_results.results_in(tmp_path)

    return make


def of(
    results: list[asv_results.Result], sessions: Sequence[Session] = (), known: Sequence[Commit] = COMMITS
) -> Contents:
    """Return what the page says of some results."""
    return contents(results, PRETTY, sessions, known)


def session_at(index: int, ns: float = 500, **changes: Any) -> Session:
    """Return a session of one case at a commit."""
    known = {"commit": COMMITS[index].name, "machine": a_header().machine | {"name": "box"}} | changes
    return a_session([a_record(ns=ns, spread=0.0)], **known)


def keys(made: Contents) -> set[tuple[str, str, str]]:
    """Return who measured, the case and the quantity of every line."""
    return {(one.key.by, one.key.case, one.key.quantity) for machine in made.machines for one in machine.lines}


def test_a_case_has_one_line_for_each_who_measured_it(results: Results) -> None:
    """Asv and sessions of the same case, machine and commit never stand on one line."""
    made = of(results([5e-7]), [session_at(0)])
    assert keys(made) == {("asv", CASE, "time"), ("session", CASE, "time"), ("session", CASE, "aliasing")}
    (asv,) = (one for one in made.machines[0].lines if one.key.by == "asv")
    assert [point.value for point in asv.points] == [pytest.approx(500)]


@pytest.mark.parametrize(
    "changes",
    [
        {"requirements": {"torch": "2.14.0", "numpy": "2.4.6"}},
        {"python": "3.12"},
        {"params": {"machine": "another"}},
    ],
    ids=["torch", "python", "machine"],
)
def test_what_decides_a_number_is_never_mixed(results: Results, tmp_path: Path, changes: dict[str, Any]) -> None:
    """Another torch, Python or machine begins another line."""
    results([5e-7, 5e-7])
    write_results(tmp_path, {NAME: ([9e-7], POINT)}, commit_hash=COMMITS[2].name, **changes)
    made = of(asv_results.results_in(tmp_path))
    lines = [one for machine in made.machines for one in machine.lines]
    assert sorted(len(one.points) for one in lines) == [1, 2]


def test_the_build_tool_does_not_split_a_line(results: Results, tmp_path: Path) -> None:
    """What only builds the wheel decides no number."""
    results([5e-7])
    tools = {"requirements": {"torch": "2.13.0", "numpy": "2.4.6", "hatchling": "9"}}
    write_results(tmp_path, {NAME: ([5e-7], POINT)}, commit_hash=COMMITS[1].name, **tools)
    (machine,) = of(asv_results.results_in(tmp_path)).machines
    assert [len(one.points) for one in machine.lines] == [2]


def test_points_are_in_gits_order(results: Results) -> None:
    """The order of the commits decides, not their dates nor those of the files."""
    turned = [COMMITS[2], COMMITS[0], COMMITS[1]]
    (machine,) = of(results([1e-7, 2e-7, 3e-7]), known=turned).machines
    assert [point.commit for point in machine.lines[0].points] == [one.name for one in turned]


def test_a_commit_that_git_does_not_know_is_put_by_its_date(results: Results) -> None:
    """It stands between the commits around its date, and the page says so."""
    made = of(results([1e-7, 2e-7, 3e-7]), known=[COMMITS[0], COMMITS[2]])
    assert [point.commit for point in made.machines[0].lines[0].points] == [one.name for one in COMMITS[:3]]
    assert COMMITS[1].name[:8] in made.notes[0]


def test_sessions_of_one_commit_are_one_point() -> None:
    """Two sessions of a commit make the median of both, and a range that holds both."""
    twice = [session_at(0, 400), session_at(0, 600, started="2026-11-25T12:00:00+00:00")]
    (machine,) = of([], twice).machines
    (line,) = (one for one in machine.lines if one.key.quantity == "time")
    (point,) = line.points
    assert (point.value, point.low, point.high, point.measurements) == (500, 400, 600, 2)


def test_a_session_whose_commit_says_nothing_is_left_out_and_counted() -> None:
    """Uncommitted changes or no commit: nobody could say what the number is of."""
    made = of([], [session_at(0, dirty=True), session_at(1, commit="unknown")])
    assert made.machines == ()
    assert made.notes == ("Left out, sessions with changes that were not committed or without a commit: 2.",)


def test_an_existing_environment_is_left_out_and_counted(results: Results) -> None:
    """Its bridge was installed by hand, so its numbers are of no commit."""
    made = of(results([5e-7], env_name="existing-py_usr_bin_python"))
    assert made.machines == ()
    assert "an existing environment: 1" in made.notes[0]


def test_a_step_has_its_commit_and_its_ratio(results: Results) -> None:
    """A level of five commits after one of five is found where it begins."""
    (machine,) = of(
        results([5e-7, 5.02e-7, 4.98e-7, 5e-7, 5.01e-7, 7.5e-7, 7.52e-7, 7.48e-7, 7.5e-7, 7.51e-7])
    ).machines
    (found,) = machine.found
    assert (found.step.last_before.commit, found.step.first_after.commit) == (COMMITS[4].name, COMMITS[5].name)
    assert found.step.ratio == pytest.approx(1.5, rel=0.01)
    assert machine.counts == {"slower": 1}


def test_one_odd_commit_does_not_hide_a_step(results: Results) -> None:
    """A commit between two levels that fits neither goes with the nearer one, and the step is found."""
    (machine,) = of(results([11.4e-5, 11.4e-5, 11.7e-5, 12.4e-5, 8.2e-5, 8.2e-5, 8.5e-5])).machines
    (found,) = machine.found
    assert found.step.first_after.commit == COMMITS[4].name
    assert found.step.commits_after == 3


def test_no_step_is_seen_in_noise() -> None:
    """Of two hundred lines of noise of 3 %, of any length, hardly one has a step: a false alarm costs a search."""
    dice = random.Random(7)
    alarms = 0
    for index in range(200):
        sessions = [session_at(at, 500 * (1 + dice.gauss(0, 0.03)), id=str(at)) for at in range(6 + index % 6)]
        alarms += bool(_times(sessions).steps)
    assert alarms <= 3


def _times(sessions: list[Session]) -> Any:
    (machine,) = of([], sessions).machines
    return next(one for one in machine.lines if one.key.quantity == "time")


@pytest.mark.parametrize("values", [[5e-7, 5e-7, 9e-7, 9e-7, 9e-7], [5e-7] * 5 + [9e-7], [5e-7] * 5 + [5.2e-7] * 5])
def test_one_commit_or_a_few_percent_are_no_step(results: Results, values: list[float]) -> None:
    """Five commits, a single last commit, or a level 4 % higher: no step is shown."""
    (machine,) = of(results(values)).machines
    assert machine.found == ()


def test_changes_of_aliasing_are_exact_and_come_first(results: Results, tmp_path: Path) -> None:
    """One commit is enough to say that a path became a copy, and it stands before any step of time."""
    results([5e-7] * 5 + [9e-7] * 5)
    for index, value in ((10, 0.0), (11, 1.0)):
        write_results(tmp_path, {ALIASING: ([value], POINT)}, commit_hash=COMMITS[index].name)
    made = of(asv_results.results_in(tmp_path))
    (machine,) = made.machines
    assert [one.line.key.quantity for one in machine.found] == ["aliasing", "time"]
    assert math.isinf(machine.found[0].step.ratio)
    assert "0 slower" not in html(made)
    text = Page.of(html(made)).text
    assert "1 slower, 0 faster, 1 with another aliasing" in text
    assert "shares" in text


def test_a_benchmark_that_is_no_case_keeps_asvs_name(results: Results) -> None:
    """A number whose path is gone is shown under the name asv gave it."""
    made = of(results([5e-7], name="asv_conversions.time_gone"))
    assert keys(made) == {("asv", "time_gone(4KiB/float32/C)", "time")}


def test_page_faults_are_left_to_asvs_pages(results: Results) -> None:
    """Faults and other kinds of benchmarks have no line here."""
    assert of(results([3.0], name="asv_conversions.track_minor_faults_torch_from_numpy")).machines == ()
    assert of(results([3.0], name="asv_conversions.mem_a")).machines == ()


def test_failures_are_named_with_their_commits(results: Results) -> None:
    """What failed is listed: by asv, and in a session."""
    sessions = [a_session([a_failure("torch.tensor")], commit=COMMITS[0].name, machine={"name": HOSTILE})]
    page = html(of(results([5e-7, None]), sessions))
    text = Page.of(page).text
    assert f"{CASE} (asv) at {COMMITS[1].name[:8]}" in text
    assert f"torch.tensor/float32/C/4KiB/1t (session) at {COMMITS[0].name[:8]}" in text
    assert HOSTILE not in page


def test_the_page_is_whole_safe_and_offline(results: Results, tmp_path: Path) -> None:
    """Everything is inside, nothing is asked for, no script runs, and hostile messages are text."""
    path = write_history(results([5e-7] * 5 + [9e-7] * 5), PRETTY, [session_at(0), session_at(1)], COMMITS, tmp_path)
    text = path.read_text(encoding="utf-8")
    page = Page.of(text)
    assert [one for one in page.addresses if not one.startswith(("#", "data:"))] == []
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert HOSTILE not in text
    assert f"change 5 {HOSTILE}" in page.text
    assert "1.80x" in page.text


def test_links_lead_to_charts(results: Results) -> None:
    """A step links to the chart of its line."""
    text = html(of(results([5e-7] * 5 + [9e-7] * 5)))
    page = Page.of(text)
    (led,) = (one for one in page.addresses if one.startswith("#") and one != "#main")
    assert f'id="{led[1:]}"' in text


def test_commits_in_between_are_counted(results: Results, tmp_path: Path) -> None:
    """Where commits before a step were not measured, it may be one of them, and the page says of how many."""
    results([5e-7] * 4)
    for index in (7, 8, 9):
        write_results(tmp_path, {NAME: ([9e-7], POINT)}, commit_hash=COMMITS[index].name)
    text = Page.of(html(of(asv_results.results_in(tmp_path)))).text
    assert "or one of 3 commits before it that were not measured" in text


def test_few_commits_are_said_to_be_few(results: Results) -> None:
    """With five commits the page says what it takes to find a step."""
    assert "that takes 6 commits of one case" in Page.of(html(of(results([5e-7] * 5)))).text
    assert "No step in 1 line of 6 commits or more" in Page.of(html(of(results([5e-7] * 6)))).text


def test_one_commit_alone_has_no_history(results: Results) -> None:
    """Lines of one commit are counted, not listed."""
    (machine,) = of(results([5e-7])).machines
    assert (machine.shown, machine.single) == ((), 1)
    assert "1 line has one commit alone" in Page.of(html(of(results([5e-7])))).text


@pytest.mark.parametrize(("cases", "charts"), [(FEW_LINES, FEW_LINES), (FEW_LINES + 1, 0)])
def test_few_cases_are_all_drawn(cases: int, charts: int) -> None:
    """Where there are few lines each has a chart; of many only those that change. All are in the table."""
    sessions = [many(at, cases, 500) for at in range(2)]
    made = of([], sessions)
    page = html(made)
    assert page.count("<figure ") == charts
    assert page.count('<svg class="spark"') == cases


def test_a_chart_has_the_median_between_two_steps(results: Results) -> None:
    """Every point of a level, the first too, stands at the level's median, and a new level begins at the step."""
    (machine,) = of(results([5e-7, 5.1e-7, 5.2e-7, 9e-7, 9.1e-7, 9.2e-7])).machines
    rows = pictures._rows(machine.lines[0])
    assert [row["level"] for row in rows] == pytest.approx([510] * 3 + [910] * 3)
    assert [type(row["part"]) for row in rows] == [int] * 6


def test_the_longest_lines_come_first() -> None:
    """What has a history stands before what has hardly one."""
    long = [
        a_session([a_record("z"), a_record("a")] if at < 2 else [a_record("z")], commit=COMMITS[at].name)
        for at in range(4)
    ]
    (machine,) = of([], long).machines
    assert [line.key.case[0] for line in machine.shown] == ["z", "a"]


def test_charts_stop_somewhere() -> None:
    """When everything changes there are as many charts as can be looked at, and the page says so."""
    sessions = [many(at, CHARTS_CAP + 5, 500 if at < 4 else 900) for at in range(8)]
    page = html(of([], sessions))
    assert page.count("<figure ") == CHARTS_CAP
    assert f"Charts stop at {CHARTS_CAP}" in page


def many(index: int, cases: int, ns: float) -> Session:
    """Return a session of many paths at a commit."""
    records = [a_record(f"path{number}", ns=ns, spread=0.0) for number in range(cases)]
    return a_session(records, commit=COMMITS[index].name)


def test_two_softwares_are_told_apart() -> None:
    """Where asv or sessions used several versions of torch, each row says which is its own."""
    newer = a_header().software | {"torch": "2.14.0"}
    sessions = [session_at(at, software=software) for at in range(2) for software in (a_header().software, newer)]
    text = Page.of(html(of([], sessions))).text
    assert "session, python 3.11.7, numpy 2.4.6, torch 2.14.0" in text


def test_cases_stand_by_size() -> None:
    """Sizes are in the order of their bytes: 64 B comes before 4 KiB, and both before 16 MiB."""
    sizes = ["16MiB", "64B", "4KiB"]
    (machine,) = of([], [a_session([a_record(size=size) for size in sizes], commit=COMMITS[0].name)]).machines
    found = [one.key.case.split("/")[3] for one in machine.lines if one.key.quantity == "time"]
    assert found == ["64B", "4KiB", "16MiB"]


def test_transfers_have_lines_by_their_own_clock() -> None:
    """A session with a GPU has a line for each transfer, timed by the clock that waits for the device."""
    session = a_full_gpu_session(("4KiB", "1MiB"))
    made = of([], [a_session(session.records, commit=COMMITS[0].name)])
    assert any(one.key.case.startswith("h2d.") for machine in made.machines for one in machine.lines)


def test_nothing_measured_says_how_to_begin() -> None:
    """Without results and sessions the page says what to type."""
    assert "python -m benchmarks history HEAD~3..HEAD" in html(of([]))


def test_a_value_of_zero_is_no_division(results: Results) -> None:
    """A call that a clock could not see takes no ratio down with it."""
    page = html(of(results([0.0, 0.0])))
    assert Page.of(page).text.count("0.000 ns") >= 2


PUBLISHED = sorted((ROOT / "reports/asv/results").rglob("*.json"))


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_published_results_hold_nothing_private(path: Path) -> None:
    """No absolute path and no host's name is in a file of asv's that lies in git."""
    assert private(path.read_text(encoding="utf-8")) == []


def test_published_results_are_shown() -> None:
    """Every published file is read, and each of its times is of a case of this checkout."""
    folder = ROOT / "reports/asv/results"
    made = contents(asv_results.results_in(folder), asv_results.pretty_names(folder), [], [])
    lines = [line for machine in made.machines for line in machine.lines]
    assert lines
    assert all(Case.parse(line.key.case).id == line.key.case for line in lines)


def test_what_is_private_is_seen() -> None:
    """The test of published files finds a path of an interpreter and this host's name."""
    assert private('{"python": "/usr/bin/python"}') == ["/usr/bin/python"]
    assert private(f'{{"machine": "{platform.node()}"}}') == [platform.node()]


def test_names_of_asv_fit_the_matrix() -> None:
    """The names used in these tests are those that asv keeps."""
    case = Case.parse(CASE)
    assert {
        NAME: asv_names.pretty_name(asv_names.TIME, PATH),
        ALIASING: asv_names.pretty_name(asv_names.ALIASING, PATH),
    } == PRETTY
    assert [[f"'{asv_names.point(case)}'"]] == POINT


def test_a_level_is_drawn_over_all_its_commits(results: Results) -> None:
    """The first commit belongs to the first level: points of one level have one part, so that one line joins them."""
    (machine,) = of(results([5e-7] * 4 + [9e-7] * 4)).machines
    (line,) = machine.lines
    parts = [(type(row["part"]), row["part"]) for row in pictures._rows(line)]
    assert parts == [(int, 0)] * 4 + [(int, 1)] * 4
