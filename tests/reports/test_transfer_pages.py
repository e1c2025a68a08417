import csv
import dataclasses
import io
from collections.abc import Sequence
from typing import Any

from benchmarks.records import Session
from reports import pages, rows
from reports.contents import Contents, contents
from reports.figures.registry import SECTIONS
from reports.findings import Finding, found
from reports.published import Beside
from reports.view import View
from tests.builders import HOSTILE, a_record, a_session
from tests.gpu_builders import GPU, a_gpu_session, a_host_copy, a_limit, a_transfer
from tests.reports.parsed import Page
from tests.reports.tables import MIB, SIZES, figures, section, texts


def said(records: Sequence[Any], about: str) -> list[Finding]:
    """Return the findings on these records that hold some words."""
    return [one for one in found(View(a_gpu_session(records))) if about in one.sentence]


def test_the_largest_transfer_is_said_against_the_usual_one_and_the_link() -> None:
    """Five times the usual rate at 80 % of the link is said with both; a tie, or no limit, is not."""
    limit, usual = a_limit("ref.dma_h2d", "64MiB", 50), a_transfer(done=64 * MIB / 8)
    ours = a_transfer("bridge.as_tensor.cuda", done=64 * MIB / 40)
    (one,) = said([limit, usual, ours], "of what the link can do")
    assert one.sentence.startswith("At 64 MiB `bridge.as_tensor.cuda` moves ")
    assert one.numbers[1].startswith(("4.9", "5.0"))
    assert one.numbers[2].startswith(("79", "80"))
    assert said([usual, ours], "link can do") == []
    assert said([limit, usual, a_transfer("bridge.as_tensor.cuda", done=64 * MIB / 8)], "link can do") == []


def test_where_bridges_transfers_lose_is_said() -> None:
    """Twice the time of the usual spelling is a sentence; one per cent is not, and the bare ring is not bridge."""
    assert len(said([a_transfer(), a_transfer("bridge.as_tensor.cuda", done=2e6)], "as long as `h2d.pageable`")) == 1
    assert said([a_transfer(spread=0), a_transfer("bridge.as_tensor.cuda", done=1.01e6, spread=0)], "as long as") == []
    assert said([a_transfer(), a_transfer("h2d.ring", done=2e6)], "as long as") == []


def test_every_number_of_a_transfer_finding_stands_in_its_row(full_gpu_session: Session) -> None:
    """The rows that findings lead to hold the same numbers as the same text."""
    slow = a_transfer("bridge.as_array.cuda", family="d2h", done=9e8, layout="F")
    more = dataclasses.replace(
        full_gpu_session, records=(*full_gpu_session.records, slow, a_transfer("d2h.cpu", family="d2h", layout="F"))
    )
    text = contents(more)
    page = Page.of(pages.html(text))
    assert len(text.findings) == 2
    for one in text.findings:
        row = " ".join(page.rows[one.anchor].split())
        assert all(number in one.sentence and number in row for number in one.numbers), (one, row)


def test_the_csv_names_the_clock_of_each_time() -> None:
    """A device's case has the time until it was done, the host's and the CPU's that of the wall, others none."""
    limit = a_limit("ref.dma_h2d", "64MiB", 64)
    case = a_transfer(clocks={"done": [[2.0 * MIB]] * 6, "issue": [[1.0]] * 6})
    other = a_transfer("h2d.other", clocks={"event": [[1.0]] * 6})
    text = rows.csv_text(View(a_gpu_session([limit, case, a_host_copy(2), a_record(), other])))
    read = list(csv.DictReader(io.StringIO(text)))
    assert [row["clock"] for row in read] == ["done", "done", "wall", "wall", ""]
    assert (read[1]["time_ns"], read[1]["gb_per_s"], read[1]["of_limit"]) == ("2.09715e+06", "32", "2")
    assert read[-1]["time_ns"] == ""


def test_noisy_transfers_are_marked_and_listed() -> None:
    """A transfer whose passes differ by more than a quarter is shaded and stands in the list of such cases."""
    session = a_gpu_session([a_transfer(clocks={"done": [[100.0], [130.0]]})])
    assert figures(session)["transfer-largest-h2d"].table.lines[0].cells[1].kind == "noisy"
    assert texts(section("method", View(session))["noisy"])[0][0] == "h2d.pageable/float32/C/64MiB/1t"


def test_hostile_names_stay_text_in_every_page(full_gpu_session: Session) -> None:
    """No tag of a path, a kind of copy, a device or a machine becomes a tag of a page, here or elsewhere."""
    name = f"h2d.{HOSTILE}"
    records = [a_transfer(name, size=size, link={HOSTILE: {"copies": 1, "nbytes": 1}}) for size in SIZES]
    hostile = a_gpu_session(
        [*records, a_transfer(name, layout="F"), a_transfer("bridge.<a>", done=1e9), a_transfer()],
        machine={"name": HOSTILE, "gpu": GPU, "gpu_state": {"before": {"link_gen": HOSTILE}}},
    )
    for text in (contents(hostile), contents(a_session([a_record()]), Beside(gpu_session=hostile))):
        page = Page.of(pages.html(text))
        assert ("a", {}) not in page.tags
        assert len(page.ids) == len(set(page.ids))
        assert "<a>" not in pages.markdown(text)


def test_the_pages_of_a_gpu_session_ask_for_nothing(full_gpu_contents: Contents) -> None:
    """Every address is in the page and leads somewhere, every chart is drawn, no id stands twice."""
    page = Page.of(pages.html(full_gpu_contents))
    assert all(one.startswith(("#", "data:")) for one in page.addresses)
    assert {one[1:] for one in page.addresses if one.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert len([tag for tag, _ in page.tags if tag == "svg"]) == len(full_gpu_contents.charts) >= 3


def test_the_device_stands_under_the_heading(full_gpu_contents: Contents) -> None:
    """A session with a GPU names it beside the CPU."""
    assert full_gpu_contents.cpu.endswith(f"with {GPU['name']}")


def test_the_section_stands_once() -> None:
    """The section is found without a list, under its own anchor."""
    assert SECTIONS["transfers"].title == "Transfers between host and GPU"
