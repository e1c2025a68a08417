"""The answer: candidates in the order of their expected times, those that cannot be told from the first named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .code import to_write
from .measuring import certainly_slower

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .candidates import Candidate, Excluded
    from .expected import Expected
    from .wanted import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A path in its place: what to write, the time of a call, new bytes a call, and whether it ties with the first."""

    path: str
    code: str
    aliasing: str
    expected: Expected
    times_best: float
    new_bytes: int
    once_bytes: int
    tied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to write, why, and when the answer changes; prints as text.

    `unknown` are paths that do the work, whose time neither records nor rounds say.
    """

    wanted: Wanted
    ranked: tuple[Ranked, ...]
    unknown: tuple[str, ...]
    excluded: tuple[Excluded, ...]
    flips: tuple[str, ...]
    assumes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def first(self) -> Ranked | None:
        """What is recommended; None where no path is known."""
        return self.ranked[0] if self.ranked else None

    def __str__(self) -> str:
        """Return the advice as text."""
        from .text import to_text  # noqa: PLC0415  it reads this class

        return to_text(self)


def ranked(
    wanted: Wanted, every: Sequence[Candidate], known: Mapping[str, Expected], recorded: Mapping[str, Expected]
) -> tuple[Ranked, ...]:
    """Rank the candidates that have an expected time; what was timed now comes before what is only recorded.

    Paths are left out of the timing where records say that they are far behind, so their times of another day stand
    behind, as a multiple that goes through a path which was timed on both days.
    """
    order = sorted((one for one in every if one.path.name in known), key=lambda one: _place(known[one.path.name]))
    first = order[0].path.name if order else ""
    return tuple(
        Ranked(
            path=one.path.name,
            code=to_write(one.path, wanted),
            aliasing=one.aliasing,
            expected=known[one.path.name],
            times_best=_times(one.path.name, first, known, recorded),
            new_bytes=0 if one.aliasing == "shares" or one.reuses else wanted.result_bytes,
            once_bytes=wanted.result_bytes if one.reuses else 0,
            tied=one is not order[0] and not is_slower(known[one.path.name], known[first]),
        )
        for one in order
    )


def is_slower(one: Expected, than: Expected) -> bool:
    """Whether one certainly takes longer: by rounds in turn where both have them, or by intervals that lie apart."""
    if one.measured_here and than.measured_here:
        few = len(one.rounds_ns) < len(than.rounds_ns)  # it was left out of later rounds, for it was slower
        if few or certainly_slower(one.rounds_ns, than.rounds_ns):
            return True
    elif than.measured_here:
        return True
    return one.apart(than) and one.value_ns > than.value_ns


def _place(expected: Expected) -> tuple[bool, float]:
    return not expected.measured_here, expected.value_ns


def _times(name: str, first: str, known: Mapping[str, Expected], recorded: Mapping[str, Expected]) -> float:
    times = known[name].value_ns / known[first].value_ns
    if known[name].measured_here or not known[first].measured_here:
        return times
    of_its_day = {one: then for one, then in recorded.items() if then.sessions == known[name].sessions}
    both = [one for one in of_its_day if known[one].measured_here]
    if not both:
        return times
    through = first if first in both else min(both, key=lambda one: of_its_day[one].value_ns)
    return times * known[through].value_ns / of_its_day[through].value_ns
