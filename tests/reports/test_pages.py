import base64
import dataclasses
import gzip
import json
import re
from pathlib import Path

import pytest

from benchmarks import store
from benchmarks.records import Observation, Session
from reports import pages
from reports.contents import Contents, contents
from reports.pages import write_report
from tests.builders import HOSTILE, a_failure, a_record, a_session, a_skip, some_semantics
from tests.reports.parsed import Page

GOLDEN = Path(__file__).parent / "golden" / "report.md"


def a_small_session() -> Session:
    """Return a session whose names are all hostile and whose samples are all written here."""
    hostile = f"path {HOSTILE}"
    records = [
        a_record("ref.call", samples_ns=[[30.0]] * 6, family="limit", dtype="uint8", size="64B"),
        *(
            a_record("ref.memcpy", samples_ns=[[ns]] * 6, family="limit", dtype="uint8", size=size, aliasing="copies")
            for size, ns in (("64B", 280.0), ("4KiB", 380.0), ("1MiB", 26000.0))
        ),
        *(
            a_record("torch.from_numpy", samples_ns=[[500.0], [502.0], [504.0]] * 2, size=size)
            for size in ("64B", "4KiB", "1MiB")
        ),
        a_record(hostile, samples_ns=[[900.0]] * 6, spelling=HOSTILE),
        a_record(hostile, samples_ns=[[90.0], [190.0]] * 3, layout="strided"),
        a_record("torch.tensor", samples_ns=[[9e6]] * 6, family="copy", aliasing="copies", size="1MiB", minflt=257),
        a_record("Tensor.copy_", samples_ns=[[3e6]] * 6, family="copy_into", aliasing="copies", size="1MiB"),
        a_skip(hostile, HOSTILE),
        a_failure(hostile),
    ]
    refused = Observation(outcome="raises", error=f"ValueError: {HOSTILE}")
    seen = {
        "layout=reversed": refused,
        "layout=bigendian": Observation(outcome="dies"),
        "array=masked": Observation(outcome="copies", drops_mask=True),
        "lifetime=source_dropped": Observation(outcome="shares", keeps_source=True),
    }
    return a_session(records, semantics=[some_semantics(hostile, seen)], command=f"python {HOSTILE}")


@pytest.fixture(scope="module")
def small() -> Contents:
    """Return what the pages of the small session say."""
    return contents(a_small_session())


def test_the_markdown_is_golden(small: Contents) -> None:
    """The Markdown of a fixed session is the file that lies beside this test, letter for letter."""
    assert pages.markdown(small) == GOLDEN.read_text(encoding="utf-8")


def test_every_line_of_a_markdown_table_has_its_cells(full_contents: Contents) -> None:
    """Pipes in names are escaped: each line of a table has as many cells as the line above it."""
    tables = re.findall(r"(?:^\|.*\n)+", pages.markdown(full_contents), re.MULTILINE)
    assert len(tables) > 20
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table


def test_the_same_session_gives_the_same_bytes(small: Contents, tmp_path: Path) -> None:
    """A report that is written has the files and bytes of another one of that session, whose pages were made before."""
    assert write_report(a_small_session(), tmp_path) == tmp_path / "report.html"
    written = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert written == {name: text.encode() for name, text in pages.texts(small).items()}
    assert {"report.html", "report.md", "cases.csv", "figures/time-copy-array.svg"} <= set(written)


def test_the_page_asks_for_nothing(full_contents: Contents) -> None:
    """Every address is a place in the page or data inside it."""
    page = Page.of(pages.html(full_contents))
    assert page.addresses
    assert all(one.startswith(("#", "data:")) for one in page.addresses)


def test_every_link_leads_somewhere(full_contents: Contents) -> None:
    """Each address inside the page is the id of something."""
    page = Page.of(pages.html(full_contents))
    assert {one[1:] for one in page.addresses if one.startswith("#")} <= set(page.ids)


def test_the_page_has_one_heading_a_language_and_headed_tables(full_contents: Contents) -> None:
    """There is one h1, a title, lang on html, and a scope on every header of a table."""
    page = Page.of(pages.html(full_contents))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1
    assert ("html", {"lang": "en"}) in page.tags
    assert "title" in tags
    assert all(attrs.get("scope") in {"row", "col"} for tag, attrs in page.tags if tag == "th")


@pytest.mark.parametrize("write", [pages.html, pages.markdown])
def test_hostile_names_stay_text(small: Contents, write: object) -> None:
    """No tag of a name, reason or command becomes a tag of the page."""
    text = write(small)
    without_data = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert "<a>" not in without_data
    assert "&lt;a>" in without_data or "&lt;a&gt;" in without_data


def test_the_data_of_charts_cannot_end_their_script(small: Contents) -> None:
    """Names inside the charts' JSON hold no < that could close the script, and read back as they were."""
    data = re.search(r'id="charts">(.*?)</script>', pages.html(small), re.DOTALL)
    assert data is not None
    assert "<" not in data[1]
    assert f"path {HOSTILE}" in json.dumps(json.loads(data[1]), ensure_ascii=False).replace('\\"', '"')


def test_the_raw_records_are_inside(full_session: Session, full_contents: Contents, tmp_path: Path) -> None:
    """The page carries the session file and the CSV whole; unpacked, the session reads back as it was."""
    page = Page.of(pages.html(full_contents))
    packed = {attrs["id"]: attrs["href"] for tag, attrs in page.tags if tag == "a" and "download" in attrs}
    plain = {name: gzip.decompress(base64.b64decode(str(one).partition(",")[2])) for name, one in packed.items()}
    (tmp_path / "session.jsonl").write_bytes(plain["raw-session"])
    assert store.read(tmp_path / "session.jsonl") == full_session
    assert plain["raw-cases"].decode() == full_contents.csv


def test_every_chart_has_a_static_twin(full_contents: Contents) -> None:
    """Each chart stands in the page as SVG with a name, for readers without scripts."""
    page = Page.of(pages.html(full_contents))
    named = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(named) == len(full_contents.charts)
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in named)


def test_figures_stand_alone(full_contents: Contents) -> None:
    """An SVG file bears its title, and nothing in it lies outside its box."""
    for name, text in pages.texts(full_contents).items():
        if name.endswith(".svg"):
            assert text.startswith("<svg ")
            assert 'font-weight="bold"' in text
            assert re.search(r'viewBox="0 -\d+ ', text)


def test_notes_say_what_a_reader_must_know() -> None:
    """Few passes, the quick preset, uncommitted changes and failures are each said above the findings."""
    settings = {"preset": "quick"}
    made = contents(a_session([a_record(passes=3), a_failure()], dirty=True, settings=settings))
    said = " ".join(made.notes)
    for words in ("3 of the 6 passes", "quick preset", "not committed", "Cases that failed: 1"):
        assert words in said
    assert contents(a_session([a_record()])).notes == ()


def test_a_session_of_nothing_still_has_a_page() -> None:
    """A session whose cases were all skipped is a page that says so."""
    made = contents(a_session([a_skip()]))
    assert "Cases that were skipped: 1" in pages.html(made)
    assert "0 of the 6 passes" in pages.markdown(made)


def test_a_machine_without_a_cpu_has_its_name() -> None:
    """Where the session does not tell the CPU, the machine's name stands in its place."""
    made = contents(a_session([a_record()], machine={"name": "box"}))
    assert dataclasses.asdict(made)["session"]["header"]["machine"] == {"name": "box"}
    assert made.cpu == "box"
