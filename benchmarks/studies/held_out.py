"""How well the cost model predicts sizes that it has not seen, from any session.

    python benchmarks/studies/held_out.py SESSION.jsonl [SESSION.jsonl ...]

Of each path every size but the smallest and the largest is left out in turn and predicted from the others; of other
paths, which say where memory is fresh and how the limit grows, everything is known. A prediction is right where it
misses what was measured by no more than a line may miss, 15 %. Noisy cases, whose passes differ by more than a quarter,
are counted apart: there is no telling which of their times is the right one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.curves import Predicted, common, curve
from benchmarks.model import WORST_MISS
from benchmarks.statistics import estimate
from benchmarks.store import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.records import Measured, Session

#: With fewer sizes the one left out lies a hundred times from its neighbours: such paths are counted apart.
DENSE: Final = 8
#: Both ends and one size between them.
_FEWEST: Final = 3
_WORST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One case that was left out, and what was said of it: how far off, whether by a line, whether inside its interval.

    `sizes` says at how many sizes its path was measured.
    """

    case: str
    miss: float
    by_line: bool
    inside: bool
    noisy: bool
    shares: bool
    sizes: int

    @property
    def right(self) -> bool:
        """Whether the prediction lies within `WORST_MISS` of what was measured."""
        return abs(self.miss) <= WORST_MISS


def held_out(session: Session, fewest: int = DENSE) -> Iterator[Held]:
    """Leave out each inner size of each path that was measured at `fewest` sizes or more, and predict it."""
    lines: dict[tuple[str, ...], list[Measured]] = {}
    for one in session.measured:
        lines.setdefault((one.path, one.dtype, one.layout, one.threads), []).append(one)
    for (path, *_), line in lines.items():
        if len(line) >= max(fewest, _FEWEST) and not path.startswith("ref."):
            others = common(one for one in session.measured if one.path != path)
            for left_out in sorted(line, key=lambda one: one.nbytes)[1:-1]:
                known = curve((one for one in line if one is not left_out), others)
                found = known.predict(left_out.nbytes)
                if isinstance(found, Predicted):
                    yield _held(left_out, found, len(line))


def _held(left_out: Measured, found: Predicted, sizes: int) -> Held:
    measured = estimate(left_out.passes(left_out.clock))
    return Held(
        case=left_out.case,
        miss=found.time_ns.value / measured.value - 1,
        by_line=bool(found.regime),
        inside=found.time_ns.low <= measured.value <= found.time_ns.high,
        noisy=measured.noisy,
        shares=left_out.aliasing == "shares",
        sizes=sizes,
    )


def summary(held: Sequence[Held]) -> Iterator[str]:
    """Yield how many predictions were right, one line a kind of case; the worst stand under the cases not noisy."""
    calm, noisy = _apart(held)
    yield _counted("not noisy", calm)
    for word, shares in (("which copy", False), ("which share", True)):
        some = [one for one in calm if one.shares == shares]
        yield _counted(f"  {word}", some)
        for by, by_line in (("by a line", True), ("between two sizes", False)):
            yield _counted(f"    {by}", [one for one in some if one.by_line == by_line])
    for one in sorted((one for one in calm if not one.right), key=lambda one: -abs(one.miss))[:_WORST]:
        yield f"  wrong by {one.miss:+.0%}: {one.case}{'' if one.by_line else ', between two sizes'}"
    yield _counted("noisy", noisy)


def told(every: Sequence[Held]) -> Iterator[str]:
    """Yield the summary of paths of many sizes, then how many predictions of the other paths were right."""
    yield f"paths measured at {DENSE} sizes or more"
    yield from summary([one for one in every if one.sizes >= DENSE])
    yield f"paths measured at {_FEWEST} to {DENSE - 1} sizes"
    for what, some in zip(("not noisy", "noisy"), _apart([one for one in every if one.sizes < DENSE]), strict=True):
        yield _counted(what, some)


def _apart(held: Sequence[Held]) -> tuple[list[Held], list[Held]]:
    """Return the cases that are not noisy, and those that are."""
    return [one for one in held if not one.noisy], [one for one in held if one.noisy]


def _counted(what: str, some: Sequence[Held]) -> str:
    if not some:
        return f"{what}: none"
    right, inside = (sum(getattr(one, name) for one in some) for name in ("right", "inside"))
    middle = median(abs(one.miss) for one in some)
    shares = f"{right} of {len(some)} within {WORST_MISS:.0%} ({right / len(some):.1%})"
    return f"{what}: {shares}, half of them within {middle:.1%}; {inside} inside their intervals"


def main(paths: Sequence[str]) -> None:
    """Print what each session says."""
    for path in paths:
        every = list(held_out(read(Path(path)), fewest=_FEWEST))
        print("\n".join([Path(path).name, *told(every), ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
