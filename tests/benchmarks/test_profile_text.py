"""A profile in words and as JSON, from made-up numbers."""

import json

import pytest

from benchmarks.breakdown.outcome import to_json
from benchmarks.breakdown.text import amount, bar, label, ns, to_text
from benchmarks.statistics import Estimate
from tests.profile_builders import a_growth, a_profile


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


def test_sharing_and_regimes_are_told() -> None:
    """What moves nothing says so; a regime has its sizes, its fixed cost and its rate; what no line holds is said."""
    shares = to_text(a_profile(growth=a_growth(gigabytes_per_s=None)))
    assert "payload       none moves: the result shares memory with its source" in shares
    text = to_text(a_profile())
    assert "  cache         64 B to 1 MiB: 2.4 µs [2.3, 2.5] fixed, then 16 GB/s [15, 17]" in text
    assert "  no line       holds 64 MiB" in text


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
