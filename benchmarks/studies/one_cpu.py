"""Why both sides of a comparison stay on one CPU: identical code in the same rounds, left free and held together.

    python benchmarks/studies/one_cpu.py --rounds 16 --out FILE [--filter REGEX] [--busy]

Each round is a pair of fresh processes over the same `bridge`, as in a comparison. Of each case both kinds of samples
are taken by the same two processes, in a random order: free, where the scheduler puts each process where it likes, and
together, where both are told the same CPU. The ratio of identical code is one, so what a round says is its error. The
lines of FILE hold every ratio; without ``--rounds`` they are only summed up.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from statistics import median, stdev
from typing import TYPE_CHECKING, Any, Final

from benchmarks import affinity, comparison
from benchmarks.duet import loops_and_quads
from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.partners import starter
from benchmarks.sides import WORKING_TREE, side
from benchmarks.studies.neighbour import neighbour

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.partners import Partner, Start

KINDS: Final = ("free", "together")
_DISCARDED: Final = 2
#: An error of this size would be called a change, if it came in every round.
_LARGE: Final = 0.05


def ratio(partners: Mapping[str, Partner], case: str, cpu: int | None) -> float:
    """Return ln(fastest of B / fastest of A) of one case; without a `cpu` the scheduler decides."""
    for partner in partners.values():
        partner.ask({"take": case, "look": False, "cpu": cpu})
    loops, quads = loops_and_quads(min(one.ask({"calibrate": True})["call_ns"] for one in partners.values()))
    samples: dict[str, list[float]] = {"a": [], "b": []}
    for name in ("ab" * _DISCARDED) + "abbabaab" * (quads // 2):
        samples[name].append(partners[name].ask({"time": loops})["call_ns"])
    return math.log(min(samples["b"][_DISCARDED:]) / min(samples["a"][_DISCARDED:]))


def one_round(cases: Sequence[str], number: int, start: Start) -> Iterator[dict[str, Any]]:
    """Yield what one pair of processes says of each case, of each kind."""
    dice = random.Random(number)  # noqa: S311  an order, no secret
    cpus = affinity.cpus()
    partners = {name: start(name, number) for name in ("ab" if number % 2 else "ba")}
    try:
        for case in dice.sample(cases, len(cases)):
            for kind in dice.sample(KINDS, len(KINDS)):
                cpu = cpus[number // 2 % len(cpus)] if kind == "together" else None
                yield {"round": number, "case": case, "kind": kind, "ratio": ratio(partners, case, cpu)}
    finally:
        for partner in partners.values():
            partner.close()


def summary(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield how far rounds are off, by kind: the median case, nine in ten, and the share of large errors."""
    spreads: dict[str, dict[str, list[float]]] = {kind: defaultdict(list) for kind in KINDS}
    for line in lines:
        spreads[line["kind"]][line["case"]].append(line["ratio"])
    yield "| both sides | cases | rounds | spread of a round, median case | nine in ten | rounds more than 5 % off |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for kind, cases in spreads.items():
        known = sorted(stdev(rounds) for rounds in cases.values())
        every = [one for rounds in cases.values() for one in rounds]
        off = sum(abs(math.expm1(one)) > _LARGE for one in every) / len(every)
        ninth, rounds = known[int(0.9 * len(known))], len(every) // len(known)
        yield f"| {kind} | {len(known)} | {rounds} | {median(known):.1%} | {ninth:.1%} | {off:.1%} |"


def main() -> None:
    """Play rounds and sum them up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--filter")
    parser.add_argument("--busy", action="store_true", help="one core is loaded half the time")
    asked = parser.parse_args()
    settings = comparison.settings_here()
    cases = [case for case in comparison.chosen(asked.filter) if case.endswith("/1t")]
    known = [json.loads(line) for line in asked.out.read_text().splitlines()] if asked.out.exists() else []
    with tempfile.TemporaryDirectory() as folder, machine_lock(), neighbour() if asked.busy else nullcontext():
        sides = {name: side(WORKING_TREE, Path(folder) / name) for name in "ab"}
        first = max((line["round"] for line in known), default=0) + 1
        for number in range(first, first + asked.rounds):
            made = list(one_round(cases, number, starter(sides, settings)))
            with asked.out.open("a") as file:
                file.writelines(json.dumps(line) + "\n" for line in made)
            known += made
    print("\n".join([*summary(known), "", in_one_line()]))


if __name__ == "__main__":
    main()
