"""asv's result files, read as they are: numbers, failures, gaps, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.asv_results import pretty_names, read, results_in
from benchmarks.errors import AsvResultError
from benchmarks.suite import asv_names
from benchmarks.suite.cases import Case
from tests.asv_builders import a_result_text, write_results

if TYPE_CHECKING:
    from pathlib import Path

NAN, INF = float("nan"), float("inf")


def written(folder: Path, text: str) -> Path:
    """Write a file of asv's."""
    path = folder / "01234567-virtualenv.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_number_has_its_point_and_its_interval(tmp_path: Path) -> None:
    """Values stand at the product of the parameters, the last one fastest; an interval without ends is none."""
    rows = {"m.time_a": ([1.0, 2.0], [["'x'"], ["1", "2"]], [0.9, -INF], [1.1, INF])}
    found = read(written(tmp_path, a_result_text(rows)))
    assert [(one.point, one.value, one.low, one.high) for one in found.points] == [
        ("x, 1", 1.0, 0.9, 1.1),
        ("x, 2", 2.0, None, None),
    ]
    assert (found.machine, found.commit, found.seconds) == ("box", "0123456789" * 4, 1_764_000_000.0)


def test_null_failed_and_nan_is_nothing(tmp_path: Path) -> None:
    """A failed point has no value; a point that was skipped or not asked for is not there."""
    rows = {"m.time_a": ([None, NAN, 3.0], [["'x'", "'y'", "'z'"]], None, None), "m.time_b": (None, [["'x'"]])}
    found = read(written(tmp_path, a_result_text(rows)))
    assert [(one.benchmark, one.point, one.value) for one in found.points] == [
        ("m.time_a", "x", None),
        ("m.time_a", "z", 3.0),
        ("m.time_b", "x", None),
    ]


@pytest.mark.parametrize("version", [1, 3, None])
def test_another_version_is_refused_with_the_way_out(tmp_path: Path, version: int | None) -> None:
    """Older and newer files are refused by name and version."""
    path = written(tmp_path, a_result_text({}, version=version))
    with pytest.raises(AsvResultError, match=f"{path.name} has version {version} .* reads 2.*asv update"):
        read(path)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", json.dumps({"version": 2}), a_result_text({"m.time_a": ([1.0, 2.0], [["'x'"]])}), a_result_text([])],
    ids=["cut off", "a list", "no fields", "more values than points", "results of no benchmark"],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """A file that is not as asv writes it is refused, and nothing is guessed."""
    with pytest.raises(AsvResultError, match=r"01234567-virtualenv\.json is"):
        read(written(tmp_path, text))


def test_all_machines_are_read_and_what_holds_no_results_is_not(tmp_path: Path) -> None:
    """Every result file of every machine is read; the lists of machines and benchmarks are none."""
    for machine in ("box-a", "box-b"):
        write_results(tmp_path, {"m.time_a": ([1.0], [["'x'"]])}, machine=machine)
    assert [one.machine for one in results_in(tmp_path)] == ["box-a", "box-b"]
    assert results_in(tmp_path / "none") == []


def test_names_for_people_stand_in_benchmarks_json(tmp_path: Path) -> None:
    """A benchmark has the name that asv keeps, an empty one where it has none."""
    assert pretty_names(tmp_path) == {}
    known: dict[str, Any] = {"m.time_a": {"pretty_name": "<a>"}, "m.time_b": {"pretty_name": None}, "version": 2}
    (tmp_path / "benchmarks.json").write_text(json.dumps(known))
    assert pretty_names(tmp_path) == {"m.time_a": "<a>", "m.time_b": ""}


@pytest.mark.parametrize("kind", [asv_names.TIME, asv_names.ALIASING, asv_names.FAULTS])
def test_a_name_leads_back_to_its_case(kind: str) -> None:
    """A case is named for asv and found again, though dots are underscores in the benchmark's name."""
    case = Case(path="torch.from_numpy(a.copy())", dtype="float64>float32", layout="C", nbytes=4096, threads="1t")
    name = f"{asv_names.MODULE}.{asv_names.benchmark_name(kind, 'torch_from_numpy_a_copy___')}"
    found = asv_names.named(name, asv_names.pretty_name(kind, case.path), asv_names.point(case))
    assert found == (kind, case)


@pytest.mark.parametrize(
    ("name", "pretty", "point"),
    [
        ("m.mem_a", "a", "4KiB/float32/C"),
        ("m.track_aliasing_a", "", "4KiB/float32/C"),
        ("m.time_a", "", "4KiB/float32/C"),
        ("m.time_a", "a", "3KiB/float32/C"),
        ("m.time_a", "a", "4KiB/<a>/C"),
        ("m.time_a", "a", "4KiB"),
    ],
)
def test_what_is_no_case_of_this_checkout_has_none(name: str, pretty: str, point: str) -> None:
    """A benchmark of another kind, without its name, or at a point that the matrix has not, is no case."""
    assert asv_names.named(name, pretty, point) is None
