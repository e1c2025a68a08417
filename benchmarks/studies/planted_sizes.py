"""How large the planted slowdowns are in truth: each case with and without the work, in turn in one process.

    python benchmarks/studies/planted_sizes.py --out FILE [--filter REGEX] [--processes 5]

Three processes find how often the loop has to go round for each share of each case. Each further one takes the cases
in an order of its own, and of each case and share samples without and with the work, A B B A and B A A B in turn; what
it says is the fastest with over the fastest without. The size is the median of these processes, given with their range.
FILE holds, for each case and share, the iterations, the size and the range.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks import affinity, comparison
from benchmarks.duet import loops_and_quads
from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.studies.planted import SHARES, planted_side
from benchmarks.studies.planted_partner import PlantedProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.partners import Partner

    #: Starts a process over a planted `bridge`, with a number for its hash seed.
    Start = Callable[[int], Partner]

#: So many processes say how often the loop has to go round, and their median counts.
CALIBRATIONS: Final = 3
#: What is sought at first: a loop goes round in some ten nanoseconds, and the probe should be well visible.
_GUESS_NS: Final = 10.0
_PROBE_SHARE: Final = 0.5
#: Where the probe was not visible at all, an iteration is taken for this share of the time.
_LEAST: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One planted slowdown of one case: the loop's rounds in a call, and the ratio with to without by each process."""

    case: str
    share: float
    iterations: int
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as long a call takes with the work as without."""
        return median(self.ratios)

    def as_json(self) -> dict[str, Any]:
        """Return what the file says of it."""
        low, high = min(self.ratios), max(self.ratios)
        return {"iterations": self.iterations, "ratio": self.ratio, "low": low, "high": high}


class Toggle:
    """One process that times the case it has taken with the work and without."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner
        self._loops = self._quads = 1

    def take(self, case: str) -> float:
        """Take a case without work, and return the nanoseconds of one call."""
        self._partner.ask({"take": case, "look": False, "cpu": affinity.cpus()[0]})
        self._partner.ask({"iterations": 0})
        call_ns: float = self._partner.ask({"calibrate": True})["call_ns"]
        self._loops, self._quads = loops_and_quads(call_ns)
        return call_ns

    def ratio(self, iterations: int) -> float:
        """Return the fastest call with so many iterations over the fastest without any."""
        samples: dict[int, list[float]] = {0: [], iterations: []}
        for quad in range(self._quads):
            for wanted in (0, iterations, iterations, 0) if quad % 2 == 0 else (iterations, 0, 0, iterations):
                self._partner.ask({"iterations": wanted})
                samples[wanted].append(self._partner.ask({"time": self._loops})["call_ns"])
        return min(samples[iterations]) / min(samples[0])


def share_of_one(toggle: Toggle, case: str) -> float:
    """Return what one iteration adds to a call of a case, as a share of its time."""
    probe = max(10, round(toggle.take(case) * _PROBE_SHARE / _GUESS_NS))
    return max(toggle.ratio(probe) - 1, _LEAST) / probe


def needed(cases: Sequence[str], start: Start) -> dict[str, dict[float, int]]:
    """Return how many iterations each planted share of each case needs: at least one."""
    found: dict[str, list[float]] = {case: [] for case in cases}
    for number in range(CALIBRATIONS):
        for toggle, case in _taken(cases, number, start):
            found[case].append(share_of_one(toggle, case))
    return {case: {share: max(1, round(share / median(ones))) for share in SHARES} for case, ones in found.items()}


def measured(cases: Sequence[str], processes: int, start: Start) -> list[Size]:
    """Return the size of every planted share of every case."""
    iterations = needed(cases, start)
    ratios: dict[tuple[str, float], list[float]] = {(case, share): [] for case in cases for share in SHARES}
    for number in range(CALIBRATIONS, CALIBRATIONS + processes):
        for toggle, case in _taken(cases, number, start):
            toggle.take(case)
            for share in SHARES:
                ratios[case, share].append(toggle.ratio(iterations[case][share]))
    return [
        Size(case=case, share=share, iterations=iterations[case][share], ratios=tuple(found))
        for (case, share), found in ratios.items()
    ]


def _taken(cases: Sequence[str], number: int, start: Start) -> Iterator[tuple[Toggle, str]]:
    """Yield every case with a fresh process that all of them share, in an order that the number gives."""
    order = list(cases)
    random.Random(number).shuffle(order)  # noqa: S311  an order, no secret
    partner = start(number)
    try:
        for case in order:
            yield Toggle(partner), case
    finally:
        partner.close()


def to_json(sizes: Sequence[Size]) -> str:
    """Return the text of the file: case -> share -> what is known of it."""
    found: dict[str, dict[str, Any]] = {}
    for size in sizes:
        found.setdefault(size.case, {})[f"{size.share:g}"] = size.as_json()
    return json.dumps(found, indent=1) + "\n"


def table(found: Mapping[str, Mapping[str, Any]], share: float) -> dict[str, int]:
    """Return the table of side B: case -> iterations for a planted share."""
    return {case: known[f"{share:g}"]["iterations"] for case, known in found.items()}


def summary(sizes: Sequence[Size]) -> Iterator[str]:
    """Yield what the planted slowdowns are, one line a share."""
    for share in SHARES:
        found = sorted(size.ratio - 1 for size in sizes if size.share == share)
        yield f"planted {share:.0%}: measured {found[0]:.1%} to {found[-1]:.1%}, median {median(found):.1%}"


def main() -> None:
    """Measure the sizes and write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--filter")
    parser.add_argument("--processes", type=int, default=5)
    asked = parser.parse_args()
    settings = comparison.settings_here()
    with tempfile.TemporaryDirectory() as folder, machine_lock():
        side = planted_side("planted", Path(folder) / "side", {})
        cases = comparison.chosen(asked.filter)
        sizes = measured(cases, asked.processes, lambda number: PlantedProcess(side, settings, number))
    asked.out.write_text(to_json(sizes), encoding="utf-8")
    print("\n".join([*summary(sizes), in_one_line()]))


if __name__ == "__main__":
    main()
