import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given

from benchmarks.errors import RecordError
from benchmarks.records import (
    FORMAT,
    Failed,
    Header,
    Measured,
    Observation,
    Semantics,
    Skipped,
    record_from_json,
    record_to_json,
)
from tests.benchmarks.strategies import HEADERS, MEASURED, RECORDS, SEMANTICS
from tests.builders import HOSTILE, a_failure, a_header, a_record, a_session, a_skip, some_semantics


def through_json(data: dict) -> dict:
    """Return what is left of a mapping after JSON."""
    return json.loads(json.dumps(data))


@given(RECORDS)
def test_a_record_reads_back(record: Measured | Skipped | Failed) -> None:
    """Whatever a case's names, samples and errors, its line gives the same record back, of the same kind."""
    found = record_from_json(through_json(record_to_json(record)))
    assert found == record
    assert type(found) is type(record)


@given(SEMANTICS)
def test_semantics_read_back(semantics: Semantics) -> None:
    """What was observed of a path reads back as it was, absent answers as absent."""
    assert Semantics.from_json(through_json(semantics.to_json())) == semantics


@given(HEADERS)
def test_a_header_reads_back(header: Header) -> None:
    """A header reads back whatever machine, software and settings say."""
    assert Header.from_json(through_json(header.to_json())) == header


def test_a_header_says_what_it_is_first() -> None:
    """The first fields of a header are its format's number and its kind."""
    assert list(a_header().to_json())[:2] == ["format", "kind"]
    assert (a_header().to_json()["format"], a_header().to_json()["kind"]) == (FORMAT, "session")


def test_a_header_names_its_preset_and_machine() -> None:
    """Preset and machine name come from settings and machine."""
    header = a_header(settings={"preset": HOSTILE}, machine={"name": "<b>"})
    assert (header.preset, header.machine_name) == (HOSTILE, "<b>")


def test_what_a_later_version_adds_is_left_out() -> None:
    """Keys that a record does not know are later detail: the rest is read."""
    data = record_to_json(a_record()) | {"<later>": 1}
    assert record_from_json(data) == a_record()


@pytest.mark.parametrize("record", [a_record(), a_skip(), a_failure()])
def test_a_missing_field_is_named(record: Measured | Skipped | Failed) -> None:
    """A line without one of its fields is refused, and the message names the kind and the field."""
    data = record_to_json(record)
    del data["dtype"]
    with pytest.raises(RecordError, match=f"a {type(record).__name__.lower()} line needs dtype"):
        record_from_json(data)


def test_an_observation_needs_its_outcome() -> None:
    """An observation that does not say what happened is refused."""
    line = some_semantics().to_json()
    line["observed"]["layout=C"] = {}
    with pytest.raises(RecordError, match="a observation line needs outcome"):
        Semantics.from_json(line)


@pytest.mark.parametrize("samples", [{}, {"wall": ()}, {"wall": ((),)}, {"wall": ((1.0,), ())}, {"wall": ((0.0,),)}])
def test_a_measured_case_has_samples(samples: dict) -> None:
    """No clock, no pass, an empty pass or a time of zero: none of them is a measurement, and the case is named."""
    with pytest.raises(RecordError, match=r"torch.from_numpy/float32/C/4KiB/1t.*samples"):
        replace(a_record(), samples_ns=samples)


@given(MEASURED)
def test_passes_are_those_of_one_clock(record: Measured) -> None:
    """The passes of a clock are its own; those of another are never mixed in."""
    for clock, passes in record.samples_ns.items():
        assert record.passes(clock) == passes


def test_a_clock_that_was_not_read_has_no_passes() -> None:
    """Asking for a clock that the record lacks is an error, never another clock's times."""
    with pytest.raises(KeyError):
        replace(a_record(), samples_ns={"wall_synchronised": ((1.0,),)}).passes()


def test_a_session_sorts_its_records() -> None:
    """Measured, skipped and failed cases are told apart, and none is in two places."""
    session = a_session()
    assert (session.measured, session.skipped, session.failed) == ((a_record(),), (a_skip(),), (a_failure(),))


def test_an_error_is_one_line() -> None:
    """A failed case says what went wrong."""
    assert a_failure(error=HOSTILE).error == HOSTILE


@pytest.mark.parametrize("record", [a_record(), a_skip(), a_failure(), a_header(), a_session(), some_semantics()])
def test_records_do_not_change(record: object) -> None:
    """Nothing that was recorded can be written again."""
    name = next(iter(type(record).__dataclass_fields__))
    with pytest.raises(FrozenInstanceError):
        setattr(record, name, None)


def test_an_observation_says_what_is_rare_where_it_is_true() -> None:
    """What went wrong is said where it happened; `False` of another answer is kept."""
    quiet = Observation(outcome="copies", writable=False, keeps_source=False).to_json()
    wrong = {"warns": True, "wrong_values": True, "drops_mask": True, "leaks": True}
    assert quiet == {"outcome": "copies", "writable": False, "keeps_source": False}
    assert Observation(outcome="copies", **wrong).to_json() == {"outcome": "copies"} | wrong


@pytest.mark.parametrize(
    ("outcome", "keeps_source", "dangles"),
    [("shares", False, True), ("shares", True, False), ("shares", None, False), ("copies", False, False)],
)
def test_what_shares_memory_that_went_dangles(outcome: str, keeps_source: bool | None, dangles: bool) -> None:  # noqa: FBT001  parameters
    """Only a result that shares needs its source's memory; where nobody asked, nothing is said."""
    assert Observation(outcome=outcome, keeps_source=keeps_source).dangles is dangles  # type: ignore[arg-type]


def test_an_observation_of_an_older_session_reads() -> None:
    """What was not asked when a session was measured is read as not asked."""
    found = Semantics.from_json(some_semantics().to_json() | {"observed": {"layout=C": {"outcome": "shares"}}})
    seen = found.observed["layout=C"]
    assert (seen.keeps_source, seen.drops_mask, seen.leaks, seen.dangles) == (None, False, False, False)
