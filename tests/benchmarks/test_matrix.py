import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks import matrix
from benchmarks.matrix import Surroundings, can_observe, skip_reason
from benchmarks.suite.cases import MIB, SIZES, Case
from benchmarks.suite.probes import Probe

ROOMY = Surroundings(
    device="cpu",
    threads=2,
    free_bytes=1 << 40,
    bfloat16=True,
    shared_bytes=1 << 40,
    starts=frozenset({"fork", "spawn"}),
    no_small_pages=None,
)


def around(**changes: object) -> Surroundings:
    """Return surroundings that lack something."""
    return replace(ROOMY, **changes)


def a_case(path: str = "torch.tensor", **axes: object) -> Case:
    """Return a plain case."""
    return Case(**({"path": path, "dtype": "float32", "layout": "C", "nbytes": 64, "threads": "1t"} | axes))


def a_loader(how: str) -> Case:
    """Return the case of a loader: batches of 4 MiB."""
    return a_case(f"loader.default_collate.{how}", layout="items512KiB", nbytes=64 * MIB)


def test_a_filter_matches_anywhere_in_the_id() -> None:
    """A filter is a regular expression that is found anywhere in an id; without one all cases are there."""
    every, some = matrix.cases("quick"), matrix.cases("quick", r"tensor/.*/1MiB/1t$")
    assert {case.id for case in some} == {case.id for case in every if re.search(r"tensor/.*/1MiB/1t$", case.id)}
    assert 0 < len(some) < len(every)


def test_a_filter_that_is_no_expression_is_refused() -> None:
    """An expression that cannot be read is an error, not a filter that matches nothing."""
    with pytest.raises(re.error):
        matrix.cases("quick", "(")


def test_there_are_no_other_presets() -> None:
    """A preset that does not exist is an error."""
    with pytest.raises(KeyError, match="<a>"):
        matrix.cases("<a>")


def test_each_size_comes_with_its_limit() -> None:
    """Whatever is chosen, the memcpy of each of its sizes comes first, and nothing comes twice."""
    chosen = [a_case(nbytes=SIZES["1MiB"]), a_case(nbytes=SIZES["64B"])]
    ids = [case.id for case in matrix.with_limits(chosen, "quick")]
    limits = ["ref.memcpy/uint8/C/64B/1t", "ref.memcpy/uint8/C/1MiB/1t"]
    assert ids == [*limits, *(case.id for case in chosen)]
    assert [case.id for case in matrix.with_limits(matrix.with_limits(chosen, "quick"), "quick")] == ids


@pytest.mark.parametrize(
    ("case", "lacking", "reason"),
    [
        (a_case("h2d.pageable"), {}, "no CUDA device"),
        (a_case(threads="allt"), {"threads": 1}, "torch has one thread here, which 1t measures"),
        (a_case("bridge.as_tensor", dtype="bfloat16"), {"bfloat16": False}, "ml_dtypes is not installed"),
        (a_case("bridge.as_array", dtype="bfloat16"), {"bfloat16": False}, "ml_dtypes is not installed"),
        (
            a_case("bridge.as_array.dtype", dtype="float32>bfloat16"),
            {"bfloat16": False},
            "ml_dtypes is not installed",
        ),
        (a_case(nbytes=64 * MIB), {"free_bytes": 5 * 64 * MIB - 1}, "needs 320 MiB of free memory"),
        (a_case(layout="reversed"), {}, "torch refuses negative strides"),
        (
            a_case("torch.tensor.held", nbytes=64 * MIB),
            {"free_bytes": 13 * 64 * MIB - 1},
            "needs 832 MiB of free memory",
        ),
        (a_case("np.copy.from_numpy.small_pages"), {"no_small_pages": "<a> | &"}, "<a> | &"),
        (a_loader("spawn1"), {"starts": frozenset({"fork"})}, "processes cannot be started by spawn here"),
        (a_loader("fork2"), {"shared_bytes": 24 * MIB - 1}, "needs 24 MiB of shared memory in /dev/shm"),
        (a_loader("workers0"), {"free_bytes": 5 * 64 * MIB - 1}, "needs 320 MiB of free memory"),
    ],
)
def test_a_case_that_makes_no_sense_here_says_why(case: Case, lacking: dict, reason: str) -> None:
    """A case is skipped for what its path refuses or its surroundings lack, and for that alone."""
    assert skip_reason(case, around(**lacking)) == reason


@pytest.mark.parametrize(
    ("case", "given"),
    [
        (a_case("h2d.pageable"), {"device": "cuda:1"}),
        (a_case(threads="allt"), {}),
        (a_case("bridge.as_tensor", dtype="bfloat16"), {}),
        (a_case("bridge.as_tensor.dtype", dtype="float32>bfloat16"), {"bfloat16": False}),
        (a_case(nbytes=64 * MIB), {"free_bytes": 5 * 64 * MIB}),
        (a_case("np.copyto", layout="reversed"), {}),
        (a_case("torch.tensor.held", nbytes=64 * MIB), {"free_bytes": 13 * 64 * MIB}),
        (a_case("np.copy.from_numpy"), {"no_small_pages": "<a> | &"}),
        (a_loader("fork2"), {"shared_bytes": 24 * MIB}),
        (a_loader("fork1"), {"shared_bytes": 16 * MIB, "starts": frozenset({"fork"})}),
        (a_loader("workers0"), {"shared_bytes": 0, "starts": frozenset()}),
    ],
)
def test_a_case_that_makes_sense_is_measured(case: Case, given: dict) -> None:
    """A case is not skipped where its surroundings have what it needs."""
    assert skip_reason(case, around(**given)) is None


@pytest.mark.parametrize(
    ("name", "trait", "possible"),
    [
        ("torch.from_numpy", "dtype=bfloat16", False),
        ("np.copyto.out_array", "dtype=bfloat16", False),
        ("Tensor.numpy", "dtype=bfloat16", True),
        ("torch.from_numpy", "dtype=float32", True),
    ],
)
def test_what_cannot_be_made_is_not_observed(name: str, trait: str, possible: bool) -> None:  # noqa: FBT001  pytest passes it by name
    """Without ml_dtypes there is no array of bfloat16 to probe with; tensors of it there are."""
    probe = Probe(path=name, trait=trait)
    assert can_observe(probe, around(bfloat16=False)) is possible
    assert can_observe(probe, ROOMY)


@pytest.mark.parametrize("asked", ["cuda", "cuda:1"])
def test_a_device_that_is_not_there_is_none(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """Where there is no CUDA, asking for it leaves the CPU, so that its cases are skipped and not tried."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert skip_reason(a_case("h2d.pageable"), Surroundings.here(asked)) == "no CUDA device"


@pytest.mark.parametrize("asked", ["cuda", "cuda:1"])
def test_a_device_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """With a CUDA device, the device asked for is the one that is used."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert Surroundings.here(asked).device == asked


def test_this_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of the surroundings are torch's, and memory and packages are those of this machine."""
    monkeypatch.setattr("torch.get_num_threads", lambda: 7)
    here = Surroundings.here()
    assert (here.threads, here.device, here.bfloat16) == (7, "cpu", True)
    assert here.free_bytes > 0


def test_without_a_folder_for_it_all_free_memory_can_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system sets no bound to what processes share, it is what is free."""
    monkeypatch.setattr(matrix, "_SHARED", "/there/is/no/such/folder")
    here = Surroundings.here()
    assert here.shared_bytes == here.free_bytes > 0


def test_a_machine_is_looked_at_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What processes may share is what is free there, not all there is; why no page can be refused is asked."""
    monkeypatch.setattr(matrix.shutil, "disk_usage", lambda path: SimpleNamespace(free=len(path), total=1 << 40))
    monkeypatch.setattr(matrix, "why_no_switch", lambda: "no <a> | &")
    here = Surroundings.here()
    assert (here.shared_bytes, here.no_small_pages) == (len("/dev/shm"), "no <a> | &")  # noqa: S108  not written
