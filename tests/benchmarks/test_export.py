import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.export import pytest_benchmark_text
from benchmarks.records import Session
from tests.builders import HOSTILE, a_failure, a_header, a_record, a_session, a_skip

MACHINE = {"architecture": "x86_64", "system": "Linux"} | a_header().machine
SOFTWARE = {"implementation": "CPython"} | a_header().software


def a_known_session() -> Session:
    """Return a session of two measured cases, of a device's case, and of cases that were not measured."""
    device = a_record("h2d.to", family="h2d", device="cuda")
    object.__setattr__(device, "samples_ns", {"wall_synchronised": ((1.0,),)})
    records = [
        a_record(samples_ns=[[100.0, 200.0], [300.0, 400.0]]),
        a_record("torch.tensor", ns=1000, family="copy", aliasing="copies"),
        *(device, a_skip(), a_failure()),
    ]
    return a_session(records, machine=MACHINE, software=SOFTWARE)


@pytest.fixture(scope="module")
def exported() -> dict:
    """Return the exported session."""
    return json.loads(pytest_benchmark_text(a_known_session()))


def test_measured_cases_are_exported_with_every_sample(exported: dict) -> None:
    """Each case measured by the wall clock is there by its id, with the samples of all passes in seconds."""
    names = [one["name"] for one in exported["benchmarks"]]
    assert names == ["torch.from_numpy/float32/C/4KiB/1t", "torch.tensor/float32/C/4KiB/1t"]
    assert exported["benchmarks"][0]["stats"]["data"] == pytest.approx([1e-7, 2e-7, 3e-7, 4e-7])


def test_columns_are_those_of_the_samples(exported: dict) -> None:
    """Minimum, median and rounds are those of the samples, and the loops are those of a round."""
    stats = exported["benchmarks"][0]["stats"]
    assert (stats["min"], stats["median"], stats["max"]) == pytest.approx((1e-7, 2.5e-7, 4e-7))
    assert (stats["rounds"], stats["iterations"]) == (4, 1000)


def test_aliasing_goes_along(exported: dict) -> None:
    """What was observed stands beside the times."""
    assert [one["extra_info"]["aliasing"] for one in exported["benchmarks"]] == ["shares", "copies"]


def test_the_commit_and_machine_go_along(exported: dict) -> None:
    """The file says what was measured where, by the machine's name and not the host's."""
    assert exported["commit_info"]["id"] == a_header().commit
    assert exported["machine_info"]["node"] == a_header().machine_name


def test_pytest_benchmark_reads_it(tmp_path: Path) -> None:
    """The real `pytest-benchmark compare` prints a table of the cases by their ids."""
    path = tmp_path / "one <a>.json"
    path.write_text(pytest_benchmark_text(a_known_session()))
    command = [sys.executable, "-m", "pytest_benchmark", "compare", path, "--columns=min,median,rounds"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "torch.from_numpy/float32/C/4KiB/1t" in done.stdout
    assert "100.0000" in done.stdout


def test_hostile_names_stay_json() -> None:
    """Names with quotes and angles come through as they are."""
    session = a_session([a_record()], machine=MACHINE | {"name": HOSTILE}, software=SOFTWARE)
    assert json.loads(pytest_benchmark_text(session))["machine_info"]["node"] == HOSTILE
