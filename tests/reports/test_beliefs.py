from typing import Any

import pytest

from reports import beliefs
from reports.contents import Contents
from reports.transfers import Transfers
from tests.gpu_builders import CASTS, a_gpu_session, a_transfer
from tests.reports.tables import texts


def verdicts(*records: Any) -> list[str]:
    """Return the verdicts that a session of these records allows."""
    return [one.verdict for one in beliefs.beliefs(Transfers(a_gpu_session(records)))]


@pytest.mark.parametrize(
    ("ns", "spread", "verdict"),
    [(1e6, 0.01, "does not hold"), (5e5, 0.01, "holds"), (2e6, 0.01, "does not hold"), (9.5e5, 0.2, "unclear")],
)
def test_the_belief_in_torch_tensor_follows_its_numbers(ns: float, spread: float, verdict: str) -> None:
    """Half the time of `.to` is a copy avoided, the same or more is none, and noise over both is no verdict."""
    assert verdicts(a_transfer(), a_transfer("h2d.tensor_dev", done=ns, spread=spread)) == [verdict]


@pytest.mark.parametrize(
    ("cold", "warm", "all_threads", "verdict"),
    [(5e6, 1.2e6, 5e5, "depends"), (5e5, 5e5, 5e5, "holds"), (5e6, 2e6, 1e6, "does not hold")],
)
def test_the_belief_in_pinning_follows_its_numbers(cold: float, warm: float, all_threads: float, verdict: str) -> None:
    """Pinning helps always, never, or where it is warm and has all threads."""
    rows_of = [
        a_transfer("h2d.pin_cold", done=cold),
        a_transfer("h2d.pin_warm", done=warm),
        a_transfer("h2d.pin_warm", done=all_threads, threads="allt"),
    ]
    assert verdicts(a_transfer(), *rows_of) == [verdict]


@pytest.mark.parametrize(("issue", "verdict"), [(0.99, "does not hold"), (0.01, "holds"), (0.5, "unclear")])
def test_the_belief_in_non_blocking_follows_its_numbers(issue: float, verdict: str) -> None:
    """A call that returns at once is asynchronous, one that returns at the end is not."""
    assert verdicts(a_transfer("h2d.pageable_nb", issue=issue)) == [verdict]


@pytest.mark.parametrize(
    ("bytes_ns", "doubles_ns", "verdict"),
    [(1e5, 5e5, "does not hold"), (1e6, 1e6, "holds"), (1e5, 1e6, "depends"), (4e6, 4e6, "does not hold")],
)
def test_the_belief_in_the_order_of_to_follows_its_numbers(bytes_ns: float, doubles_ns: float, verdict: str) -> None:
    """Where a cast on the device takes another time the order matters; it may for one cast and not for the other."""
    records = [
        a_transfer(path, family="h2d_cast", dtype=dtype, done=ns if path == "cast.nb" else 1e6)
        for dtype, ns in (("uint8>float32", bytes_ns), ("float64>float32", doubles_ns))
        for path in ("cast.blocking", "cast.nb")
    ]
    assert verdicts(*records) == [verdict]


@pytest.mark.parametrize(("ns", "verdict"), [(5e6, "does not hold"), (1e6, "does not hold"), (2e5, "holds")])
def test_the_belief_in_ascontiguousarray_follows_its_numbers(ns: float, verdict: str) -> None:
    """A gather before the copy of a transposed array is needed only where it is faster than none."""
    common = {"layout": "F"}
    assert verdicts(a_transfer(), a_transfer(**common), a_transfer("h2d.ascontiguous", done=ns, **common)) == [verdict]


def test_a_belief_without_numbers_is_left_out() -> None:
    """What was not measured at 64 MiB, or in other passes, has no verdict."""
    assert verdicts(a_transfer(size="1MiB"), a_transfer("h2d.tensor_dev", size="1MiB")) == []
    assert verdicts(a_transfer(), a_transfer("h2d.tensor_dev", passes=5)) == []
    assert verdicts(a_transfer("h2d.pageable_nb", clocks={"done": [[5.0]]})) == []


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [([True], "holds"), ([False], "does not hold"), ([True, False, None], "depends"), ([True, None], "unclear")],
)
def test_one_unclear_number_makes_no_certain_verdict(seen: list[bool | None], verdict: str) -> None:
    """Evidence on both sides is enough for "depends"; otherwise what is unclear stays so."""
    assert beliefs.verdict([beliefs.Seen("", one) for one in seen]) == verdict


def test_a_belief_shows_the_numbers_it_rests_on(full_gpu_contents: Contents) -> None:
    """Five beliefs stand with their verdict and the ratios, each with its interval."""
    (known,) = (one for _, some in full_gpu_contents.sections for one in some if one.anchor == "transfer-beliefs")
    lines = texts(known)
    assert [line[1] for line in lines] == [
        "does not hold",
        "depends",
        "does not hold",
        "does not hold",
        "does not hold",
    ]
    assert all("[" in line[2] for line in lines)
    assert len(CASTS) == 3
    assert lines[3][2].count("as long as cast.blocking") == 4
