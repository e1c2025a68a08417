"""Numbers as text, each with its unit: 64 MiB, 4.05 ms, 8.5x, 2.0 GB/s. Sizes count in 1024, rates in 1e9 bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.statistics import Estimate

_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_TIMES_NS: Final = (("s", 1e9), ("ms", 1e6), ("µs", 1e3))
DASH: Final = "\u2013"
NONE: Final = DASH


def size(size_bytes: float) -> str:
    """Return a number of bytes: ``size(65536) == "64 KiB"``."""
    step = 0
    while size_bytes >= 1024 and step < len(_SIZES) - 1:
        size_bytes /= 1024
        step += 1
    return f"{size_bytes:.3g} {_SIZES[step]}" if size_bytes < 1000 else f"{size_bytes:.0f} {_SIZES[step]}"


def time(time_ns: float) -> str:
    """Return a time given in nanoseconds: ``time(2370) == "2.37 µs"``."""
    for unit, scale in _TIMES_NS:
        if abs(time_ns) >= scale * 0.9995:
            return f"{digits(time_ns / scale)} {unit}"
    return f"{digits(time_ns)} ns"


def times(ratio: float) -> str:
    """Return a ratio: ``times(8.5) == "8.50x"``."""
    return f"{digits(ratio)}x"


def percent(share: float) -> str:
    """Return a part of a whole: ``percent(0.847) == "84.7 %"``."""
    return f"{digits(share * 100)} %"


def rate(gb_per_s: float) -> str:
    """Return a rate given in 1e9 bytes per second."""
    return f"{digits(gb_per_s)} GB/s"


def count(number: float) -> str:
    """Return a count, whole where it is large: ``count(16385) == "16,385"``."""
    return f"{number:,.0f}" if number >= 100 or number == round(number) else f"{number:.1f}"


def digits(value: float) -> str:
    """Return three significant digits, never in scientific notation below a million."""
    for limit, places in ((0.9995, 3), (9.995, 2), (99.95, 1)):
        if abs(value) < limit:
            return f"{value:.{places}f}"
    return f"{value:,.0f}"


def interval(estimate: Estimate, text: Callable[[float], str]) -> str:
    """Return the range of an estimate in one unit where both ends have the same: ``[523-585 ns]``."""
    return between(estimate.low, estimate.high, text)


def between(lowest: float, highest: float, text: Callable[[float], str]) -> str:
    """Return a range in one unit where both ends have the same."""
    low, high = text(lowest), text(highest)
    low_number, _, low_unit = low.partition(" ")
    _, _, high_unit = high.partition(" ")
    if not low_unit:
        return f"[{low.removesuffix('x')}{DASH}{high}]"
    return f"[{low_number}{DASH}{high}]" if low_unit == high_unit else f"[{low}{DASH}{high}]"


def with_interval(estimate: Estimate, text: Callable[[float], str]) -> str:
    """Return an estimate with its range: ``542 ns [523-585 ns]``."""
    return f"{text(estimate.value)} {interval(estimate, text)}"
