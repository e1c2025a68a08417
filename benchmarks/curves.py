"""The cost model of one path: what a payload of any size takes, from the sizes that were measured.

Where the path's regimes hold a size, their line says it. Between two regimes the time grows as that of the limit does,
which is measured at more sizes than most paths: t(n) = t(a) + (t(b) - t(a)) * (l(n) - l(a)) / (l(b) - l(a)) between the
measured sizes a and b, where l is the limit's time, or the size itself where the limit is not known or does not grow.
Where a is not on fresh pages and b is, other paths of the session say from which size on new memory is fresh: from
there on the time is b's share of the bytes. Below it, and where they do not say, the interval spans both, and the value
is on the power law between them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from .model import WORST_MISS, Fit, Flat, NoFit, fit, flat
from .regimes import runs
from .statistics import Estimate, estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .model import Points
    from .records import Measured
    from .regimes import Run

CACHE: Final = "cache"
MEMORY: Final = "memory"
BOTH: Final = "cache and memory"
#: The limit is not known, or has no border: nothing says what the caches hold.
EITHER: Final = "cache or memory"
FRESH: Final = "fresh pages"
LINK: Final = "link"
_HUGE_PAGE_BYTES: Final = 2 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """Sizes over which one line holds, from `low` to `high` bytes, both measured; its name says what limits them."""

    name: str
    low: int
    high: int
    fit: Fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What a payload takes; `regime` is empty where no line says so but the sizes beside it."""

    time_ns: Estimate
    regime: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all paths of a session have in common: the curve of their limit, and how large fresh results are."""

    limit: Curve | None = None
    fresh_bytes: int | None = None

    @property
    def cache_bytes(self) -> int | None:
        """The largest payload that the caches hold: where the limit's first regime ends; None without a second."""
        return _border([one.high for one in self.limit.regimes]) if self.limit else None


NOTHING: Final = Common()


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What is known of one path over the sizes.

    `times` has the measured time of each size, `fresh` the sizes whose results lie on fresh pages. `flat` is the one
    time of a path whose cost does not depend on the size. `limit` is the curve of what nothing can beat, `fresh_from`
    the payload from which on results lie on fresh pages, as other paths of the session say. `reason` says why there is
    no line where there is none.
    """

    times: Mapping[int, Estimate]
    regimes: tuple[Regime, ...] = ()
    flat: Flat | None = None
    fresh: frozenset[int] = frozenset()
    limit: Curve | None = field(default=None, repr=False)
    fresh_from: float | None = None
    reason: str = ""

    @property
    def fixed_ns(self) -> Estimate | None:
        """What a call costs before it moves a byte; None where that cannot be told from zero."""
        if self.flat:
            return self.flat.time_ns
        return self.regimes[0].fit.fixed_ns if self.regimes else None

    @property
    def left_out(self) -> tuple[int, ...]:
        """The measured sizes that no line describes."""
        return () if self.flat else tuple(size for size in self.times if self.regime_at(size) is None)

    def regime_at(self, nbytes: float) -> Regime | None:
        """Return the regime that holds a size."""
        return next((one for one in self.regimes if one.low <= nbytes <= one.high), None)

    def predict(self, nbytes: float) -> Predicted | NoFit:
        """Return what a payload takes, or why that is not said: it lies beyond the sizes that were measured."""
        sizes = tuple(self.times)
        if not sizes or not sizes[0] <= nbytes <= sizes[-1]:
            return NoFit(reason="it lies beyond the sizes that were measured")
        if self.flat:
            return Predicted(time_ns=self.flat.time_ns, regime="any size")
        if held := self.regime_at(nbytes):
            return Predicted(time_ns=held.fit.at(nbytes), regime=held.name)
        above = sizes[bisect_left(sizes, nbytes)]
        if above == nbytes:
            return Predicted(time_ns=self.times[above])
        return Predicted(time_ns=self._between(sizes[bisect_left(sizes, nbytes) - 1], nbytes, above))

    def _between(self, below: int, nbytes: float, above: int) -> Estimate:
        low, high = self.times[below], self.times[above]
        if below not in self.fresh and above in self.fresh:
            return self._where_fresh_begins(below, nbytes, above)
        value = low.value + (high.value - low.value) * self._grown(below, nbytes, above)
        less = min(one.low / one.value for one in (low, high)) * (1 - WORST_MISS)
        more = max(one.high / one.value for one in (low, high)) * (1 + WORST_MISS)
        return Estimate(value=value, low=value * less, high=value * more, passes=low.passes)

    def _where_fresh_begins(self, below: int, nbytes: float, above: int) -> Estimate:
        low, high = self.times[below], self.times[above]
        if self.fresh_from is not None and below < self.fresh_from <= nbytes:
            share, less, more = nbytes / above, 1 - WORST_MISS, 1 + WORST_MISS
            value = high.value * share
            return replace(high, value=value, low=high.low * share * less, high=high.high * share * more)
        gone = math.log(nbytes / below) / math.log(above / below)
        value = low.value * (high.value / low.value) ** gone
        return Estimate(value=value, low=min(low.low, high.low), high=max(low.high, high.high), passes=low.passes)

    def _grown(self, below: int, nbytes: float, above: int) -> float:
        """Return which part of the way from the time of `below` to that of `above` is gone at a size between them."""
        ways = [self.limit.seen(size) if self.limit else None for size in (below, nbytes, above)]
        first, here, last = (way or 0.0 for way in ways)
        if None in ways or not first <= here <= last or first == last:
            first, here, last = below, nbytes, above
        return (here - first) / (last - first)

    def seen(self, nbytes: float) -> float | None:
        """Return the measured time of a size, else the predicted one, in nanoseconds; None beyond the sizes."""
        if nbytes in self.times:
            return self.times[int(nbytes)].value
        found = self.predict(nbytes)
        return found.time_ns.value if isinstance(found, Predicted) else None


def common(records: Iterable[Measured], limit: str = "ref.memcpy") -> Common:
    """Return what the records of a session have in common; `limit` is the path that nothing can beat."""
    known = tuple(records)
    at = {record.nbytes: record for record in known if record.path == limit}
    return Common(limit=curve(at.values(), is_limit=True) if at else None, fresh_bytes=_fresh_bytes(known))


def _border(ends: Sequence[int]) -> int | None:
    """Return where the first regime ends, given where all do; None where there is no second to border on."""
    return ends[0] if len(ends) > 1 else None


def _fresh_bytes(records: Iterable[Measured]) -> int | None:
    """Return the size from which on most results in new memory lie on fresh pages; None where no size is like that."""
    found, new = None, [record for record in records if record.alloc_bytes]
    for size in sorted({record.alloc_bytes for record in new}, reverse=True):
        some = [_is_fresh(record) for record in new if record.alloc_bytes == size]
        if 2 * sum(some) <= len(some):
            break
        found = size
    return found


def curve(records: Iterable[Measured], shared: Common = NOTHING, *, is_limit: bool = False) -> Curve:
    """Return the model of one path: of records that differ in their size alone.

    Args:
        records: what was measured of the path.
        shared: what all paths of the same session have in common.
        is_limit: whether it is what nothing can beat, whose own border says what the caches hold.
    """
    line = sorted(records, key=lambda record: record.nbytes)
    points = {record.nbytes: record.passes(record.clock) for record in line}
    times = {size: estimate(passes) for size, passes in points.items()}
    least = shared.fresh_bytes or 0  # below, a few rounds of a pass may have faulted by chance
    fresh = frozenset(record.nbytes for record in line if record.alloc_bytes >= least and _is_fresh(record))
    bare = Curve(times=times, fresh=fresh, limit=shared.limit, fresh_from=_payload_of(shared.fresh_bytes, line))
    same, shares = flat(points), any(record.aliasing == "shares" for record in line)
    if isinstance(same, Flat) or shares:  # what shares moves no bytes, so there is no rate to find
        return replace(bare, flat=same) if isinstance(same, Flat) else replace(bare, reason=same.reason)
    if not (found := runs(points)):
        return replace(bare, reason=_no_line(points))
    on_device = line[0].device != "cpu"
    cached = _border([run.sizes[-1] for run in found]) if is_limit else shared.cache_bytes
    names = (LINK if on_device else _name(run.sizes, fresh, cached) for run in found)
    return replace(bare, regimes=tuple(_regime(run, name) for run, name in zip(found, names, strict=True)))


def _no_line(points: Points) -> str:
    """Return why no sizes of a path are on one line."""
    whole = fit(points)
    return whole.reason if isinstance(whole, NoFit) else "the sizes lie too far apart for a line"


def _payload_of(result_bytes: int | None, line: Sequence[Measured]) -> float | None:
    """Return the payload that has so large a result in new memory: a cast to wider elements reaches it earlier."""
    known = next((record for record in reversed(line) if record.alloc_bytes), None)
    return result_bytes * known.nbytes / known.alloc_bytes if known and result_bytes else None


def _is_fresh(record: Measured) -> bool:
    """Whether all of a result is new: it faults at least once for every huge page that it could lie on."""
    return record.alloc_bytes > 0 and record.minflt_per_call >= max(1, record.alloc_bytes // _HUGE_PAGE_BYTES)


def _regime(run: Run, name: str) -> Regime:
    return Regime(name=name, low=run.sizes[0], high=run.sizes[-1], fit=run.fit)


def _name(sizes: Sequence[int], fresh: frozenset[int], cached: int | None) -> str:
    """Return what limits some sizes: new pages where all of them have some, else where their bytes come from."""
    if fresh.issuperset(sizes):
        return FRESH
    if cached is None:
        return EITHER
    if sizes[-1] <= cached:
        return CACHE
    return MEMORY if sizes[0] > cached else BOTH
