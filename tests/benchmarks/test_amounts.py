"""Times and bytes in words: three digits, the unit that fits, never an exponent."""

import pytest

from benchmarks.amounts import interval, size, time


@pytest.mark.parametrize(
    ("ns", "words"),
    [
        (0.0, "0 ns"),
        (52.31, "52.3 ns"),
        (999.7, "1000 ns"),
        (2370.0, "2.37 µs"),
        (-2000.0, "-2 µs"),
        (-12345.6e9, "-12346 s"),
        (34.6e6, "34.6 ms"),
        (999.9e6, "1000 ms"),
        (12345.6e9, "12346 s"),
    ],
)
def test_a_time_has_the_unit_that_fits(ns: float, words: str) -> None:
    """From nanoseconds to seconds, the sign kept, and no exponent where a value lies just below the next unit."""
    assert time(ns) == words


def test_an_interval_has_the_unit_of_its_value() -> None:
    """Both ends are in the unit of the value, whatever their own would be."""
    assert interval(2370.0, 950.0, 12000.0) == "[0.95, 12]"
    assert interval(-2000.0, -3000.0, 0.0) == "[-3, 0]"


@pytest.mark.parametrize(
    ("nbytes", "words"),
    [(0, "0 B"), (80, "80 B"), (1023, "1023 B"), (1024, "1 KiB"), (64 << 20, "64 MiB"), (1 << 40, "1024 GiB")],
)
def test_bytes_are_binary(nbytes: int, words: str) -> None:
    """Bytes count in 1024, and no number has an exponent."""
    assert size(nbytes) == words
