"""Where the time goes, in parts that add up: pure functions of what the variants of a case took.

ONE DECORATED FUNCTION = ONE PART. A part is the difference of two variants that differ by one thing, or what a counter
said beside them. What all parts together leave of the whole is shown as unexplained, below zero where they overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.statistics import Estimate, of_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Fewer faults than this a call are chance: the kernel's, not the path's.
FEWEST_FAULTS: Final = 0.5


class Taken(NamedTuple):
    """What a variant took in one pass: nanoseconds of a call, those of them spent waiting for a CPU, minor faults.

    `wait_ns` is None where the system does not count it.
    """

    call_ns: float
    wait_ns: float | None = None
    minflt: float = 0.0

    @property
    def running_ns(self) -> float:
        """The time without the wait for a CPU."""
        return self.call_ns - (self.wait_ns or 0.0)

    def times(self, many: float) -> Taken:
        """Return what so many of these take."""
        return Taken(self.call_ns * many, None if self.wait_ns is None else self.wait_ns * many, self.minflt * many)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What the variants took in one pass, by name; `threads` is how many the case may use."""

    took: Mapping[str, Taken]
    threads: int = 1

    def ns(self, name: str, less: str = "") -> float | None:
        """Return what a variant took without waiting, less what another one took; None where one was not timed."""
        found = [self.took.get(one) for one in (name, less) if one]
        if any(one is None for one in found):
            return None
        known = [one.running_ns for one in found if one]
        return known[0] - sum(known[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One share of a call's time, in nanoseconds, and how it was measured."""

    name: str
    ns: Estimate
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The whole time of a call and its parts, which add up to it: the last one is what is unexplained."""

    whole: Estimate
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part | None:
        """Return the part of a name."""
        return next((one for one in self.parts if one.name == name), None)


UNEXPLAINED: Final = "unexplained"


class _Measure(NamedTuple):
    method: str
    of: Callable[[Pass], float | None]


#: Every part by its name, in the order in which a call meets them.
PARTS: Final[dict[str, _Measure]] = {}


def part(name: str, *, method: str) -> Callable[[Callable[[Pass], float | None]], Callable[[Pass], float | None]]:
    """Make the decorated function the measure of the part of this name: nanoseconds, or None where there is none."""

    def register(of: Callable[[Pass], float | None]) -> Callable[[Pass], float | None]:
        PARTS[name] = _Measure(method, of)
        return of

    return register


@part("empty call", method="a function that does nothing, called with as many arguments")
def empty_call(known: Pass) -> float | None:
    """Return what calling itself takes."""
    return known.ns("call")


@part("overhead", method="the same path with hardly any bytes, less the empty call")
def overhead(known: Pass) -> float | None:
    """Return what the path takes before it moves a byte; of a transfer, without the copy over the link."""
    small = known.ns("small", less="call")
    return None if small is None else small - (known.ns("link_small") or 0.0)


@part("waiting for a CPU", method="what the scheduler counted while the process could run and had no CPU")
def waiting(known: Pass) -> float | None:
    """Return the wait in the run queue."""
    return known.took["whole"].wait_ns


@part("page faults", method="fresh memory against the same path in a process whose allocator keeps what was freed")
def page_faults(known: Pass) -> float | None:
    """Return what fresh memory adds; nothing where the counters saw no fault less in warm memory."""
    warm = known.took.get("warm")
    if warm is None:
        return None
    saved = known.took["whole"].minflt - warm.minflt
    return known.ns("whole", less="warm") if saved >= FEWEST_FAULTS else 0.0


@part("moving bytes", method="memmove of the same bytes between warm buffers, less that of a few")
def moving(known: Pass) -> float | None:
    """Return what the bytes take alone, with each thread as fast as one alone.

    Where casting them takes less, it is that: a cast reads other numbers of bytes than it writes, memmove does not.
    """
    found = [known.ns(name, less=f"{name}_small") for name in ("move", "engine")]
    return None if found[0] is None else min(one for one in found if one is not None) / known.threads


@part("casting or order", method="the elements copied into warm memory by the faster library, less moving their bytes")
def elements(known: Pass) -> float | None:
    """Return what it adds that elements are cast, or lie in another order than their addresses."""
    engine, moved = known.ns("engine", less="engine_small"), moving(known)
    return None if engine is None or moved is None else engine / known.threads - moved


@part("threads", method="what n threads lack to n times the speed of one thread")
def threads(known: Pass) -> float | None:
    """Return what is lost where threads start, wait for each other and share what memory gives."""
    many, one = known.ns("warm", less="small"), known.ns("one_thread", less="small")
    return None if many is None or one is None else many - one / known.threads


@part("link", method="the copies over the link alone, as torch's profiler saw them")
def link(known: Pass) -> float | None:
    """Return what the link takes."""
    return known.ns("link")


def breakdown(passes: Sequence[Pass]) -> Breakdown:
    """Return the parts of the time that the variant ``whole`` took: each the median of its passes, and their range.

    What no pass could measure is no part. The unexplained rest is the median of the whole less those of the parts, so
    that the sum is right to the last digit; its interval is the range over the passes, widened to hold it.
    """
    whole_ns = [one.took["whole"].call_ns for one in passes]
    values = {name: [measure.of(one) for one in passes] for name, measure in PARTS.items()}
    known = {name: [one for one in some if one is not None] for name, some in values.items() if None not in some}
    parts = tuple(Part(name=name, ns=of_values(some), method=PARTS[name].method) for name, some in known.items())
    left = [whole - sum(some) for whole, *some in zip(whole_ns, *known.values(), strict=True)]
    rest = median(whole_ns) - sum(one.ns.value for one in parts)
    unexplained = Estimate(value=rest, low=min(*left, rest), high=max(*left, rest), passes=len(passes))
    method = "the whole less all parts; below zero where parts overlap"
    return Breakdown(whole=of_values(whole_ns), parts=(*parts, Part(name=UNEXPLAINED, ns=unexplained, method=method)))
