"""Planted costs: the parts of a session's cases find what was planted, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.statistics import Estimate
from benchmarks.suite.cases import SIZES
from reports.parts import Price, parted, price
from reports.view import View
from tests.builders import a_header, a_record, a_session
from tests.reports.tables import section, texts

FAULT_NS, PER_BYTE, EMPTY, LIMIT = 1500.0, 1 / 16, 50.0, 300.0
ALL = ("64B", "4KiB", "1MiB", "64MiB")


def a_line(
    path: str, family: str, overhead: float, *, faults: bool = False, extra: float = 0.0, **more: Any
) -> list[Any]:
    """Return a path at all sizes: the empty call, an overhead, its bytes, and from 64 MiB on a fault a page."""
    found = []
    for size in ALL:
        nbytes, copies = SIZES[size], more.get("aliasing", "copies") == "copies"
        pages = nbytes / 4096 if faults and size == "64MiB" else 0.0
        moved = (nbytes - 64) * PER_BYTE if copies else 0.0
        ns = EMPTY + overhead + moved + pages * FAULT_NS + (extra if size != "64B" else 0.0)
        known = {"size": size, "spread": 0.0, "minflt": pages, "aliasing": "copies"} | more
        found.append(a_record(path, family=family, ns=ns, **known))
    return found


def records(*more: Any) -> list[Any]:
    """Return limits, the pair that tells what a fault costs, and what a test adds."""
    limits = [
        a_record("ref.memcpy", ns=LIMIT + SIZES[size] * PER_BYTE, size=size, family="limit", dtype="uint8", spread=0.0)
        for size in ALL
    ]
    empty = a_record("ref.call", ns=EMPTY, size="64B", family="limit", dtype="uint8", spread=0.0)
    clone = a_line("torch.from_numpy.clone", "copy", 900, faults=True)
    return [*limits, empty, *clone, *a_line("Tensor.copy_", "copy_into", 900), *(one for some in more for one in some)]


def parts(known: list[Any], path: str, size: str) -> dict[str, float]:
    """Return the parts of one case."""
    view = View(a_session(known))
    rows = [row for row in view.rows if (row.record.path, row.record.nbytes) == (path, SIZES[size])]
    (found,) = parted(view, rows, price(view))
    return dict(found.ns)


def test_the_price_of_a_fault_is_found() -> None:
    """Fresh less warm memory, over the faults, is what a fault costs; without such a pair nobody knows."""
    found = price(View(a_session(records())))
    assert (found.ns.value, found.nbytes) == (pytest.approx(FAULT_NS), SIZES["64MiB"])
    assert price(View(a_session(a_line("torch.from_numpy.clone", "copy", 900, faults=True)))) is None


def a_pair(size: str, *, ms: float, minflt: float, fresh: str = "torch.from_numpy.clone", passes: int = 6) -> list[Any]:
    """Return a copy into fresh memory that takes so much longer than the one into warm memory."""
    known = {"size": size, "spread": 0.0, "aliasing": "copies"}
    copy = a_record(fresh, family="copy", ns=(1 + ms) * 1e6, minflt=minflt, **known)
    return [copy, a_record("Tensor.copy_", family="copy_into", ns=1e6, passes=passes, **known)]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([a_pair("1MiB", ms=256, minflt=256), a_pair("64MiB", ms=32, minflt=16384)], 32e6 / 16384),
        ([a_pair("1MiB", ms=256, minflt=256), a_pair("64MiB", ms=32, minflt=544)], 1e6),
        ([a_pair("64MiB", ms=32, minflt=544)], None),
        ([a_pair("64MiB", ms=32, minflt=16384, passes=5)], None),
        ([a_pair("64MiB", ms=32, minflt=16384, fresh="torch.tensor")], None),
    ],
)
def test_the_largest_copies_in_small_pages_tell_the_price(pairs: list[list[Any]], expected: float | None) -> None:
    """Smaller copies, huge pages, passes that have no partner and copies by another engine do not."""
    found = price(View(a_session([one for pair in pairs for one in pair])))
    assert (found and found.ns.value) == (expected and pytest.approx(expected))


def test_faults_take_the_middle_of_their_price() -> None:
    """Of the interval of a price its value counts."""
    view = View(a_session(records(a_line("torch.tensor", "copy", 2300, faults=True))))
    row = next(one for one in view.rows if one.record.case == "torch.tensor/float32/C/64MiB/1t")
    cost = Price(ns=Estimate(value=1000.0, low=500.0, high=9000.0, passes=6), nbytes=1)
    (found,) = parted(view, [row], cost)
    assert found.ns["page faults"] == SIZES["64MiB"] / 4096 * 1000


def test_a_page_has_the_size_that_the_machine_gives_it() -> None:
    """With pages of 64 KiB a copy of 64 MiB lies in small ones where it faults 1,024 times."""
    known = a_pair("64MiB", ms=32, minflt=1024)
    machine = a_header().machine
    assert price(View(a_session(known, machine=machine))) is None
    found = price(View(a_session(known, machine=machine | {"page_bytes": 65536})))
    assert found.ns.value == pytest.approx(32e6 / 1024)


@pytest.mark.parametrize(("times", "moved"), [(0.5, 0.75), (1, 1), (4, 2.5)])
def test_a_cast_moves_what_it_reads_and_writes(times: float, moved: float) -> None:
    """Half of the bytes read and written count, and the pages of the result decide whether they are small."""
    nbytes = SIZES["64MiB"]
    cast = {"dtype": "float64>float32", "family": "cast", "aliasing": "copies", "spread": 0.0}
    small = a_record("np.astype", ns=1000, size="64B", **cast)
    large = a_record("np.astype", ns=1e9, size="64MiB", minflt=times * nbytes / 4096 * 0.9, **cast)
    found = parts(records([small, replace(large, alloc_bytes=int(times * nbytes))]), "np.astype", "64MiB")
    assert found["moving bytes"] == pytest.approx((nbytes - 64) * PER_BYTE * moved)
    assert found["page faults"] == pytest.approx(times * nbytes / 4096 * 0.9 * FAULT_NS)


@pytest.mark.parametrize("lacks", ["ref.call", "ref.memcpy", "64B"])
def test_a_case_that_lacks_what_its_parts_need_is_left_out(lacks: str) -> None:
    """Without the empty call, the limit of a size, or the path's smallest size there are no parts."""
    slow = a_line("torch.tensor", "copy", 2300)
    smallest = f"torch.tensor/float32/C/{lacks}/1t"
    known = [one for one in records(slow) if one.path != lacks and one.case != smallest]
    view = View(a_session(known))
    assert list(parted(view, [row for row in view.rows if row.record.path == "torch.tensor"], None)) == []


@pytest.mark.parametrize("size", ["4KiB", "1MiB", "64MiB"])
def test_each_part_finds_what_was_planted(size: str) -> None:
    """Overhead, bytes and faults of a copy are told apart to the digit, and nothing is left."""
    found = parts(records(a_line("torch.tensor", "copy", 2300, faults=True)), "torch.tensor", size)
    faults = SIZES["64MiB"] / 4096 * FAULT_NS if size == "64MiB" else 0
    moved = (SIZES[size] - 64) * PER_BYTE
    assert found == pytest.approx(
        {"empty call": EMPTY, "overhead": 2300, "moving bytes": moved, "page faults": faults, "unexplained": 0},
        abs=1e-3,
    )


def test_what_is_left_is_shown() -> None:
    """Work that is no part of these stays unexplained; what shares moves no bytes."""
    slow = a_line("torch.tensor", "copy", 2300, extra=5000.0)
    assert parts(records(slow), "torch.tensor", "1MiB")["unexplained"] == pytest.approx(5000, abs=1e-3)
    view = a_line("torch.from_numpy", "share", 600, aliasing="shares")
    assert parts(records(view), "torch.from_numpy", "64MiB")["moving bytes"] == 0


def test_huge_pages_have_no_price() -> None:
    """A case with a few faults of huge pages keeps their time unexplained and says so."""
    huge = [a_record("np.copy.from_numpy", family="copy", ns=9e6, size=size, minflt=544, spread=0.0) for size in ALL]
    view = View(a_session(records(huge)))
    figure = section("where", view)["where-67108864"]
    line = next(one for one in texts(figure) if one[0].startswith("np.copy.from_numpy"))
    assert line[-1] == "its faults are of huge pages, and stay unexplained"
    assert line[5] == "0"
    assert [one[-1] for one in texts(figure)].count("") == 2
    assert figure.caption == "A minor fault costs 1.50 µs [1.50\u20131.50 µs], told by copies of 64 MiB."
    unpriced = View(a_session([one for one in records(huge) if one.path != "torch.from_numpy.clone"]))
    figure = next(iter(section("where", unpriced).values()))
    assert figure.caption.startswith("No pair of cases tells what a fault costs here")


def test_every_path_has_a_bar_that_is_whole() -> None:
    """Each size has one bar a path, whose pieces add up to the whole, and names parts that the table names."""
    view = View(a_session(records(a_line("torch.tensor", "copy", 2300, faults=True))))
    found = section("where", view)
    assert list(found) == ["where-4096", "where-1048576", "where-67108864"]
    for figure in found.values():
        names = {row["name"] for row in figure.chart.rows}
        assert len(names) == len(figure.table.lines) == 3
        assert [row["order"] for row in figure.chart.rows] == [*range(5)] * 3
        for name in names:
            assert sum(row["value"] for row in figure.chart.rows if row["name"] == name) == pytest.approx(1, abs=1e-3)


def test_a_part_below_zero_has_no_width() -> None:
    """Where moving takes less than memmove the rest is below zero in the table, and the bar is that of the others."""
    quick = a_line("torch.tensor", "copy", 2300, extra=-2000.0)
    view = View(a_session(records(quick)))
    figure = section("where", view)["where-1048576"]
    line = next(one for one in texts(figure) if one[0].startswith("torch.tensor"))
    whole = EMPTY + 2300 + (SIZES["1MiB"] - 64) * PER_BYTE
    assert line[6] == f"-2.00 µs ({-2000 / (whole - 2000):.0%})"
    bars = {row["text"]: row["value"] for row in figure.chart.rows if row["name"].startswith("torch.tensor")}
    assert bars["unexplained"] == 0
    assert bars["overhead"] == pytest.approx(2300 / whole, abs=1e-4)


def test_one_line_a_path_by_the_choice_with_most_cases() -> None:
    """A dtype that few cases have is in no line; casts have theirs, and lists none."""
    few = a_line("torch.tensor", "copy", 2300, dtype="uint8")
    cast = a_line("np.astype.from_numpy", "cast", 100, dtype="float64>float32")
    stack = a_line("torch.stack", "stack", 100)
    view = View(a_session(records(a_line("torch.tensor", "copy", 2300), few, cast, stack)))
    figure = section("where", view)["where-1048576"]
    names = sorted(one[0] for one in texts(figure))
    paths = ("Tensor.copy_", "np.astype.from_numpy", "torch.from_numpy.clone", "torch.tensor")
    assert names == [f"{path} (array)" for path in paths]


def test_a_session_without_limits_has_no_section() -> None:
    """Without the empty call, the smallest size or the limit nothing is taken apart."""
    view = View(a_session(a_line("torch.tensor", "copy", 2300)))
    assert section("where", view) == {}
