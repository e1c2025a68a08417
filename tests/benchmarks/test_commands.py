"""The command line in this process: what goes where, and which exit code says what."""

import csv
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks import __main__ as main
from benchmarks import checkout, session, store
from benchmarks.asked import RunOptions
from benchmarks.breakdown import explain, growth
from benchmarks.commands import compare
from benchmarks.errors import NotComparableError
from benchmarks.lock import machine_lock
from benchmarks.outcome import Comparison, Found
from benchmarks.sides import Side
from benchmarks.verdicts import Shift, verdict
from tests.benchmarks.machines import Machine
from tests.builders import HOSTILE, a_failure, a_full_session, a_record, a_session

Order = Callable[..., None]

FEW = ("--filter", "^torch.tensor/float32/C/(64B|4KiB)/1t", "--passes", "2")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_worker: Order) -> None:
    """Work in a folder and with a lock of this test alone, and with workers that need no torch."""
    monkeypatch.chdir(tmp_path)
    lock_file = tmp_path / "lock"
    monkeypatch.setattr(session, "run", partial(session.run, lock_file=lock_file))
    monkeypatch.setattr(session, "resume", partial(session.resume, lock_file=lock_file))
    monkeypatch.setattr(growth, "run", session.run)
    monkeypatch.setattr(explain, "profile", partial(explain.profile, lock_file=lock_file))
    monkeypatch.setattr(explain, "starter", lambda _around: Machine().start)
    monkeypatch.setattr(explain, "instructions_of", lambda _case: 4242)


def call(*words: str) -> Result:
    """Run one command in this process."""
    return CliRunner().invoke(main.app, list(words), prog_name="python -m benchmarks")


def a_session_file(known: object = None, folder: str = ".bench/sessions") -> Path:
    """Write a made-up session where commands look for the latest."""
    known = known or a_full_session(["64B", "4KiB", "1MiB", "32MiB"])
    path = Path(folder) / store.file_name(known.header)
    store.write(path, known)
    return path


def test_help_names_every_command() -> None:
    """Help is a result: it names the commands, on standard output."""
    found = call("--help")
    assert found.exit_code == 0
    assert all(command in found.stdout for command in ("run", "report", "publish", "profile"))


@pytest.mark.parametrize("command", ["run", "report", "publish", "profile"])
def test_every_command_has_help(command: str) -> None:
    """Each command says what it does and ends well."""
    found = call(command, "--help")
    assert (found.exit_code, found.stderr) == (0, "")
    assert "Usage: python -m benchmarks" in found.stdout


def test_the_module_is_the_command() -> None:
    """`python -m benchmarks` is the one spelling, and shows the commands where none is given."""
    command = [sys.executable, "-m", "benchmarks", "--help"]
    done = subprocess.run(command, cwd=checkout.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "python -m benchmarks" in done.stdout


def test_help_needs_no_torch() -> None:
    """A command imports what it needs when it runs: help loads neither NumPy nor torch."""
    code = (
        "import sys; from benchmarks.__main__ import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=checkout.ROOT, capture_output=True, check=True)


def test_the_list_is_one_id_a_line() -> None:
    """--list prints the ids of the preset with the limits of their sizes, and measures nothing."""
    found = call("run", "--list", "--filter", "^torch.tensor/float32/C/64B/")
    assert found.exit_code == 0
    assert found.stdout.splitlines() == ["ref.memcpy/uint8/C/64B/1t", "torch.tensor/float32/C/64B/1t"]
    assert not Path(".bench").exists()


def test_the_dry_run_says_how_long() -> None:
    """--dry-run prints cases, passes and minutes, and measures nothing."""
    found = call("run", "--dry-run", *FEW)
    assert found.stdout.startswith("4 cases in 2 passes, 0 skipped: about 0.")
    assert not Path(".bench").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--device", "<a>"), "there is no device '<a>'; choose cpu, cuda or cuda:N"),
        (("run", "--preset", "<a>"), "there is no preset '<a>'; choose one of quick, standard, full"),
        (("run", "--filter", "("), "--filter is no regular expression: "),
        (("run", "--filter", "<none>"), "no case of preset quick matches '<none>'; --list shows their ids"),
        (("run", "--list", "--filter", "["), "--filter is no regular expression: "),
        (("run", "--dry-run", "--filter", "<none>"), "no case of preset quick matches '<none>'"),
        (("run", "--resume"), "no unfinished session in .bench/sessions; start one without --resume"),
        (("report",), "no session in .bench/sessions; measure one: python -m benchmarks run"),
        (("report", "<none>.jsonl"), "there is no session file <none>.jsonl"),
        (("publish", "--add", "<none>.jsonl"), "there is no session file <none>.jsonl"),
        (("profile", "torch.tensor/float32/C/64B"), "is no case id: expected path/dtype/layout/size/threads"),
        (("profile", "torch.tensor/float32/C/65B/1t"), "'65B' is no size of the matrix"),
        (("profile", "<a>/float32/C/64B/1t"), "there is no path '<a>'; run --list shows the cases"),
        (("profile", "torch.tensor/float32/reversed/64B/1t"), "makes no sense here: torch refuses negative strides"),
    ],
)
def test_what_a_user_got_wrong_is_one_line(words: tuple[str, ...], said: str) -> None:
    """A mistake is exit code 2 with one line on standard error and nothing on standard output."""
    found = call(*words)
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [("run", "--passes", "0"), ("run", "--<no>"), ("<no>",), ("profile",)])
def test_an_option_that_is_none_is_a_usage_error(words: tuple[str, ...]) -> None:
    """Options and commands that do not exist, or values out of range, are exit code 2."""
    found = call(*words)
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr


def test_a_damaged_session_is_refused_by_name() -> None:
    """A session file that was edited is exit code 2 with the line that was."""
    path = a_session_file()
    path.write_text(path.read_text().replace("EPYC", "XEON", 1))
    found = call("report", str(path))
    assert found.exit_code == 2
    assert f"{path.name}: line 1 was changed after it was written" in found.stderr


def test_a_run_says_what_it_measured_and_where() -> None:
    """The result is the counts and the file; how it went on is on standard error."""
    found = call("run", *FEW, "--out", "out <a>")
    path = next(Path("out <a>").iterdir())
    assert (found.exit_code, found.stdout) == (0, f"4 cases measured, 0 skipped, 0 failed\nSession: {path}\n")
    assert "pass 2 of 2" in found.stderr


def test_a_run_records_the_command_that_redoes_it() -> None:
    """The header's command, typed again, asks for the same session; folders are left out of it."""
    words = [*FEW, "--seed", "7", "--machine", "<rack> 7", "--out", "out"]
    call("run", *words)
    header = store.read(next(Path("out").iterdir())).header
    assert header.command == (
        "python -m benchmarks run --preset quick --seed 7 --filter '^torch.tensor/float32/C/(64B|4KiB)/1t' "
        "--passes 2 --machine '<rack> 7'"
    )


def test_a_device_is_part_of_the_command() -> None:
    """A session of a device says so in its command; the CPU goes without saying."""
    asked = RunOptions(preset="quick", pattern=None, passes=None, seed=0, device="cuda:1", machine=None, commit=None)
    assert asked.command() == "python -m benchmarks run --preset quick --seed 0 --device cuda:1"


def test_a_run_can_write_pytest_benchmarks_file() -> None:
    """--pytest-json writes the same cases as pytest-benchmark has them."""
    call("run", *FEW, "--pytest-json", "one.json")
    names = [one["name"] for one in json.loads(Path("one.json").read_text())["benchmarks"]]
    assert [name.split("/")[0] for name in names] == ["ref.memcpy"] * 2 + ["torch.tensor"] * 2


def test_a_failing_case_is_named(fake_worker: Order) -> None:
    """A case that fails is exit code 2: standard error names the stage, the case and the error; the file is kept."""
    case = "torch.tensor/float32/C/64B/1t"
    fake_worker(die={case: {"stage": 1, "signal": 11}})
    found = call("run", *FEW)
    assert found.exit_code == 2
    assert "3 cases measured, 0 skipped, 1 failed" in found.stdout
    assert found.stderr.splitlines()[-1] == f"failed in pass 1: {case}: was killed by SIGSEGV"
    assert len(list(Path(".bench/sessions").glob("*.jsonl"))) == 1


def test_a_broken_suite_is_one_error(fake_worker: Order) -> None:
    """Workers that die before their first case end the run with code 2 and how they died."""
    fake_worker(die={"": {"stage": 0, "exit": 9}})
    found = call("run", *FEW)
    assert found.exit_code == 2
    assert "a worker ended with exit code 9 before it took a case" in found.stderr


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    """While another run holds the machine, a run is exit code 5 with the reason."""
    with machine_lock(tmp_path / "lock"):
        found = call("run", *FEW)
    assert found.exit_code == 5
    assert "another benchmark run holds this machine" in found.stderr


def test_an_interrupted_run_goes_on(monkeypatch: pytest.MonkeyPatch, fake_worker: Order) -> None:
    """Ctrl-C is exit code 130 with the command that goes on, and that command ends the session."""
    finish = session._finish

    def interrupted(*known: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "_finish", interrupted)
    found = call("run", *FEW)
    assert found.exit_code == 130
    assert "python -m benchmarks run --resume" in found.stderr
    monkeypatch.setattr(session, "_finish", finish)
    assert call("run", "--resume").stdout.startswith("4 cases measured")


def test_what_cannot_be_compared_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal to mix passes is exit code 3 with the key and both values."""

    def refuse(*known: object, **options: object) -> Path:
        raise NotComparableError("bridge_hash = <a>, now it is <b>")

    monkeypatch.setattr(session, "resume", refuse)
    found = call("run", "--resume")
    assert (found.exit_code, found.stderr) == (3, "bridge_hash = <a>, now it is <b>\n")


def test_a_report_of_the_latest_session() -> None:
    """Without a name, the newest session is reported: page, table and texts in one folder, findings on the screen."""
    a_session_file()
    found = call("report", "--out", "page <a>")
    assert found.exit_code == 0, found.stderr
    assert re.findall(r"^(\d)\. ", found.stdout, re.MULTILINE) == ["1", "2", "3"]
    assert found.stdout.endswith("Report: page <a>/report.html\n")
    with Path("page <a>/cases.csv").open() as file:
        cases = {row["case"] for row in csv.DictReader(file)}
    assert "torch.tensor/float32/C/1MiB/1t" in cases


def test_a_report_of_a_named_session() -> None:
    """A session that is named is the one reported, wherever it lies and whatever it is called."""
    path = a_session_file(a_session([a_record(spelling=HOSTILE)]), folder="<b>")
    found = call("report", str(path), "--out", "page")
    assert found.exit_code == 0, found.stderr
    assert "torch.from_numpy" in Path("page/report.md").read_text()


def test_a_site_of_published_sessions() -> None:
    """A session that others can trust is taken in and stands in the site; the second time it is already there."""
    path = a_session_file(a_full_session(["64B", "4KiB"]), folder="mine")
    words = ("publish", "--add", str(path), "--sessions", "published", "--out", "site")
    found = call(*words)
    assert found.exit_code == 0, found.stderr
    assert len(list(Path("published").rglob("*.jsonl"))) == 1
    assert "amd-epyc-2c" in Path("site/index.html").read_text()
    again = call(*words)
    assert again.exit_code == 2
    assert again.stderr.startswith("not published: ")


def test_a_session_that_is_mostly_noise_is_published_with_a_word() -> None:
    """Who publishes a session of which most cases are noisy hears how many; of a calm one nothing is said."""
    noisy = a_session([a_record(samples_ns=[[100.0], [200.0]] * 3, size=size) for size in ("64B", "4KiB")])
    words = ("--sessions", "published", "--out", "site")
    found = call("publish", "--add", str(a_session_file(noisy, folder="mine")), *words)
    assert found.exit_code == 0
    assert "2 of 2 cases are noisy" in found.stderr
    calm = a_session_file(a_full_session(["64B", "4KiB"]), folder="other")
    assert "noisy" not in call("publish", "--add", str(calm), "--sessions", "calm", "--out", "site").stderr


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"dirty": True}, "was measured with changes"),
        ({"settings": {"preset": "quick", "passes": 3}}, "the preset is 'quick'"),
    ],
)
def test_what_others_could_not_trust_is_not_published(known: dict, reason: str) -> None:
    """A dirty or quick session is exit code 2 with its reason, and no file is taken in."""
    path = a_session_file(a_full_session(["64B"], **known), folder="mine")
    found = call("publish", "--add", str(path), "--sessions", "published", "--out", "site")
    assert found.exit_code == 2
    assert reason in found.stderr
    assert not list(Path().rglob("published/**/*.jsonl"))


PROFILED = "torch.tensor/float32/C/4KiB/1t"
KEPT = Path(".bench/profiles/torch.tensor-float32-C-4KiB-1t")


def test_a_profile_explains_one_case() -> None:
    """A profile says where the time goes, and keeps its JSON, its page and a trace; no session is kept."""
    found = call("profile", PROFILED, "--passes", "2")
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith(f"{PROFILED}\n  torch.tensor(a)")
    assert "page faults" in found.stdout
    assert not list(Path(".bench").rglob("*.jsonl"))
    assert sorted(one.name for one in KEPT.iterdir()) == ["profile.html", "profile.json", "trace.json"]
    assert all(str(KEPT / name) in found.stderr for name in ("profile.html", "profile.json", "trace.json"))


def test_a_profile_for_machines() -> None:
    """--json prints one object and nothing else on standard output: the parts, which add up."""
    found = call("profile", PROFILED, "--json", "--out", "mine")
    known = json.loads(found.stdout)
    parts = sum(one["ns"]["value"] for one in known["breakdown"]["parts"])
    assert parts == pytest.approx(known["breakdown"]["whole"]["value"])
    assert known["facts"]["instructions"] == 4242
    assert json.loads(Path("mine", KEPT.name, "profile.json").read_text()) == known


def test_a_profile_without_what_makes_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that only measures has no page, and is told what a page needs; the rest is kept."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "reports.profile", raising=False)
    monkeypatch.delitem(sys.modules, "reports.rendering", raising=False)
    found = call("profile", PROFILED)
    assert found.exit_code == 0
    assert "its page needs jinja2" in found.stderr
    assert (KEPT / "profile.json").is_file()


def test_a_profile_that_cannot_be_kept_is_still_said() -> None:
    """Where nothing can be written, the profile is printed, and why it is not kept."""
    Path("full").write_text("no folder")
    found = call("profile", PROFILED, "--out", "full")
    assert found.exit_code == 0
    assert "page faults" in found.stdout
    assert "the profile is not kept: " in found.stderr


def test_a_profile_of_a_failing_case_says_how(fake_worker: Order) -> None:
    """A case that dies has no profile but exit code 2 and how it died."""
    fake_worker(die={"torch.tensor/float32/C/64B/1t": {"signal": 11}})
    found = call("profile", "torch.tensor/float32/C/64B/1t")
    assert found.exit_code == 2
    assert "torch.tensor/float32/C/64B/1t failed in check: was killed by SIGSEGV" in found.stderr


def test_running_the_module_is_running_the_app(monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    """The module, run as one, takes its words from the command line."""
    monkeypatch.setattr(sys, "argv", ["benchmarks", "run", "--preset", "<a>"])
    monkeypatch.delitem(sys.modules, "benchmarks.__main__")
    with pytest.raises(SystemExit, match="2"):
        runpy.run_module("benchmarks", run_name="__main__")
    assert "no preset '<a>'" in capsys.readouterr().err


def test_a_failure_in_a_session_of_another_day_is_still_told() -> None:
    """A session with failures can be reported: failures are part of what was found."""
    path = a_session_file(a_session([a_record(), a_failure()]))
    assert call("report", str(path), "--out", "page").exit_code == 0


@pytest.mark.parametrize("command", ["report", "publish"])
def test_a_box_that_only_measures_is_told_what_pages_need(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the packages of reports are missing, one line names the first of them and how to get it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "reports"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "altair", None)
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    found = call(command)
    assert (found.exit_code, found.stdout) == (2, "")
    assert re.fullmatch(r"pages need (altair|vl_convert), .*pip install --editable '\.\[report\]'\n", found.stderr)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("<none>",), "git knows no commit '<none>' here"),
        (("HEAD", ".", "--preset", "<none>"), "there is no preset '<none>' for a comparison; choose one of quick"),
        (("HEAD", ".", "--format", "<none>"), "there is no format '<none>'; choose one of table, md, json"),
        (("HEAD", ".", "--threshold", "five"), "--threshold 'five' is no share; write it as 5% or 0.05"),
        (("HEAD", ".", "--threshold", "-5%"), "--threshold '-5%' is no share"),
        (("HEAD", ".", "--filter", "<none>"), "no case of preset quick that can be compared matches '<none>'"),
        ((), "name what to compare: a commit, a tag or ."),
        (("--python", "<a>"), "--python is given 1 times; two interpreters are compared"),
        (("HEAD", ".", "--python", "<a>", "--python", "<b>"), "compared over one bridge, 'HEAD'; leave '.' out"),
        (("<a>.jsonl", "--python", "<a>", "--python", "<b>"), "<a>.jsonl is a session; --python compares"),
        (("<a>.jsonl",), "a session file is compared with another one, and only one is named"),
        (("<a>.jsonl", "HEAD"), "a session file is compared with another one, and 'HEAD' is none"),
        (("HEAD", "--force"), "--force compares sessions that differ"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_one_line(words: tuple[str, ...], said: str) -> None:
    """What was asked wrongly is exit code 2 and one line that says what to write."""
    found = call("compare", *words)
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr


def test_a_comparison_ends_with_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text goes to standard output in the format asked for, and the exit code is the comparison's."""
    side = Side(name="<a>", commit=None, folder=Path(), bridge_hash="0" * 16)
    moved = Found(case="c", verdict=verdict(Shift(value=1, low=0.9, high=1.1, rounds=10)), flagged=True)
    still = Found(case="d", verdict=verdict(Shift(value=0, low=-0.01, high=0.01, rounds=10)))
    for control, code in (((still,), 0), ((moved,), 4), ((), 4)):
        known = Comparison(a=side, b=side, effort="quick", threshold=0.05, cases=(), control=control)
        monkeypatch.setattr(compare, "_duet", lambda *_, known=known, **__: known)
        found = call("compare", "HEAD", "--format", "json")
        assert found.exit_code == code
        assert json.loads(found.stdout)["exit"] == code


def test_two_session_files_can_be_compared(tmp_path: Path) -> None:
    """Sessions are compared by their files; what differs in more than bridge is exit code 3, unless forced."""
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl", tmp_path / "other.jsonl"]
    for path in paths:
        known = a_session([a_record("bridge.as_tensor")], case_version="0" if path.stem == "other" else "1")
        store.write(path, known)
    one, two, other = map(str, paths)
    found = call("compare", one, two)
    assert (found.exit_code, "not interleaved" in found.stdout) == (0, True)
    refused = call("compare", one, other)
    assert (refused.exit_code, "differ in case_version: 1 and 0" in refused.stderr) == (3, True)
    assert call("compare", one, other, "--force").exit_code == 0
    missing = call("compare", one, "<none>.jsonl")
    assert (missing.exit_code, "there is no session file <none>.jsonl" in missing.stderr) == (2, True)


def two_sessions() -> tuple[str, str]:
    """Write two sessions to be compared, and return their files."""
    for name in ("one", "two"):
        store.write(Path(f"{name}.jsonl"), a_session([a_record("bridge.as_tensor")]))
    return "one.jsonl", "two.jsonl"


def test_every_comparison_is_kept_and_drawn() -> None:
    """The JSON and its page lie beside each other; where they are is said on standard error, not on standard output."""
    found = call("compare", *two_sessions(), "--format", "json")
    (kept,), (page,) = (list(Path(".bench/comparisons").glob(f"*.{kind}")) for kind in ("json", "html"))
    assert json.loads(kept.read_text(encoding="utf-8")) == json.loads(found.stdout)
    assert "not interleaved" in page.read_text(encoding="utf-8")
    assert page.stem == kept.stem
    assert found.stderr.splitlines() == [f"Comparison: {kept}", f"Page: {page}"]


def test_a_box_that_only_measures_keeps_comparisons_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pages cannot be made the JSON is kept, a line says what to install, and the exit code is the result's."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "reports"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    found = call("compare", *two_sessions())
    assert found.exit_code == 0
    assert [path.suffix for path in Path(".bench/comparisons").iterdir()] == [".json"]
    assert "its page needs jinja2, which is not installed: pip install --editable '.[report]'" in found.stderr


def test_a_comparison_that_cannot_be_kept_is_told_all_the_same() -> None:
    """Where nothing can be written the result is printed, one line says why it is not kept, the exit code stays."""
    Path(".bench").write_text("a file, no folder", encoding="utf-8")
    found = call("compare", *two_sessions())
    assert (found.exit_code, "against B" in found.stdout) == (0, True)
    assert re.fullmatch(r"the comparison is not kept: .*\.bench.*\n", found.stderr)


def test_github_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--github appends to the step's summary and leaves a comment, and does neither where nothing changed."""
    monkeypatch.chdir(tmp_path)
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for name, aliasing in (("one", "shares"), ("two", "shares"), ("copied", "copies")):
        store.write(tmp_path / f"{name}.jsonl", a_session([a_record("bridge.as_tensor", aliasing=aliasing)]))
    assert call("compare", "one.jsonl", "copied.jsonl", "--github").exit_code == 0
    assert "shares -> copies" in (tmp_path / "comparison.md").read_text()
    assert call("compare", "one.jsonl", "two.jsonl", "--github").exit_code == 0
    assert not (tmp_path / "comparison.md").exists()
    assert summary.read_text().count("**A session") == 1
