"""Planted slowdowns: both sides are the same but for a table, do what `bridge` does, and are as slow as measured."""

from __future__ import annotations

import filecmp
import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from benchmarks import affinity
from benchmarks.checkout import ROOT
from benchmarks.partners import Settings, starter
from benchmarks.studies import extra_work, planted_sizes
from benchmarks.studies.neighbour import disturb, neighbour
from benchmarks.studies.planted import SHARES, WORKING, planted_side
from benchmarks.studies.planted_partner import PlantedProcess
from benchmarks.studies.planted_sizes import Size
from benchmarks.suite.paths import PATHS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sides import Side

CASE = "bridge.as_tensor/float32/C/64B/1t"
ITERATIONS = 50_000

#: Run over a planted `bridge`: prints what its functions give, to be compared with what ours give.
ACT = """
import json, numpy as np, torch, bridge
a, t = np.arange(6, dtype=np.float32).reshape(2, 3), torch.ones(2, 3)
shared, seen = bridge.as_tensor(a), bridge.as_array(t)
a[0, 0], t[0, 0] = 7, 9
try:
    bridge.as_tensor(a[:, ::-1], copy=False)
except bridge.CopyRequired as error:
    refused = str(error)
filled = bridge.copyto(np.zeros((2, 3), np.float32), t)
print(json.dumps([shared.tolist(), seen.tolist(), refused, filled.tolist(), bridge.plan(a).run().tolist(),
    bridge.stack([a, a], axis=1).tolist(), bridge.standardize(a).tolist(), bridge.as_tensor.__name__,
    getattr(getattr(bridge, "planted", None), "iterations", None)]))
"""


#: Starts a neighbour, says which process it is, and is gone without having ended it.
LEAVE = """
import os
from benchmarks.studies.neighbour import neighbour
with neighbour() as pid:
    print(pid, flush=True)
    os._exit(1)
"""


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Side, Side]:
    """Return side A, which works nothing, and side B."""
    folder = tmp_path_factory.mktemp("sides")
    return planted_side("a", folder / "a", {}), planted_side("b", folder / "b", {CASE: ITERATIONS})


def acted(folder: Path) -> Any:
    """Return what the functions of a folder's `bridge` give."""
    env = os.environ | {"PYTHONPATH": str(folder)}
    return json.loads(subprocess.check_output([sys.executable, "-P", "-c", ACT], env=env, cwd=folder))


def test_both_sides_are_the_same_files_but_for_the_table(sides: tuple[Side, Side]) -> None:
    """Sides have the same names and contents, `planted.json` alone differs, so the wrapper's cost is on both."""
    a, b = (side.folder / "bridge" for side in sides)
    names = {path.name for path in a.iterdir()}
    _, different, errors = filecmp.cmpfiles(a, b, names, shallow=False)

    assert names == {path.name for path in b.iterdir()}
    assert (different, errors) == (["planted.json"], [])
    assert sides[0].bridge_hash == sides[1].bridge_hash


def test_a_planted_bridge_gives_what_the_real_one_gives(sides: tuple[Side, Side]) -> None:
    """Results, sharing, errors and names are those of `bridge`; before a case is taken there is no work."""
    *ours, nothing = acted(ROOT)
    *planted, iterations = acted(sides[1].folder)

    assert planted == ours
    assert (nothing, iterations) == (None, 0)


def test_every_function_that_the_suite_calls_is_planted() -> None:
    """No path of ours calls a function of `bridge` that would stay as fast as it was."""
    called = {name for path in PATHS.values() for name in re.findall(r"\bbridge\.(\w+)\(", path.spelling)}

    assert called == set(WORKING)


def test_the_work_is_what_the_table_says_of_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop goes round as often as the table says of the case that was taken, and not at all for another."""
    rounds: list[int] = []
    monkeypatch.setattr(extra_work, "repeat", lambda _, times: rounds.append(times) or ())
    monkeypatch.setattr(extra_work, "table", lambda: {CASE: 3})
    monkeypatch.setattr(extra_work, "iterations", 0)
    function = extra_work.with_work(divmod)
    for case in (CASE, "<a> | &"):
        extra_work.take(case)
        assert function(7, 2) == (3, 1)

    assert rounds == [3, 0]


def test_a_partner_over_a_planted_bridge_is_slowed(sides: tuple[Side, Side]) -> None:
    """The process of side B takes a case with its work, and loses it where it is told to."""
    settings = Settings(threads={"1t": 1, "allt": 1}, cache_bytes=1 << 20)
    process = starter(dict(zip("ab", sides, strict=True)), settings, PlantedProcess)("b", 0)
    try:
        assert "taken" in process.ask({"take": CASE, "look": True, "cpu": affinity.cpus()[0]})
        slowed = process.ask({"time": 20})["call_ns"]
        process.ask({"iterations": 0})
        plain = process.ask({"time": 20})["call_ns"]
    finally:
        process.close()

    assert slowed > 5 * plain


class Played:
    """A partner whose call takes 1000 ns, and 10 ns more with each iteration."""

    def __init__(self) -> None:
        self.iterations, self.closed = 0, False

    def ask(self, line: dict[str, Any]) -> dict[str, Any]:
        """Answer as a planted partner does."""
        if "iterations" in line:
            self.iterations = line["iterations"]
        return {"call_ns": 1000.0 + 10 * self.iterations} if {"calibrate", "time"} & line.keys() else {"taken": {}}

    def close(self) -> None:
        """Take no more lines."""
        self.closed = True


def test_iterations_and_sizes_follow_from_times() -> None:
    """A quarter of 1000 ns is 25 iterations of 10 ns; each process is one ratio and is ended."""
    started: list[Played] = []
    sizes = planted_sizes.measured([CASE], 2, lambda _: started.append(Played()) or started[-1])
    found = {size.share: (size.iterations, size.ratios) for size in sizes}

    assert found == {0.03: (3, (1.03,) * 2), 0.05: (5, (1.05,) * 2), 0.1: (10, (1.1,) * 2), 0.25: (25, (1.25,) * 2)}
    assert len(started) == planted_sizes.CALIBRATIONS + 2
    assert all(one.closed for one in started)


def test_the_file_of_sizes_gives_the_tables() -> None:
    """What is written of each case and share is read back as the iterations of side B."""
    sizes = [
        Size(case=case, share=share, iterations=round(100 * share), ratios=(1.2, 1 + share, 1.0))
        for case in ("<a> | &", CASE)
        for share in SHARES
    ]
    found = json.loads(planted_sizes.to_json(sizes))

    assert planted_sizes.table(found, 0.05) == {"<a> | &": 5, CASE: 5}
    assert found[CASE]["0.1"] == {"iterations": 10, "ratio": 1.1, "low": 1.0, "high": 1.2}
    assert list(planted_sizes.summary(sizes))[2] == "planted 10%: measured 10.0% to 10.0%, median 10.0%"


def test_a_neighbour_computes_and_is_ended() -> None:
    """While it is there it takes some of a core and not all of it; afterwards its process is gone."""
    start = time.perf_counter()
    with neighbour() as pid:
        time.sleep(1)
        load = sum(psutil.Process(pid).cpu_times()[:2]) / (time.perf_counter() - start)

    assert 0.05 < load < 0.75
    assert not psutil.pid_exists(pid)


def test_a_neighbour_does_not_outlive_who_started_it() -> None:
    """Where the study was killed and could end nothing, its neighbour ends by itself."""
    done = subprocess.run([sys.executable, "-c", LEAVE], capture_output=True, text=True, check=False, cwd=ROOT)
    deadline = time.monotonic() + 10
    while _runs(int(done.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not _runs(int(done.stdout))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_neighbour_by_hand_ends_after_its_time() -> None:
    """It disturbs for the seconds it was given."""
    start = time.perf_counter()
    disturb(0.15, os.getppid())

    assert 0.15 <= time.perf_counter() - start < 5
