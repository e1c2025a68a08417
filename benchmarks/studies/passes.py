"""Why passes: as many rounds in one process and in file order, against fresh processes in random orders.

The cost of sharing does not depend on the size, so all times of a path in one run are measurements of one number, and
one that lies far from their median is an error of the measuring. Such errors are counted for two plans with the same
number of rounds, run by the workers that sessions use; and how many of them a report would not flag as noisy.

    one process    80 rounds of each case in a row, in the order of the matrix
    passes         8 fresh processes of 10 rounds, each in a new random order

    python benchmarks/studies/passes.py [repetitions]

The two plans take turns, so that both see the same weather.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from psutil import cpu_times

from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.matrix import Surroundings, cases, skip_reason
from benchmarks.session import shuffled
from benchmarks.statistics import Estimate, estimate
from benchmarks.suite.cases import Case
from benchmarks.suite.paths import PATHS
from benchmarks.workers import Plan, events

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.records import Json

PASSES: Final = 8
ROUNDS: Final = 10
#: A time further than this from its path's cost is an error.
FAR: Final = 0.10
_CHECK: Final = 0
_CACHE_BYTES: Final = 2 << 30

#: Case id -> the rounds of each pass, in nanoseconds per call.
Samples = dict[str, list[list[float]]]
#: Case id -> its time as a session has it.
Times = dict[str, Estimate]

HEADERS: Final = (
    f"| plan | times | more than {FAR:.0%} off | of these not flagged as noisy | worst |",
    "| --- | ---: | ---: | ---: | ---: |",
)


def sharing_cases() -> list[Case]:
    """Return the float32 cases of the share family, in the order of the matrix."""
    around = Surroundings.here()
    plain = (one for one in cases("standard") if (one.dtype, one.layout, one.threads) == ("float32", "C", "1t"))
    return [one for one in plain if PATHS[one.path].family == "share" and skip_reason(one, around) is None]


def plan(number: int, jobs: Iterable[Json]) -> Plan:
    """Return the plan of one worker."""
    return Plan(number=number, jobs=tuple(jobs), device="cpu", threads={"1t": 1, "allt": 1}, cache_bytes=_CACHE_BYTES)


def loops_of(cases: Sequence[Case]) -> dict[str, int]:
    """Check the cases and return their loops; a case that does not share is no part of the study."""
    checked = taken(plan(_CHECK, ({"case": case.id} for case in cases)), "checked")
    return {case: seen["loops"] for case, seen in checked if seen["aliasing"] == "shares"}


def one_process(loops: Mapping[str, int]) -> Samples:
    """Time all rounds of a case in a row, the cases in the order of the matrix."""
    jobs = (job(case, loops, PASSES * ROUNDS) for case in loops)
    return {case: [samples] for case, samples in taken(plan(1, jobs), "samples_ns")}


def fresh_passes(loops: Mapping[str, int], seed: int) -> Samples:
    """Time the same rounds in fresh processes, each in a random order."""
    found: Samples = defaultdict(list)
    for number in range(1, PASSES + 1):
        jobs = (job(case, loops, ROUNDS) for case in shuffled(loops, seed, number))
        for case, samples in taken(plan(number, jobs), "samples_ns"):
            found[case].append(samples)
    return found


def job(case: str, loops: Mapping[str, int], rounds: int) -> Json:
    """Return one job of a worker."""
    return {"case": case, "loops": loops[case], "rounds": rounds}


def taken(work: Plan, what: str) -> list[tuple[str, Any]]:
    """Run a plan and return what its events say of each case."""
    return [(event["case"], event[what]) for event in events(work) if what in event]


def times(samples: Samples) -> Times:
    """Return each case's time, with the range of its pass medians."""
    return {case: estimate(passes) for case, passes in samples.items()}


def costs(found: Times) -> dict[str, float]:
    """Return each path's cost in one run: the median over its sizes."""
    by_path: dict[str, list[float]] = defaultdict(list)
    for case, time in found.items():
        by_path[Case.parse(case).path].append(time.value)
    return {path: median(known) for path, known in by_path.items()}


def line(name: str, found: Times) -> str:
    """Return the line of one run: how many times are far from the cost of their path, and how far the worst is."""
    cost = costs(found)
    errors = {case: abs(time.value / cost[Case.parse(case).path] - 1) for case, time in found.items()}
    far = [found[case] for case, error in errors.items() if error > FAR]
    silent = sum(not time.noisy for time in far)
    return f"| {name} | {len(found)} | {len(far)} | {silent} | {max(errors.values()):.1%} |"


def main(repetitions: int) -> None:
    """Run both plans in turn and print the table."""
    runs, stolen_s = [], cpu_times().steal
    with machine_lock():
        loops = loops_of(sharing_cases())
        for seed in range(1, repetitions + 1):
            runs.append((f"one process {seed}", times(one_process(loops))))
            runs.append((f"passes {seed}", times(fresh_passes(loops, seed))))
    print("\n".join([*HEADERS, *(line(*run) for run in sorted(runs, key=lambda run: run[0]))]))
    print(f"\n{in_one_line()}; {cpu_times().steal - stolen_s:.1f} s stolen by the hypervisor")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
