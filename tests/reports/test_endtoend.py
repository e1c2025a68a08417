from typing import Any

from benchmarks.suite.cases import SIZES
from reports import pages
from reports.contents import contents
from reports.findings import found
from reports.view import View
from tests.builders import HOSTILE, a_record, a_session
from tests.reports.parsed import Page
from tests.reports.tables import section, texts

MS = 1e6


def a_loader(path: str, ms: float, **more: Any) -> Any:
    """Return an epoch over 16 MiB of arrays of 64 KiB: 32 batches."""
    known = {"size": "16MiB", "layout": "items64KiB", "aliasing": "copies", "spread": 0.0} | more
    return a_record(path, family="feed", ns=ms * MS, **known)


def a_list(path: str, ms: float, family: str = "stack", **more: Any) -> Any:
    """Return a batch of 256 arrays of 4 KiB."""
    known = {"size": "1MiB", "layout": "items4KiB", "aliasing": "copies", "spread": 0.0} | more
    return a_record(path, family=family, ns=ms * MS, **known)


LOADERS = (
    a_loader("loader.default_collate.workers0", 2),
    a_loader("loader.default_collate.fork1", 32),
    a_loader("loader.bridge.stack.workers0", 1),
    a_loader("loader.bridge.stack.fork1", 24),
)


def figures(records: tuple[Any, ...]) -> dict[str, Any]:
    """Return the figures of the section by their anchor; none where there is no section."""
    return section("end-to-end", View(a_session(records)))


def test_a_loader_has_its_batches_per_second() -> None:
    """The batches of an epoch over its time, and two ratios: to the other collate, and to no workers."""
    (figure,) = figures(LOADERS).values()

    assert [[line[0], line[1], *line[3:]] for line in texts(figure)] == [
        ["loader.default_collate.workers0", "16,000 [16,000\u201316,000]", "\u2013", "\u2013"],
        ["loader.default_collate.fork1", "1,000 [1,000\u20131,000]", "\u2013", "16.0x [16.0\u201316.0x]"],
        ["loader.bridge.stack.workers0", "32,000 [32,000\u201332,000]", "0.500x [0.500\u20130.500x]", "\u2013"],
        [
            "loader.bridge.stack.fork1",
            "1,333 [1,333\u20131,333]",
            "0.750x [0.750\u20130.750x]",
            "24.0x [24.0\u201324.0x]",
        ],
    ]
    assert "32 batches an epoch" in figure.caption


def test_more_batches_are_less_time() -> None:
    """The interval of the batches is that of the times, turned round."""
    (figure,) = figures((a_loader("loader.x.workers0", 0, samples_ns=[[2e6], [4e6], [8e6]]),)).values()

    assert texts(figure)[0][1:3] == ["8,000 [4,000\u201316,000]", "4.00 ms [2.00\u20138.00 ms]"]
    assert [figure.chart.rows[0][end] for end in ("low", "value", "high")] == [2e6, 4e6, 8e6]


def test_a_loader_alone_is_compared_with_none() -> None:
    """Without its base there is a dash, not a number."""
    (figure,) = figures((LOADERS[3],)).values()

    assert texts(figure)[0][3:] == ["\u2013", "\u2013"]


def test_the_bars_say_how_workers_start() -> None:
    """Each loader is a bar of its kind."""
    (figure,) = figures((*LOADERS, a_loader("loader.x.spawn2", 3))).values()

    assert [row["text"] for row in figure.chart.rows] == [
        "in the process that takes batches",
        "forked workers",
        "in the process that takes batches",
        "forked workers",
        "spawned workers",
    ]


def test_loaders_of_other_batches_stand_apart() -> None:
    """Another size of the arrays or of the epoch is another table, the smaller epoch first."""
    other = a_loader("loader.default_collate.fork1", 40, size="32MiB", layout="items512KiB")

    assert list(figures((other, *LOADERS))) == [
        f"end-to-end-loader-items64KiB-{SIZES['16MiB']}",
        f"end-to-end-loader-items512KiB-{SIZES['32MiB']}",
    ]


def test_lists_are_told_the_fastest_first() -> None:
    """Paths of one work stand in one table with their spelling, as ratios of the usual one."""
    records = (
        a_list("torch.stack", 2),
        a_list(HOSTILE, 1, spelling=f"f({HOSTILE})"),
        a_list("torch.tensor.list", 200, minflt=257),
    )
    (figure,) = figures(records).values()

    assert [line[2] for line in texts(figure)] == ["0", "0", "257"]
    assert [[line[0], line[3]] for line in texts(figure)] == [
        [f"{HOSTILE} f({HOSTILE})", "0.500x [0.500\u20130.500x]"],
        ["torch.stack torch.stack(x)", "\u2013"],
        ["torch.tensor.list torch.tensor.list(x)", "100x [100\u2013100x]"],
    ]
    assert figure.title == "A batch from a list: 256 arrays of 4 KiB, float32"


def test_a_cast_before_or_after_has_a_table_a_dtype() -> None:
    """Casts from two dtypes are never mixed, nor with what casts nothing."""
    cast = {"family": "stack_cast"}
    records = (
        a_list("torch.stack", 1),
        a_list("torch.stack.to", 3, dtype="uint8>float32", **cast),
        a_list("np.stack.dtype", 2, dtype="uint8>float32", **cast),
        a_list("np.stack.dtype", 2, dtype="float64>float32", **cast),
    )
    titles = [one.title.rpartition(" ")[2] for one in figures(records).values()]

    assert titles == ["float32", "float64>float32", "uint8>float32"]
    assert [len(one.table.lines) for one in figures(records).values()] == [1, 1, 2]


def test_other_layouts_and_threads_are_no_batches() -> None:
    """A list that the layout does not speak of, and all threads, stay with the other sections."""
    records = (a_list("torch.stack", 1, layout="C"), a_list("torch.stack", 1, threads="allt"))

    assert figures(records) == {}


def test_the_page_has_the_section_whole() -> None:
    """In the page and in the Markdown the section stands with hostile names that break nothing."""
    made = contents(a_session((*LOADERS, a_list("torch.stack", 2), a_list(HOSTILE, 1))))
    page = Page.of(pages.html(made))

    assert HOSTILE in page.text
    assert "## End to end" in pages.markdown(made)


def of_loaders(*records: Any) -> list[str]:
    """Return what the findings of a session say of loaders."""
    return [one.sentence for one in found(View(a_session(records))) if one.anchor.startswith("loader-")]


def test_what_workers_cost_is_a_finding() -> None:
    """A sentence has the lowest certain ratio of a loader with workers and its batches; none without a base."""
    (said,) = of_loaders(*LOADERS)

    assert said == (
        "Where arrays lie in memory, `loader.default_collate.fork1` gives 1,000 [1,000\u20131,000] batches per second "
        "over 16 MiB of arrays of 64 KiB and takes 16.0x [16.0\u201316.0x] as long as without workers, the lowest "
        "ratio that is certain."
    )
    assert not of_loaders(LOADERS[1])


def test_a_finding_on_loaders_names_the_epoch_that_it_is_of() -> None:
    """Of epochs of other bytes and arrays the sentence says which one has the ratio."""
    other = {"size": "32MiB", "layout": "items512KiB"}
    alone = a_loader("loader.default_collate.workers0", 2, **other)
    forked = a_loader("loader.default_collate.fork1", 8, **other)
    (said,) = of_loaders(*LOADERS, alone, forked)

    assert "over 32 MiB of arrays of 512 KiB and takes 4.00x" in said


def test_a_lower_ratio_that_is_small_leaves_no_lowest() -> None:
    """Where workers change next to nothing in one loader, no other ratio is called the lowest."""
    assert not of_loaders(*LOADERS, a_loader("loader.default_collate.fork2", 2.04))
