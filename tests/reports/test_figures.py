from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from benchmarks.records import Observation
from benchmarks.suite.lifetimes import LIFETIMES
from benchmarks.suite.traits import TRAITS
from reports import pages, units
from reports.contents import Contents, contents
from reports.figures import drawn
from reports.figures.overtakes import all_pairs
from reports.figures.registry import SECTIONS, Cell, Figure, Line, Table, section, slug
from reports.figures.sizes import ROWS_CAP
from reports.view import Group, View, ratio_of
from tests.builders import HOSTILE, a_full_session, a_record, a_session, some_semantics
from tests.reports.parsed import Page


def figures(records: Sequence[Any], **more: Any) -> dict[str, Figure]:
    """Return the figures of made-up records by their anchor."""
    return {one.anchor: one for _, some in drawn(View(a_session(records, **more))) for one in some}


def texts(figure: Figure) -> list[list[str]]:
    """Return a figure's table as text."""
    return [[str(cell) for cell in line.cells] for line in figure.table.lines]


def test_adding_a_figure_is_one_decorated_function() -> None:
    """A decorated function appears in HTML, Markdown and its section's place, without anybody keeping a list."""

    @section(15, "added", title="Added by a test", lead="One function in one place.")
    def added(view: View) -> Iterator[Figure]:
        table = Table(headers=("what", "cases"), lines=(Line(cells=(Cell("all"), Cell(str(len(view.rows))))),))
        yield Figure(anchor="added-figure", title="An added figure", caption="", table=table)

    try:
        made = contents(a_session([a_record()]))
    finally:
        del SECTIONS["added"]
    assert [one.anchor for one, _ in made.sections][:2] == ["time", "added"]
    assert "An added figure" in pages.html(made)
    assert "### An added figure" in pages.markdown(made)


def test_an_anchor_is_given_once() -> None:
    """Two sections cannot have one anchor: a link would lead to the wrong one."""
    with pytest.raises(ValueError, match="'time'"):
        section(1, "time", title="", lead="")


def test_a_line_fits_its_headers() -> None:
    """A table refuses a line with another number of cells than headers."""
    with pytest.raises(ValueError, match="1 cells under 2 headers"):
        Table(headers=("a", "b"), lines=(Line(cells=(Cell("only"),)),))


def test_ids_are_plain_and_never_collide() -> None:
    """Hostile names become ids of letters, digits and dashes, and two names never the same id."""
    names = [HOSTILE, "a b", "a-b", "a/b", "..", "torch.from_numpy(a.copy())", "torch.from_numpy(a).copy()"]
    ids = [slug(name) for name in names]
    assert len(set(ids)) == len(names)
    assert all(set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") for one in ids)
    assert not any(one.startswith(".") for one in ids)


def test_only_paths_of_one_family_and_source_share_a_figure() -> None:
    """A copy never stands in the figure of what shares, nor an array's path beside a tensor's."""
    view = View(a_full_session(("64B", "1MiB")))
    for group, rows in view.groups.items():
        assert {row.group for row in rows} == {group}
    assert Group("share", "array") in view.groups
    assert Group("share", "tensor") in view.groups


def test_more_than_twelve_lines_are_split() -> None:
    """Fifteen paths of a group are drawn in two figures, each with its own id."""
    known = figures([a_record(f"path.{number}") for number in range(15)])
    parts = [one for name, one in known.items() if name.startswith("time-share-array")]
    assert [len(one.table.lines) for one in parts] == [12, 3]


def test_a_chart_draws_no_more_than_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases beyond the cap stay out of the picture, and the caption says where they are."""
    assert ROWS_CAP >= 1600
    monkeypatch.setattr("reports.figures.sizes.ROWS_CAP", 3)
    known = figures([a_record(size=size) for size in ("64B", "512B", "4KiB", "1MiB")])["time-share-array"]
    assert known.chart is not None
    assert len(known.chart.rows) == 3
    assert "3 cases are drawn; all stand in cases.csv" in known.caption


def test_noise_is_marked_and_counted() -> None:
    """A case whose passes differ by more than a quarter is shaded, counted and listed."""
    known = figures([a_record(samples_ns=[[100.0], [130.0]])])
    assert known["time-share-array"].table.lines[0].cells[1].kind == "noisy"
    assert "1 of 1 cases are noisy" in known["time-share-array"].caption
    assert "noisy" in known


def test_pairs_have_three_orders() -> None:
    """One path against another is cheaper, dearer, or cannot be told where the intervals overlap."""
    costs = {"64B": (100, 200), "512B": (100, 101), "4KiB": (300, 200)}
    records = [
        a_record(path, ns=ns, size=size, spread=0.05)
        for size, both in costs.items()
        for path, ns in zip(("first", "second"), both, strict=True)
    ]
    (pair,) = all_pairs(View(a_session(records)), Group("share", "array"))
    assert pair.orders == ((64, "cheaper"), (512, "cannot tell"), (4096, "dearer"))
    assert pair.overtakes
    assert (pair.ranges("cheaper"), pair.ranges("cannot tell")) == ("64 B", "512 B")


def test_the_fastest_names_those_it_cannot_be_told_from() -> None:
    """At each size the fastest stands with every path whose interval overlaps its own."""
    sizes = ("64B", "4KiB")
    records = [
        a_record(path, ns=100 + extra, size=size) for size in sizes for path, extra in (("a", 0), ("b", 0.1), ("c", 50))
    ]
    assert [row[1:2] + row[3:] for row in texts(figures(records)["fastest-share-array"])] in (
        [["a", "b"], ["a", "b"]], [["a", "b"], ["b", "a"]], [["b", "a"], ["a", "b"]], [["b", "a"], ["b", "a"]],
    )  # fmt: skip


def test_a_reason_stands_where_a_line_does_not_fit() -> None:
    """A bent cost has no numbers but says how far a straight line would miss."""
    sizes = {"64B": 1000, "512B": 1000, "4KiB": 1000, "16KiB": 9000, "64KiB": 9500, "256KiB": 90000}
    records = [
        a_record("torch.tensor", ns=ns, size=size, family="copy", aliasing="copies") for size, ns in sizes.items()
    ]
    (row,) = texts(figures(records)["fixed-copy-array"])
    assert row[1] == units.NONE
    assert "a straight line misses a size by" in row[-1]


def test_ratios_are_taken_pass_by_pass() -> None:
    """A machine that slows down by ten between passes leaves the ratio to the limit exact."""
    slow = [[100.0], [1000.0]]
    limit = a_record("ref.memcpy", samples_ns=slow, family="limit", dtype="uint8", aliasing="copies")
    twice = [[200.0], [2000.0]]
    records = [
        limit,
        *(a_record(samples_ns=twice, family="copy", aliasing="copies", dtype=one) for one in ("float32", "uint8")),
    ]
    known = figures(records)
    assert texts(known["limit-copy-array"])[0][1] == f"2.00x [2.00{units.DASH}2.00x]"
    assert "ratios-copy-array-4096" in known


def test_uneven_passes_give_no_ratio() -> None:
    """Two cases that were not measured in the same passes are not divided by each other."""
    first, second = View(a_session([a_record(), a_record("torch.as_tensor", passes=5)])).rows
    assert ratio_of(first, second) is None
    limit = a_record("ref.memcpy", passes=5, family="limit", dtype="uint8")
    assert View(a_session([limit, a_record()])).rows[1].of_limit is None


def test_the_semantics_card_says_what_was_observed() -> None:
    """Sharing with a warning, a lost order, a read-only result, a refusal and a death each read as such."""
    seen = {
        "layout=readonly": Observation(outcome="shares", warns=True),
        "layout=F": Observation(outcome="copies", keeps_order=False),
        "layout=broadcast": Observation(outcome="shares", writable=False),
        "layout=bigendian": Observation(outcome="raises", error=f"TypeError: {HOSTILE}"),
        "layout=reversed": Observation(outcome="dies"),
        "layout=sliced": Observation(outcome="shares", wrong_values=True),
        "tensor=conjugate": Observation(outcome="copies"),
    }
    known = figures([], semantics=[some_semantics("a.path", seen), some_semantics("b.path")])
    card = known["semantics-layout"]
    row = dict(zip(card.table.headers, texts(card)[0], strict=True))
    assert row["readonly"] == "shares warns"
    assert row["F"] == "copies C order"
    assert row["broadcast"] == "shares read-only result"
    assert row["bigendian"] == "refuses"
    assert row["reversed"] == "kills Python"
    assert row["sliced"] == "wrong values shares"
    assert texts(card)[1][card.table.headers.index("reversed")] == units.NONE
    assert texts(known["semantics-messages"]) == [["layout bigendian", f"TypeError: {HOSTILE}", "a.path"]]
    assert len(known["semantics-tensor"].table.lines) == 1


def test_the_semantics_card_says_what_goes_wrong_without_a_word() -> None:
    """A lost mask, wrong values, memory that went and memory that stayed are each said first, and stand out."""
    seen = {
        "array=masked": Observation(outcome="copies", drops_mask=True),
        "lifetime=source_dropped": Observation(outcome="shares", keeps_source=True),
        "lifetime=storage_resized": Observation(outcome="shares", keeps_source=False),
        "lifetime=<a>": Observation(outcome="copies", keeps_source=True, leaks=True),
        "lifetime=b_c": Observation(outcome="copies", keeps_source=False),
        "lifetime=d": Observation(outcome="shares", keeps_source=False, wrong_values=True),
    }
    known = figures([], semantics=[some_semantics("a.path", seen)])
    assert texts(known["semantics-array"]) == [["a.path a.path(x)", "drops the mask copies"]]
    card = known["semantics-lifetime"].table
    row = dict(zip(card.headers, card.lines[0].cells, strict=True))
    assert (str(row["source dropped"]), row["source dropped"].kind) == ("shares keeps the source", "shares")
    assert (str(row["storage resized"]), row["storage resized"].kind) == ("dangles shares", "dies")
    assert (str(row["<a>"]), row["<a>"].kind) == ("leaks the source copies", "dies")
    assert (str(row["b c"]), row["b c"].kind) == ("copies", "copies")
    assert (str(row["d"]), row["d"].kind) == ("wrong values, dangles shares", "dies")


def test_the_semantics_card_explains_its_traits() -> None:
    """A caption says what the names of a table's columns mean."""
    seen = {"lifetime=source_dropped": Observation(outcome="copies"), "lifetime=<a>": Observation(outcome="copies")}
    known = figures([], semantics=[some_semantics("a.path", seen)])
    assert known["semantics-lifetime"].caption.startswith("`source dropped`: the last reference")
    assert "<a>" not in known["semantics-lifetime"].caption
    assert known["semantics-dtype"].caption == ""


def test_traits_that_a_session_never_tried_are_said_to_be_unknown() -> None:
    """A session from before a trait names it as not observed; one that tried all of a kind names none."""
    every = {name: Observation(outcome="copies") for name in TRAITS if name.startswith("array=")}
    without = dict(list(every.items())[2:])
    old, new = (figures([], semantics=[some_semantics("x", seen)])["semantics-array"] for seen in (without, every))
    assert old.caption.endswith(". Not observed: `masked`, `subclass`.")
    assert "ot observed" not in new.caption


@pytest.mark.parametrize("name", [*TRAITS, *LIFETIMES])
def test_every_trait_has_its_words_in_the_legend(name: str) -> None:
    """A trait that `run` tries is explained above its table."""
    kind, _, value = name.partition("=")
    known = figures([], semantics=[some_semantics("a.path", {name: Observation(outcome="copies")})])
    assert known[f"semantics-{kind}"].caption.startswith(f"`{value.replace('_', ' ')}`: ")


def test_kinds_of_traits_that_a_session_never_tried_are_said_to_be_unknown() -> None:
    """A session from before a kind of trait shows it as not observed; one that probed nothing shows no card."""
    known = figures([], semantics=[some_semantics("a.path")])
    for kind in ("array", "tensor", "lifetime"):
        assert texts(known[f"semantics-{kind}"]) == [["every path", "not observed"]]
    order = [name for name in known if name.startswith("semantics-")]
    assert order == [f"semantics-{kind}" for kind in ("layout", "dtype", "array", "tensor", "lifetime")]
    assert not [name for name in figures([]) if name.startswith("semantics")]


def test_faults_stand_beside_the_copy_without_them() -> None:
    """The bars of the largest copies say which fault on every page, on some, and not at all."""
    common = {"aliasing": "copies", "size": "64MiB"}
    records = [
        a_record("torch.tensor", ns=9e6, family="copy", minflt=16385, **common),
        a_record("bridge.as_tensor.copy", ns=5e6, family="copy", minflt=500, **common),
        a_record("Tensor.copy_", ns=4e6, family="copy_into", **common),
    ]
    chart = figures(records)["faults-array"].chart
    assert chart is not None
    assert [row["text"] for row in chart.rows] == [
        "no faults", "fewer faults than pages", "a fault for every small page",
    ]  # fmt: skip


def test_every_id_is_given_once(full_contents: Contents) -> None:
    """No id stands twice in a page: links lead where they say."""
    page = Page.of(pages.html(full_contents))
    assert len(page.ids) == len(set(page.ids))


def test_every_header_value_has_a_text() -> None:
    """Lists, mappings, bytes and nothing at all in a header become words."""
    machine = {"name": "box", "caches": {"L1d": 32768}, "memory_bytes": 2**34, "flags": ["a", "b"], "numa": None}
    known = figures([a_record()], machine=machine, software={"environment": {}})
    assert texts(known["machine"]) == [
        ["name", "box"], ["caches", "L1d 32 KiB"], ["memory bytes", "16 GiB"], ["flags", "a, b"], ["numa", units.NONE],
    ]  # fmt: skip
    assert texts(known["software"])[0] == ["environment", units.NONE]
