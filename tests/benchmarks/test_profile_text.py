"""A profile in words and as JSON, from made-up numbers."""

import json

import pytest

from benchmarks.breakdown.growth import explain
from benchmarks.breakdown.outcome import to_json
from benchmarks.breakdown.text import amount, bar, grows, label, ns, to_text
from benchmarks.curves import Curve
from benchmarks.statistics import Estimate
from benchmarks.suite.cases import Case
from tests.builders import a_full_session
from tests.profile_builders import a_breakdown, a_growth, a_profile, between


def test_parts_come_first_with_their_share() -> None:
    """Each part has its time, its range, its share of the whole and a bar; then what one fault costs."""
    lines = to_text(a_profile()).splitlines()
    assert lines[0] == "torch.tensor/float32/C/64MiB/1t"
    assert lines[1] == "  torch.tensor(<a> | &)   (copies)"
    whole = next(line for line in lines if line.startswith("Where "))
    assert whole == "Where 10 ms [9, 12] per call go"
    faults = next(line for line in lines if line.startswith("  page faults"))
    assert faults.split() == ["page", "faults", "8", "ms", "[7,", "9]", "80.0%", "█" * 24]
    left = next(line for line in lines if line.startswith("  unexplained"))
    assert left.split() == ["unexplained", "-1", "ms", "[-2,", "0]", "-10.0%"]
    assert "  16,385 minor faults a call in fresh memory, 1 in warm: 488 ns each." in lines


def test_every_part_names_its_method() -> None:
    """How each part was measured stands at the end."""
    text = to_text(a_profile())
    assert text.endswith(
        "How it was measured\n  page faults        by <a> | &\n  moving bytes       by <a> | &\n"
        "  unexplained        by <a> | &"
    )


def test_what_is_missing_has_its_reason() -> None:
    """What could not be had is listed with the reason, and no heading stands over nothing."""
    assert "Not available here\n  instructions: valgrind is not installed <a> | &" in to_text(a_profile())
    assert "Not available" not in to_text(a_profile(missing={}))


def test_no_fault_has_no_price() -> None:
    """Where warm memory spares no fault, nothing is said of what one costs."""
    assert "each." not in to_text(a_profile(minflt={"fresh": 0.0, "warm": 0.0}))
    assert a_profile(minflt={"fresh": 0.0}).ns_per_fault is None
    assert a_profile(breakdown=a_breakdown(faults_ms=-1)).ns_per_fault is None


def test_what_a_call_takes_is_listed() -> None:
    """Faults in both memories and every fact have a line of their own."""
    text = to_text(a_profile())
    assert "What a call takes\n  minor faults, fresh memory: 16,385\n  minor faults, warm memory: 1\n" in text
    assert "\n  result huge page: 0 B\n  torch allocated: 64 MiB\n  torch allocations: 1\n" in text


def test_growth_has_its_numbers() -> None:
    """The rate, the multiple of the limit and the line of a regime have their intervals; a flat cost has no line."""
    known = dict(grows(a_growth()))
    assert known["payload"] == "6.7 GB/s (1e9 bytes of payload a second, counted once)"
    assert known["limit"] == "6x [5, 7] the same bytes moved by memmove or the copy engine"
    assert known["cache"] == "64 B to 1 MiB: 2.4 µs [2.3, 2.5] fixed, then 16 GB/s [15, 17]"
    shares = explain(a_full_session(spread=0.0), Case.parse("torch.from_numpy/float32/C/1MiB/1t"))
    assert list(dict(grows(shares))) == ["payload", "limit", "any size"]


def test_sharing_and_regimes_are_told() -> None:
    """What moves nothing says so; a regime has its sizes, its fixed cost and its rate; what no line holds is said."""
    shares = to_text(a_profile(growth=a_growth(gigabytes_per_s=None)))
    assert "payload       none moves: the result shares memory with its source" in shares
    text = to_text(a_profile())
    assert "  cache         64 B to 1 MiB: 2.4 µs [2.3, 2.5] fixed, then 16 GB/s [15, 17]" in text
    assert "  no line       holds 64 MiB" in text


def test_why_no_size_is_on_a_line_is_told() -> None:
    """A path that has no line at all says why, in words and in the JSON, and does not blame each size."""
    few = a_profile(growth=a_growth(curve=Curve(times={64: between(1, 1, 1)}, reason="1 of the 3 sizes")))
    assert "  no line       1 of the 3 sizes\n" in to_text(few)
    assert json.loads(to_json(few))["growth"]["reason"] == "1 of the 3 sizes"
    assert json.loads(to_json(a_profile()))["growth"]["reason"] == ""


@pytest.mark.parametrize(("share", "blocks"), [(0.0, 0), (-0.5, 0), (0.5, 15), (1.0, 30), (1.7, 30)])
def test_a_bar_ends_at_the_whole(share: float, blocks: int) -> None:
    """A bar is thirty blocks for the whole, and none below zero."""
    assert bar(share) == "█" * blocks


def test_numbers_have_the_unit_that_fits() -> None:
    """Bytes are binary, counts have commas, times go from nanoseconds to seconds and keep their sign."""
    assert amount("resident_bytes", 64 << 20) == "64 MiB"
    assert (amount("resident_bytes", 80), amount("instructions", 7361482)) == ("80 B", "7,361,482")
    assert label("numpy_and_python_peak_bytes") == "NumPy and Python peak"
    assert ns(Estimate(value=-2000.0, low=-3000.0, high=0.0, passes=2)) == "-2 µs [-3, 0]"


def test_json_has_parts_facts_and_no_trace() -> None:
    """The JSON holds every number and reason; the trace is a file of its own."""
    found = json.loads(to_json(a_profile()))
    assert [one["name"] for one in found["breakdown"]["parts"]] == ["page faults", "moving bytes", "unexplained"]
    assert (found["facts"]["torch_allocations"], found["growth"]["regimes"][0]["sizes"]) == (1, 6)
    assert found["ns_per_fault"] == pytest.approx(8e6 / 16384)
    assert (found["growth"]["flat"], found["growth"]["left_out"]) == (None, [64 << 20])
    assert found["growth"]["regimes"][0]["rate"]["value"] == pytest.approx(16)
    assert "trace" not in found
