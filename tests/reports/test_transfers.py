import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.records import Session
from benchmarks.statistics import of_values
from reports import units
from reports.contents import Contents
from reports.figures.transfers import overlaps
from reports.transfers import Transfers, against
from reports.view import View
from tests.builders import HOSTILE, a_full_session
from tests.gpu_builders import GPU, PAGEABLE, a_gpu_session, a_host_copy, a_limit, a_transfer
from tests.reports.tables import MIB, by_name, figures, of, texts


def test_sections_of_the_cpu_hold_no_transfer(full_gpu_session: Session) -> None:
    """Every transfer, and the host's copies beside the link, stay out of the groups that the CPU's clock timed."""
    both = dataclasses.replace(
        full_gpu_session, records=(*full_gpu_session.records, *a_full_session(("64B", "1MiB")).records)
    )
    view, alone = View(both), View(a_full_session(("64B", "1MiB")))
    assert [row.record.case for row in view.rows] == [row.record.case for row in alone.rows]
    assert list(view.groups) == list(alone.groups)


def test_a_transfer_is_timed_until_the_device_is_done() -> None:
    """The time of a case is that of the clock done, whatever the others say."""
    clocks = {"issue": [[1.0]] * 6, "done": [[200.0]] * 6, "event": [[7.0]] * 6, "wall": [[9.0]] * 6}
    (row,) = Transfers(a_gpu_session([a_transfer(clocks=clocks)])).rows
    assert (row.time.value, row.clock) == (200.0, "done")
    assert (row.by("issue"), row.by("dma")) == (of_values([1.0] * 6), None)


def test_what_the_cpu_timed_is_not_divided_by_what_the_device_timed() -> None:
    """A ratio of two clocks, or of cases of different passes, is refused; the copies of the host have a table alone."""
    known = Transfers(a_gpu_session([a_host_copy(4), a_transfer(), a_transfer("h2d.ring", passes=5)]))
    assert against(known.on_host[0], known.rows[0]) is None
    assert against(known.rows[1], known.rows[0]) is None
    shown = figures(known.session)
    assert list(by_name(shown["transfer-host"])) == ["ref.memcpy_4"]
    assert not [name for name, one in shown.items() if name != "transfer-host" and "ref.memcpy_4" in str(texts(one))]


def test_the_share_of_the_limit_is_taken_pass_by_pass() -> None:
    """A link that slows down by ten between passes leaves the share exact: half the rate of the limit is 50 %."""
    event, done = [[100.0], [1000.0]], [[200.0], [2000.0]]
    limit = a_transfer("ref.dma_h2d", family="link", clocks={"event": event, "done": [[5.0]] * 2})
    (row,) = Transfers(a_gpu_session([limit, a_transfer(clocks={"done": done})])).family("h2d")
    assert row.share == of_values([0.5, 0.5])
    assert row.of_limit == of_values([2.0, 2.0])


def test_each_direction_and_size_has_its_own_limit() -> None:
    """The way back is held against the limit of the way back, at the size of the case."""
    limits = [
        a_limit(f"ref.dma_{way}", size, 50) for way, size in (("h2d", "64MiB"), ("d2h", "64MiB"), ("d2h", "1MiB"))
    ]
    known = Transfers(
        a_gpu_session([*limits, a_transfer("d2h.cpu", family="d2h", size="1MiB", done=MIB / 5, spread=0)])
    )
    (row,) = known.family("d2h")
    assert row.share is not None
    assert row.share.value == pytest.approx(0.1)


@pytest.mark.parametrize(
    "limit",
    [
        a_transfer("ref.dma_d2h", family="link"),
        a_transfer("ref.dma_h2d", family="link", size="1MiB"),
        a_transfer("ref.dma_h2d", family="link", passes=5),
    ],
    ids=["other direction", "other size", "other passes"],
)
def test_without_its_limit_a_transfer_has_no_share(limit: Any) -> None:
    """The limit of the other direction, of another size or of other passes is none."""
    (row,) = Transfers(a_gpu_session([limit, a_transfer()])).family("h2d")
    assert (row.share, row.of_limit) == (None, None)
    assert texts(figures(a_gpu_session([limit, a_transfer()]))["transfer-largest-h2d"])[0][3] == units.NONE


def test_four_clocks_stand_side_by_side() -> None:
    """Each clock has its column; one that was not read is a dash."""
    clocks = {"done": [[4e6]] * 6, "issue": [[3e6]] * 6, "dma": [[1e6]]}
    row = by_name(of([a_transfer(clocks=clocks)])["transfer-clocks-h2d"])["h2d.pageable"]
    assert [row[name].split(" [")[0] for name in ("done", "issue", "event", "dma")] == [
        "4.00 ms", "3.00 ms", units.NONE, "1.00 ms",
    ]  # fmt: skip


def test_every_figure_has_its_data(full_gpu_contents: Contents) -> None:
    """A full session has every figure of the section, in the order of its parts."""
    anchors = [
        one.anchor for section, some in full_gpu_contents.sections for one in some if section.anchor == "transfers"
    ]
    assert anchors == [
        "transfer-limits", "transfer-link", "transfer-host", "transfer-time-h2d-1", "transfer-time-h2d-2",
        "transfer-time-h2d-3",
        "transfer-time-d2h", "transfer-rate-h2d", "transfer-rate-d2h", "transfer-largest-h2d", "transfer-largest-d2h",
        "transfer-fits-h2d", "transfer-fits-d2h", "transfer-moves-h2d", "transfer-moves-d2h", "transfer-clocks-h2d",
        "transfer-clocks-d2h", "transfer-casts", "transfer-layouts-h2d", "transfer-layouts-link-h2d", "transfer-many",
        "transfer-ring-2", "transfer-ring-3", "transfer-overlap", "transfer-losses", "transfer-beliefs",
    ]  # fmt: skip


def test_a_figure_without_data_is_left_out() -> None:
    """One copy of one size says where it stands, and nothing of links, lines, casts, layouts or beliefs."""
    assert list(of([a_transfer(size="1MiB")], machine={"name": "box"})) == [
        "transfer-time-h2d", "transfer-rate-h2d", "transfer-largest-h2d",
    ]  # fmt: skip


def test_the_link_is_shown_at_its_largest_size() -> None:
    """Each direction has its rate at the largest size by the clock between events."""
    records = [
        a_limit("ref.dma_h2d", "64MiB", 50),
        a_limit("ref.dma_h2d", "1MiB", 40),
        a_limit("ref.dma_bidir", "1MiB", 9),
    ]
    known = by_name(of([a_transfer(), *records])["transfer-limits"])
    assert known["host to GPU"]["size"] == "64 MiB"
    assert known["host to GPU"]["rate"].startswith("50.0 GB/s")
    assert known["both at once, each direction"]["rate"].startswith("9.00 GB/s")
    assert "GPU to host" not in known


def test_the_link_is_shown_before_and_after() -> None:
    """A link that was narrower after the session shows it beside the most it can be; what is not known is a dash."""
    state = {"before": {"link_gen": 5, "link_width": 16}, "after": {"link_gen": None, "link_width": 8}}
    known = by_name(of([a_transfer()], machine={"name": "box", "gpu": GPU, "gpu_state": state})["transfer-link"])
    assert list(known["PCIe lanes"].values())[1:] == ["16", "8", "16"]
    assert list(known["PCIe generation"].values())[1:] == ["5", units.NONE, "5"]
    assert "temperature" not in known


@pytest.mark.parametrize("machine", [{}, {"gpu": None, "gpu_state": None}, {"gpu": {}, "gpu_state": {"before": None}}])
def test_nothing_is_said_of_a_link_that_nobody_asked(machine: Mapping[str, Any]) -> None:
    """A session with transfers whose header knows no device is drawn without the link."""
    assert "transfer-link" not in of([a_transfer()], machine={"name": "box", **machine})


def test_many_paths_are_drawn_in_pictures_that_can_be_read() -> None:
    """Sixteen paths stand in several pictures, each with the usual path and bridge's to compare with."""
    records = [a_transfer(f"h2d.{number}") for number in range(14)]
    known = of([*records, a_transfer(), a_transfer("bridge.as_tensor.cuda")])
    pictures = [texts(one) for name, one in known.items() if name.startswith("transfer-time")]
    assert [len(one) for one in pictures] == [7, 7, 6]
    assert all([line[0] for line in one[:2]] == ["h2d.pageable", "bridge.as_tensor.cuda"] for one in pictures)


def test_threads_are_paths_of_their_own() -> None:
    """The same path with one thread and with all stands in two lines, each compared with the usual one."""
    records = [a_transfer(spread=0)] + [
        a_transfer("h2d.pin_warm", done=ns, threads=threads, spread=0) for ns, threads in ((2e6, "1t"), (5e5, "allt"))
    ]
    known = by_name(of(records)["transfer-largest-h2d"])
    assert known["h2d.pin_warm"]["times as fast"].startswith("0.500x")
    assert known["h2d.pin_warm (allt)"]["times as fast"].startswith("2.00x")
    assert known["h2d.pageable"]["times as fast"] == units.NONE


def test_what_a_call_moves_is_shown_or_said_to_be_unknown() -> None:
    """Copies and bytes stand by kind; a call that moved nothing says so, and one nobody looked at says that."""
    link = {PAGEABLE: {"copies": 2, "nbytes": 64 * MIB}, HOSTILE: {"copies": 1, "nbytes": 8}}
    records = [
        a_transfer("a", link=link, device_peak=64 * MIB, pinned_peak=0, minflt=16.0),
        a_transfer("b", link={}),
        a_transfer("c"),
    ]
    known = by_name(of(records)["transfer-moves-h2d"])
    assert known["a"]["over the link"] == f"2 x {PAGEABLE}: 64 MiB; 1 x {HOSTILE}: 8 B"
    assert list(known["a"].values())[2:] == ["16", "64 MiB", "0 B"]
    assert known["b"]["over the link"] == "nothing"
    assert known["c"]["over the link"] == known["c"]["new GPU memory"] == "not looked at"


def test_casts_show_their_bytes_on_the_link() -> None:
    """A cast on the host sends four times the bytes and is compared with the usual spelling of the same cast."""
    common = {"family": "h2d_cast", "dtype": "uint8>float32", "spread": 0}
    wide, narrow = ({PAGEABLE: {"copies": 1, "nbytes": size}} for size in (256 * MIB, 64 * MIB))
    known = by_name(
        of([a_transfer("cast.blocking", link=wide, done=4e6, **common), a_transfer("cast.nb", link=narrow, **common)])[
            "transfer-casts"
        ]
    )
    assert known["cast.blocking"]["bytes over the link"] == "256 MiB"
    assert known["cast.nb"]["bytes over the link"] == "64 MiB"
    assert (known["cast.blocking"]["ratio"], known["cast.nb"]["ratio"][:6]) == (units.NONE, "0.250x")


def test_layouts_show_time_and_bytes() -> None:
    """Each layout is a column, of paths that were given more than C; bytes are shown where somebody looked."""
    link = {PAGEABLE: {"copies": 1, "nbytes": 2 * 64 * MIB}}
    records = [a_transfer(), a_transfer(layout="strided", done=3e6, spread=0, link=link), a_transfer("h2d.pinned")]
    known = of(records)
    assert list(by_name(known["transfer-layouts-h2d"])) == ["h2d.pageable"]
    assert by_name(known["transfer-layouts-h2d"])["h2d.pageable"]["strided"].startswith("3.00 ms")
    assert by_name(known["transfer-layouts-link-h2d"])["h2d.pageable"]["strided"] == "128 MiB"
    assert "transfer-layouts-link-h2d" not in of([a_transfer(layout="F")])


def test_the_time_of_each_of_many_arrays() -> None:
    """A call over 1024 arrays is shown as the time of one; another size of batch is another column."""
    common = {"family": "many", "layout": "items4KiB", "spread": 0}
    records = [a_transfer("many.loop", size="4MiB", done=1024e3, **common)]
    records += [a_transfer("many.cat", size="64KiB", done=16e4, **common)]
    known = by_name(of(records)["transfer-many"])
    assert known["many.loop"]["1,024 of 4 KiB"] == f"1.00 µs [1.00{units.DASH}1.00 µs]"
    assert known["many.loop"]["16 of 4 KiB"] == units.NONE
    assert known["many.cat"]["16 of 4 KiB"].startswith("10.0 µs")


def ring(name: str, done: float, **more: Any) -> Any:
    """Return one geometry of the ring."""
    return a_transfer(name, family="ring", size="256MiB", done=done, **more)


def test_the_best_geometry_is_marked_once() -> None:
    """One cell of all tables is the best, what cannot be told from it is named, and other names are no geometry."""
    records = [ring("ring.4MiB.8x2", 5e6, spread=0), ring("ring.4MiB.12x2", 5.001e6), ring("ring.1MiB.8x3", 9e6)]
    known = of([*records, ring(f"ring.{HOSTILE}.8x2", 1e3), a_transfer("ring.2MiB.8x2", family="ring", done=1e3)])
    tables = [known[name].table for name in ("transfer-ring-2", "transfer-ring-3")]
    best = [cell for table in tables for line in table.lines for cell in line.cells if "the best" in cell.note]
    assert [(cell.text, cell.kind) for cell in best] == [("53.7 GB/s", "faster")]
    assert known["transfer-ring-3"].caption.endswith("Not to be told from it: ring.4MiB.12x2.")
    assert texts(known["transfer-ring-3"])[0][0] == "1 MiB"
    assert [line[0] for line in texts(known["transfer-ring-2"])] == ["4 MiB"]


def test_the_overlap_is_the_hidden_part_of_the_shorter() -> None:
    """8 ms of copy and 10 of work hide the copy when both take 10, half of it at 14 and nothing at 18."""
    copy, work = a_transfer(done=8e6, spread=0), a_transfer("ovl.compute", family="overlap", done=1e7, spread=0)
    for took, fraction in ((10e6, "1.00"), (14e6, "0.50"), (18e6, "0.00")):
        both = a_transfer("ovl.serial", family="overlap", done=took, spread=0)
        known = by_name(of([copy, work, both])["transfer-overlap"])
        assert known["ovl.serial"]["overlap"].startswith(fraction)
    alone = by_name(of([copy, both])["transfer-overlap"])["ovl.serial"]
    assert (alone["work alone"], alone["overlap"]) == (units.NONE, units.NONE)


def test_the_overlap_needs_the_same_passes() -> None:
    """Three times of different passes give no overlap."""
    copy, work, both = Transfers(a_gpu_session([a_transfer(), a_transfer("b", passes=5), a_transfer("c")])).rows
    assert overlaps.overlap(copy, work, both) is None
    assert overlaps.overlap(copy, copy, both) is not None
