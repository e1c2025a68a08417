import csv
import dataclasses
import io

from benchmarks.records import Session
from reports import rows
from reports.contents import Contents
from reports.view import View
from tests.builders import HOSTILE, a_failure, a_record, a_session, a_skip


def read(text: str) -> list[dict[str, str]]:
    """Read CSV back."""
    return list(csv.DictReader(io.StringIO(text)))


def test_every_record_has_its_row(full_session: Session, full_contents: Contents) -> None:
    """The CSV has one row a record, in the order of the session."""
    assert [row["case"] for row in read(full_contents.csv)] == [record.case for record in full_session.records]


def test_what_has_no_number_has_a_reason() -> None:
    """A skip and a failure keep their reason, however hostile; only what was measured has a time."""
    view = View(a_session([a_record(), a_skip(), a_failure()]))
    measured, skipped, failed = read(rows.csv_text(view))
    assert (measured["outcome"], skipped["outcome"], failed["outcome"]) == ("measured", "skipped", "failed")
    assert (measured["reason"], skipped["reason"]) == ("", "no CUDA device")
    assert failed["reason"] == f"killed by SIGSEGV {HOSTILE}"
    assert measured["time_ns"]
    assert not skipped["time_ns"]
    assert not failed["time_ns"]


def test_numbers_are_those_of_the_statistics() -> None:
    """A row holds the median of the pass medians, their range, the rate and the multiple of the limit."""
    limit = a_record("ref.memcpy", samples_ns=[[100.0]] * 3, family="limit", dtype="uint8", aliasing="copies")
    case = a_record(samples_ns=[[190.0], [200.0], [260.0]], family="copy", aliasing="copies")
    _, row = read(rows.csv_text(View(a_session([limit, case]))))
    assert [row[name] for name in ("time_ns", "low_ns", "high_ns", "passes", "noisy")] == [
        "200", "190", "260", "3", "true",
    ]  # fmt: skip
    assert [row[name] for name in ("gb_per_s", "of_limit", "of_limit_low")] == ["20.48", "2", "1.9"]


def test_a_case_without_wall_times_keeps_its_row() -> None:
    """A case that was timed by a device's clock alone is listed, without a number of another clock."""
    record = dataclasses.replace(a_record(family="h2d", device="cuda"), samples_ns={"device": ((5.0,),)})
    (row,) = read(rows.csv_text(View(a_session([record]))))
    assert (row["outcome"], row["time_ns"]) == ("measured", "")
