import numpy as np
import pytest
import torch

from benchmarks.records import Observation
from benchmarks.suite.cases import DTYPES, LAYOUTS, TENSOR_LAYOUTS
from benchmarks.suite.paths import PATHS
from benchmarks.suite.probes import Probe, observe, probes
from benchmarks.suite.registry import path

TENSOR_TRAITS = {"tensor=requires_grad", "tensor=conjugate", "tensor=negative_bit"}


@pytest.fixture(autouse=True)
def _warn_each_time() -> object:
    """Let torch warn as often as there is reason, as the worker does."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


def seen(name: str, trait: str) -> dict:
    """Observe one trait of one path."""
    return observe(Probe(path=name, trait=trait))


def traits(name: str) -> set[str]:
    """Return the traits that are tried on a path."""
    return {probe.trait for probe in probes(PATHS[name])}


def test_an_array_path_is_tried_with_every_layout_and_dtype() -> None:
    """A path from arrays meets all layouts and dtypes, and nothing that only tensors have."""
    expected = {f"layout={one}" for one in LAYOUTS} | {f"dtype={one}" for one in DTYPES}
    assert traits("torch.from_numpy") == expected


def test_a_tensor_path_is_tried_with_what_tensors_have() -> None:
    """A path from tensors meets the layouts of tensors, all dtypes, gradients and lazy bits."""
    expected = {f"layout={one}" for one in TENSOR_LAYOUTS} | {f"dtype={one}" for one in DTYPES} | TENSOR_TRAITS
    assert traits("Tensor.numpy") == expected


def test_a_cast_is_tried_with_layouts_alone() -> None:
    """A cast has its dtypes in its cases; only layouts are tried."""
    assert traits("torch.from_numpy.to") == {f"layout={one}" for one in LAYOUTS}


@pytest.mark.parametrize("name", ["ref.memcpy", "bridge.stack", "seeds.preprocess", "h2d.to", "d2h.cpu"])
def test_some_paths_are_not_tried(name: str) -> None:
    """Limits, stacks, preprocessing and transfers have no traits of a single source on the CPU."""
    assert probes(PATHS[name]) == []


def test_a_probe_is_named_by_path_and_trait() -> None:
    """The id of a probe is its path and its trait."""
    assert Probe(path="np.asarray", trait="layout=F").id == "np.asarray layout=F"


DEADLY = {"torch.from_dlpack layout=reversed"}


@pytest.mark.parametrize("name", [known.name for known in PATHS.values() if probes(known)])
def test_every_probe_but_the_deadly_one_can_be_observed(name: str) -> None:
    """Each trait of a path gives an outcome that a session can record, and an error's text where it raises."""
    for probe in probes(PATHS[name]):
        if probe.id not in DEADLY:
            found = Observation(**observe(probe))
            assert found.outcome in {"shares", "copies", "raises"}, probe.id
            assert (found.error is not None) == (found.outcome == "raises"), probe.id


@pytest.mark.parametrize("name", [known.name for known in PATHS.values() if known.name.startswith("bridge.")])
def test_bridge_is_quiet_and_right(name: str) -> None:
    """No trait makes one of bridge's own paths warn or give wrong values."""
    for probe in probes(PATHS[name]):
        found = Observation(**observe(probe))
        assert (found.warns, found.wrong_values) == (False, False), probe.id


def test_a_refusal_is_told_with_its_words() -> None:
    """A path that raises is seen to raise, with the type and the first line of its error."""
    found = seen("torch.from_numpy", "layout=reversed")
    assert found["outcome"] == "raises"
    assert found["error"].startswith("ValueError: At least one stride")


def test_a_warning_is_seen() -> None:
    """A path that shares a read-only array with a warning is seen to do both, however often it is asked."""
    for _ in range(2):
        assert seen("torch.from_numpy", "layout=readonly") | {"outcome": "shares", "warns": True} == seen(
            "torch.from_numpy", "layout=readonly"
        )


def test_what_a_copy_does_to_the_order_is_seen() -> None:
    """A clone keeps the order of an F array's axes; an array's own copy does not."""
    assert seen("torch.from_numpy.clone", "layout=F")["keeps_order"] is True
    assert seen("np.copy.from_numpy", "layout=F")["keeps_order"] is False


def test_order_is_no_question_where_memory_was_given() -> None:
    """Filling given memory, or expanding zero strides, says nothing of an order."""
    assert "keeps_order" not in seen("Tensor.copy_", "layout=F")
    assert "keeps_order" not in seen("torch.from_numpy", "layout=broadcast")


def test_a_result_that_cannot_be_written_is_seen() -> None:
    """An array from a tensor that needs gradients comes read-only from bridge; a tensor is always writable."""
    assert seen("bridge.as_array", "tensor=requires_grad")["writable"] is False
    assert seen("torch.from_numpy", "layout=C")["writable"] is True


def test_lazy_bits_are_seen() -> None:
    """A conjugated or negated tensor is refused by `Tensor.numpy` and copied right by bridge."""
    for trait in ("tensor=conjugate", "tensor=negative_bit"):
        assert seen("Tensor.numpy", trait)["outcome"] == "raises"
        assert seen("bridge.as_array", trait) | {"outcome": "copies", "wrong_values": False} == seen(
            "bridge.as_array", trait
        )


@pytest.mark.usefixtures("registry")
def test_wrong_values_are_seen() -> None:
    """A path that returns other values without a word is observed, not raised."""

    @path("fake.wrong", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(a.copy()).zero_()

    assert seen("fake.wrong", "layout=C")["wrong_values"] is True


@pytest.mark.usefixtures("registry")
def test_an_error_without_words_is_seen() -> None:
    """An error that says nothing is recorded by its type."""

    @path("fake.silent", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        raise ValueError

    assert seen("fake.silent", "layout=C") == {"outcome": "raises", "error": "ValueError: "}


@pytest.mark.usefixtures("registry")
def test_a_bug_is_no_observation() -> None:
    """An error that no library raises for a source it does not take is a bug here and comes through."""

    @path("fake.bug", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        seen("fake.bug", "layout=C")
