"""A comparison of two versions of `bridge`: which rounds are played, and what they say of each case.

Cases are judged at looks fixed beforehand, changes are said only if ten fresh rounds repeat them, and paths that do not
touch `bridge` run in the same rounds as a control: if they seem to change, it was the machine.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import matrix
from .duet import Duet, Settings, starter
from .errors import NoCasesError, WorkerError
from .instructions import with_instructions
from .lock import LOCK_FILE, machine_lock
from .outcome import CONTROL, Comparison, Found, changes
from .sides import side
from .suite.cases import OURS
from .verdicts import CONFIRMATION_ROUNDS, LOOKS, THRESHOLD, Verdict, confirmed, settled, shift, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .duet import Seen, Start
    from .session import Observer
    from .sides import Side

_CACHE_BYTES: Final = 1 << 30
#: Rounds that confirm have numbers of their own, so that their orders and hash seeds are new.
_CONFIRMATION: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared and how hard: cases and control by their ids, an effort of `LOOKS`, a threshold."""

    cases: tuple[str, ...]
    control: tuple[str, ...] = CONTROL
    effort: str = "normal"
    threshold: float = THRESHOLD
    seed: int = 0

    @property
    def most_rounds(self) -> int:
        """How many rounds there are at most before changes are confirmed."""
        return LOOKS[self.effort][-1].rounds


def between(a: str, b: str, plan: Plan, observer: Observer, *, lock_file: Path = LOCK_FILE) -> Comparison:
    """Compare the `bridge` of two commits, or of one and the working tree, on this machine.

    Raises:
        NoSideError, MachineBusyError, ForeignBridgeError, WorkerError: nothing was compared, and why.
    """
    settings = Settings(threads={"1t": 1, "allt": matrix.Surroundings.here().threads}, cache_bytes=_CACHE_BYTES)
    with tempfile.TemporaryDirectory() as folder, machine_lock(lock_file):
        sides = {"a": side(a, Path(folder) / "a"), "b": side(b, Path(folder) / "b")}
        found = compare(sides["a"], sides["b"], plan, starter(sides, settings), observer)
        observer.started("instructions", plan.most_rounds)
        return with_instructions(found)


def compare(a: Side, b: Side, plan: Plan, start: Start, observer: Observer) -> Comparison:
    """Play the rounds of a plan and judge every case."""
    every = tuple(dict.fromkeys((*plan.cases, *plan.control)))
    observer.begin(len(every) * plan.most_rounds, plan.most_rounds)
    if broken := _broken(b, start):
        failed = tuple(Found(case=case, verdict=None, failed={"b": broken}) for case in plan.cases)
        return Comparison(a=a, b=b, effort=plan.effort, threshold=plan.threshold, cases=failed, control=())
    judged, seen = _looked_at(every, plan, start, observer)
    flagged = [case for case, one in judged.items() if one.word in {"faster", "slower"}]
    final = judged | _confirmed(flagged, judged, seen, plan, start, observer)
    found = {case: _found(case, seen[case], final.get(case), flagged=case in flagged) for case in every}
    control = tuple(found[case] for case in plan.control)
    return Comparison(
        a=a,
        b=b,
        effort=plan.effort,
        threshold=plan.threshold,
        cases=tuple(found[case] for case in plan.cases),
        control=control,
    )


def _broken(b: Side, start: Start) -> str | None:
    """Say why side B cannot even be started, where A can: then every case fails on B alone."""
    start("a", 0).close()
    try:
        start("b", 0).close()
    except WorkerError as error:
        return str(error).replace(f"a process of {b.name} ", "")
    return None


def _looked_at(
    every: Sequence[str], plan: Plan, start: Start, observer: Observer
) -> tuple[dict[str, Verdict], dict[str, Seen]]:
    """Play up to each look and judge what is still open there; a case that is settled is played no more."""
    duet, played = Duet(start, plan.seed), 0
    judged: dict[str, Verdict] = {}
    open_cases = list(every)
    for look in LOOKS[plan.effort]:
        _play(duet, open_cases, range(played + 1, look.rounds + 1), observer)
        played = look.rounds
        whole = [case for case in open_cases if len(duet.seen[case].rounds) == look.rounds]
        judged |= {case: verdict(shift(duet.seen[case].rounds, look.coverage), plan.threshold) for case in whole}
        open_cases = [case for case in whole if not settled(judged[case])]
    return {case: one for case, one in judged.items() if not duet.seen[case].failed}, duet.seen


def _confirmed(  # noqa: PLR0913, PLR0917  what is known, and what it takes to know more
    flagged: Iterable[str],
    judged: Mapping[str, Verdict],
    seen: Mapping[str, Seen],
    plan: Plan,
    start: Start,
    observer: Observer,
) -> dict[str, Verdict]:
    """Measure changed cases again with fresh rounds, and keep those that repeat; one that fails now has failed."""
    duet, again = Duet(start, plan.seed + _CONFIRMATION), list(flagged)
    if again:
        numbers = range(_CONFIRMATION + 1, _CONFIRMATION + CONFIRMATION_ROUNDS + 1)
        _play(duet, again, numbers, observer)
    for case in again:
        seen[case].failed |= duet.seen[case].failed
    whole = [case for case in again if not duet.seen[case].failed]
    return {case: confirmed(judged[case], duet.seen[case].rounds, plan.threshold) for case in whole}


def _play(duet: Duet, cases: Sequence[str], numbers: Iterable[int], observer: Observer) -> None:
    for number in numbers:
        for case in duet.play(cases, number):
            observer.started(case, number)
            observer.finished(number)


def _found(case: str, seen: Seen, judged: Verdict | None, *, flagged: bool) -> Found:
    both = "a" in seen.did and "b" in seen.did
    return Found(
        case=case,
        verdict=None if seen.failed else judged,
        log_ratios=tuple(seen.rounds),
        flagged=flagged,
        changes=changes(seen.did["a"], seen.did["b"]) if both else (),
        failed=dict(seen.failed),
    )


def chosen(pattern: str | None) -> tuple[str, ...]:
    """Return the ids of the cases to compare: bridge's own of the quick preset, or whatever a filter matches there.

    Raises:
        NoCasesError: there are none.
        re.error: the pattern is no regular expression.
    """
    around = matrix.Surroundings.here()
    every = [case for case in matrix.cases("quick", pattern) if matrix.skip_reason(case, around) is None]
    found = tuple(case.id for case in every if pattern or case.path.startswith(OURS))
    if not found:
        raise NoCasesError(
            f"no case of preset quick that can be compared matches {pattern!r}; run --list shows their ids"
        )
    return found
