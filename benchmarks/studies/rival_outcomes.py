"""What a tool said of one case in one comparison, and what many of them come to. Standard library only."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.studies.rival_tools import Flag, Said

#: Wall times are given for so many cases.
_CASES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One comparison: whether the machine was busy, the planted share (0: identical code), its cases and wall time."""

    busy: bool
    planted: float
    cases: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Seen):
    """What a tool said of one case in one comparison.

    `measured` is the ratio of B to A that `planted_sizes.py` measured, 1 for identical code; `ratio` is the tool's own.
    """

    tool: str
    case: str
    measured: float
    flagged: Flag
    ratio: float


def outcomes(said: Sequence[Said], seen: Seen, sizes: Mapping[str, Any]) -> list[Outcome]:
    """Return the outcomes of one comparison; `sizes` is what `planted_sizes.py` has found."""
    true = {one.case: sizes[one.case][f"{seen.planted:g}"]["ratio"] if seen.planted else 1.0 for one in said}
    return [Outcome(**asdict(seen), **asdict(one), measured=true[one.case]) for one in said]


def read(path: Path) -> list[Outcome]:
    """Return the outcomes of a file; none where there is no file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Outcome(**json.loads(line)) for line in lines]


def wall_s(points: Iterable[tuple[int, float]], cases: int = _CASES) -> float:
    """Return the seconds for so many cases, from (cases, seconds) of comparisons.

    Where comparisons of two sizes are known and the larger took longer, what a comparison costs apart from its cases
    is counted once; else the time is taken as proportional, which is too much.
    """
    by_size: dict[int, list[float]] = defaultdict(list)
    for size, seconds in points:
        by_size[size].append(seconds)
    few, many = min(by_size), max(by_size)
    less, known = median(by_size[few]), median(by_size[many])
    each = (known - less) / (many - few) if less < known else known / many
    return known + each * (cases - many)


def summary(found: Sequence[Outcome]) -> Iterator[str]:
    """Yield a table: for each load, planted share and tool, how many were flagged, and the wall time."""
    groups: dict[tuple[bool, float, str], list[Outcome]] = defaultdict(list)
    for one in found:
        groups[one.busy, one.planted, one.tool].append(one)
    yield f"| machine | planted | tool | comparisons | slower | faster | flagged | min for {_CASES} cases |"
    yield "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    for (busy, share, tool), group in sorted(groups.items()):
        points = [(one.cases, one.seconds) for one in found if (one.busy, one.tool) == (busy, tool)]
        yield _row("busy" if busy else "idle", share, tool, group, wall_s(points))


def _row(machine: str, share: float, tool: str, group: Sequence[Outcome], seconds: float) -> str:
    """Return the row of one group; what counts of planted slowdowns are those that are called slower."""
    slower, faster = (sum(one.flagged == word for one in group) for word in ("slower", "faster"))
    counted = slower if share else slower + faster
    size = f"{median(one.measured for one in group) - 1:.1%}" if share else "nothing"
    cells = (machine, size, tool, len(group), slower, faster, f"{counted / len(group):.0%}", f"{seconds / 60:.0f}")
    return f"| {' | '.join(map(str, cells))} |"
