"""Runs of a study: whole comparisons, each kept as a line of JSON when it ends, with or without a busy neighbour."""

from __future__ import annotations

import argparse
import json
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.studies.neighbour import neighbour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Run = dict[str, Any]  # Any: what to_json makes of a comparison


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return the options that every study of comparisons has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="normal")
    parser.add_argument("--filter")
    parser.add_argument("--busy", action="store_true", help="one core is loaded half the time")
    return parser


def play(out: Path, runs: int, one: Callable[[int], Run], *, busy: bool) -> list[Run]:
    """Play some runs more, append each to a file when it ends, and return all that the file has.

    `one` is given the number of the run, which goes on from those that the file has already.
    """
    known = read(out)
    for number in range(len(known), len(known) + runs):
        began_s = perf_counter()
        with neighbour() if busy else nullcontext():
            found = one(number)
        known.append(found | {"busy": busy, "seconds": perf_counter() - began_s})
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(known[-1]) + "\n")
    return known


def read(out: Path) -> list[Run]:
    """Return the runs of a file; none where there is no file yet."""
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []


def took(known: Iterable[Run]) -> str:
    """Return in words how long each run took."""
    return "seconds a run: " + ", ".join(f"{run['seconds']:.0f}" for run in known)
