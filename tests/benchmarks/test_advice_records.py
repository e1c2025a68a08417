"""Which records speak for what is asked, and how sizes between them are predicted: on made-up sessions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import advice, store
from benchmarks.advice.advising import in_question
from benchmarks.advice.ranking import ranked
from benchmarks.advice.recorded import Records
from benchmarks.suite.cases import SIZES
from tests.benchmarks.test_advice import (
    CROSSING,
    HERE,
    adviser,
    asked,
    expected,
    first,
    of_registry,
    records,
    times,
)
from tests.builders import a_session


def test_between_sizes_the_wider_interval_is_taken(tmp_path: Path) -> None:
    """A size between two recorded ones that no line holds together grows from one to the other, and says so."""
    found = adviser(tmp_path, records({"torch.tensor": {"64KiB": 1e4, "1MiB": 6.4e5}}, spread=0.0))
    one = found.advise(asked(shape=str(64 * 1024))).ranked[0].expected
    assert one.value_ns == pytest.approx(1e4 + 6.3e5 * 3 / 15)
    assert one.origin == "between recorded sizes"


def test_within_a_regime_the_line_says_it(tmp_path: Path) -> None:
    """Where one line holds the sizes around, a size between them has its time."""
    costs = {"4KiB": 3e3 + 4096 / 8, "64KiB": 3e3 + 65536 / 8, "1MiB": 3e3 + 2**20 / 8}
    found = adviser(tmp_path, records({"torch.tensor": costs}, spread=0.0))
    one = found.advise(asked(shape=str(64 * 1024))).ranked[0].expected
    assert one.value_ns == pytest.approx(3e3 + 2**18 / 8)
    assert one.origin == "by the cost model"


@pytest.mark.parametrize("size", ["512B", "64MiB"])
def test_nothing_is_said_beyond_the_recorded_sizes(tmp_path: Path, size: str) -> None:
    """A size outside what was measured is listed as not predicted."""
    found = adviser(tmp_path, records(CROSSING)).advise(asked(size))
    assert found.first is None
    assert "torch.tensor" in found.unknown
    assert str(found).startswith("No path can be recommended")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (
            {"machine": {**HERE.machine, "name": "other-<a>"}},
            "other-<a>, and this is amd-epyc-2c unless --machine says so",
        ),
        ({"machine": {**HERE.machine, "name": "amd-epyc-2c-b"}}, "it is of the machine amd-epyc-2c-b"),
        ({"case_version": "0"}, "its cases are of version 0, and those of here of version 1"),
        ({"software": {**HERE.software, "torch": "1.0"}}, "it was measured with torch 1.0, here is 2.13.0+cpu"),
    ],
)
def test_records_of_elsewhere_are_told_and_not_used(tmp_path: Path, header: dict[str, Any], reason: str) -> None:
    """A session of another machine or version predicts nothing here."""
    found = adviser(tmp_path, records(CROSSING), **header).advise(asked())
    assert found.first is None
    assert any(reason in one for one in found.notes)


def test_a_bridge_that_changed_since_is_assumed_the_same_aloud(tmp_path: Path) -> None:
    """Recorded times of bridge's paths under another hash carry that as what is assumed."""
    known = records({"bridge.as_tensor.copy": {"1MiB": 1e5}, "torch.tensor": {"1MiB": 2e5}})
    found = adviser(tmp_path, known, bridge_hash="0" * 16).advise(asked())
    assert "bridge has changed since it was recorded" in found.assumes
    assert found.ranked[1].expected.assumes == ()


def test_each_record_speaks_for_the_bridge_that_it_measured(tmp_path: Path) -> None:
    """A newer session of other cases makes nothing of an older bridge current; one of the same case does."""
    ours = "bridge.as_tensor.copy"
    old = a_session(records({ours: times((1e3, 1e4, 1e5, 1e6))}), bridge_hash="0" * 16)
    store.write(tmp_path / "sessions" / "20261122T120000Z-00000000.jsonl", old)
    known = adviser(tmp_path, records({ours: {"4KiB": 2e3}, "torch.tensor": {"1MiB": 2e5}}))
    said = {size: known.advise(asked(size)).ranked[0].expected for size in ("4KiB", "1MiB")}
    assert (said["4KiB"].value_ns, said["4KiB"].assumes) == (pytest.approx(2e3, rel=0.1), ())
    assert said["1MiB"].assumes == ("bridge has changed since it was recorded",)


def older(tmp_path: Path, known: Sequence[Any], **header: Any) -> None:
    """Write a session of the day before those of `adviser`."""
    store.write(tmp_path / "sessions" / "20261122T120000Z-00000000.jsonl", a_session(known, **header))


@pytest.mark.parametrize("passes", [6, 4])
def test_a_size_that_was_not_measured_is_predicted_from_one_session(tmp_path: Path, passes: int) -> None:
    """Sizes of a slower day are not put on one line with those of a faster, whether both have as many passes or not."""
    slow = {size: 5e3 + SIZES[size] for size in ("4KiB", "16KiB", "64KiB", "256KiB", "1MiB", "16MiB")}
    older(tmp_path, records({"torch.tensor": slow}, spread=0.0, passes=passes))
    fast = {size: 1e3 + SIZES[size] / 8 for size in ("4KiB", "64KiB", "1MiB")}
    known = adviser(tmp_path, records({"torch.tensor": fast}, spread=0.0))
    found = {kib: known.advise(asked(shape=str(kib * 256))).ranked[0].expected for kib in (64, 100, 256, 4096)}
    assert [found[kib].value_ns for kib in (64, 100)] == [pytest.approx(1e3 + kib * 128) for kib in (64, 100)]
    assert (found[100].origin, found[256].origin) == ("by the cost model", "recorded")
    assert found[256].value_ns == pytest.approx(slow["256KiB"])
    assert found[4096].value_ns == pytest.approx(5e3 + 4 * 2**20)
    assert [found[kib].sessions[0][:8] for kib in (100, 256, 4096)] == ["20261123", "20261122", "20261122"]


def test_times_of_two_days_are_compared_aloud_and_measured_again(tmp_path: Path) -> None:
    """A first that is certain only if two days were alike is in question, and told with what that assumes."""
    older(tmp_path, records({"torch.from_numpy.clone": {"1MiB": 1e5}}))
    known, every = adviser(tmp_path, records({"torch.tensor": {"1MiB": 1.5e5}})), of_registry(*CROSSING)
    assert in_question(every, known.expect(asked(), every)) == every
    said = "the machine was as fast in one of the sessions that these times are from as in the others"
    assert said in known.advise(asked()).assumes
    assert said not in adviser(tmp_path / "b", records(CROSSING)).advise(asked()).assumes


def test_the_records_of_the_folders_that_are_named_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of this machine in a folder that is given answer a question from Python."""
    adviser(tmp_path, records(CROSSING))
    monkeypatch.setattr(advice, "machine", lambda _name: HERE.machine)
    monkeypatch.setattr(advice, "software", lambda: HERE.software)
    x = np.ones(SIZES["1MiB"] // 4, np.float32)
    found = advice.advise(x, mutate=True, measures=False, folders=[tmp_path / "sessions"])
    assert first(found) == "torch.from_numpy.clone"
    assert found.notes == ("records: 20261123T120000Z-01234567.jsonl",)


def test_no_records_are_no_error() -> None:
    """A machine that has measured nothing has records without sessions."""
    assert Records().expected(asked(), of_registry("torch.tensor")[0]) is None


def test_only_times_of_one_day_put_a_path_far_behind(tmp_path: Path) -> None:
    """Three times the best of another day is timed again; three times the best of the same day is not."""
    older(tmp_path, records({"torch.asarray.copy": {"1MiB": 3e5}}))
    known = adviser(tmp_path, records({"torch.from_numpy.clone": {"1MiB": 1e5}, "torch.tensor": {"1MiB": 3e5}}))
    every = of_registry("torch.from_numpy.clone", "torch.tensor", "torch.asarray.copy")
    open_ = [one.path.name for one in in_question(every, known.expect(asked(), every))]
    assert open_ == ["torch.from_numpy.clone", "torch.asarray.copy"]


@pytest.mark.parametrize("old", [{}, {"torch.asarray.copy": {"1MiB": 9e5}}])
def test_a_multiple_is_that_of_its_own_day(tmp_path: Path, old: dict[str, dict[str, float]]) -> None:
    """What is left out stands behind by way of a path timed on its day too, whatever is recorded of the first."""
    older(tmp_path, records(old))
    day = adviser(tmp_path, records(CROSSING, spread=0.0))
    every = of_registry(*CROSSING, "torch.asarray.copy")
    recorded = dict(day.expect(asked(), every))
    now = {"torch.from_numpy.clone": expected(*[4e5] * 12), "torch.asarray.copy": expected(*[2e5] * 12)}
    found = ranked(asked(), every, {**recorded, **now}, recorded)
    assert [one.path for one in found] == ["torch.asarray.copy", "torch.from_numpy.clone", "torch.tensor"]
    assert [one.times_best for one in found] == [1, 2, pytest.approx(8)]


def test_a_change_of_the_answer_that_two_days_say_is_told_as_theirs(tmp_path: Path) -> None:
    """Sizes, threads and reuse name the sessions as several where the two paths are not of one."""
    slow, fast = CROSSING
    other = [{slow: {"16MiB": 1e5}}, {"Tensor.copy_": {"1MiB": 2e4}}]
    many = {slow: {"1MiB": 1e4}}
    newer = [record for costs in other for record in records(costs)] + records(many, threads="allt")
    older(tmp_path, [*records({fast: CROSSING[fast]}), *records({fast: {"1MiB": 1e5}}, threads="allt")])
    told = adviser(tmp_path, newer).advise(asked()).flips
    days = " (by times of several sessions)"
    assert f"larger: from somewhere between this size and 16MiB, {slow} is first{days}" in told
    assert f"threads: with 2 threads, {slow} is first{days}" in told
    assert any(one.startswith("reuse: from 2 arrays") and one.endswith(days) for one in told)
    one_day = adviser(tmp_path / "b", [*records({fast: CROSSING[fast]}), *newer]).advise(asked()).flips
    assert not any(days in one for one in one_day)


def test_a_mean_with_a_predicted_part_is_not_called_recorded(tmp_path: Path) -> None:
    """A first call that the model predicts makes the mean a prediction, though the later calls were measured."""
    costs = {size: 3e3 + SIZES[size] / 8 for size in ("4KiB", "64KiB", "4MiB")}
    known = records({"torch.from_numpy.clone": costs, "Tensor.copy_": {"1MiB": 2e4}}, spread=0.0)
    found = {one.path: one.expected.origin for one in adviser(tmp_path, known).advise(asked(reuse=10)).ranked}
    assert set(found.values()) == {"by the cost model"}
