from pathlib import Path

import pytest

from benchmarks.errors import DamagedSessionError
from benchmarks.partial import Partial, case_parts, is_profiled
from benchmarks.records import Failed, Measured, Observation, Skipped
from benchmarks.stages import CHECK, PROFILE
from benchmarks.suite.paths import PATHS
from tests.builders import HOSTILE, a_header

SHARED, COPIED, REFUSED = (
    "torch.from_numpy/float32/C/64B/1t",
    "torch.tensor/float32/C/64B/1t",
    "torch.tensor/float32/reversed/64B/1t",
)


def checked(case: str, aliasing: str = "shares") -> dict:
    """Return the event of a check."""
    facts = {"loops": 7, "rounds": 2, "shape": [16], "aliasing": aliasing, "alloc_bytes": 0}
    return {"case": case, "checked": facts}


def timed(case: str, number: int, *samples_ns: float, minflt: float = 0.0, clock: str = "wall") -> dict:
    """Return the event of a pass."""
    return {"case": case, "pass": number, "samples_ns": {clock: list(samples_ns)}, "minflt": minflt}


@pytest.fixture
def partial(tmp_path: Path) -> Partial:
    """Return a session that has just begun."""
    path = tmp_path / "new <a>" / "one.partial"
    return Partial.begin(path, a_header(), [SHARED, COPIED], {REFUSED: f"refused {HOSTILE}"})


def feed(partial: Partial) -> None:
    """Let a session of two passes go on to its end, with a failure in the second one."""
    partial.add({"probe": "torch.from_numpy layout=F", "observed": {"outcome": "shares"}}, CHECK)
    for case in (SHARED, COPIED):
        partial.add(checked(case), CHECK)
    partial.add(timed(COPIED, 1, 10.0, 11.0), 1)
    partial.add(timed(SHARED, 1, 20.0, 21.0, minflt=1.0), 1)
    partial.add(timed(SHARED, 2, 22.0, 23.0, minflt=3.0), 2)
    partial.add({"case": COPIED, "failed": "was killed by SIGSEGV"}, 2)


def test_replaying_is_the_same_as_living_through_it(partial: Partial) -> None:
    """A session that is read back knows what the running one knew, and ends as the same session."""
    feed(partial)
    replayed = Partial.read(partial.path)
    assert replayed == partial
    assert replayed.session() == partial.session()


def test_every_event_is_on_the_disk_at_once(partial: Partial) -> None:
    """After each event the file, read by another, knows it."""
    partial.add(checked(SHARED), CHECK)
    assert SHARED in Partial.read(partial.path).checked
    partial.add(timed(SHARED, 1, 5.0), 1)
    assert Partial.read(partial.path).timed[SHARED][1]["samples_ns"] == {"wall": [5.0]}


def test_a_finished_session_has_a_record_of_each_case(partial: Partial) -> None:
    """Measured, failed and skipped cases are all there, once each, with their reasons."""
    feed(partial)
    session = partial.session()
    assert {record.case: type(record) for record in session.records} == {
        REFUSED: Skipped,
        SHARED: Measured,
        COPIED: Failed,
    }
    assert session.skipped[0].skipped == f"refused {HOSTILE}"


def test_samples_stand_in_the_order_of_passes(partial: Partial) -> None:
    """Passes are in their order whatever order they were finished in, and the faults are the median pass's."""
    partial.add(checked(SHARED), CHECK)
    for number, minflt in ((3, 9.0), (1, 1.0), (2, 4.0)):
        partial.add(timed(SHARED, number, number * 10.0, minflt=minflt), number)
    partial.add({"case": COPIED, "failed": "x"}, CHECK)
    record = partial.session().measured[0]
    assert record.passes() == ((10.0,), (20.0,), (30.0,))
    assert record.minflt_per_call == 4.0


def test_a_record_says_what_was_timed(partial: Partial) -> None:
    """A measured case has the spelling and source of its path, and the check's shape, aliasing and loops."""
    feed(partial)
    record = partial.session().measured[0]
    assert (record.spelling, record.source) == ("torch.from_numpy(a)", "array")
    assert (record.shape, record.aliasing, record.loops) == ((16,), "shares", 7)


def test_a_failure_keeps_the_samples_before_it(partial: Partial) -> None:
    """A case that dies in its second pass is failed, says where, and keeps the samples of the first."""
    feed(partial)
    failed = partial.session().failed[0]
    assert failed.failed == {
        "error": "was killed by SIGSEGV",
        "stage": "pass 2",
        "samples_ns": {"wall": ((10.0, 11.0),)},
    }


def test_a_failure_in_the_check_says_so(partial: Partial) -> None:
    """The stage of a case that fails before any pass is the check; it is not tried in later passes."""
    partial.add({"case": SHARED, "failed": f"WrongResultError: {HOSTILE}"}, CHECK)
    assert partial.failed[SHARED]["stage"] == "check"
    assert all(SHARED not in partial.open_cases(stage) for stage in (CHECK, 1, 2))


def test_a_failure_names_no_folder(partial: Partial) -> None:
    """The text of an error loses the folders it names before it reaches the file."""
    partial.add({"case": SHARED, "failed": "OSError: no such file: '/home/alice/data <a>'"}, CHECK)
    assert "alice" not in partial.path.read_text()
    assert partial.failed[SHARED]["failed"] == "OSError: no such file: 'data <a>'"


def test_a_long_error_is_cut(partial: Partial) -> None:
    """An error of a megabyte becomes one that fits a table."""
    partial.add({"case": SHARED, "failed": "x" * 2**20}, CHECK)
    assert partial.failed[SHARED]["failed"] == "x" * 300


def test_open_cases_are_those_a_stage_has_not_taken(partial: Partial) -> None:
    """Each stage has its own list: checked cases are open in the passes, and keep the order of the matrix."""
    assert partial.open_cases(CHECK) == [SHARED, COPIED]
    partial.add(checked(COPIED), CHECK)
    partial.add(timed(COPIED, 2, 1.0), 2)
    assert partial.open_cases(CHECK) == [SHARED]
    assert partial.open_cases(1) == [SHARED, COPIED]
    assert partial.open_cases(2) == [SHARED]


def test_semantics_are_gathered_by_path(partial: Partial) -> None:
    """Observations become one entry a path; one path's name being the start of another's mixes nothing."""
    partial.add({"probe": "torch.asarray layout=F", "observed": {"outcome": "shares"}}, CHECK)
    partial.add({"probe": "torch.asarray.copy layout=F", "observed": {"outcome": "copies", "warns": True}}, CHECK)
    partial.add({"case": SHARED, "failed": "x"}, CHECK)
    partial.add({"case": COPIED, "failed": "x"}, CHECK)
    found = {one.path: one.observed for one in partial.session().semantics}
    assert found == {
        "torch.asarray": {"layout=F": Observation(outcome="shares")},
        "torch.asarray.copy": {"layout=F": Observation(outcome="copies", warns=True)},
    }


def test_an_observed_error_names_no_folder(partial: Partial) -> None:
    """What a path raised is told without the folders it names."""
    partial.add({"probe": "torch.asarray layout=F", "observed": {"outcome": "raises", "error": "E: /home/al/x"}}, CHECK)
    for case in (SHARED, COPIED):
        partial.add({"case": case, "failed": "x"}, CHECK)
    assert partial.session().semantics[0].observed["layout=F"].error == "E: x"


def test_a_line_torn_by_a_crash_costs_itself(partial: Partial) -> None:
    """A crash inside the last line loses that event alone; the session goes on behind it and reads back."""
    feed(partial)
    content = partial.path.read_bytes()
    partial.path.write_bytes(content[:-9])
    torn = Partial.read(partial.path)
    assert torn.open_cases(2) == [COPIED]
    torn.add(timed(COPIED, 2, 12.0), 2)
    assert Partial.read(partial.path).open_cases(2) == []


@pytest.mark.parametrize("lines", [0, 1])
def test_a_session_that_never_got_to_its_cases_cannot_go_on(partial: Partial, lines: int) -> None:
    """A file without the list of its cases is refused with what to do about it."""
    partial.path.write_text("".join(partial.path.read_text().splitlines(keepends=True)[:lines]))
    with pytest.raises(DamagedSessionError, match=r"one.partial has no cases yet: .* Delete it"):
        Partial.read(partial.path)


SENT = "h2d.pageable/float32/C/64MiB/1t"
LINK = {"Memcpy HtoD (Pageable -> Device)": {"copies": 1, "nbytes": 64 << 20}}


@pytest.fixture
def transfer(tmp_path: Path) -> Partial:
    """Return a session with a transfer that has had its check and one pass."""
    partial = Partial.begin(tmp_path / "one.partial", a_header(), [SHARED, SENT], {})
    peaks = {"device_peak_bytes": 4096, "pinned_peak_bytes": 512}
    partial.add({"case": SENT, "checked": checked(SENT, "copies")["checked"] | peaks}, CHECK)
    samples_ns = {"done": [9.0, 8.0], "issue": [1.0, 2.0], "event": [5.0, 6.0]}
    partial.add({"case": SENT, "pass": 1, "samples_ns": samples_ns, "minflt": 0.0}, 1)
    partial.add(checked(SHARED), CHECK)
    partial.add(timed(SHARED, 1, 5.0), 1)
    return partial


def test_every_clock_has_its_samples(transfer: Partial) -> None:
    """The clocks of a device stand apart, and the engine's comes from the profile alone."""
    transfer.add({"case": SENT, "profiled": {"link": LINK, "samples_ns": {"dma": [4.0]}}}, PROFILE)
    record = transfer.session().measured[1]
    assert record.samples_ns == {
        "done": ((9.0, 8.0),),
        "issue": ((1.0, 2.0),),
        "event": ((5.0, 6.0),),
        "dma": ((4.0,),),
    }
    assert (record.link, record.device_peak_bytes, record.pinned_peak_bytes) == (LINK, 4096, 512)
    assert transfer.session().measured[0].link is None


def test_only_transfers_of_one_size_and_lists_are_profiled(transfer: Partial) -> None:
    """The profiler looks at what crosses a link, at one size for all paths; lists are looked at whatever their size."""
    assert transfer.open_cases(PROFILE) == [SENT]
    transfer.add({"case": SENT, "profiled": {"link": {}, "samples_ns": {}}}, PROFILE)
    assert transfer.open_cases(PROFILE) == []
    assert not is_profiled("h2d.pageable/float32/C/1MiB/1t")
    assert not is_profiled("ref.memcpy_8/float32/C/64MiB/1t")
    assert is_profiled("many.loop/float32/items4KiB/4MiB/1t")


def test_a_profile_that_fails_costs_only_itself(transfer: Partial) -> None:
    """A case whose times are known is not failed because the profiler met something; it is not looked at, and said."""
    transfer.add({"case": SENT, "failed": "was killed by SIGSEGV"}, PROFILE)
    assert transfer.open_cases(PROFILE) == []
    record = transfer.session().measured[1]
    assert (record.case, record.link) == (SENT, None)
    assert Partial.read(transfer.path) == transfer


def test_the_state_of_the_gpu_is_told_before_and_after(transfer: Partial) -> None:
    """The header has the first and the last state that workers saw, and none where no GPU was used."""
    assert "gpu_state" not in transfer.session().header.machine
    for generation in (1, 5, 4):
        transfer.add({"gpu": {"link_gen": generation}}, 1)
    assert transfer.session().header.machine["gpu_state"] == {"before": {"link_gen": 1}, "after": {"link_gen": 4}}


def test_a_record_that_cannot_be_right_costs_itself(partial: Partial) -> None:
    """A case whose samples make no sense is failed with them, and the others are measured."""
    for case in (SHARED, COPIED):
        partial.add(checked(case), CHECK)
    partial.add(timed(SHARED, 1, 5.0), 1)
    partial.add(timed(COPIED, 1, 0.0), 1)
    known = partial.session()
    assert [one.case for one in known.measured] == [SHARED]
    assert (known.failed[0].case, known.failed[0].failed["samples_ns"]) == (COPIED, {"wall": ((0.0,),)})


def test_the_parts_of_a_case_are_those_of_its_id() -> None:
    """What every record says of its case comes from the id and the path's family."""
    assert case_parts("h2d.pageable/float32/C/4KiB/1t") == {
        "case": "h2d.pageable/float32/C/4KiB/1t",
        "path": "h2d.pageable",
        "family": "h2d",
        "dtype": "float32",
        "layout": "C",
        "nbytes": 4096,
        "threads": "1t",
        "device": PATHS["h2d.pageable"].device,
    }
