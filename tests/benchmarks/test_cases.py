from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import matrix
from benchmarks.suite.cases import (
    CASTS,
    DTYPES,
    FAMILIES,
    LAYOUTS,
    MIB,
    SIZES,
    THREADS,
    TRANSFERS,
    Case,
    Grid,
    size_name,
)
from benchmarks.suite.paths import PATHS
from benchmarks.suite.presets import PASSES_FOR_INTERVAL, PRESETS

#: The full preset has tens of thousands of cases: made once.
cases = cache(matrix.cases)
GOLDEN = Path(__file__).parents[1] / "golden" / "quick_cases.txt"


def a_case(**changes: object) -> Case:
    """Return a case of the matrix."""
    return Case(**({"path": "p", "dtype": "float32", "layout": "C", "nbytes": 64, "threads": "1t"} | changes))


def test_the_ids_of_the_quick_preset_stay_as_they_are() -> None:
    """Every id of the quick preset is in the golden list in its order; an id never changes meaning or disappears."""
    assert [case.id for case in cases("quick")] == GOLDEN.read_text().splitlines()


@pytest.mark.parametrize("preset", PRESETS)
def test_no_two_cases_have_one_id(preset: str) -> None:
    """The ids of a preset are unique."""
    ids = [case.id for case in cases(preset)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_id_of_a_preset_reads_back(preset: str) -> None:
    """Parsing the id of any case of a preset gives the case."""
    for case in cases(preset):
        assert Case.parse(case.id) == case


def test_the_standard_preset_is_broad() -> None:
    """The standard preset has at least 1500 cases, the full one every combination it is made of."""
    assert len(cases("standard")) >= 1500
    assert len(cases("full")) > len(cases("standard"))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_measures_every_path(preset: str) -> None:
    """No path is left out of the presets of the host, and the gpu preset has all transfers; none names another.

    Quick alone leaves out loaders whose workers take long to start: spawned ones, and two at once.
    """
    slow = {path.name for path in PATHS.values() if path.feed and path.feed.how in {"fork2", "spawn1", "spawn2"}}
    transfers = {path.name for path in PATHS.values() if path.family in TRANSFERS}
    limits = {path.name for path in PATHS.values() if path.family == "limit"}
    wanted = transfers | limits if PRESETS[preset].device == "cuda" else set(PATHS) - transfers
    wanted -= slow if preset == "quick" else set()
    assert {case.path for case in cases(preset)} == wanted


@pytest.mark.parametrize("preset", PRESETS)
def test_every_size_has_its_limit(preset: str) -> None:
    """A preset has the memcpy of every size it measures, so each case can be given as a multiple of the limit."""
    limits = {case.nbytes for case in cases(preset) if case.path == "ref.memcpy"}
    assert {case.nbytes for case in cases(preset)} <= limits


def test_standard_and_full_have_the_passes_of_an_interval() -> None:
    """Sessions that can be published run the six passes that an interval needs; the quick one runs fewer."""
    assert PRESETS["standard"].passes == PRESETS["full"].passes == PASSES_FOR_INTERVAL == 6
    assert PRESETS["quick"].passes < PASSES_FOR_INTERVAL


def test_sizes_reach_from_64_bytes_to_a_gibibyte() -> None:
    """The sizes go from 64 B to 1 GiB in rising order, with 31 and 32 MiB on the sides of glibc's threshold."""
    assert list(SIZES.values()) == sorted(SIZES.values())
    assert (min(SIZES.values()), max(SIZES.values())) == (64, 1024 * MIB)
    assert {SIZES["31MiB"], SIZES["32MiB"]} == {31 * 1024**2, 32 * 1024**2}


def test_a_size_has_its_word() -> None:
    """Every size of the matrix is named by the word that stands for it."""
    assert {size_name(size_bytes): size_bytes for size_bytes in SIZES.values()} == SIZES


def test_a_size_outside_the_matrix_is_refused_with_its_value() -> None:
    """A size that the matrix lacks is refused; the message has the value and the sizes there are."""
    with pytest.raises(ValueError, match=r"65 bytes is no size of the matrix; it has 64B, 512B, .*256MiB"):
        size_name(65)


@given(
    path=st.sampled_from(sorted(PATHS)),
    dtype=st.sampled_from((*DTYPES, *CASTS)),
    layout=st.sampled_from(LAYOUTS),
    nbytes=st.sampled_from(sorted(SIZES.values())),
    threads=st.sampled_from(THREADS),
)
def test_any_point_of_the_axes_reads_back(path: str, dtype: str, layout: str, nbytes: int, threads: str) -> None:
    """The id of every point of the axes, in a preset or not, parses to that point."""
    case = Case(path=path, dtype=dtype, layout=layout, nbytes=nbytes, threads=threads)
    assert Case.parse(case.id) == case


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dtype": "<a>"}, "'<a>' is no dtype of the matrix; it has uint8, .*float64>float32"),
        ({"dtype": "float32>float32"}, "'float32>float32' is no dtype of the matrix"),
        ({"layout": "c"}, "'c' is no layout of the matrix; it has C, F, .*bigendian"),
        ({"threads": "2t"}, "'2t' is no threads of the matrix; it has 1t, allt"),
        ({"nbytes": -1}, "-1 bytes is no size of the matrix"),
    ],
)
def test_a_case_off_the_axes_is_refused(changes: dict, words: str) -> None:
    """A value that its axis lacks is refused; the message names the axis, the value and the values there are."""
    with pytest.raises(ValueError, match=words):
        a_case(**changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no case id: expected path/dtype/layout/size/threads"),
        ("p/float32/C/64B", "expected path/dtype/layout/size/threads"),
        ("p/float32/C/64B/1t/", "expected path/dtype/layout/size/threads"),
        ("p/float32/C/65B/1t", "'65B' is no size of the matrix; it has 64B, "),
        ("p/float32/C/64B/<b>", "'<b>' is no threads of the matrix"),
        ("p/float32/|/64B/1t", r"'\|' is no layout"),
        ("p/float31/C/64B/1t", "'float31' is no dtype"),
    ],
)
def test_an_id_that_is_none_is_refused(text: str, words: str) -> None:
    """A text that is no id is refused; the message says which part is wrong."""
    with pytest.raises(ValueError, match=words):
        Case.parse(text)


def test_a_cast_has_two_dtypes() -> None:
    """A cast starts from its left dtype and ends in its right one; its elements are counted in the left one."""
    cast, plain = a_case(dtype="float64>float32"), a_case(dtype="uint8")
    assert (cast.source_dtype, cast.target_dtype, cast.elements) == ("float64", "float32", 8)
    assert (plain.source_dtype, plain.target_dtype, plain.elements) == ("uint8", "uint8", 64)


def test_a_block_is_about_its_families_alone() -> None:
    """A block gives a path of its family the product of its axes, and any other path nothing."""
    block = Grid(families=("share",), sizes=("64B", "4KiB"), layouts=("C", "F"))
    ids = ["p/float32/C/64B/1t", "p/float32/C/4KiB/1t", "p/float32/F/64B/1t", "p/float32/F/4KiB/1t"]
    assert [case.id for case in block.cases("p", "share")] == ids
    assert block.cases("p", "copy") == []


def test_every_family_has_a_path() -> None:
    """No family is a word without a path, and no path belongs to a family that is none."""
    assert {path.family for path in PATHS.values()} == set(FAMILIES)
