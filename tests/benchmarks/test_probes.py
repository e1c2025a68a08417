import numpy as np
import pytest
import torch

from benchmarks.records import Observation
from benchmarks.suite.cases import DTYPES, LAYOUTS, TENSOR_LAYOUTS
from benchmarks.suite.paths import PATHS
from benchmarks.suite.probes import Probe, observe, probes
from benchmarks.suite.registry import path

ARRAYS = {"array=masked", "array=subclass", "array=0d", "array=one_row_reversed"}
LAZY_BITS = {"tensor=conjugate", "tensor=negative_bit"}
TENSORS = LAZY_BITS | {"tensor=requires_grad", "tensor=zero_tensor", "tensor=subclass", "tensor=wrapper"}
DROPPED, RESIZED = "lifetime=source_dropped", "lifetime=storage_resized"


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


def test_an_array_path_is_tried_with_what_arrays_have() -> None:
    """A path from arrays meets all layouts, dtypes and awkward arrays, and nothing that only tensors have."""
    expected = {f"layout={one}" for one in LAYOUTS} | {f"dtype={one}" for one in DTYPES} | ARRAYS | {DROPPED}
    assert traits("torch.from_numpy") == expected


def test_a_tensor_path_is_tried_with_what_tensors_have() -> None:
    """A path from tensors meets the layouts of tensors, all dtypes, awkward tensors and both lifetimes."""
    expected = {f"layout={one}" for one in TENSOR_LAYOUTS} | {f"dtype={one}" for one in DTYPES}
    assert traits("Tensor.numpy") == expected | TENSORS | {DROPPED, RESIZED}


def test_a_cast_is_tried_without_dtypes() -> None:
    """A cast has its dtypes in its cases, and none of them is complex; all other traits are tried."""
    assert traits("torch.from_numpy.to") == {f"layout={one}" for one in LAYOUTS} | ARRAYS | {DROPPED}
    layouts = {f"layout={one}" for one in TENSOR_LAYOUTS}
    assert traits("Tensor.to.numpy") == layouts | TENSORS - {"tensor=conjugate"} | {DROPPED, RESIZED}


@pytest.mark.parametrize("family", ["share", "copy", "copy_into"])
def test_every_tensor_path_meets_lazy_bits(family: str) -> None:
    """Each path of these families that starts from a tensor is tried with conjugate and negative bits."""
    names = [one.name for one in PATHS.values() if (one.family, one.source) == (family, "tensor")]
    assert names
    for name in names:
        assert traits(name) >= LAZY_BITS, name


@pytest.mark.parametrize("name", ["ref.memcpy", "bridge.stack", "seeds.preprocess", "h2d.pageable", "d2h.cpu"])
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
    """No trait makes one of bridge's own paths warn, lose a mask or memory, or give wrong values."""
    for probe in probes(PATHS[name]):
        found = Observation(**observe(probe))
        alarms = (found.warns, found.wrong_values, found.drops_mask, found.dangles, found.leaks)
        assert not any(alarms), probe.id


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


@pytest.mark.parametrize(("name", "outcome"), [("torch.from_numpy", "shares"), ("np.astype.from_numpy", "copies")])
def test_a_mask_is_seen_to_be_dropped(name: str, outcome: str) -> None:
    """What a mask hides is handed on, whether a path shares or copies."""
    assert (seen(name, "array=masked")["outcome"], dropped(name)) == (outcome, True)


def test_a_mask_is_refused_by_bridge() -> None:
    """Bridge converts no masked array, and says why."""
    assert "its mask would be lost" in seen("bridge.as_tensor", "array=masked")["error"]


def dropped(name: str) -> bool:
    """Return whether a path hands on what a mask hides, every other element being right."""
    found = seen(name, "array=masked")
    assert found["wrong_values"] is False
    return found["drops_mask"]


@pytest.mark.usefixtures("registry")
def test_a_mask_that_is_filled_is_not_dropped() -> None:
    """A path that fills hidden elements is right; one that touches another element is wrong all the same."""

    @path("fake.filled", family="copy")
    def filled(a: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(a.filled(0) if np.ma.isMA(a) else a.copy())

    @path("fake.all_gone", family="copy")
    def all_gone(a: np.ndarray) -> torch.Tensor:
        return torch.zeros(a.shape)

    assert dropped("fake.filled") is False
    assert seen("fake.all_gone", "array=masked") | {"wrong_values": True, "drops_mask": False} == seen(
        "fake.all_gone", "array=masked"
    )


def test_an_array_without_axes_is_seen_to_be_copied() -> None:
    """`torch.asarray` copies an array without axes though it shares all others; `torch.from_numpy` shares it."""
    assert seen("torch.asarray", "array=0d")["outcome"] == "copies"
    assert seen("torch.from_numpy", "array=0d")["outcome"] == "shares"


def test_a_stride_without_meaning_is_seen_to_be_refused() -> None:
    """Torch refuses a negative stride on an axis of length one; bridge shares it."""
    assert seen("torch.from_numpy", "array=one_row_reversed")["outcome"] == "raises"
    assert seen("bridge.as_tensor", "array=one_row_reversed")["outcome"] == "shares"


@pytest.mark.parametrize("trait", ["tensor=negative_bit", "tensor=zero_tensor", "tensor=wrapper"])
def test_wrong_numbers_of_dlpack_are_seen(trait: str) -> None:
    """`np.from_dlpack` returns whatever lies in memory; bridge copies what the tensor means, or refuses."""
    assert seen("np.from_dlpack", trait)["wrong_values"] is True
    assert seen("bridge.as_array", trait)["outcome"] in {"copies", "raises"}


@pytest.mark.parametrize("name", ["Tensor.numpy", "bridge.as_array", "np.from_dlpack"])
def test_a_subclass_that_adds_nothing_is_shared(name: str) -> None:
    """A subclass with memory of its own is converted like any tensor."""
    assert seen(name, "tensor=subclass") | {"outcome": "shares", "wrong_values": False} == seen(name, "tensor=subclass")


@pytest.mark.usefixtures("registry")
def test_wrong_values_are_seen() -> None:
    """A path that returns other values without a word is observed, not raised."""

    @path("fake.wrong", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(a.copy()).zero_()

    assert seen("fake.wrong", "layout=C")["wrong_values"] is True


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("change", ["narrower", "wider", "shorter", "reshaped"])
def test_another_dtype_or_shape_is_wrong(change: str) -> None:
    """Equal numbers in other bits or under other axes are not what a conversion promises, and are no refusal."""
    changes = {
        "narrower": lambda a: a.astype(np.int32),
        "wider": lambda a: a.astype(np.float64),
        "shorter": lambda a: a[:-1].copy(),
        "reshaped": lambda a: a.copy()[None],
    }

    @path("fake.changed", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(changes[change](a))

    found = seen("fake.changed", "dtype=int64")
    assert (found["outcome"], found["wrong_values"]) == ("copies", True)


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
