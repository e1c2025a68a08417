"""What a profile knows of one case. Standard library only: pages are made from it where torch is not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.curves import Curve, Regime
    from benchmarks.records import Json
    from benchmarks.statistics import Estimate

    from .parts import Breakdown


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What is known of one case beside its smaller sizes.

    `curve` is the cost model of its line. `gigabytes_per_s` is None where nothing moves because the result shares
    memory.
    """

    case: str
    spelling: str
    aliasing: str
    time_ns: Estimate
    minflt_per_call: float
    gigabytes_per_s: float | None
    times_limit: Estimate
    curve: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of one case.

    `minflt` are the minor faults of a call by memory, fresh and warm. `facts` are what one call was seen to take, and
    its instructions: numbers by name. `missing` says what could not be had here, and why. `trace` is torch's
    profiler's, the JSON that Chrome and Perfetto read; `about` says when, where and with what this was measured.
    """

    case: str
    spelling: str
    breakdown: Breakdown
    minflt: Mapping[str, float]
    facts: Mapping[str, int]
    growth: Growth
    missing: Mapping[str, str]
    about: Mapping[str, object] = field(default_factory=dict)
    trace: str = field(repr=False, default="{}")

    @property
    def ns_per_fault(self) -> float | None:
        """The nanoseconds that one minor fault costs this call; None where warm memory spares it none, or no time."""
        part, spared = self.breakdown.part("page faults"), self.minflt.get("fresh", 0) - self.minflt.get("warm", 0)
        return part.ns.value / spared if part and part.ns.value > 0 and spared > 0 else None


def to_json(found: Profile) -> str:
    """Return a profile as one JSON object; times in nanoseconds, rates in bytes per nanosecond (GB/s), no trace."""
    plain: Json = asdict(found)
    model = plain["growth"].pop("curve")
    known = {name: model[name] for name in ("flat", "reason")} | {"left_out": list(found.growth.curve.left_out)}
    plain["growth"] |= known | {"regimes": [_regime(one) for one in found.growth.curve.regimes]}
    plain["ns_per_fault"] = found.ns_per_fault
    del plain["trace"]
    return json.dumps(plain, indent=2)


def _regime(one: Regime) -> Json:
    line = one.fit
    fixed = line.fixed_ns and asdict(line.fixed_ns)
    numbers = {"fixed_ns": fixed, "rate": asdict(line.rate), "sizes": line.sizes, "worst_miss": line.worst_miss}
    return {"name": one.name, "low": one.low, "high": one.high} | numbers
