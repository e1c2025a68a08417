"""Two versions of `bridge` measured in turn: two live processes a round, of which one works at a time.

A round is one pair of fresh processes; which side starts first changes from round to round. Of each case, in random
order, both sides take samples of equal loops, A B B A and B A A B in turn, after samples that are thrown away. Both
stay on the same CPU: two CPUs of one machine can differ by half for as long as a neighbour keeps one of them busy. What
a round says of a case is ln(fastest sample of B / fastest of A): delays only add, so the fastest is the steadiest.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from . import affinity
from .errors import PartnerDiedError
from .workers import failure_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .partners import Partner, Start
    from .records import Json

#: A sample lasts about this long: thousands of ticks of the clock, and shorter than the turns a scheduler gives.
SAMPLE_NS: Final = 1_000_000
#: The quads of a case in a round; calls that are longer than a sample have fewer, as many as fit into the budget.
QUADS_MAX: Final = 12
QUADS_MIN: Final = 3
_QUADS_NS: Final = 150_000_000
_QUAD: Final = 4
#: No sample of the slower side is longer than this, unless it is one call.
_LONGEST_NS: Final = 10_000_000
DISCARDED: Final = 2
_LOOPS_MAX: Final = 1_000_000
_NAMES: Final = ("a", "b")


@dataclass(kw_only=True)
class Seen:
    """What is known of one case so far: a number a round, what each side was seen to do, and why one failed.

    `fastest_ns` has, by side, the fastest sample of each round, `faults` the minor page faults of a call in each round,
    the median of its samples.
    """

    rounds: list[float] = field(default_factory=list)
    fastest_ns: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _NAMES})
    faults: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _NAMES})
    did: dict[str, Json] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    loops: int = 0
    quads: int = 0


class Duet:
    """Plays rounds over some cases and keeps what they said."""

    def __init__(self, start: Start, seed: int = 0) -> None:
        self._start = start
        self._seed = seed
        self._cpus = affinity.cpus()
        self.seen: dict[str, Seen] = {}

    def play(self, cases: Iterable[str], number: int) -> Iterator[str]:
        """Play one round over the cases, and yield each that is done.

        A case that one side fails is played no more; a process that dies is replaced.
        """
        order = sorted(case for case in cases if not self.seen.setdefault(case, Seen()).failed)
        random.Random(f"{self._seed}/{number}").shuffle(order)  # noqa: S311  an order, no secret
        partners: dict[str, Partner] = {}
        try:
            for case in order:
                for name in _begun_by(number):
                    if name not in partners:
                        partners[name] = self._start(name, number)
                self._one(case, partners, number)
                yield case
        finally:
            for partner in partners.values():
                partner.close()

    def _one(self, case: str, partners: dict[str, Partner], number: int) -> None:
        seen = self.seen[case]
        order = _begun_by(number)  # who builds its inputs first may get the better memory
        for name in order:
            line = {"take": case, "look": name not in seen.did, "cpu": self._cpu(number)}
            answer = _asked(seen, partners, name, line)
            if "refused" in answer:
                seen.failed[name] = failure_text({"failed": answer["refused"]})
            elif "taken" in answer:
                seen.did.setdefault(name, answer["taken"])
        if not seen.failed and not seen.loops:
            _calibrate(seen, partners, order)
        if not seen.failed and (ratio := _ratio(seen, partners, b_first=bool(number // 2 % 2))) is not None:
            seen.rounds.append(ratio)

    def _cpu(self, number: int) -> int:
        """Return the CPU of a round: each has its turn, and with each either side begins and is started first."""
        return self._cpus[(number - 1) // 4 % len(self._cpus)]


def _begun_by(number: int) -> tuple[str, ...]:
    """Return the sides in the order in which they are started and take a case in a round."""
    return _NAMES if number % 2 else _NAMES[::-1]


def _asked(seen: Seen, partners: dict[str, Partner], name: str, line: Json) -> Json:
    """Ask one side; where its process dies, the case has failed there and the side needs a new one."""
    if name not in partners:
        return {}
    try:
        return partners[name].ask(line)
    except PartnerDiedError as error:
        seen.failed[name] = str(error)
        partners.pop(name).close()
        return {}


def _calibrate(seen: Seen, partners: dict[str, Partner], order: Iterable[str]) -> None:
    """Find how many calls make a sample on both sides, and how many quads a round; all rounds keep them."""
    calls_ns = [_asked(seen, partners, name, {"calibrate": True}).get("call_ns", 0.0) for name in order]
    if not seen.failed:
        seen.loops, seen.quads = loops_and_quads(*calls_ns)


def loops_and_quads(*calls_ns: float) -> tuple[int, int]:
    """Return how many calls make a sample, and how many quads a round has, where calls take so many nanoseconds.

    Where the sides differ, a sample lies between what would be right for either, but never takes the slower one long:
    a path that became a copy may be ten thousand times as slow.
    """
    slowest_ns = max(calls_ns)
    wanted = SAMPLE_NS / math.prod(calls_ns) ** (1 / len(calls_ns))
    loops = max(1, min(_LOOPS_MAX, round(min(wanted, _LONGEST_NS / slowest_ns))))
    fitting = round(_QUADS_NS / (_QUAD * loops * slowest_ns))
    return loops, max(QUADS_MIN, min(QUADS_MAX, fitting))


def _ratio(seen: Seen, partners: dict[str, Partner], *, b_first: bool) -> float | None:
    """Return ln(B / A) of the fastest samples, or None where a process died."""
    samples: dict[str, list[Json]] = {name: [] for name in _NAMES}
    for index, name in enumerate((*_NAMES * DISCARDED, *_order(seen.quads, b_first=b_first))):
        answer = _asked(seen, partners, name, {"time": seen.loops})
        if "call_ns" not in answer:
            return None
        if index >= len(_NAMES) * DISCARDED:
            samples[name].append(answer)
    for name, known in samples.items():
        seen.faults[name].append(median(one["minflt"] for one in known))
        seen.fastest_ns[name].append(min(one["call_ns"] for one in known))
    return math.log(seen.fastest_ns["b"][-1] / seen.fastest_ns["a"][-1])


def _order(quads: int, *, b_first: bool) -> Iterator[str]:
    """Yield the sides of all samples: quads that cancel drift, each other one the other way round."""
    a, b = _NAMES[::-1] if b_first else _NAMES
    for quad in range(quads):
        yield from (a, b, b, a) if quad % 2 == 0 else (b, a, a, b)
