import pytest

from benchmarks.statistics import Estimate
from reports import units


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(64, "64 B"), (1024, "1 KiB"), (31 * 2**20, "31 MiB"), (1536, "1.5 KiB"), (1000 * 2**10, "1000 KiB")],
)
def test_sizes_count_in_1024(size_bytes: int, text: str) -> None:
    """A size is written in the largest binary unit it fills."""
    assert units.size(size_bytes) == text


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [(0.5, "0.500 ns"), (30, "30.0 ns"), (999.4, "999 ns"), (999.6, "1.00 µs"), (4.05e6, "4.05 ms"), (2.5e9, "2.50 s")],
)
def test_times_have_three_digits_and_a_unit(time_ns: float, text: str) -> None:
    """A time has three significant digits, and rounds up into the next unit rather than to 1000."""
    assert units.time(time_ns) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(523, 585, f"[523{units.DASH}585 ns]"), (900, 1100, f"[900 ns{units.DASH}1.10 µs]")],
)
def test_an_interval_names_its_unit_once_where_it_can(low: float, high: float, text: str) -> None:
    """Both ends in one unit share it; ends in two units keep their own."""
    assert units.interval(Estimate(value=high, low=low, high=high, passes=6), units.time) == text


def test_the_interval_of_a_ratio_has_one_sign() -> None:
    """A ratio's interval carries its x once, at the end."""
    known = Estimate(value=0.5, low=0.25, high=12, passes=6)
    assert units.with_interval(known, units.times) == f"0.500x [0.250{units.DASH}12.0x]"


def test_counts_are_whole_where_they_are_large() -> None:
    """Sixteen thousand faults are a whole number with its separator, two and a half keep their half."""
    assert [units.count(one) for one in (16385.04, 2.46, 3.0)] == ["16,385", "2.5", "3"]
