"""Builders of made-up comparisons: what seeded rounds say of cases whose true ratio is known, with hostile names."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import kept
from benchmarks.outcome import CONTROL, Comparison, Found
from benchmarks.sides import Side
from benchmarks.verdicts import confirmed, shift, verdict
from tests.builders import HOSTILE

if TYPE_CHECKING:
    from benchmarks.records import Json

A = Side(name=f"feature/x {HOSTILE}", commit="0123456789abcdef", folder=Path(), bridge_hash="a" * 16)
B = Side(name=".", commit=None, folder=Path(), bridge_hash="b" * 16)


def some_rounds(case: str, factor: float, spread: float, number: int) -> tuple[float, ...]:
    """Return what so many rounds say of a case where B takes so many times as long, with a spread."""
    dice = random.Random(f"{case}{factor}{number}")
    return tuple(round(math.log(factor) + dice.gauss(0, spread), 5) for _ in range(number))


def a_found(  # what is asked of the dice, and what is exact
    case: str = "bridge.as_tensor/float32/C/4KiB/1t",
    factor: float = 1.0,
    *,
    spread: float = 0.015,
    rounds: int = 20,
    repeats: bool = True,
    **more: Any,
) -> Found:
    """Return what rounds found of a case; a change that does not repeat is unclear."""
    played = some_rounds(case, factor, spread, rounds)
    first = verdict(shift(played, 0.99))
    flagged = first.word in {"faster", "slower"}
    again = some_rounds(case, factor if repeats else 1.0, spread, 10) if flagged else ()
    judged = confirmed(first, again) if flagged else first
    known = {"case": case, "verdict": judged, "log_ratios": played, "confirmation": again, "flagged": flagged}
    return Found(**(known | more))


def a_comparison(cases: tuple[Found, ...] | None = None, **changes: Any) -> Comparison:
    """Return a comparison; without cases, one of every kind."""
    known = {
        "a": A,
        "b": B,
        "effort": "normal",
        "threshold": 0.05,
        "cases": one_of_each() if cases is None else cases,
        "control": tuple(a_found(case, spread=0.01) for case in CONTROL),
    }
    return Comparison(**(known | changes))


def one_of_each() -> tuple[Found, ...]:
    """Return a case that is slower, far slower, faster, a copy, gone, not repeated, unclear, and two the same."""
    dead = {"b": f"was killed by SIGSEGV {HOSTILE}"}
    return (
        a_found("bridge.as_tensor/float32/C/4KiB/1t"),
        a_found("bridge.standardize/float32/C/1MiB/1t", 1.2, spread=0.03),
        a_found("bridge.as_tensor.dtype/float64>float32/features_as_nchw/64KiB/1t", 8.0),
        a_found("bridge.copyto/float32/C/64KiB/1t", 0.8),
        a_found("bridge.as_array/float32/sliced/4KiB/1t", changes=("shares -> copies", "new memory 0 -> 4,096 bytes")),
        a_found("bridge.stack/float32/C/4KiB/1t", verdict=None, log_ratios=(0.01, 0.02), failed=dead),
        a_found("bridge.as_array/float32/F/4KiB/1t", 1.1, repeats=False),
        a_found("bridge.stack/float32/C/64MiB/1t", spread=0.2),
        a_found(f"path {HOSTILE}/float32/C/4KiB/1t"),
    )


def as_data(found: Comparison) -> Json:
    """Return a comparison as the object that is kept."""
    data: Json = json.loads(kept.to_json(found))
    return data
