import numpy as np
import pytest
import torch

from benchmarks.suite.cases import DTYPES, LAYOUTS, SIZES, TENSOR_LAYOUTS, Case
from benchmarks.suite.inputs import Input, InputCache, build, halves, images
from benchmarks.suite.tiles import values

ARRAY_DTYPES = sorted(set(DTYPES) - {"bfloat16"})
WIDE_DTYPES = sorted({"int32", "int64", "float16", "float32", "float64", "complex64"})


def a_case(layout: str = "C", dtype: str = "float32", size: str = "4KiB") -> Case:
    """Return a case whose source has a layout."""
    return Case(path="p", dtype=dtype, layout=layout, nbytes=SIZES[size], threads="1t")


def an_array(layout: str, dtype: str = "float32", size: str = "4KiB") -> np.ndarray:
    """Return the array of a case."""
    return build(a_case(layout, dtype, size), "array").source


@pytest.mark.parametrize("dtype", ARRAY_DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", ["64B", "512B", "4KiB"])
def test_an_array_has_the_dtype_and_the_bytes_of_its_case(layout: str, dtype: str, size: str) -> None:
    """Whatever the layout, an array has its case's dtype and as many elements as its bytes hold."""
    array = an_array(layout, dtype, size)
    assert array.dtype.newbyteorder("=") == np.dtype(dtype)
    assert array.size == SIZES[size] // np.dtype(dtype).itemsize


@pytest.mark.parametrize(("source", "layout"), [("array", one) for one in LAYOUTS] + [("tensor", "C")])
def test_a_source_holds_seeded_values(source: str, layout: str) -> None:
    """Whatever the layout, a source holds values of the seeded tile, none of them zero and not all the same."""
    known = build(a_case(layout), source)
    assert set(known.reference.ravel().tolist()) <= set(values(2048, "float32").tolist())
    assert len(np.unique(known.reference)) > 1


def test_a_c_array_lies_in_a_row() -> None:
    """C is one contiguous run of memory."""
    assert an_array("C").flags.c_contiguous


def test_an_f_array_is_column_major_and_no_row() -> None:
    """F is contiguous in Fortran's order and not in C's."""
    flags = an_array("F").flags
    assert (flags.f_contiguous, flags.c_contiguous) == (True, False)


def test_a_sliced_array_has_gaps_between_rows() -> None:
    """Sliced has contiguous rows with memory between them that is not its own."""
    array = an_array("sliced")
    assert array.strides[1] == array.itemsize
    assert array.strides[0] > array.shape[1] * array.itemsize


def test_a_strided_array_takes_every_other_element() -> None:
    """Strided steps over two elements at a time."""
    assert an_array("strided").strides == (8,)


def test_a_reversed_array_goes_backwards() -> None:
    """Reversed has a negative stride."""
    assert an_array("reversed").strides == (-4,)


def test_images_are_channels_last_in_memory() -> None:
    """An image batch has the axes of NCHW while its memory has those of NHWC."""
    array = an_array("nhwc_as_nchw", size="64KiB")
    assert array.ndim == 4
    assert array.transpose(0, 2, 3, 1).flags.c_contiguous
    assert array.strides[1] == array.itemsize


def test_a_broadcast_array_repeats_one_row() -> None:
    """Broadcast has a zero stride over more than one row."""
    array = an_array("broadcast")
    assert array.strides[0] == 0
    assert array.shape[0] > 1


@pytest.mark.parametrize("dtype", WIDE_DTYPES)
def test_a_misaligned_array_starts_between_elements(dtype: str) -> None:
    """Misaligned starts at an odd byte, which NumPy's own flag says."""
    array = an_array("misaligned", dtype)
    assert not array.flags.aligned
    assert array.ctypes.data % 2 == 1


def test_a_readonly_array_refuses_to_be_written() -> None:
    """Writing into a readonly array raises."""
    with pytest.raises(ValueError, match="read-only"):
        an_array("readonly")[0] = 1


@pytest.mark.parametrize("dtype", WIDE_DTYPES)
def test_a_big_endian_array_has_the_same_values_in_foreign_bytes(dtype: str) -> None:
    """Big-endian differs from C in its bytes and not in its values."""
    array, native = an_array("bigendian", dtype), an_array("C", dtype)
    assert not array.dtype.isnative
    assert np.array_equal(array, native)
    assert array.tobytes() != native.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", sorted(TENSOR_LAYOUTS))
def test_a_tensor_lies_as_its_array_does(layout: str, dtype: str) -> None:
    """A tensor has the shape, the strides and the values that the array of the same case has."""
    case = a_case(layout, dtype)
    array, tensor = build(case, "array"), build(case, "tensor")
    strides = tuple(stride * tensor.source.element_size() for stride in tensor.source.stride())
    assert (tuple(tensor.source.shape), strides) == (array.source.shape, array.source.strides)
    assert tensor.source.dtype == getattr(torch, dtype)
    assert np.array_equal(tensor.reference, array.reference)


@pytest.mark.parametrize("layout", sorted(TENSOR_LAYOUTS))
def test_a_tensor_owns_its_memory(layout: str) -> None:
    """A tensor stands on memory of torch's own, and its reference sees that memory."""
    known = build(a_case(layout), "tensor")
    known.source[(0,) * known.source.ndim] = 77
    assert known.reference.flat[0] == 77


def first_element(known: Input) -> object:
    """Return the value of a source's first element, read through the source."""
    return known.source[(0,) * known.source.ndim].item()


SOURCES = [("array", layout) for layout in LAYOUTS] + [("tensor", layout) for layout in sorted(TENSOR_LAYOUTS)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("source", "layout"), SOURCES)
def test_a_poke_changes_the_first_element_and_the_next_restores_it(source: str, layout: str, dtype: str) -> None:
    """Poking once changes the first element that the source shows, poking twice leaves all memory as it was."""
    known = build(a_case(layout, dtype), source)
    first, memory = first_element(known), known.memory.copy()
    known.poke()
    assert first_element(known) != first
    known.poke()
    assert np.array_equal(known.memory, memory)


@pytest.mark.parametrize("source", ["array", "tensor"])
def test_a_poked_bool_is_still_a_bool(source: str) -> None:
    """A poke turns one bit: True becomes False and not some third value."""
    known = build(a_case(dtype="bool"), source)
    known.poke()
    assert set(known.memory.tolist()) <= {0, 1}


def test_a_bfloat16_array_is_numpys_neighbour() -> None:
    """A bfloat16 array has the dtype of ml_dtypes and the bits of its reference."""
    known = build(a_case(dtype="bfloat16"), "array")
    assert known.source.dtype.name == "bfloat16"
    assert np.array_equal(known.source.view(np.uint16), known.reference)


@pytest.mark.parametrize("dtype", ARRAY_DTYPES)
def test_values_are_seeded_finite_and_varied(dtype: str) -> None:
    """Values are the same at every call, finite, and neither all equal nor zero (but for False)."""
    first, again = values(1000, dtype), values(1000, dtype)
    assert np.array_equal(first, again)
    assert first is not again
    assert np.isfinite(first).all()
    assert len(np.unique(first)) > 1
    assert dtype == "bool" or (first != 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tiles_repeat_but_for_their_number(dtype: str) -> None:
    """Large inputs repeat one tile, so that they are made in no time, but no tile is the same as another."""
    tiles = values(5 * 65_536 + 7, dtype)[: 5 * 65_536].reshape(5, 65_536)
    assert all(np.array_equal(tiles[0, 16:], tile[16:]) for tile in tiles)
    assert len({tile.tobytes() for tile in tiles}) == len(tiles)


@pytest.mark.parametrize(("elements", "split"), [(1, (1, 1)), (16, (4, 4)), (24, (4, 6)), (7, (1, 7)), (64, (8, 8))])
def test_halves_are_as_square_as_powers_of_two_allow(elements: int, split: tuple[int, int]) -> None:
    """Rows are the largest power of two up to the square root that divides the elements."""
    assert halves(elements) == split


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("itemsize", [1, 2, 4, 8])
def test_shapes_lose_no_element(size: str, itemsize: int) -> None:
    """Splitting the elements of any size into rows or images keeps every one of them."""
    elements = SIZES[size] // itemsize
    assert np.prod(halves(elements)) == elements
    assert np.prod(images(elements)) == elements


def test_images_are_at_most_128_pixels_wide_and_high() -> None:
    """A large batch has more images, not larger ones, each of four channels."""
    count, height, width, channels = images(SIZES["16MiB"] // 4)
    assert (height, width, channels, count) == (128, 128, 4, 64)


def test_the_cache_keeps_an_input() -> None:
    """The same input comes twice while there is room for it; path and thread count do not matter."""
    cache = InputCache(1 << 20)
    other = Case(path="q", dtype="float32", layout="C", nbytes=4096, threads="allt")
    assert cache.get(a_case(), "array") is cache.get(other, "array")


def test_the_cache_tells_sources_and_layouts_apart() -> None:
    """An array is never given for a tensor, nor one layout or dtype for another."""
    cache = InputCache(1 << 20)
    known = [cache.get(a_case(), "array"), cache.get(a_case(), "tensor"), cache.get(a_case("F"), "array")]
    known.append(cache.get(a_case(dtype="int32"), "array"))
    assert len({id(one) for one in known}) == 4


def test_the_cache_drops_the_least_recently_used() -> None:
    """With room for two, a third input drives out the one that was not used for longest."""
    cache = InputCache(2 * 4096)
    first, second = cache.get(a_case(), "array"), cache.get(a_case("readonly"), "array")
    assert cache.get(a_case(), "array") is first
    cache.get(a_case("reversed"), "array")
    assert cache.get(a_case(), "array") is first
    assert cache.get(a_case("readonly"), "array") is not second


def test_an_input_larger_than_the_budget_is_built_all_the_same() -> None:
    """A budget of nothing keeps one input at a time and refuses none."""
    cache = InputCache(0)
    first = cache.get(a_case(), "array")
    cache.get(a_case("F"), "array")
    assert cache.get(a_case(), "array") is not first
