"""Where the time of a session's cases goes, from records alone: differences of cases that differ by one thing.

`profile` takes one case apart with more; here each part is what other cases of the same session cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.statistics import Estimate, of_values

from .view import Choice, Group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .view import Row, View

#: Parts of a call, in the order in which it meets them; the last one is what the others leave.
PARTS: Final = ("empty call", "overhead", "moving bytes", "page faults", "unexplained")
SMALLEST_BYTES: Final = 64
_PLAIN: Final = Choice("float32", "C", "1t")
#: The same copy by the same engine, into fresh memory and into warm memory.
_FRESH: Final = (Group("copy", "array"), "torch.from_numpy.clone")
_WARM: Final = (Group("copy_into", "array"), "Tensor.copy_")
#: A case has small pages where it faults at least so often a page; with huge pages a fault has no common price.
_SMALL_PAGES: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one minor fault of a small page costs, in nanoseconds, and the size of the copies that told it."""

    ns: Estimate
    nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """The parts of a case's time in nanoseconds; `priced` is False where its faults have no price."""

    row: Row
    ns: Mapping[str, float]
    priced: bool


def price(view: View) -> Price | None:
    """Return what a fault costs: a copy into fresh memory less one into warm memory, over the faults of the first.

    The largest copies tell; None where the session has no such pair, or its large results lie on huge pages.
    """
    warm = {row.record.nbytes: row for row in view.line(*_WARM, _PLAIN)}
    for row in reversed(view.line(*_FRESH, _PLAIN)):
        other = warm.get(row.record.nbytes)
        if other and _has_small_pages(view, row) and len(row.record.passes()) == len(other.record.passes()):
            both = zip(row.record.passes(), other.record.passes(), strict=True)
            saved = [(median(one) - median(two)) / row.record.minflt_per_call for one, two in both]
            return Price(ns=of_values(saved), nbytes=row.record.nbytes)
    return None


def parted(view: View, rows: Sequence[Row], cost: Price | None) -> Iterator[Parted]:
    """Yield the parts of cases; a case that lacks its smallest size, or whose size has no limit, is left out."""
    limits = {row.record.nbytes: row.time.value for row in view.limits}
    for row in rows:
        small = next(iter(view.line(row.group, row.record.path, row.choice)), None)
        known = small and small.record.nbytes == SMALLEST_BYTES and {row.record.nbytes, SMALLEST_BYTES} <= limits.keys()
        if small and known and view.empty_call:
            moved = 0.0 if row.record.aliasing == "shares" else _moved(row, limits)
            yield _parted(view, row, (view.empty_call.time.value, small.time.value, moved), cost)


def _parted(view: View, row: Row, known: tuple[float, float, float], cost: Price | None) -> Parted:
    empty, small, moved = known
    faulted, priced = row.record.minflt_per_call >= 1, bool(cost) and _has_small_pages(view, row)
    ns = {"empty call": empty, "overhead": small - empty, "moving bytes": moved}
    ns["page faults"] = row.record.minflt_per_call * cost.ns.value if cost and priced else 0.0
    ns["unexplained"] = row.time.value - sum(ns.values())
    return Parted(row=row, ns=ns, priced=priced or not faulted)


def _moved(row: Row, limits: Mapping[int, float]) -> float:
    """Return what moving half of what is read and written takes; memmove reads and writes each byte."""
    nbytes = row.record.nbytes
    return (limits[nbytes] - limits[SMALLEST_BYTES]) * (nbytes + _written(row)) / (2 * nbytes)


def _written(row: Row) -> int:
    """Return the bytes of a result: of one in memory that is filled again, as many as its source has."""
    return row.record.alloc_bytes or row.record.nbytes


def _has_small_pages(view: View, row: Row) -> bool:
    pages = _written(row) / int(view.session.header.machine.get("page_bytes") or 4096)
    return row.record.minflt_per_call >= max(1.0, _SMALL_PAGES * pages)
