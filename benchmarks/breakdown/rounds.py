"""Passes over the variants of a case: two live processes, one with fresh and one with warm memory, in turn."""

from __future__ import annotations

import random
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks import affinity, trace
from benchmarks.errors import CaseFailedError, PartnerDiedError
from benchmarks.records import DMA

from .parts import Pass, Taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.partners import Partner, Start
    from benchmarks.records import Json

    from .variants import Memory, Variant

#: A sample lasts about this long, and a variant has this budget a pass, within two bounds.
SAMPLE_NS: Final = 1_000_000
BUDGET_NS: Final = 100_000_000
SAMPLES_MIN: Final = 5
SAMPLES_MAX: Final = 25
_LOOPS_MAX: Final = 1_000_000


class Playing:
    """Plays passes over variants; `device` is where a path that needs one finds it."""

    def __init__(self, start: Start, *, seed: int = 0, device: str = "cpu") -> None:
        self._start = start
        self._seed = seed
        self._device = device
        self._cpus = affinity.cpus()
        self._refused: dict[str, str] = {}

    @property
    def refused(self) -> Mapping[str, str]:
        """Variants that could not be timed, by name, and why."""
        return self._refused

    def play(self, variants: Sequence[Variant], number: int, threads: int) -> Pass:
        """Time every variant once, in random order, with processes that are fresh.

        Raises:
            CaseFailedError: the case itself is refused, or a process died.
        """
        order = list(variants)
        random.Random(f"{self._seed}/{number}").shuffle(order)  # noqa: S311  an order, no secret
        partners: dict[Memory, Partner] = {}
        try:
            took = dict(pair for one in order for pair in self._timed(one, partners, number))
        except PartnerDiedError as error:
            raise CaseFailedError(f"the process that took {variants[0].case.id} apart {error}") from error
        finally:
            for partner in partners.values():
                partner.close()
        return Pass(took=took, threads=threads)

    def _timed(self, variant: Variant, partners: dict[Memory, Partner], number: int) -> Iterator[tuple[str, Taken]]:
        if variant.memory not in partners:
            partners[variant.memory] = self._start(variant.memory, number)
        partner = partners[variant.memory]
        for line in variant.lines(self._cpus[number % len(self._cpus)], self._device):
            if "refused" in (answer := partner.ask(line)):
                self._refuse(variant, answer)
                return
        yield variant.name, _sampled(partner).times(variant.times)
        if variant.link:
            yield variant.link, _over_the_link(partner.ask({"trace": trace.CALLS})["trace"])

    def _refuse(self, variant: Variant, answer: Json) -> None:
        if not variant.instead:
            raise CaseFailedError(f"{variant.case.id} failed: {answer['refused']}")
        self._refused[variant.name] = answer["refused"]


def _sampled(partner: Partner) -> Taken:
    """Return the medians of some samples, the first one thrown away."""
    loops, samples = counts(partner.ask({"calibrate": True})["call_ns"])
    partner.ask({"time": loops})
    known = [partner.ask({"time": loops}) for _ in range(samples)]
    return taken(known)


def _over_the_link(recorded: str) -> Taken:
    """Return what the copies over the link took in one call, as torch's profiler saw them."""
    copies = trace.per_call(trace.copies(recorded))["samples_ns"]
    return Taken(call_ns=copies[DMA][0] if copies else 0.0, wait_ns=0.0)


def counts(call_ns: float) -> tuple[int, int]:
    """Return how many calls make a sample, and how many samples a variant has, where a call takes so long."""
    loops = max(1, min(_LOOPS_MAX, round(SAMPLE_NS / call_ns)))
    return loops, max(SAMPLES_MIN, min(SAMPLES_MAX, round(BUDGET_NS / (loops * call_ns))))


def taken(samples: Sequence[Json]) -> Taken:
    """Return what samples say of a call; the wait is what the median loses when each sample's own wait is left out."""
    call_ns = median(one["call_ns"] for one in samples)
    minflt = median(one["minflt"] for one in samples)
    if any(one["wait_ns"] is None for one in samples):
        return Taken(call_ns=call_ns, minflt=minflt)
    running_ns = median(one["call_ns"] - one["wait_ns"] for one in samples)
    return Taken(call_ns=call_ns, wait_ns=call_ns - running_ns, minflt=minflt)
