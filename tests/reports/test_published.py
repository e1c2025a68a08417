import dataclasses
from datetime import date
from pathlib import Path

import pytest

from benchmarks.records import Session
from reports import site
from reports.findings import found
from reports.published import Beside, Shelf
from reports.view import View
from tests.builders import a_record, a_session
from tests.gpu_builders import GPU, a_gpu_session, a_host_copy, a_transfer
from tests.reports.tables import figures, of, texts


def test_without_a_gpu_the_section_says_so() -> None:
    """A machine without a GPU, where none was ever published, states no figure of transfers."""
    known = figures(a_session([a_record(), a_host_copy(4)]))
    assert list(known) == ["transfer-none"]
    assert known["transfer-none"].caption.startswith("No GPU here: nothing about transfers was measured")
    assert "No session with a GPU has been published yet" in known["transfer-none"].caption
    assert texts(known["transfer-none"])[-1] == ["session shown instead", "none"]


def test_without_a_gpu_the_published_session_is_shown_under_its_name(full_gpu_session: Session) -> None:
    """Every figure of another machine says whose it is, and from when; the statement stands before them."""
    here = a_session([a_record()])
    known, theirs = figures(here, full_gpu_session), figures(full_gpu_session)
    assert list(known) == ["transfer-none", *theirs]
    origin = f"h200-16c with {GPU['name']}, 2026-11-23"
    assert texts(known["transfer-none"])[-1] == ["session shown instead", origin]
    assert all(
        one.caption.startswith(f"Measured on {origin}, not on this machine.")
        for name, one in known.items()
        if name in theirs
    )


def test_a_session_with_transfers_shows_its_own(full_gpu_session: Session) -> None:
    """Where this session has transfers no other one is shown, and nothing is said to be missing."""
    own = a_gpu_session([a_transfer("h2d.own")])
    assert "h2d.own" in str(texts(figures(own, full_gpu_session)["transfer-rate-h2d"]))
    assert "transfer-none" not in figures(own, full_gpu_session)


def test_a_gpu_that_was_left_out_is_not_denied() -> None:
    """A machine with a GPU whose session measured none of it is not said to have none."""
    known = of([a_record()])["transfer-none"]
    assert known.caption.startswith("This session left the GPU out")
    assert texts(known)[0] == ["GPU of this machine", GPU["name"]]


def test_findings_are_of_this_machine_alone(full_gpu_session: Session) -> None:
    """The published session of another machine gives no sentence about this one."""
    assert not [
        one
        for one in found(View(a_session([a_record()]), Beside(gpu_session=full_gpu_session)))
        if "GPU" in one.sentence
    ]


def test_the_newest_published_session_with_a_gpu_is_found(tmp_path: Path, full_gpu_session: Session) -> None:
    """Of several published sessions the newest with transfers is taken, and none where there is none."""
    stamps = {"2026-12-01T00:00:00+00:00": full_gpu_session, "2026-12-02T00:00:00+00:00": full_gpu_session}
    for started, session in stamps.items():
        site.admit(dataclasses.replace(session, header=dataclasses.replace(session.header, started=started)), tmp_path)
    site.admit(a_session([a_record(), a_host_copy(4)], started="2026-12-03T00:00:00+00:00"), tmp_path)
    newest = Shelf(tmp_path).gpu_session
    assert newest is not None
    assert newest.header.started == "2026-12-02T00:00:00+00:00"
    assert Shelf(tmp_path / "none").gpu_session is None


def test_the_site_shows_the_gpu_in_every_report(tmp_path: Path) -> None:
    """A published machine without a GPU shows the transfers of the one that has one."""
    site.admit(a_session([a_record()]), tmp_path / "sessions")
    site.admit(a_gpu_session([a_transfer()]), tmp_path / "sessions")
    site.publish(tmp_path / "sessions", tmp_path / "site", date(2026, 12, 5))
    (report,) = (tmp_path / "site" / "amd-epyc-2c").rglob("report.md")
    assert "Measured on h200-16c" in report.read_text(encoding="utf-8")


def test_the_profilers_one_pass_does_not_keep_a_session_back(tmp_path: Path) -> None:
    """The clock that is read in one pass alone needs no six of them; the others do."""
    clocks = {"done": [[5.0]] * 6, "dma": [[4.0]]}
    assert site.admit(a_gpu_session([a_transfer(clocks=clocks)]), tmp_path).is_file()
    with pytest.raises(site.NotPublishable, match="has 1 passes"):
        site.admit(a_gpu_session([a_transfer(clocks={**clocks, "issue": [[1.0]]})]), tmp_path / "other")
