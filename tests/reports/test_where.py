"""Planted costs: the parts of a session's cases find what was planted, and nothing else."""

from typing import Any

import pytest

from benchmarks.suite.cases import SIZES
from reports.parts import parted, price
from reports.view import View
from tests.builders import a_record, a_session
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


def test_every_path_has_a_bar_that_is_whole() -> None:
    """Each size has one bar a path, whose pieces add up to the whole, and names parts that the table names."""
    view = View(a_session(records(a_line("torch.tensor", "copy", 2300, faults=True))))
    found = section("where", view)
    assert list(found) == ["where-4096", "where-1048576", "where-67108864"]
    for figure in found.values():
        names = {row["name"] for row in figure.chart.rows}
        assert len(names) == len(figure.table.lines) == 3
        for name in names:
            assert sum(row["value"] for row in figure.chart.rows if row["name"] == name) == pytest.approx(1, abs=1e-3)


def test_a_session_without_limits_has_no_section() -> None:
    """Without the empty call, the smallest size or the limit nothing is taken apart."""
    view = View(a_session(a_line("torch.tensor", "copy", 2300)))
    assert section("where", view) == {}
