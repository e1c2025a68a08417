"""Doctor as a user meets it: the diagnosis in words and JSON, the command, what run says and keeps."""

from __future__ import annotations

import json
import platform
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks import __main__ as main
from benchmarks import session, store
from benchmarks.doctor import diagnose, text
from benchmarks.doctor.findings import Diagnosis, Finding, to_record, untold
from benchmarks.doctor.host import Host
from benchmarks.errors import MachineBusyError
from benchmarks.lock import machine_lock
from reports.figures.method import how_it_was_measured
from reports.view import View
from tests.builders import HOSTILE, a_full_session, a_header
from tests.doctor_builders import a_diagnosis, a_finding, a_host

FEW = ("--filter", "^torch.tensor/float32/C/64B/1t", "--passes", "1")


def call(*words: str) -> Result:
    """Run one command in this process."""
    return CliRunner().invoke(main.app, list(words), prog_name="python -m benchmarks")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Diagnosis:
    """Let every look at the machine find this."""
    known = a_diagnosis("ok", "warning", "note")
    monkeypatch.setattr(diagnose, "diagnose", lambda _observer: known)
    monkeypatch.setattr(diagnose, "examined", lambda _host: known)
    return known


def test_the_worst_comes_first() -> None:
    """Findings are listed from bad to ok, and those as bad as each other keep their order."""
    listed = a_diagnosis("ok", "note", "bad", "warning", "bad").findings
    assert [one.name for one in listed] == ["bad2", "bad4", "warning3", "note1", "ok0"]


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        (("ok", "note"), "This machine can measure."),
        (("ok", "warning"), "This machine can measure with care: warning1."),
        (("bad", "warning"), "This machine cannot measure as it is: bad0, warning1."),
    ],
)
def test_the_last_line_is_the_answer(severities: tuple, said: str) -> None:
    """One sentence says whether this machine can measure, and names what stands in the way."""
    assert text.to_text(a_diagnosis(*severities)).splitlines()[-1] == said


def test_the_text_is_aligned_and_narrow() -> None:
    """Every finding has its severity, name, words and cure; lines stay within 100 columns, words in one column."""
    long = a_finding("bad", "smallest-change", says="word " * 60, do=HOSTILE)
    lines = text.to_text(Diagnosis(machine="<m>", findings=(a_finding("ok", do=""), long))).splitlines()
    assert max(map(len, lines)) <= 100
    assert {line.index("word") for line in lines if "word" in line} == {27}
    assert f"{'':27}-> {HOSTILE}" in lines
    assert lines[0] == "<m>: 2 checks"


def test_the_json_has_the_answer_and_every_finding() -> None:
    """JSON says whether the machine is fit, and has the words, cure and values of each finding."""
    known = json.loads(text.to_json(a_diagnosis("warning")))
    assert (known["machine"], known["fit"]) == ("made-up-2c", False)
    assert known["findings"] == [
        {"name": "warning0", "severity": "warning", "says": f"busy {HOSTILE}", "do": "wait", "values": {}}
    ]
    assert json.loads(text.to_json(a_diagnosis("note")))["fit"] is True


def test_what_is_not_told_is_a_note() -> None:
    """A system that does not tell gets no pass."""
    assert untold("<a>", "the <b>") == Finding(name="<a>", severity="note", says="not told here: the <b>")


def test_a_system_that_tells_nothing_passes_no_check_that_reads_it(tmp_path: Path) -> None:
    """On an empty system what is read is a note, and what is measured is judged; steal is among the findings."""
    known = {one.name: one.severity for one in diagnose.examined(a_host(tmp_path)).findings}
    read = ("governor", "turbo", "smt", "affinity", "load", "quota", "huge-pages", "numa", "allocator", "steal")
    assert {known[name] for name in read} == {"note"}


def test_steal_is_what_was_taken_while_the_checks_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look is before the checks and the second behind the longest of them."""
    host = a_host(tmp_path, {"proc/stat": "cpu  100 0 0 0 0 0 0 0"})

    def longer() -> Finding:
        (tmp_path / "proc/stat").write_text("cpu  100 0 0 900 0 0 0 100")
        return a_finding("ok")

    known = {one.name: one for one in diagnose.examined(host, longer).findings}
    assert known["steal"].values == {"taken": 100, "ticks": 1000}


def test_findings_of_this_machine_name_nobody() -> None:
    """What is kept of this machine is JSON without its host's name, a user's folder or an absolute path."""
    kept = json.dumps(to_record(diagnose.examined(Host())))
    assert str(Path.home()) not in kept
    assert platform.node() not in kept
    assert "/proc" not in kept


def test_the_longest_check_comes_with_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A diagnosis has the A/A run beside all checks, and holds the machine meanwhile."""
    lock_file = tmp_path / "lock"

    def measured(_observer: object) -> Finding:
        with pytest.raises(MachineBusyError), machine_lock(lock_file):
            pass
        return a_finding("bad", "smallest-change")

    monkeypatch.setattr(diagnose.aa, "measure", measured)
    known = diagnose.diagnose(None, a_host(tmp_path), lock_file=lock_file)  # type: ignore[arg-type]
    assert known.findings[0].name == "smallest-change"
    assert {"timer", "steal"} <= {one.name for one in known.findings}


def test_a_busy_machine_is_exit_code_5(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """While another run holds the machine, doctor waits for nobody."""
    lock_file = tmp_path / "lock"
    monkeypatch.setattr(diagnose, "diagnose", partial(diagnose.diagnose, lock_file=lock_file))
    with machine_lock(lock_file):
        done = call("doctor")
    assert (done.exit_code, done.stdout) == (5, "")
    assert "another benchmark run holds this machine" in done.stderr


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 4), (("--json", "--strict"), 4)])
def test_strict_fails_on_warnings(found: Diagnosis, words: tuple[str, ...], code: int) -> None:
    """A warning is exit code 4 with --strict, and 0 without; the findings are printed all the same."""
    done = call("doctor", *words)
    assert done.exit_code == code
    assert done.stdout == (text.to_json(found) if "--json" in words else text.to_text(found)) + "\n"


def test_strict_lets_notes_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with notes alone is fit."""
    monkeypatch.setattr(diagnose, "diagnose", lambda _observer: a_diagnosis("note", "ok"))
    assert call("doctor", "--strict").exit_code == 0


@pytest.fixture
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_worker: object) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "run", partial(session.run, lock_file=tmp_path / "lock"))


@pytest.mark.usefixtures("_alone")
def test_run_warns_and_keeps_what_it_found(found: Diagnosis) -> None:
    """An unfit machine is told on standard error before it measures; the session keeps every finding."""
    done = call("run", *FEW)
    (path,) = Path(".bench/sessions").iterdir()
    warned = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert done.exit_code == 0
    assert warned == [f"warning: warning1: busy {HOSTILE}"]
    assert "what to do about it: python -m benchmarks doctor" in done.stderr
    assert store.read(path).header.machine["doctor"] == to_record(found)


@pytest.mark.usefixtures("_alone")
def test_run_looks_for_room_where_its_sessions_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of --out is the one whose disk is looked at."""
    asked: list[Host] = []
    monkeypatch.setattr(diagnose, "examined", lambda host: (asked.append(host), a_diagnosis("ok"))[1])
    call("run", *FEW, "--out", "elsewhere")
    assert [one.sessions for one in asked] == [Path("elsewhere")]


@pytest.mark.usefixtures("_alone")
def test_a_fit_machine_is_not_talked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a warning, run says nothing of doctor."""
    monkeypatch.setattr(diagnose, "examined", lambda _host: a_diagnosis("ok", "note"))
    assert "doctor" not in call("run", *FEW).stderr


def test_what_was_found_never_hinders_resuming(monkeypatch: pytest.MonkeyPatch) -> None:
    """What doctor found moves: a session goes on although the machine is not in the same state."""
    monkeypatch.setattr(session, "machine", lambda _name, _device: {"cpu": "<a>"})
    monkeypatch.setattr(session, "software", dict)
    now = session.Checkout.look()
    header = a_header(
        commit=now.commit,
        dirty=now.dirty,
        bridge_hash=now.bridge_hash,
        case_version=session.CASE_VERSION,
        machine={"name": "m", "cpu": "<a>", "doctor": to_record(a_diagnosis("bad"))},
    )
    session._refuse_changes(header, None)


def figures(**machine: object) -> dict:
    """Return the figures of the section by their anchors, for a session of a machine with more facts."""
    known = a_full_session(["64B"])
    header = a_header(machine=a_header().machine | machine)
    view = View(session=type(known)(header=header, records=known.records, semantics=known.semantics))
    return {one.anchor: one for one in how_it_was_measured(view)}


def test_a_report_shows_what_was_not_good() -> None:
    """The findings that are not ok stand in a table of their own, and not among the facts of the machine."""
    shown = figures(doctor=to_record(a_diagnosis("ok", "warning", "note")))
    names = [line.cells[0].text for line in shown["doctor"].table.lines]
    assert names == ["warning1", "note2"]
    assert shown["doctor"].table.lines[0].cells[2].text == f"busy {HOSTILE}"
    assert "doctor" not in {line.cells[0].text for line in shown["machine"].table.lines}


@pytest.mark.parametrize("machine", [{}, {"doctor": []}, {"doctor": to_record(a_diagnosis("ok"))}])
def test_a_report_without_findings_has_no_such_table(machine: dict) -> None:
    """Sessions from before doctor, and those of a machine that is all ok, show nothing."""
    assert "doctor" not in figures(**machine)
