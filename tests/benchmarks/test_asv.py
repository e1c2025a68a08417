"""Both front ends read one matrix: what asv finds, what it measures, and which bridge it measures."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest
import torch

from benchmarks.suite.cases import TRANSFERS
from benchmarks.suite.paths import PATHS
from benchmarks.suite.presets import PRESETS
from tests.asv_builders import private
from tests.uncovered import uncovered

ROOT = Path(__file__).parents[2]
ASV = Path(sys.executable).with_name("asv")
RESULTS = "reports/asv/results"
#: A case that the second commit of the tests' repository slows down.
SLOWED = "bridge.as_tensor/float32/C/64B/1t"
KINDS = ("time", "track_aliasing", "track_minor_faults")
#: A benchmark by asv's rules, in any module it imports.
ASV_NAME = ("time_", "timeraw_", "track_", "mem_", "peakmem_", "Time", "Track", "Mem", "PeakMem")

LIST_BENCHMARKS = """
import json, sys
from asv_runner import discovery
sys.path.insert(0, {folder!r})
found = {{}}
for one in discovery.disc_benchmarks("suite"):
    found[one.name] = [list(map(str, axis)) for axis in one.params]
print(json.dumps([found, sorted(name for name in sys.modules if name.split(".")[0] in ("benchmarks", "reports"))]))
"""


@pytest.fixture(scope="module")
def discovered(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[list[str]]], list[str]]:
    """Return what asv's own discovery finds, and which of our other packages that loaded."""
    code = LIST_BENCHMARKS.format(folder=str(ROOT / "benchmarks"))
    folder = tmp_path_factory.mktemp("elsewhere")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    benchmarks, loaded = json.loads(done.stdout)
    return benchmarks, loaded


def cpu_paths() -> list[Any]:
    """Return the paths that asv measures on every machine: no transfers, and no loaders with their workers."""
    return [path for path in PATHS.values() if path.family not in TRANSFERS and path.family != "feed"]


def test_asv_finds_three_benchmarks_a_path_and_nothing_else(discovered: Any) -> None:
    """Time, aliasing and page faults of each path on the CPU are all that asv finds where torch knows no device."""
    if torch.version.cuda is not None:
        pytest.skip("this torch is built for CUDA, where transfers are found too")
    expected = {f"asv_conversions.{kind}_{path.identifier}" for path in cpu_paths() for kind in KINDS}

    assert set(discovered[0]) == expected


def test_the_method_says_how_many_there_are(discovered: Any) -> None:
    """The page on the method counts benchmarks and points as asv finds them."""
    if torch.version.cuda is not None:
        pytest.skip("this torch is built for CUDA, where transfers are found too")
    points = sum(len(axis) for axes in discovered[0].values() for axis in axes)
    said = f"{len(discovered[0])} benchmarks have {points} points"

    assert said in (ROOT / "docs" / "method.md").read_text(encoding="utf-8")


def test_asv_loads_the_suite_alone(discovered: Any) -> None:
    """Imported as asv does, the suite loads neither the rest of benchmarks nor reports."""
    assert discovered[1] == []


def test_asv_times_the_quick_preset(discovered: Any) -> None:
    """The points of each path are its one-thread cases of the quick preset that it does not refuse."""
    for path in cpu_paths():
        cases = PRESETS["quick"].cases(path.name, path.family)
        wanted = [case.id for case in cases if case.threads == "1t" and path.refusal(case) is None]
        (points,) = discovered[0][f"asv_conversions.time_{path.identifier}"]
        found = [_id(path.name, point.strip("'")) for point in points]

        assert found == wanted


def _id(path: str, point: str) -> str:
    size, dtype, layout = point.split("/")
    return f"{path}/{dtype}/{layout}/{size}/1t"


def test_no_other_module_has_a_name_that_asv_would_take() -> None:
    """A helper called time_* in any other module of the suite would become a benchmark."""
    for path in (ROOT / "benchmarks" / "suite").rglob("*.py"):
        if path.name != "asv_conversions.py":
            text = path.read_text(encoding="utf-8")

            assert not [one for one in ASV_NAME if f"def {one}" in text or f"class {one}" in text], path.name


class Checkout(NamedTuple):
    """A repository of its own with this checkout's files in two commits, and a home that asv may write to."""

    folder: Path
    home: Path


def run(checkout: Checkout, *command: str, timeout_s: int = 850) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository, with the home, the temporary folder and so the machine lock of this test."""
    env = uncovered() | {"HOME": str(checkout.home), "TMPDIR": str(checkout.home)}
    where = {"cwd": checkout.folder, "env": env, "timeout": timeout_s}
    return subprocess.run(command, **where, capture_output=True, text=True, check=False)


def asv(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run asv in the repository."""
    return run(checkout, str(ASV), *arguments)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a repository whose second commit slows bridge down; asv's environment in it is made once for all tests."""
    base = tmp_path_factory.mktemp("asv")
    made = Checkout(base / "checkout", base / "home")
    made.folder.mkdir()
    made.home.mkdir()
    for name in ("bridge", "benchmarks", "reports"):
        unwanted = shutil.ignore_patterns("__pycache__", "sessions", "asv")
        shutil.copytree(ROOT / name, made.folder / name, ignore=unwanted)
    for name in ("asv.conf.json", "pyproject.toml", "README.md", "CHANGELOG.md", ".gitignore"):
        shutil.copy(ROOT / name, made.folder)
    git(made.folder, "init", "--quiet", "--initial-branch=main")
    commit(made.folder, "as it is")
    init = made.folder / "bridge" / "__init__.py"
    body = "sum(range(2000))\n    return _as_tensor(x, **known)"
    init.write_text(init.read_text() + f"\n_as_tensor = as_tensor\n\n\ndef as_tensor(x, **known):\n    {body}\n")
    commit(made.folder, "slower")
    assert asv(made, "machine", "--yes").returncode == 0
    return made


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, message: str) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_asv_runs_in_the_environment_it_stands_in(checkout: Checkout) -> None:
    """`asv check` and `asv run -E existing:same` work with the configuration as it lies, and git ignores the result.

    Such a file has the interpreter's path in its name, so it must not be published.
    """
    checked = asv(checkout, "check", "-E", "existing:same")
    only = ("-b", r"time_torch_from_numpy\(.*4KiB", "--set-commit-hash", git(checkout.folder, "rev-parse", "HEAD"))
    ran = asv(checkout, "run", "-E", "existing:same", "--quick", *only)
    (result,) = (checkout.folder / RESULTS).glob("*/*-existing-*.json")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4KiB/float32/C" in ran.stdout
    assert "failed" not in ran.stdout
    assert "asv_conversions.time_torch_from_numpy" in json.loads(result.read_text())["results"]
    assert git(checkout.folder, "check-ignore", str(result))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_asv_continuous_measures_the_commits_bridge(checkout: Checkout) -> None:
    """A commit that slows bridge down is named with its ratio, and torch is installed once for both commits."""
    only = ("-b", r"time_(bridge_as_tensor|torch_from_numpy)\(.*64B")
    ran = asv(checkout, "continuous", "HEAD~1", "HEAD", *only)
    (site,) = (checkout.folder / ".asv/env").glob("*/lib/python3*/site-packages")
    (torch_files,), (bridge_files,) = site.glob("torch-*.dist-info"), site.glob("numpy_torch_bridge-*.dist-info")
    changed = [line for line in ran.stdout.splitlines() if line.startswith("| +")]

    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert len(changed) == 1
    assert "time_bridge_as_tensor" in changed[0]
    assert ran.stdout.count("Installing requirements") <= 1
    assert torch_files.stat().st_mtime < bridge_files.stat().st_mtime - 5


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_history_is_asvs_own(checkout: Checkout) -> None:
    """`history` measures each commit's bridge once, and compare, publish and preview work on the files it leaves."""
    command = (sys.executable, "-m", "benchmarks", "history", "HEAD", "--machine", "box", "--filter", f"^{SLOWED}$")
    one = run(checkout, *command)
    git(checkout.folder, "tag", "old", "HEAD~1")
    both = run(checkout, *(word if word != "HEAD" else "old" for word in command))
    again = run(checkout, *command)
    results = sorted((checkout.folder / RESULTS / "box").glob("*-virtualenv-*.json"))
    compared = asv(checkout, "compare", "HEAD~1", "HEAD", "--machine", "box", "--only-changed")
    changed = [line for line in compared.stdout.splitlines() if "asv_conversions" in line]
    page = (checkout.folder / ".bench/history/history.html").read_text(encoding="utf-8")

    assert one.returncode == both.returncode == again.returncode == 0, one.stderr + both.stderr + again.stderr
    assert "1 of 1 commits measured" in one.stdout
    assert "0 of 1 commits measured" in again.stdout
    assert len(results) == 2
    assert [line[:3] for line in changed] == ["| +"], compared.stdout
    assert SLOWED in page
    for path in (*results, checkout.folder / RESULTS / "box/machine.json"):
        assert private(path.read_text(encoding="utf-8")) == [], path.name
    assert previewed(checkout, "index.json")["machines"]["box"]["machine"] == "box"


def previewed(checkout: Checkout, name: str) -> Any:
    """Return one file as `asv preview` serves it after a plain `asv publish`."""
    assert asv(checkout, "publish").returncode == 0
    with socket.socket() as free:
        free.bind(("", 0))
        port = str(free.getsockname()[1])
    server = subprocess.Popen(
        [str(ASV), "preview", "--port", port], cwd=checkout.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/{name}", timeout=5) as answer:
                return json.load(answer)
            time.sleep(0.1)
    finally:
        server.kill()
        server.wait()
    raise AssertionError("asv preview did not answer")
