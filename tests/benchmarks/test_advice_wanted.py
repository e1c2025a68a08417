from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.advice import described, mapped
from benchmarks.advice.candidates import candidates, untried
from benchmarks.advice.code import to_write
from benchmarks.advice.geometry import OTHER, WORDS, Geometry, laid_out, word_for
from benchmarks.advice.sources import build, call, few, held_bytes
from benchmarks.advice.wanted import Wanted, of
from benchmarks.errors import UsageError
from benchmarks.suite.cases import DTYPES
from benchmarks.suite.checks import check
from benchmarks.suite.paths import PATHS
from benchmarks.suite.refusals import NO_BFLOAT16
from benchmarks.suite.registry import path

SHAPES = {"nhwc_as_nchw": "2,3,7,6"}


def asked(**changes: object) -> Wanted:
    """Return a small array of float32 that is to be a tensor, with changes."""
    known = {"shape": "6,7", "dtype": "float32", "to": None}
    return described(**(known | changes))  # type: ignore[arg-type]


def correct(wanted: Wanted) -> set[str]:
    """Return the names of the paths that do what is wanted."""
    return {one.path.name for one in candidates(wanted)[0]}


def reasons(wanted: Wanted) -> dict[str, str]:
    """Return why paths are left out."""
    return {one.path: one.reason for one in candidates(wanted)[1]}


@pytest.mark.parametrize("layout", WORDS)
def test_an_array_in_the_words_of_options_is_known_again_from_its_strides(layout: str) -> None:
    """What is built for a layout's word has that layout when the array itself is asked about."""
    wanted = asked(shape=SHAPES.get(layout, "6,7"), layout=layout)
    again = of(build(wanted).source, to=None)
    assert (again.layout, again.flags, again.geometry) == (wanted.layout, wanted.flags, wanted.geometry)


def test_strides_of_images_are_those_of_numpy() -> None:
    """nhwc_as_nchw lies as NumPy's transpose of a batch of images does."""
    images = np.zeros((2, 7, 6, 3), np.uint8).transpose(0, 3, 1, 2)
    assert laid_out((2, 3, 7, 6), "nhwc_as_nchw", 1).strides == images.strides
    assert word_for(Geometry(shape=images.shape, strides=images.strides, itemsize=1)) == "nhwc_as_nchw"


def test_strides_of_no_layout_are_called_other() -> None:
    """Axes in an order that no layout has get the word for which there are no records."""
    x = np.zeros((3, 4, 5), np.float32).transpose(1, 2, 0)
    assert of(x, to=None).layout == OTHER


def test_flags_are_kept_where_the_word_is_about_strides() -> None:
    """A transposed array in foreign byte order is both, and is built as both."""
    wanted = of(np.zeros((5, 6), ">f4").T, to=None)
    built = build(wanted).source
    assert (wanted.layout, wanted.flags) == ("F", {"bigendian"})
    assert (built.dtype.isnative, built.flags.f_contiguous) == (False, True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": "3x4"}, "--shape '3x4' is no shape; write it as 32,3,224,224"),
        ({"shape": "0,4"}, "has no elements: there is nothing to convert"),
        ({"dtype": "<f4>"}, "--dtype '<f4>' is no dtype of the suite; choose one of uint8"),
        ({"to": "int7"}, "--to 'int7' is no dtype of the suite"),
        ({"layout": "windows"}, "--layout 'windows' is none that an array of any shape can have; choose C"),
        ({"shape": "9", "layout": "F"}, "--layout F needs two axes or more, and the shape 9 has 1"),
        ({"layout": "nhwc_as_nchw"}, "needs four axes (batch, channels, y, x), and the shape 6,7 has 2"),
        ({"dtype": "uint8", "layout": "misaligned"}, "makes no sense for uint8, whose elements are single bytes"),
        ({"device": "tpu"}, "there is no device 'tpu'; choose cpu, cuda or cuda:N"),
        ({"reuse": 0}, "--reuse 0 makes no sense; it is 1 or more"),
        ({"threads": -1}, "--threads -1 makes no sense; it is 1 or more"),
        ({"source": "tensor", "device": "cuda", "to": "int32"}, "home from cuda in another dtype (float32>int32)"),
    ],
)
def test_what_cannot_be_asked_is_told_with_what_can(changes: dict[str, object], message: str) -> None:
    """A wrong word is named with its value and what to write instead."""
    with pytest.raises(UsageError) as told:
        asked(**changes)
    assert message in str(told.value)


def test_only_arrays_and_tensors_are_asked_about() -> None:
    """A list has no strides to give advice on."""
    with pytest.raises(UsageError, match="this is a list"):
        of([1, 2], to=None)


@pytest.mark.parametrize(
    ("tensor", "more", "message"),
    [
        (torch.ones(3), {"device": "cuda"}, "the tensor lies on cpu; device 'cuda' says where"),
        (torch.ones(3, dtype=torch.complex64).conj(), {}, "resolve its conjugate and negative bits"),
        (torch.ones(3).to_sparse(), {}, "advice is about plain tensors: make it dense"),
    ],
)
def test_a_tensor_is_asked_about_where_it_is_and_as_it_is(
    tensor: torch.Tensor, more: dict[str, object], message: str
) -> None:
    """A tensor goes to no device but comes from one, and what its bits stand for has to be its elements."""
    with pytest.raises(UsageError) as told:
        of(tensor, to=None, **more)
    assert message in str(told.value)


def test_a_file_is_mapped_and_read_only(tmp_path: Path) -> None:
    """The array of a file keeps its order and cannot be written to."""
    np.save(tmp_path / "x.npy", np.asfortranarray(np.ones((3, 4), np.float32)))
    wanted = of(mapped(tmp_path / "x.npy"), to=None)
    assert (wanted.layout, wanted.flags) == ("F", {"readonly"})


def test_files_that_hold_no_array_are_refused(tmp_path: Path) -> None:
    """A missing file, objects and an archive are told apart from an array."""
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    with (tmp_path / "many.npz").open("wb") as file:
        np.savez(file, x=np.ones(3))
    for name in ("none.npy", "objects.npy"):
        with pytest.raises(UsageError, match=f"{name} is no array of np.save's"):
            mapped(tmp_path / name)
    with pytest.raises(UsageError, match="is an archive of arrays"):
        mapped(tmp_path / "many.npz")


@pytest.mark.parametrize("layout", WORDS)
def test_few_elements_stand_for_many(layout: str) -> None:
    """The array for the proof has few elements an axis, and the same word."""
    wanted = asked(shape={"nhwc_as_nchw": "20,30,40,50"}.get(layout, "300,400"), layout=layout)
    small = few(wanted)
    assert max(small.geometry.shape) <= 5
    if layout not in {"strided8", "sliced", "sliced_T"}:
        assert word_for(small.geometry) == word_for(wanted.geometry)
    assert small.geometry.span_bytes < 10_000


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("source", ["array", "tensor"])
def test_every_dtype_has_a_correct_path_both_ways(dtype: str, source: str) -> None:
    """A path that is recommended gives the right elements at full size too."""
    wanted = asked(dtype=dtype, source=source)
    every, _ = candidates(wanted)
    assert every
    for one in every:
        check(call(wanted, one.path, build(wanted)))


def test_sharing_is_recommended_only_where_nothing_is_written() -> None:
    """With mutate, what may share is left out with the reason, and what copies stays."""
    assert "torch.from_numpy" in correct(asked())
    written = asked(mutate=True)
    assert "torch.from_numpy" not in correct(written)
    assert "torch.tensor" in correct(written)
    assert "one of them will be written to" in reasons(written)["torch.from_numpy"]


@pytest.mark.parametrize(
    ("name", "changes", "line"),
    [
        ("h2d.stage", {"to": "float16"}, "stage = torch.empty(a.shape, dtype=torch.float32, pin_memory=True)  # once"),
        (
            "d2h.out_pinned",
            {"source": "tensor"},
            "out_pinned = torch.empty(t.shape, dtype=torch.float32, pin_memory=True)  # once",
        ),
    ],
)
def test_pinned_memory_is_made_once_for_what_crosses_the_link(name: str, changes: dict[str, object], line: str) -> None:
    """It has the dtype of the source, in which elements cross, and is pinned."""
    assert to_write(PATHS[name], asked(device="cuda", **changes)).splitlines()[0] == line


@pytest.mark.parametrize(
    ("changes", "families", "reuse"),
    [
        ({"device": "cuda"}, {"h2d"}, {"h2d.stage"}),
        ({"device": "cuda", "to": "float16"}, {"h2d_cast"}, set()),
        ({"device": "cuda", "source": "tensor"}, {"d2h"}, {"d2h.out_pinned", "d2h.out_pageable"}),
    ],
)
def test_what_goes_to_a_device_or_comes_home_has_its_paths(
    changes: dict[str, object], families: set[str], reuse: set[str]
) -> None:
    """Each direction, and the cast on the way, has paths of its own, some of which fill memory that is kept."""
    every, _ = untried(asked(**changes))
    assert {one.path.family for one in every} == families
    assert {one.path.name for one in every if one.reuses} == reuse


def test_a_cast_is_answered_by_casts() -> None:
    """What shares or copies as it is does no cast, and a dtype that a path cannot give is its reason."""
    assert {PATHS[name].family for name in correct(asked(to="float16"))} == {"cast", "copy_into"}
    assert reasons(asked(to="bfloat16"))["np.astype.from_numpy"] == NO_BFLOAT16["bfloat16"]


def test_refusals_are_told_in_words() -> None:
    """What the registry refuses for a layout, or for a flag beside it, keeps its reason."""
    assert reasons(asked(layout="reversed"))["torch.tensor"] == "torch refuses negative strides"
    swapped = of(np.zeros((5, 6), ">f4").T, to=None)
    assert reasons(swapped)["torch.from_numpy"] == "torch refuses foreign byte order"


def test_a_path_that_is_wrong_is_excluded(registry: None) -> None:
    """A fast path that gives other values is told, not recommended."""

    @path("wrong.<a> | &", family="copy")
    def wrong(a: object) -> torch.Tensor:
        return torch.from_numpy(a + 1)  # type: ignore[operator]

    assert "WrongResultError" in reasons(asked())["wrong.<a> | &"]


def test_a_copy_that_shares_is_no_copy(registry: None) -> None:
    """Aliasing is seen by writing: what calls itself a copy and shares is left out with mutate."""

    @path("not.a.copy", family="copy")
    def not_a_copy(a: object) -> torch.Tensor:
        return torch.from_numpy(a)  # type: ignore[arg-type]

    assert reasons(asked(mutate=True))["not.a.copy"] == "the result shares the source's memory"


def test_a_cast_into_given_memory_is_right() -> None:
    """With memory to be filled, a cast fills memory of the target's dtype."""
    wanted = asked(to="float16", reuse=3)
    assert {"Tensor.copy_", "np.copyto", "bridge.copyto"} <= correct(wanted)


@pytest.mark.parametrize("name", ["Tensor.copy_", "np.copyto", "bridge.copyto"])
def test_memory_for_a_cast_has_its_dtype(name: str) -> None:
    """What is filled is of the dtype that is asked for, as the code that is advised makes it."""
    wanted = asked(to="float16", reuse=3)
    assert call(wanted, PATHS[name], build(wanted)).run().dtype == torch.float16


def test_a_source_holds_what_it_spans() -> None:
    """The larger of a source's span and its result counts: strides and casts to more bytes take memory too."""
    assert held_bytes(asked(shape="100", layout="strided8")) == (99 * 8 + 1) * 4
    assert held_bytes(asked(shape="100", to="float64")) == 800
    assert held_bytes(asked(shape="10,10", layout="broadcast")) == 400


def test_strides_of_a_tensor_are_bytes() -> None:
    """A transposed tensor lies as the array of it does, and is known by the same word."""
    t = torch.ones(5, 6).t()
    wanted = of(t, to=None)
    assert (wanted.geometry.strides, wanted.layout) == (t.numpy().strides, "F")


def test_a_source_that_autograd_follows_is_built_as_one() -> None:
    """What is timed needs a gradient where what is asked about does."""
    wanted = of(torch.ones(3, 4, requires_grad=True), to=None)
    assert build(wanted).source.requires_grad


@pytest.mark.parametrize(
    ("shape", "strides", "word"),
    [((1, 5), (999, 4), "C"), ((5, 1, 6), (24, 77, 4), "C"), ((3, 4, 5), (20, 0, 4), "broadcast")],
)
def test_strides_that_nobody_walks_over_say_nothing(
    shape: tuple[int, ...], strides: tuple[int, ...], word: str
) -> None:
    """An axis of one element is none, and one of stride zero makes a broadcast wherever it stands."""
    assert word_for(Geometry(shape=shape, strides=strides, itemsize=4)) == word


def test_a_cast_that_bridge_refuses_is_told_in_its_words() -> None:
    """An unsafe cast of bridge's is excluded with its own message."""
    assert "TypeError" in reasons(asked(to="uint8"))["bridge.as_tensor.dtype"]


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("bridge.as_tensor.dtype", {"to": "float16"}, "t = bridge.as_tensor(a, dtype=torch.float16)"),
        ("np.astype.from_numpy", {"to": "float64"}, "t = torch.from_numpy(a.astype(np.float64))"),
        ("np.astype.from_numpy", {"to": "bool"}, "t = torch.from_numpy(a.astype(np.bool_))"),
        ("Tensor.numpy", {"source": "tensor"}, "a = t.numpy()"),
        (
            "np.copyto",
            {},
            "out = torch.empty(a.shape, dtype=torch.float32)  # once\nnp.copyto(out.numpy(), a)",
        ),
        (
            "np.copyto.out_array",
            {"source": "tensor"},
            "out = np.empty(t.shape, np.float32)  # once\nnp.copyto(out, t.numpy())",
        ),
        (
            "Tensor.copy_",
            {"to": "float16"},
            "out = torch.empty(a.shape, dtype=torch.float16)  # once\nout.copy_(torch.from_numpy(a))",
        ),
        (
            "np.copyto.out_array",
            {"source": "tensor", "to": "float16"},
            "out = np.empty(t.shape, np.float16)  # once\nnp.copyto(out, t.numpy())",
        ),
        ("Tensor.numpy.astype", {"source": "tensor", "to": "bfloat16"}, "a = t.numpy().astype(ml_dtypes.bfloat16)"),
        ("h2d.pageable", {"device": "cuda:1"}, "t = torch.from_numpy(a).to('cuda:1')"),
    ],
)
def test_code_has_the_users_dtype_and_device(name: str, changes: dict[str, object], code: str) -> None:
    """The spelling is written as it has to be typed, memory that is kept made once."""
    assert to_write(PATHS[name], asked(**changes)) == code
