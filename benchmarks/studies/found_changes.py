"""How many slowdowns `compare` finds: real extra work planted in `bridge`, of 3, 5, 10 and 25 % of each case's time.

    python benchmarks/studies/found_changes.py --sizes FILE --runs 4 --out FILE [--preset normal] [--busy]

`planted_sizes.py` makes the file of sizes: how much work a share of a case's time is, and how large the slowdown then
is in truth. Every run is a whole comparison in which each case has one of the four shares, another one in each of four
runs. It may find a slowdown of twice what it says it could see, and miss smaller ones; both are counted.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import comparison
from benchmarks.comparison import Plan, Sides
from benchmarks.kept import to_json
from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.partners import starter
from benchmarks.progress import observer
from benchmarks.studies import runs
from benchmarks.studies.planted import SHARES, planted_side
from benchmarks.studies.planted_partner import PlantedProcess
from benchmarks.suite.paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from benchmarks.studies.runs import Run

    Sizes = Mapping[str, Mapping[str, Mapping[str, float]]]

#: A slowdown is large enough to be found where it is so many times what a comparison says it could see.
_ENOUGH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A slowdown that was planted, what it is in truth, what the comparison could see, and whether it was found."""

    family: str
    share: float
    size: float
    visible: float
    found: bool

    @property
    def enough(self) -> bool:
        """Whether it is at least twice what could be seen."""
        return self.size >= _ENOUGH * self.visible


def shares(cases: Iterable[str], number: int) -> dict[str, float]:
    """Return the share that each case has in a run; in four runs each case has all of them."""
    return {case: SHARES[(place + number) % len(SHARES)] for place, case in enumerate(cases)}


def one(number: int, effort: str, sizes: Sizes, pattern: str | None) -> Run:
    """Compare a planted `bridge` without work and with."""
    cases = tuple(case for case in comparison.chosen(pattern) if case in sizes)
    chosen = shares(cases, number)
    table = {case: round(sizes[case][f"{share:g}"]["iterations"]) for case, share in chosen.items()}
    settings = comparison.settings_here()
    plan = Plan(cases=cases, effort=effort, seed=number * 10_000)
    with tempfile.TemporaryDirectory() as folder, machine_lock(), observer("round") as watched:
        a = planted_side("without", Path(folder) / "a", {})
        b = planted_side("with", Path(folder) / "b", table)
        start = starter({"a": a, "b": b}, settings, PlantedProcess)
        found: Run = json.loads(to_json(comparison.compare(Sides(a=a, b=b, start=start), plan, watched)))
    return found | {"planted": chosen}


def planted(known: Iterable[Run], sizes: Sizes) -> Iterator[Planted]:
    """Yield every slowdown that was planted in some runs and judged."""
    for run in known:
        for case in run["cases"]:
            if case["visible"] is not None:
                share = run["planted"][case["case"]]
                yield Planted(
                    family=PATHS[case["case"].partition("/")[0]].family,
                    share=share,
                    size=sizes[case["case"]][f"{share:g}"]["ratio"] - 1,
                    visible=max(case["visible"], run["settings"]["threshold"]),
                    found=case["verdict"] == "slower",
                )


def summary(known: Sequence[Run], sizes: Sizes) -> Iterator[str]:
    """Yield what was found, by planted share, by measured size and by family."""
    every = list(planted(known, sizes))
    yield f"{len(known)} runs, {len(every)} planted slowdowns, exit codes {[run['exit'] for run in known]}"
    yield runs.took(known)
    wrong = sum(case["verdict"] == "faster" for run in known for case in run["cases"])
    false = sum(case["verdict"] in {"faster", "slower"} for run in known for case in run["control"]["cases"])
    yield f"called faster: {wrong}; of the control called faster or slower: {false}"
    yield from _table("planted", every, lambda one: f"{one.share:.0%}")
    yield from _table("measured size", every, _bin)
    yield from _table("twice what could be seen", every, lambda one: "yes" if one.enough else "no")
    large = [one for one in every if one.enough]
    yield from _table("family, of those twice what could be seen", large, lambda one: one.family)
    for share in SHARES:
        yield from _table(f"family, planted {share:.0%}", [one for one in every if one.share == share], _family)


def _family(one: Planted) -> str:
    return one.family


def _bin(one: Planted) -> str:
    edges = (0.02, 0.04, 0.075, 0.125, 0.2, 0.4)
    low, high = (
        max((0.0, *(edge for edge in edges if edge <= one.size))),
        next((e for e in edges if e > one.size), None),
    )
    return f"{low:.1%} to {high:.1%}" if high else f"{low:.1%} and more"


def _table(title: str, some: Iterable[Planted], key: Callable[[Planted], str]) -> Iterator[str]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for each in sorted(some, key=lambda one: (one.share, one.size)):
        groups[key(each)].append(each.found)
    yield ""
    yield f"| {title} | slowdowns | found |"
    yield "| --- | ---: | ---: |"
    for name, found in groups.items():
        yield f"| {name} | {len(found)} | {sum(found) / len(found):.0%} |"


def main() -> None:
    """Play runs and sum them up."""
    parser = runs.arguments(__doc__)
    parser.add_argument("--sizes", type=Path, required=True)
    asked = parser.parse_args()
    sizes: dict[str, Any] = json.loads(asked.sizes.read_text(encoding="utf-8"))
    played = partial(one, effort=asked.preset, sizes=sizes, pattern=asked.filter)
    known = runs.play(asked.out, asked.runs, played, busy=asked.busy)
    print("\n".join([*summary(known, sizes), "", in_one_line()]))


if __name__ == "__main__":
    main()
