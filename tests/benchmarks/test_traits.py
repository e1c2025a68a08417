import numpy as np
import pytest
import torch

from benchmarks.suite.cases import SIZES, Case
from benchmarks.suite.checks import same_bits
from benchmarks.suite.inputs import Input
from benchmarks.suite.paths import PATHS
from benchmarks.suite.probes import probes
from benchmarks.suite.traits import TRAITS, AwkwardInputs, trait


def awkward(name: str) -> Input:
    """Return the input of one trait."""
    made = TRAITS[name]
    source = PATHS["torch.from_numpy" if name.startswith("array=") else "Tensor.numpy"].source
    case = Case(path="any", dtype=made.dtype, layout="C", nbytes=SIZES["64B"], threads="1t")
    return AwkwardInputs(made.make).get(case, source)


@pytest.mark.parametrize("name", TRAITS)
def test_the_reference_has_the_elements_of_the_source(name: str) -> None:
    """What a right result must have is what the source itself says that it holds."""
    made = awkward(name)
    said = made.source.data if np.ma.isMA(made.source) else made.source
    if isinstance(said, torch.Tensor):
        said = said.detach().clone().resolve_conj().resolve_neg().numpy()
    assert same_bits(np.asarray(said), made.reference)


@pytest.mark.parametrize("name", [name for name in TRAITS if name.startswith("array=")])
def test_an_awkward_array_is_over_the_memory_of_its_input(name: str) -> None:
    """Turning a bit through the owner changes the source's first element: aliasing can be observed."""
    made = awkward(name)
    before = np.asarray(made.source).tobytes()
    made.poke()
    assert np.asarray(made.source).tobytes() != before


def test_awkward_sources_are_what_they_are_called() -> None:
    """Each trait is there, and not only in name: a mask, a type, no axes, a stride, bits, no memory."""
    assert awkward("array=masked").source.mask.tolist() == [True] + [False] * 15
    assert type(awkward("array=subclass").source) is np.matrix
    assert awkward("array=0d").source.shape == ()
    assert awkward("array=one_row_reversed").source.strides[0] < 0
    assert awkward("tensor=requires_grad").source.requires_grad
    assert awkward("tensor=conjugate").source.is_conj()
    assert awkward("tensor=negative_bit").source.is_neg()
    assert awkward("tensor=zero_tensor").source._is_zerotensor()
    for name in ("tensor=subclass", "tensor=wrapper"):
        assert type(awkward(name).source) not in (torch.Tensor, torch.nn.Parameter)
    assert awkward("tensor=subclass").source.data_ptr() != 0
    assert awkward("tensor=wrapper").source.data_ptr() == 0


def test_a_new_trait_is_tried_on_every_path_that_it_suits() -> None:
    """One decorated function is enough: it is tried on paths from arrays, casts too, and on no path from tensors."""
    trait("array=<a> | &")(lambda plain: plain)
    try:
        names = {name for name, one in PATHS.items() if "array=<a> | &" in {probe.trait for probe in probes(one)}}
    finally:
        del TRAITS["array=<a> | &"]
    assert {"torch.from_numpy", "np.copyto", "bridge.as_tensor.dtype"} <= names
    assert {PATHS[name].source for name in names} == {"array"}


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (np.array([1, 2], np.float32), True),
        (np.array([1, 2], np.float64), False),
        (np.array([[1, 2]], np.float32), False),
        (np.array([1, 3], np.float32), False),
        (np.array([-1, 2], np.float32), False),
    ],
    ids=["same", "dtype", "shape", "value", "sign"],
)
def test_bits_are_compared(found: np.ndarray, same: bool) -> None:  # noqa: FBT001  a parameter
    """Shape, dtype and bits have to be the same; foreign byte order of what is expected does not matter."""
    for expected in (np.array([1, 2], np.float32), np.array([1, 2], ">f4")):
        assert same_bits(found, expected) is same


def test_zero_has_two_signs_and_nan_is_itself() -> None:
    """Bits are compared, not numbers: -0.0 is another value than 0.0, and the same NaN is the same value."""
    assert not same_bits(np.array([-0.0]), np.array([0.0]))
    assert same_bits(np.array([np.nan]), np.array([np.nan]))
