"""Two made-up sessions compared afterwards."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks import verdict_text
from benchmarks.errors import NoCasesError, NotComparableError
from benchmarks.outcome import FAILED, OK, UNSURE
from benchmarks.stored import compare_sessions
from tests.builders import HOSTILE, a_failure, a_header, a_record, a_session

CASES = ("64B", "4KiB", "64KiB")


def session(factor: float = 1.0, *, spread: float = 0.01, aliasing: str = "copies", **header: object) -> object:
    """Return a session of three cases and a path of the control, which cost so many times as much."""
    ours = [
        a_record("bridge.as_tensor", size=size, ns=1000 * factor, spread=spread, aliasing=aliasing) for size in CASES
    ]
    return a_session([*ours, a_record("torch.from_numpy", size="64B", ns=500)], **header)


def test_a_slower_session_is_slower_and_fails_no_merge() -> None:
    """What is certainly slower is called so, with all ratios of passes as its interval; the exit code is never 1."""
    found = compare_sessions(session(), session(1.5))
    assert [one.word for one in found.cases] == ["slower"] * 3
    known = found.cases[0].verdict.shift
    assert known.ratio_low < 1.5 < known.ratio_high
    assert found.exit_code == OK
    assert "(not interleaved)" in verdict_text.to_table(found)


def test_the_same_session_is_the_same() -> None:
    """A session compared with itself shows nothing, and its control stands still."""
    found = compare_sessions(session(), session())
    assert [one.word for one in found.cases] == ["same"] * 3
    assert [one.case for one in found.control] == ["torch.from_numpy/float32/C/64B/1t"]
    assert not found.control_moved


def test_noise_is_unclear() -> None:
    """Sessions whose passes differ widely are told apart by nothing."""
    found = compare_sessions(session(spread=0.5), session(1.1, spread=0.5))
    assert found.exit_code == UNSURE
    assert {one.word for one in found.cases} == {"unclear"}


@pytest.mark.parametrize(("passes", "word"), [(1, "unclear"), (2, "unclear"), (3, "slower")])
def test_too_few_passes_say_nothing(passes: int, word: str) -> None:
    """One pass has no range and would be certain of anything: with fewer than three nothing is said."""
    few, many = (
        a_session([a_record("bridge.as_tensor", ns=ns, passes=count), a_record("bridge.stack", ns=ns, passes=count)])
        for ns, count in ((1500, passes), (1000, 6))
    )
    slower, faster = compare_sessions(many, few), compare_sessions(few, many)
    assert [one.word for one in slower.cases] == [word] * 2
    assert [one.word for one in faster.cases] == [word.replace("slower", "faster")] * 2
    assert (slower.cases[0].verdict.reason == "takes 3 passes on both sides") is (word == "unclear")


def test_a_path_that_became_a_copy_is_told() -> None:
    """What shared in one session and copies in the other is told with the case."""
    found = compare_sessions(session(aliasing="shares"), session(aliasing="copies"))
    assert all(one.became_copy for one in found.cases)
    assert "shares -> copies" in verdict_text.to_table(found)


def test_only_cases_of_both_are_compared() -> None:
    """A case that one session lacks is left out; one that failed is named with its error."""
    one = a_session([a_record("bridge.as_tensor"), a_record("bridge.as_tensor", size="1MiB")])
    other = a_session([a_failure("bridge.as_tensor", family="share"), a_record("bridge.stack")])
    found = compare_sessions(one, other)
    assert [case.case for case in found.cases] == ["bridge.as_tensor/float32/C/4KiB/1t"]
    assert found.exit_code == FAILED
    assert HOSTILE in found.cases[0].failed["b"]


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("machine", "cpu", "<other> | &"),
        ("settings", "threads", {"allt": 64}),
        ("software", "torch", "9.9"),
        ("case_version", None, "0"),
    ],
)
def test_what_cannot_be_compared_is_refused(part: str, key: str | None, value: object) -> None:
    """Other machines, settings, versions and cases are refused with the key and both values, unless forced."""
    header = a_header()
    changed = value if key is None else {**getattr(header, part), key: value}
    one, other = session(), dataclasses.replace(session(), header=dataclasses.replace(header, **{part: changed}))
    with pytest.raises(NotComparableError) as error:
        compare_sessions(one, other)
    assert (f"{part}.{key}" if key else part) in str(error.value)
    assert str(value) in str(error.value)
    assert compare_sessions(one, other, force=True).exit_code == OK


def test_a_filter_chooses_and_leaves_the_control() -> None:
    """Only cases that a filter matches are compared, beside the control; one that matches none says so."""
    found = compare_sessions(session(), session(), pattern="/4KiB/")
    assert [one.case for one in found.cases] == ["bridge.as_tensor/float32/C/4KiB/1t"]
    assert len(found.control) == 1
    with pytest.raises(NoCasesError, match="'<none>'"):
        compare_sessions(session(), session(), pattern="<none>")
