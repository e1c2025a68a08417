"""Which rounds are played: up to looks fixed beforehand, over the cases that are open, and fresh ones to confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .duet import Duet
from .outcome import Found, changes
from .stages import CONFIRMATION
from .verdicts import CONFIRMATION_ROUNDS, LOOKS, confirmed, settled, shift, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .partners import Start
    from .session import Observer
    from .verdicts import Look, Verdict


class Bout:
    """Cases that one pair of sides plays, and what is known of each; a comparison has one bout, or two."""

    def __init__(self, cases: Iterable[str], start: Start, threshold: float, seed: int) -> None:
        self.cases = tuple(dict.fromkeys(cases))
        self._threshold = threshold
        self._first, self._fresh = Duet(start, seed), Duet(start, seed + CONFIRMATION)
        self._open: list[str] = list(self.cases)
        self._judged: dict[str, Verdict] = {}
        self._flagged: list[str] = []

    def play(self, number: int, observer: Observer) -> None:
        """Play one round over the cases that are open."""
        _play(self._first, self._open, number, observer)

    def look(self, look: Look) -> None:
        """Judge what is open; what is settled is played no more."""
        seen = self._first.seen
        whole = [case for case in self._open if len(seen[case].rounds) == look.rounds]
        self._judged |= {case: verdict(shift(seen[case].rounds, look.coverage), self._threshold) for case in whole}
        self._open = [case for case in whole if not settled(self._judged[case])]

    def flag(self) -> None:
        """Note what seems to have changed, which fresh rounds have to repeat."""
        changed = (case for case, one in self._judged.items() if one.word in {"faster", "slower"})
        self._flagged = [case for case in changed if not self._first.seen[case].failed]

    def play_again(self, number: int, observer: Observer) -> None:
        """Play one fresh round over the cases that were flagged."""
        if self._flagged:
            _play(self._fresh, self._flagged, number, observer)

    def confirm(self) -> None:
        """Keep the changes that fresh rounds repeat; a case that fails in them has failed."""
        for case in self._flagged:
            again = self._fresh.seen[case]
            self._first.seen[case].failed |= again.failed
            if not again.failed:
                self._judged[case] = confirmed(self._judged[case], again.rounds, self._threshold)

    def found(self, case: str) -> Found:
        """Return all that is known of a case."""
        seen, again = self._first.seen[case], self._fresh.seen.get(case)
        both = "a" in seen.did and "b" in seen.did
        return Found(
            case=case,
            verdict=None if seen.failed else self._judged.get(case),
            log_ratios=tuple(seen.rounds),
            fastest_ns={name: tuple(times) for name, times in seen.fastest_ns.items() if times},
            confirmation=tuple(again.rounds) if again else (),
            flagged=case in self._flagged,
            changes=changes(seen.did["a"], seen.did["b"], seen.faults) if both else (),
            failed=dict(seen.failed),
        )


def play(bouts: Sequence[Bout], effort: str, observer: Observer) -> None:
    """Play the rounds of an effort over all bouts, each round over one after the other, and judge every case."""
    played = 0
    for look in LOOKS[effort]:
        for number in range(played + 1, look.rounds + 1):
            for bout in bouts:
                bout.play(number, observer)
        played = look.rounds
        for bout in bouts:
            bout.look(look)
    _confirm(bouts, observer)


def _confirm(bouts: Sequence[Bout], observer: Observer) -> None:
    for bout in bouts:
        bout.flag()
    for number in range(CONFIRMATION + 1, CONFIRMATION + CONFIRMATION_ROUNDS + 1):
        for bout in bouts:
            bout.play_again(number, observer)
    for bout in bouts:
        bout.confirm()


def _play(duet: Duet, cases: Sequence[str], number: int, observer: Observer) -> None:
    for case in duet.play(cases, number):
        observer.started(case, number)
        observer.finished(number)
