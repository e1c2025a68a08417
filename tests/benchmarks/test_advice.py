import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from benchmarks import advice, store
from benchmarks.advice import Advice, Wanted, described
from benchmarks.advice.advising import Adviser, in_question
from benchmarks.advice.candidates import Candidate
from benchmarks.advice.expected import Expected
from benchmarks.advice.ranking import is_slower
from benchmarks.advice.recorded import Records, load
from benchmarks.advice.text import to_json
from benchmarks.errors import MachineBusyError, UsageError
from benchmarks.lock import machine_lock
from benchmarks.suite.cases import SIZES
from benchmarks.suite.paths import PATHS
from tests.builders import a_header, a_record, a_session

HERE = a_header()
SHARING = {"torch.from_numpy": 500.0, "torch.as_tensor": 1000.0}


def records(costs: Mapping[str, Mapping[str, float]], **axes: Any) -> list[Any]:
    """Return records: path -> size -> nanoseconds."""
    return [
        a_record(path, ns=ns, size=size, aliasing=_aliasing(path), family=PATHS[path].family, **axes)
        for path, times in costs.items()
        for size, ns in times.items()
    ]


def _aliasing(path: str) -> str:
    return "shares" if PATHS[path].family == "share" else "copies"


def adviser(tmp_path: Path, known: Sequence[Any], *, measures: bool = False, **header: Any) -> Adviser:
    """Return what advises from made-up records of a machine that does not exist."""
    store.write(tmp_path / "sessions" / "20261123T120000Z-01234567.jsonl", a_session(known, **header))
    found = load([tmp_path / "sessions"], HERE.machine, HERE.software, HERE.bridge_hash)
    return Adviser(records=found, measures=measures, lock_file=tmp_path / "lock")


def asked(size: str = "1MiB", **changes: Any) -> Wanted:
    """Return an array of float32 of one size of the matrix, which is written to afterwards."""
    known = {"shape": str(SIZES[size] // 4), "dtype": "float32", "to": None, "mutate": True}
    return described(**(known | changes))


def times(path: Sequence[float]) -> dict[str, float]:
    """Return times at 4 KiB, 64 KiB, 1 MiB and 16 MiB."""
    return dict(zip(("4KiB", "64KiB", "1MiB", "16MiB"), path, strict=True))


#: torch.tensor is first up to 64 KiB, torch.from_numpy.clone from 1 MiB on.
CROSSING = {"torch.tensor": times((1e3, 1e4, 4e5, 8e6)), "torch.from_numpy.clone": times((2e3, 2e4, 1e5, 2e6))}


def first(found: Advice) -> str:
    """Return what is recommended."""
    assert found.first is not None
    return found.first.path


def test_the_fastest_by_the_records_is_first(tmp_path: Path) -> None:
    """The recorded times rank the paths, with multiples of the first."""
    found = adviser(tmp_path, records(CROSSING)).advise(asked())
    assert [one.path for one in found.ranked] == ["torch.from_numpy.clone", "torch.tensor"]
    assert found.ranked[1].times_best == pytest.approx(4, rel=0.1)
    assert str(found).startswith("Write t = torch.from_numpy(a).clone() :")


def test_a_planted_crossover_is_found_as_a_range(tmp_path: Path) -> None:
    """The sizes between which another path becomes first are named, from both sides."""
    known = adviser(tmp_path, records(CROSSING))
    below, above = known.advise(asked("4KiB")).flips, known.advise(asked("16MiB")).flips
    assert "larger: from somewhere between 64KiB and 256KiB, torch.from_numpy.clone is first" in below
    assert "smaller: from somewhere between 256KiB and 64KiB, torch.tensor is first" in above


def test_a_planted_tie_is_told_as_one(tmp_path: Path) -> None:
    """Two paths whose intervals overlap are not distinguishable, and both are named."""
    same = {"torch.tensor": {"1MiB": 1e5}, "torch.from_numpy.clone": {"1MiB": 1e5}}
    text = str(adviser(tmp_path, records(same, spread=0.2)).advise(asked()))
    assert "not distinguishable from it: torch." in text.splitlines()[0]
    assert "\n2=" in text


def test_sharing_comes_with_a_warning_and_without_memory(tmp_path: Path) -> None:
    """What shares is told to share, holds no new bytes, and is said to show changes on both sides."""
    sharing = records({path: {"1MiB": ns} for path, ns in SHARING.items()})
    found = adviser(tmp_path, sharing).advise(asked(mutate=False))
    assert found.first is not None
    assert (first(found), found.first.aliasing, found.first.new_bytes) == ("torch.from_numpy", "shares", 0)
    assert "shares memory with its source" in str(found)
    assert any("shows each change on both sides" in one for one in found.assumes)


def test_sharing_another_layout_is_said_to_be_assumed(tmp_path: Path) -> None:
    """What moves nothing takes as long for any layout, which is written down as assumed."""
    sharing = records({path: {"1MiB": ns} for path, ns in SHARING.items()})
    found = adviser(tmp_path, sharing).advise(asked(mutate=False, shape="512,512", layout="F"))
    assert first(found) == "torch.from_numpy"
    assert "sharing float32 F takes as long as sharing float32 C" in found.assumes


def test_dtypes_of_as_many_bytes_stand_in(tmp_path: Path) -> None:
    """A copy of int32 in C order is predicted by float32, which is said; a copy of bfloat16 is not."""
    known = adviser(tmp_path, records(CROSSING))
    found = known.advise(asked(dtype="int32"))
    assert "int32 takes as long as float32 of as many bytes" in found.assumes
    assert known.advise(asked(dtype="bfloat16")).first is None


def test_read_only_sources_are_told_of(tmp_path: Path) -> None:
    """A result that shares read-only memory must not be written to."""
    found = adviser(tmp_path, []).advise(asked(layout="readonly", mutate=False))
    assert any("its source is read-only" in one for one in found.assumes)


def test_warm_memory_wins_with_reuse(tmp_path: Path) -> None:
    """Its first call is spread over all calls; from the number on that is told, it is first."""
    costs = {"torch.from_numpy.clone": {"1MiB": 1e5}, "Tensor.copy_": {"1MiB": 2e4}}
    known = adviser(tmp_path, records(costs, spread=0.0))
    once, often = known.advise(asked()), known.advise(asked(reuse=10))
    assert first(once) == "torch.from_numpy.clone"
    assert any("reuse: from 2 arrays of this shape on, Tensor.copy_" in one for one in once.flips)
    assert first(often) == "Tensor.copy_"
    assert often.ranked[0].expected.value_ns == pytest.approx(0.1 * 1e5 + 0.9 * 2e4)
    assert (often.ranked[0].new_bytes, often.ranked[0].once_bytes) == (0, SIZES["1MiB"])


def test_warm_memory_that_is_no_faster_is_told(tmp_path: Path) -> None:
    """Where memory that is kept gains nothing, no number of arrays makes it first."""
    costs = {"torch.from_numpy.clone": {"1MiB": 1e5}, "Tensor.copy_": {"1MiB": 1.5e5}}
    flips = adviser(tmp_path, records(costs)).advise(asked()).flips
    assert "reuse: no memory that is kept is certainly faster, up to 1000 arrays of this shape" in flips


def test_warm_memory_wins_only_once_its_first_call_is_paid(tmp_path: Path) -> None:
    """Where its first call costs more than a call of the first path, the number of arrays that is told has paid it."""
    costs = {"np.copy.from_numpy": 5e4, "torch.from_numpy.clone": 2e5, "Tensor.copy_": 2e4}
    known = adviser(tmp_path, records({path: {"1MiB": ns} for path, ns in costs.items()}, spread=0.0))
    told = "reuse: from somewhere between 5 and 10 arrays of this shape on, Tensor.copy_ into memory that is kept"
    assert f"{told} (0.76 of the time)" in known.advise(asked()).flips
    assert [first(known.advise(asked(reuse=many))) for many in (5, 10)] == ["np.copy.from_numpy", "Tensor.copy_"]


def test_threads_change_the_answer_where_records_say_so(tmp_path: Path) -> None:
    """What is first with all threads is told, and what the records lack is told too."""
    threads = records({"torch.tensor": {"1MiB": 1e4}, "torch.from_numpy.clone": {"1MiB": 1e5}}, threads="allt")
    told = adviser(tmp_path / "a", [*records(CROSSING), *threads]).advise(asked()).flips
    lacks = adviser(tmp_path / "b", records(CROSSING)).advise(asked()).flips
    assert "threads: with 2 threads, torch.tensor is first" in told
    assert any(one.startswith("over threads: not known") for one in lacks)


def test_records_speak_for_as_many_threads_as_they_were_taken_with(tmp_path: Path) -> None:
    """All threads of a machine with two say nothing of three; a machine that gave one has nothing to compare with."""
    threads = records({"torch.tensor": {"1MiB": 1e4}, "torch.from_numpy.clone": {"1MiB": 1e5}}, threads="allt")
    known = adviser(tmp_path / "a", [*records(CROSSING), *threads])
    assert known.advise(asked(threads=2)).ranked[0].expected.value_ns == pytest.approx(1e4, rel=0.1)
    assert known.advise(asked(threads=3)).ranked == ()
    alone = {"settings": {**HERE.settings, "threads": {"1t": 1, "allt": 1}}}
    lacks = adviser(tmp_path / "b", records(CROSSING), **alone).advise(asked()).flips
    assert "over threads: not known, for the records have one thread alone" in lacks


def of_registry(*names: str) -> list[Candidate]:
    """Return candidates."""
    return [Candidate(path=PATHS[name], aliasing="copies") for name in names]


def test_certain_records_are_not_measured_again(tmp_path: Path) -> None:
    """Where the records of this very case have a first that is certain, nothing is in question; ties are."""
    known = adviser(tmp_path, records(CROSSING))
    every = of_registry(*CROSSING)
    assert in_question(every, known.expect(asked(), every)) == []
    tie = dict.fromkeys(CROSSING, known.expect(asked(), every)["torch.tensor"])
    assert [one.path.name for one in in_question(every, tie)] == list(CROSSING)


def test_what_records_put_far_behind_is_not_measured(tmp_path: Path) -> None:
    """With a path that the records lack, only those near the best are timed beside it."""
    known = adviser(tmp_path, records(CROSSING))
    every = of_registry(*CROSSING, "torch.asarray.copy")
    open_ = [one.path.name for one in in_question(every, known.expect(asked(), every))]
    assert open_ == ["torch.from_numpy.clone", "torch.asarray.copy"]


def test_what_the_records_lack_is_measured(tmp_path: Path) -> None:
    """All correct paths have a time of now, and those that were timed stand before what is recorded."""
    before = torch.get_num_threads()
    found = adviser(tmp_path, [], measures=True).advise(asked("4KiB"))
    assert found.unknown == ()
    assert {one.expected.origin for one in found.ranked} == {"measured now"}
    assert any(one.startswith(f"measured now: {len(found.ranked)} paths in turn") for one in found.notes)
    assert torch.get_num_threads() == before


def test_warm_memory_is_measured_with_its_first_call(tmp_path: Path) -> None:
    """With reuse, paths that fill memory again are timed too, from arrays and from tensors."""
    for source, path in (("array", "bridge.copyto"), ("tensor", "bridge.copyto.out_array")):
        found = adviser(tmp_path / source, [], measures=True).advise(asked("4KiB", reuse=5, source=source))
        assert path in [one.path for one in found.ranked]


def test_two_measurements_do_not_meet(tmp_path: Path) -> None:
    """While another run holds the machine nothing is measured, which is an error; records need no lock."""
    known = adviser(tmp_path, records(CROSSING))
    with machine_lock(tmp_path / "lock"):
        assert known.advise(asked()).first is not None
        with pytest.raises(MachineBusyError):
            replace(known, measures=True).advise(asked("512B"))


def test_an_array_that_does_not_fit_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory would not do, that is said, and no time is made up."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 1000}))
    found = adviser(tmp_path, [], measures=True).advise(asked())
    assert found.first is None
    assert any("nothing was measured: that takes 4 times 1 MiB" in one for one in found.notes)


def test_without_the_device_nothing_is_recommended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths that could not be tried are not recommended; the message says where to ask."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for measures in (True, False):
        with pytest.raises(UsageError, match=r"there is no cuda here.*Ask on the machine that has it"):
            adviser(tmp_path / str(measures), [], measures=measures).advise(asked(device="cuda"))


def test_records_speak_for_a_device_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without measuring, paths that a session of this machine and its card proved are ranked, pinning once counted."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    costs = {"h2d.pageable": {"1MiB": 3e5}, "h2d.pin_warm": {"1MiB": 1e5}, "h2d.pinned": {"1MiB": 5e4}}
    known = records(costs, device="cuda")
    card = {"machine": {**HERE.machine, "name": "amd-epyc-2c-nvidia-<h100>", "gpu": {"name": "NVIDIA <H100>"}}}
    found = adviser(tmp_path, known, **card).advise(asked(device="cuda"))
    assert first(found) == "h2d.pin_warm"
    assert {"h2d.pinned": "its source has to lie in pinned memory already"}.items() <= {
        one.path: one.reason for one in found.excluded
    }.items()


def test_advice_from_python(tmp_path: Path) -> None:
    """An array or a tensor in the hand is asked about as it lies; what is said is printed."""
    found = advice.advise(np.ones((3, 4), np.float32), to="float16", measures=False, folders=[tmp_path])
    assert "array 3 x 4 float32 C to float16" in str(found)
    back = advice.advise(torch.ones(3, 4, requires_grad=True), measures=False, folders=[tmp_path])
    assert "tensor 3 x 4 float32 requires_grad" in str(back)
    assert "Tensor.numpy: NumPy has no gradients" in str(back)


def test_json_has_what_the_text_says(tmp_path: Path) -> None:
    """One object: what was asked, the ranking with times in nanoseconds, and why others are left out."""
    plain = json.loads(to_json(adviser(tmp_path, records(CROSSING)).advise(asked())))
    assert plain["wanted"]["dtype"] == "float32"
    assert [one["path"] for one in plain["ranked"]] == ["torch.from_numpy.clone", "torch.tensor"]
    assert math.isclose(plain["ranked"][0]["expected"]["value_ns"], 1e5, rel_tol=0.05)
    assert {"path": "torch.flip", "reason": "it takes an array whose last axis is reversed"} in plain["excluded"]


def expected(*rounds: float, spread: float = 0.0) -> Expected:
    """Return a time that was measured now."""
    value = sorted(rounds)[len(rounds) // 2]
    return Expected(
        value_ns=value,
        low_ns=value * (1 - spread),
        high_ns=value * (1 + spread),
        origin="measured now",
        rounds_ns=rounds,
    )


def test_intervals_that_lie_apart_are_no_tie() -> None:
    """A few rounds gone wrong of the first make no tie of what is slower by its median's interval."""
    best, other = expected(*[100.0] * 8, *[900.0] * 6, spread=0.01), expected(*[116.0] * 14, spread=0.01)
    assert is_slower(other, best)
    assert not is_slower(best, other)


def test_order_of_kept_memory_is_said() -> None:
    """Memory that is filled again is in C order, which matters where the source is not."""
    known = Adviser(records=Records(), measures=False)
    said = "memory that is filled again is in C order; other results keep the order in which the axes lie"
    assert said in known.advise(asked(shape="8,9", layout="F", reuse=3)).assumes
    assert said not in known.advise(asked(shape="8,9", reuse=3)).assumes
