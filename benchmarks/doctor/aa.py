"""The A/A run: `compare` on identical code, in 20 seconds, to learn the smallest change that this machine can see.

Two live processes of one `bridge` play rounds as they do in a comparison: on one CPU, in turn, in random order. To keep
within its time, some rounds share a pair of processes, where a comparison has a fresh pair a round: what differs from
process to process is seen less often, so a comparison can be somewhat worse than this says.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median_high
from time import monotonic
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import settings_here
from benchmarks.duet import Duet
from benchmarks.partners import starter
from benchmarks.sides import WORKING_TREE, side
from benchmarks.verdicts import LOOKS, THRESHOLD, shift

from .findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.duet import Seen
    from benchmarks.partners import Partner, Start
    from benchmarks.records import Json
    from benchmarks.session import Observer

LIMIT_S: Final = 20.0
#: Rounds are spread over this, so that the last one, which may need fresh processes, ends within the limit.
_PACE_S: Final = 15.0
#: One or two a family, all of them paths of others: what `bridge` is at does not matter here.
CASES: Final = (
    "torch.from_numpy/float32/C/64B/1t",
    "torch.tensor/float32/C/4KiB/1t",
    "torch.tensor/float32/C/16MiB/1t",
    "torch.from_numpy.to/float64>float32/C/1MiB/1t",
)
#: A comparison of preset normal judges here for the first time.
LOOK: Final = LOOKS["normal"][0]
#: Twice the threshold of a comparison: there a change as large as the threshold is lost in most cases.
WARNING: Final = 2 * THRESHOLD
#: From here on a session calls a case noisy (`statistics.NOISY_SPREAD`).
BAD: Final = 0.25


class Kept:
    """A process that outlives its round."""

    def __init__(self, partner: Partner) -> None:
        self.who = partner.who
        self._ask = partner.ask

    def ask(self, line: Json) -> Json:
        """Return the answer to a line."""
        return self._ask(line)

    def close(self) -> None:
        """Do nothing: who keeps the process ends it."""


class Pair:
    """Starts each side once, and gives the same process whenever it is asked for again, until it is renewed."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._alive: dict[str, Partner] = {}

    def __call__(self, name: str, number: int) -> Partner:
        """Return the process of a side, a fresh one if it has none."""
        if name not in self._alive:
            self._alive[name] = self._start(name, number)
        return Kept(self._alive[name])

    def renew(self) -> None:
        """End both processes: the next round has fresh ones."""
        for partner in self._alive.values():
            partner.close()
        self._alive.clear()


def measure(observer: Observer) -> Finding:
    """Compare the working tree's `bridge` with itself, and judge what could be seen.

    Raises:
        WorkerError, ForeignBridgeError: its processes cannot be started.
    """
    with tempfile.TemporaryDirectory() as folder:
        both = side(WORKING_TREE, Path(folder) / "both")
        return judged(visible(played(starter({"a": both, "b": both}, settings_here()), observer)))


def played(start: Start, observer: Observer, now_s: Callable[[], float] = monotonic) -> Mapping[str, Seen]:
    """Play the rounds of a first look, or as many as fit into the limit, and return what is known of each case.

    A round has fresh processes as long as the rounds before it took no more than their part of the time.
    """
    began_s, pair = now_s(), Pair(start)
    duet = Duet(pair)
    observer.begin(len(CASES) * LOOK.rounds, LOOK.rounds)
    try:
        for number in range(1, LOOK.rounds + 1):
            spent_s = now_s() - began_s
            if spent_s >= LIMIT_S:
                break
            if spent_s <= _PACE_S * (number - 1) / LOOK.rounds:
                pair.renew()
            _round(duet, number, observer)
    finally:
        pair.renew()
    return duet.seen


def _round(duet: Duet, number: int, observer: Observer) -> None:
    for case in duet.play(CASES, number):
        observer.started(case, number)
        observer.finished(number)


def visible(seen: Mapping[str, Seen]) -> dict[str, float]:
    """Return by case the smallest change its rounds could have told from none; too few rounds tell of none."""
    enough = {case: one.rounds for case, one in seen.items() if len(one.rounds) == LOOK.rounds and not one.failed}
    return {case: shift(rounds, LOOK.coverage).visible for case, rounds in enough.items()}


def judged(known: Mapping[str, float]) -> Finding:
    """Judge the smallest changes that could be seen: the middle one decides, and the worst may warn."""
    if len(known) < len(CASES):
        says = f"only {len(known)} of {len(CASES)} cases were played to the end in {LIMIT_S:g} s"
        return Finding(name="smallest-change", severity="bad", says=says, do="mend the other findings, and look again")
    middle, worst = median_high(known.values()), max(known.values())
    severity: Severity = "bad" if middle > BAD else "warning" if middle > WARNING or worst > BAD else "ok"
    least = (max(one, THRESHOLD) for one in (middle, worst))  # as a comparison says it: less than that is no change
    half, whole = (f"from {next(least):.1%} on" for _ in range(2))
    says = f"compare could see changes {half} in half of {len(known)} cases, {whole} in all"
    return Finding(
        name="smallest-change",
        severity=severity,
        says=f"{says} ({LOOK.rounds} rounds of identical code)",
        do="" if severity == "ok" else "mend the other findings, or compare with preset careful",
        values={case: round(one, 4) for case, one in known.items()},
    )
