from dataclasses import replace
from typing import Any

import pytest

from reports.figures.memory import dropped
from reports.findings import found
from reports.view import View
from tests.builders import HOSTILE, a_record, a_session
from tests.reports.tables import section, texts

MS = 1e6


def a_copy(path: str, family: str, ms: float, faults: float, **more: Any) -> Any:
    """Return a copy of 64 MiB."""
    known = {"size": "64MiB", "aliasing": "copies", "spread": 0.0} | more
    return a_record(path, family=family, ns=ms * MS, minflt=faults, **known)


RECORDS = (
    a_copy("np.copy.from_numpy", "copy", 8, 544),
    a_copy("np.copy.from_numpy.held", "held", 16, 544),
    a_copy("np.copy.from_numpy.small_pages", "small_pages", 40, 16385),
    a_copy("Tensor.copy_", "copy_into", 4, 0),
    a_copy("torch.asarray.copy", "copy", 38, 16385),
)


def figures(records: tuple[Any, ...]) -> dict[str, Any]:
    """Return the figures of the section on memory by their anchor; none where there is no section."""
    return section("memory", View(a_session(records)))


def test_a_copy_stands_with_what_becomes_of_its_memory() -> None:
    """Dropped, held, in small pages and filled again are told apart, each with its faults and its ratio to dropped."""
    (figure,) = figures(RECORDS).values()

    assert texts(figure) == [
        ["np.copy.from_numpy", "dropped at once", "8.00 ms [8.00\u20138.00 ms]", "544", "\u2013"],
        ["np.copy.from_numpy.held", "eight are held", "16.0 ms [16.0\u201316.0 ms]", "544", "2.00x [2.00\u20132.00x]"],
        [
            "np.copy.from_numpy.small_pages",
            "dropped, small pages",
            "40.0 ms [40.0\u201340.0 ms]",
            "16,385",
            "5.00x [5.00\u20135.00x]",
        ],
        ["Tensor.copy_", "filled again", "4.00 ms [4.00\u20134.00 ms]", "0", "\u2013"],
    ]


def test_the_picture_has_the_cases_of_its_table() -> None:
    """The bars are those of the table, the fastest first."""
    (figure,) = figures(RECORDS).values()

    assert [row["name"] for row in figure.chart.rows] == [
        "Tensor.copy_",
        "np.copy.from_numpy",
        "np.copy.from_numpy.held",
        "np.copy.from_numpy.small_pages",
    ]


def test_each_size_has_its_table() -> None:
    """Sizes are never mixed, and one where nothing is held or refused has none."""
    more = (a_copy("torch.tensor.held", "held", 1, 0, size="1MiB"), a_copy("torch.tensor", "copy", 1, 0, size="4MiB"))

    assert list(figures((*RECORDS, *more))) == ["memory-1048576", "memory-67108864"]


def test_other_axes_stay_out_of_a_table() -> None:
    """A table is about one dtype, layout and thread count: those of what is held or refused."""
    others = [a_copy("Tensor.copy_", "copy_into", 1, 0, **one) for one in ({"dtype": "uint8"}, {"threads": "allt"})]
    (figure,) = figures((*RECORDS, *others)).values()

    assert len(figure.table.lines) == 4


def test_without_the_question_there_is_no_section() -> None:
    """A session that holds nothing and refuses nothing has no section on memory."""
    assert figures((RECORDS[0], RECORDS[3])) == {}


@pytest.mark.parametrize("other", [{"dtype": "uint8"}, {"layout": "F"}, {"size": "32MiB"}])
def test_only_the_same_copy_is_compared(other: dict[str, str]) -> None:
    """A ratio is never taken to a copy of another dtype, layout or size."""
    view = View(a_session((a_copy("np.copy.from_numpy", "copy", 8, 544, **other), RECORDS[1])))

    assert dropped(view, view.rows[1]) is None


def test_hostile_names_are_whole() -> None:
    """Whatever a path is called, its name stands in the table as it is, and its base is found by it."""
    records = (a_copy(HOSTILE, "copy", 2, 0), a_copy(f"{HOSTILE}.held", "held", 3, 0))
    (figure,) = figures(records).values()

    assert [line[0] for line in texts(figure)] == [HOSTILE, f"{HOSTILE}.held"]
    assert texts(figure)[1][-1] == "1.50x [1.50\u20131.50x]"


def test_what_huge_pages_save_is_a_finding() -> None:
    """Where a copy takes longer without huge pages, a sentence says so, with the faults of both."""
    (said,) = [one.sentence for one in found(View(a_session(RECORDS))) if one.anchor.startswith("memory-")]

    assert said == (
        "Refused huge pages, `np.copy.from_numpy` takes 5.00x [5.00\u20135.00x] as long at 64 MiB, with 16,385 page "
        "faults a call instead of 544."
    )


def test_a_finding_on_memory_stands_in_a_table() -> None:
    """The row that a sentence names is there: a case of another dtype than the table's is not spoken of."""
    others = [
        replace(one, dtype="uint8", case=one.case.replace("float32", "uint8")) for one in (RECORDS[0], RECORDS[2])
    ]
    view = View(a_session((RECORDS[0], RECORDS[1], *others)))
    anchors = {line.anchor for figure in section("memory", view).values() for line in figure.table.lines}

    assert {one.anchor for one in found(view) if one.anchor.startswith("memory-")} <= anchors


def test_where_small_pages_cost_nothing_there_is_no_sentence() -> None:
    """No difference, or no copy to compare with, is no finding."""
    same = a_copy("np.copy.from_numpy.small_pages", "small_pages", 8, 16385)
    for records in ((RECORDS[0], same), (same,)):
        assert not [one for one in found(View(a_session(records))) if one.anchor.startswith("memory-")]
