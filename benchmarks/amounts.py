"""Times and bytes in words for a terminal: three significant digits, in the unit that fits. Standard library only."""

from __future__ import annotations

from typing import Final

_TIMES: Final = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))
_BYTES: Final = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
#: From here on three digits would need an exponent.
_WHOLE: Final = 999.5


def time(value_ns: float) -> str:
    """Return a time given in nanoseconds: ``time(2370) == "2.37 µs"``."""
    scale, unit = _time_unit(value_ns)
    return f"{_digits(value_ns / scale)} {unit}"


def interval(value_ns: float, low_ns: float, high_ns: float) -> str:
    """Return the interval of a time in the unit of its value: ``interval(2370, 2350, 2420) == "[2.35, 2.42]"``."""
    scale, _ = _time_unit(value_ns)
    return f"[{_digits(low_ns / scale)}, {_digits(high_ns / scale)}]"


def size(nbytes: int) -> str:
    """Return a number of bytes: ``size(64 << 20) == "64 MiB"``."""
    scale, unit = next((one for one in _BYTES if nbytes >= one[0]), _BYTES[-1])
    return f"{_digits(nbytes / scale)} {unit}"


def _time_unit(value_ns: float) -> tuple[float, str]:
    return next((one for one in _TIMES if abs(value_ns) >= one[0]), _TIMES[-1])


def _digits(number: float) -> str:
    return f"{number:.3g}" if abs(number) < _WHOLE else f"{number:.0f}"
