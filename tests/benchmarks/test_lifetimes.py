"""What is seen of memory: kept, given back, leaked, or used after it was given back."""

import ctypes

import numpy as np
import pytest
import torch

from benchmarks.records import Observation
from benchmarks.suite.paths import PATHS
from benchmarks.suite.probes import Probe, observe, probes
from benchmarks.suite.registry import path

SHARING = [one.name for one in PATHS.values() if one.family == "share"]
COPYING = [one.name for one in PATHS.values() if one.family in {"copy", "copy_into", "cast"} and "C" not in one.refuses]
FROM_TENSORS = [one.name for one in PATHS.values() if one.source == "tensor" and probes(one)]


def seen(name: str, trait: str) -> Observation:
    """Observe one lifetime of one path."""
    return Observation(**observe(Probe(path=name, trait=f"lifetime={trait}")))


@pytest.mark.parametrize("name", SHARING)
def test_what_shares_keeps_its_source(name: str) -> None:
    """The memory lives as long as the result, holds the right values, and goes with it."""
    found = seen(name, "source_dropped")
    assert (found.outcome, found.keeps_source, found.leaks, found.wrong_values) == ("shares", True, False, False)


@pytest.mark.parametrize("name", COPYING)
def test_what_copies_lets_its_source_go(name: str) -> None:
    """The source's memory goes with its last reference, and the copy does not mind."""
    found = seen(name, "source_dropped")
    assert (found.outcome, found.keeps_source, found.leaks, found.wrong_values) == ("copies", False, False, False)


@pytest.mark.usefixtures("registry")
def test_a_bare_address_is_seen_to_dangle() -> None:
    """A result over an address that nobody keeps is over memory that is gone, and holds what others wrote there."""

    @path("fake.address", family="share")
    def fake(a: np.ndarray) -> torch.Tensor:
        memory = (ctypes.c_char * a.nbytes).from_address(a.ctypes.data)
        return torch.frombuffer(memory, dtype=torch.float32)

    found = seen("fake.address", "source_dropped")
    assert (found.outcome, found.keeps_source, found.wrong_values) == ("shares", False, True)
    assert found.dangles


@pytest.mark.usefixtures("registry")
def test_a_reference_that_stays_is_a_leak() -> None:
    """A path that remembers its source keeps the memory when the result is gone."""
    remembered = []

    @path("fake.leak", family="share")
    def fake(a: np.ndarray) -> torch.Tensor:
        remembered.append(a)
        return torch.from_numpy(a)

    found = seen("fake.leak", "source_dropped")
    assert (found.keeps_source, found.leaks) == (True, True)


@pytest.mark.usefixtures("registry")
def test_a_copy_that_keeps_its_source_is_seen() -> None:
    """A copy that holds on to what it was made of costs the memory twice, and neither dangles nor leaks."""

    @path("fake.hoard", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        made = torch.tensor(a)
        made.source = a
        return made

    found = seen("fake.hoard", "source_dropped")
    assert (found.outcome, found.keeps_source, found.leaks, found.dangles) == ("copies", True, False, False)


def test_an_array_over_a_resized_storage_is_seen_to_dangle() -> None:
    """After `np.from_dlpack`, torch gives the memory back under the array."""
    found = seen("np.from_dlpack", "storage_resized")
    assert (found.outcome, found.keeps_source, found.dangles) == ("shares", False, True)


@pytest.mark.parametrize("name", [name for name in FROM_TENSORS if name != "np.from_dlpack"])
def test_no_other_array_dangles(name: str) -> None:
    """Each other path makes torch refuse to give the memory back, or has copied it."""
    found = seen(name, "storage_resized")
    assert found.keeps_source is (True if found.outcome == "shares" else None)
    assert not found.wrong_values


@pytest.mark.usefixtures("registry")
def test_a_copy_is_read_after_the_resize() -> None:
    """A copy that has other values than the tensor had is wrong."""

    @path("fake.zeros", family="copy", source="tensor")
    def fake(t: torch.Tensor) -> np.ndarray:
        return np.zeros(t.shape, np.float32)

    assert seen("fake.zeros", "storage_resized").wrong_values


@pytest.mark.usefixtures("registry")
def test_a_refusal_is_seen_before_anything_goes() -> None:
    """A path that takes no such source is seen to raise, whatever would have happened to it."""

    @path("fake.refusal", family="share", source="tensor")
    def fake(t: torch.Tensor) -> np.ndarray:
        raise TypeError("<no>")

    assert seen("fake.refusal", "storage_resized") == Observation(outcome="raises", error="TypeError: <no>")


@pytest.mark.usefixtures("registry")
def test_a_circle_of_garbage_keeps_nothing() -> None:
    """A source that only unreachable objects refer to is gone once the garbage collector has run."""

    @path("fake.circle", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        circle = [a]
        circle.append(circle)
        return torch.tensor(a)

    assert seen("fake.circle", "source_dropped").keeps_source is False
