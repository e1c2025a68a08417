"""How often `compare` cries wolf: the working tree against itself, again and again.

    python benchmarks/studies/false_alarms.py --runs 10 --out FILE [--preset normal] [--filter REGEX] [--busy]

Every run is a whole comparison, confirmation and control included, of two copies of the same files; whatever it calls
faster or slower is false. Each run is appended to FILE as a line of JSON when it ends, so a study that is cut short
keeps its runs, and one that is started again goes on. Without ``--runs`` the file is only summed up.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import comparison
from benchmarks.kept import to_json
from benchmarks.machine import in_one_line
from benchmarks.progress import observer
from benchmarks.sides import WORKING_TREE
from benchmarks.studies import runs
from benchmarks.suite.paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.studies.runs import Run


def one(number: int, effort: str, pattern: str | None) -> Run:
    """Compare the working tree with itself once."""
    plan = comparison.Plan(cases=comparison.chosen(pattern), effort=effort, seed=number * 10_000)
    with observer("round") as watched:
        found: Run = json.loads(to_json(comparison.between(WORKING_TREE, WORKING_TREE, plan, watched)))
    return found


def summary(known: Sequence[Run]) -> Iterator[str]:
    """Yield what the runs say, one line each."""
    cases = [case for run in known for case in (*run["cases"], *run["control"]["cases"])]
    words = Counter(case["verdict"] for case in cases)
    false = words["faster"] + words["slower"]
    yield f"{len(known)} runs, {len(cases)} case comparisons: {dict(words)}"
    yield f"called faster or slower: {false}" + ("" if false else f"; with 95 % the rate is below {3 / len(cases):.2%}")
    flagged = sum("did not repeat" in case["reason"] for case in cases)
    yield f"flagged at a look and not repeated by fresh rounds: {flagged} ({flagged / len(cases):.2%})"
    yield f"exit codes: {dict(Counter(run['exit'] for run in known))}"
    yield runs.took(known)
    lags = [lag for case in cases if (lag := _lag_1(case["log_ratios"])) is not None]
    yield f"lag-1 correlation of rounds, mean over cases: {sum(lags) / len(lags):+.3f}"
    for family, visible in sorted(_visible(cases).items()):
        ninth = visible[int(0.9 * len(visible))]
        yield f"  {family}: changes from {median(visible):.1%} on could be seen (nine in ten: {ninth:.1%})"


def _visible(cases: Iterable[dict[str, Any]]) -> dict[str, list[float]]:
    """Return by family the smallest changes that could be seen, in order."""
    found: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        if case["visible"] is not None:
            found[PATHS[case["case"].partition("/")[0]].family].append(case["visible"])
    return {family: sorted(visible) for family, visible in found.items()}


def _lag_1(rounds: Sequence[float]) -> float | None:
    """Return the correlation of each round with the next, corrected for its bias of -1/n; None if all are one."""
    if len(set(rounds)) < 2:
        return None
    mean = sum(rounds) / len(rounds)
    spread = sum((one - mean) ** 2 for one in rounds)
    pairs = itertools.pairwise(rounds)
    return sum((one - mean) * (other - mean) for one, other in pairs) / spread + 1 / len(rounds)


def main() -> None:
    """Play runs and sum them up."""
    asked = runs.arguments(__doc__).parse_args()
    played = partial(one, effort=asked.preset, pattern=asked.filter)
    known = runs.play(asked.out, asked.runs, played, busy=asked.busy)
    print("\n".join(summary(known)))
    print(in_one_line())


if __name__ == "__main__":
    main()
