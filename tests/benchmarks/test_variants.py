"""Which variants a case has: each differs from another one by a single thing."""

import pytest

from benchmarks.breakdown.variants import SMALLEST, arrays, has_engine, smallest, variants
from benchmarks.suite.cases import Case

COPY = Case.parse("torch.tensor/float32/C/64MiB/1t")


def names(case: str, *, shares: bool = False) -> list[str]:
    """Return the names of a case's variants."""
    return [one.name for one in variants(Case.parse(case), shares=shares)]


@pytest.mark.parametrize(
    ("case", "aliasing", "expected"),
    [
        ("torch.from_numpy/float32/C/1MiB/1t", "shares", "whole warm small call"),
        ("torch.from_numpy/float32/F/1MiB/1t", "shares", "whole warm small call"),
        ("torch.tensor/float32/C/1MiB/1t", "copies", "whole warm small call move move_small"),
        ("torch.tensor/float32/F/1MiB/1t", "copies", "whole warm small call move move_small engine engine_small"),
        ("torch.tensor/float32/C/1MiB/allt", "copies", "whole warm small call move move_small one_thread"),
        ("h2d.pageable/float32/C/1MiB/1t", "copies", "whole small call"),
    ],
)
def test_a_case_has_the_variants_of_its_parts(case: str, aliasing: str, expected: str) -> None:
    """What shares moves nothing; order and casts need an engine, threads one thread alone, a device no warm memory."""
    assert names(case, shares=aliasing == "shares") == expected.split()


def test_only_the_whole_is_in_fresh_memory() -> None:
    """The case itself runs with an allocator as it comes, everything else in memory that is kept."""
    assert [one.name for one in variants(COPY, shares=False) if one.memory == "fresh"] == ["whole"]


def test_what_stands_for_one_thread_has_one() -> None:
    """Of a case on all threads, bytes, elements and the case itself are timed on one thread too."""
    known = {one.name: one.case for one in variants(Case.parse("torch.tensor/float32/F/1MiB/allt"), shares=False)}
    assert {name for name, case in known.items() if case.threads == "allt"} == {"whole", "warm"}
    assert known["one_thread"].id == known["engine"].id == known["move"].id == "torch.tensor/float32/F/1MiB/1t"


def test_elements_are_bytes_where_they_lie_in_order() -> None:
    """A cast and a layout are more than bytes; a list, and what is only read, are not."""
    cast = Case.parse("np.astype.from_numpy/float64>float32/C/1MiB/1t")
    assert has_engine(cast)
    assert not any(has_engine(Case.parse(f"torch.tensor/float32/{one}/1MiB/1t")) for one in ("C", "readonly"))
    assert not has_engine(Case.parse("torch.stack/float32/items512B/1MiB/1t"))


def test_the_smallest_has_hardly_any_bytes() -> None:
    """The smallest case keeps path, dtype and layout, on one thread."""
    assert smallest(Case.parse("torch.tensor/uint8/F/64MiB/allt")).id == "torch.tensor/uint8/F/64B/1t"
    assert smallest(COPY).nbytes == SMALLEST
    sent = [Case.parse(f"h2d.pageable/float32/C/{size}/allt") for size in ("1MiB", "64B")]
    assert [smallest(one).id for one in sent] == [f"h2d.pageable/float32/C/{size}/allt" for size in ("4KiB", "64B")]
    rows = Case.parse("torch.stack/float32/items512KiB/32MiB/allt")
    assert smallest(rows).threads == "1t"


def test_a_small_list_has_as_many_arrays_or_is_multiplied() -> None:
    """The list of the smallest arrays has as many as the case; where no size allows that, its time is multiplied."""
    exact, scaled = (Case.parse(f"torch.stack/float32/{one}/1t") for one in ("items512KiB/32MiB", "items512B/1MiB"))
    assert smallest(exact).id == "torch.stack/float32/items64B/4KiB/1t"
    assert arrays(exact) == arrays(smallest(exact)) == 64
    small = next(one for one in variants(scaled, shares=False) if one.name == "small")
    assert (arrays(small.case), small.times) == (1024, 2.0)


def test_a_variant_asks_what_it_is_about() -> None:
    """The case is taken first, on a CPU, settled in its memory; then what is done in its stead."""
    move = next(one for one in variants(COPY, shares=False) if one.name == "move")
    take, instead = move.lines(1, "cpu")
    assert take == {"take": COPY.id, "look": False, "cpu": 1, "device": "cpu", "settle": "warm"}
    assert instead == {"instead": "move"}


def test_a_transfer_says_what_crosses_the_link() -> None:
    """Beside the whole and the small transfer stand their copies over the link; a copy on the host has none."""
    device = variants(Case.parse("h2d.pageable/float32/C/1MiB/1t"), shares=False)
    assert [one.link for one in device] == ["link", "link_small", ""]
    assert not any(one.link for one in variants(COPY, shares=False))
