"""How often other tools cry wolf, what they find of planted slowdowns, and how long they take, on twelve cases.

    python benchmarks/studies/rivals.py --out FILE --tool asv --tool pytest-benchmark --repeats 2 [--budget MINUTES]
        [--busy] [--planted 0] [--planted 0.1 --sizes FILE] [--pyperf-python EXE --processes 5] [--filter REGEX]

A repeat is one comparison of two commits by each tool: of identical code (`--planted 0`), or of a `bridge` without and
with planted work, whose iterations `planted_sizes.py` has found. What each tool says of each case is appended to FILE
as a line of JSON when its comparison ends, so a study that is cut short keeps what it has, and one that is started
again goes on. Without ``--repeats`` the file is only summed up.
"""

from __future__ import annotations

import argparse
import json
import re
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from benchmarks import comparison
from benchmarks.checkout import ROOT
from benchmarks.errors import NoCasesError
from benchmarks.lock import machine_lock
from benchmarks.machine import in_one_line
from benchmarks.studies import planted_sizes
from benchmarks.studies.neighbour import neighbour
from benchmarks.studies.planted import SHARES
from benchmarks.studies.rival_asv import Asv
from benchmarks.studies.rival_commits import pair, repository
from benchmarks.studies.rival_outcomes import Seen, outcomes, read, summary
from benchmarks.studies.rival_pyperf import Pyperf
from benchmarks.studies.rival_pytest import PytestBenchmark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.studies.rival_outcomes import Outcome
    from benchmarks.studies.rival_tools import Tool

#: Of each family of `bridge`'s own paths one or two, all of them points of asv's and tests of `pytest benchmarks`.
CASES: Final = (
    "bridge.as_tensor/float32/C/64B/1t",
    "bridge.as_array/float32/C/64KiB/1t",
    "bridge.as_tensor.copy/float32/C/4KiB/1t",
    "bridge.as_tensor.copy/float32/strided/1MiB/1t",
    "bridge.as_array.copy/float32/C/1MiB/1t",
    "bridge.copyto/float32/C/4KiB/1t",
    "bridge.copyto.out_array/float32/C/1MiB/1t",
    "bridge.as_tensor.dtype/uint8>float32/C/4KiB/1t",
    "bridge.as_array.dtype/float64>float32/C/1MiB/1t",
    "bridge.as_tensor.order_c/float32/F/1MiB/1t",
    "bridge.stack/float32/C/4KiB/1t",
    "bridge.standardize/float32/C/4KiB/1t",
)
TOOLS: Final = ("asv", "pytest-benchmark", "pyperf")


def every() -> list[str]:
    """Return all cases of `bridge`'s own paths that every tool measures: asv has those of one thread alone."""
    return [case for case in comparison.chosen(None) if case.endswith("/1t")]


def tool(name: str, asked: argparse.Namespace) -> Tool:
    """Return a tool by its name."""
    if name == "asv":
        return Asv(home=asked.work / "home")
    if name == "pytest-benchmark":
        return PytestBenchmark()
    return Pyperf(python=str(asked.pyperf_python.absolute()), processes=asked.processes)


def play(asked: argparse.Namespace, cases: Sequence[str]) -> None:
    """Compare with every tool and every planted share, again and again, while the budget allows one more."""
    sizes = _sizes(asked, cases)
    tables = {share: planted_sizes.table(sizes, share) for share in SHARES if sizes}
    folder, tools = repository(asked.work, tables), {name: tool(name, asked) for name in asked.tool}
    for one in tools.values():
        one.ready(pair(folder, 0))
    units = [(name, share) for _ in range(asked.repeats) for share in asked.planted for name in asked.tool]
    began, took = perf_counter(), dict.fromkeys(units, 0.0)
    with neighbour() if asked.busy else nullcontext():
        for name, share in units:
            if perf_counter() - began + took[name, share] < asked.budget * 60:
                started = perf_counter()
                said = tools[name].compare(pair(folder, share), cases)
                took[name, share] = perf_counter() - started
                seen = Seen(busy=asked.busy, planted=share, cases=len(cases), seconds=took[name, share])
                _append(asked.out, outcomes(said, seen, sizes))


def _sizes(asked: argparse.Namespace, cases: Sequence[str]) -> Any:  # noqa: ANN401  a JSON file
    """Return what `planted_sizes.py` wrote, where it is needed; it has to know every case."""
    found = json.loads(asked.sizes.read_text(encoding="utf-8")) if asked.sizes else {}
    if any(asked.planted) and (unknown := [case for case in cases if case not in found]):
        raise NoCasesError(f"{asked.sizes} has no size of {unknown[0]}; measure it with planted_sizes.py")
    return found


def _append(out: Path, made: Sequence[Outcome]) -> None:
    with out.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(one)) + "\n" for one in made)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shares = (0.0, *SHARES)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tool", choices=TOOLS, action="append", help="as often as wanted; asv and pytest-benchmark")
    parser.add_argument("--repeats", type=int, default=0)
    parser.add_argument("--planted", type=float, choices=shares, action="append", help="0, the default: identical code")
    parser.add_argument("--sizes", type=Path, help="what planted_sizes.py wrote")
    parser.add_argument("--busy", action="store_true", help="with a neighbour that loads one core half the time")
    parser.add_argument("--budget", type=float, default=1e9, help="minutes that comparisons may take")
    parser.add_argument("--filter", default="", help="only cases that match this expression")
    parser.add_argument("--every", action="store_true", help="for wall times: all such cases of the quick preset")
    parser.add_argument("--pyperf-python", type=Path, help="an interpreter that has pyperf, torch and NumPy")
    parser.add_argument("--processes", type=int, default=20, help="pyperf's processes of each case and commit")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench/rivals", help="where the repository is made")
    return parser


def _asked() -> argparse.Namespace:
    parser = _parser()
    asked = parser.parse_args()
    asked.tool, asked.planted = asked.tool or ["asv", "pytest-benchmark"], asked.planted or [0.0]
    asked.work = asked.work.absolute()  # tools run in folders of their own
    if any(asked.planted) and not asked.sizes:
        parser.error("a planted share needs --sizes; planted_sizes.py makes the file")
    if "pyperf" in asked.tool and not asked.pyperf_python:
        parser.error("pyperf needs --pyperf-python; pyperf is no dependency of this project")
    return asked


def main() -> None:
    """Play the repeats and sum them up."""
    asked: Any = _asked()
    cases = [case for case in (every() if asked.every else CASES) if re.search(asked.filter, case)]
    if asked.repeats:
        with machine_lock():
            play(asked, cases)
    print("\n".join(summary(read(asked.out))))
    print(in_one_line())


if __name__ == "__main__":
    main()
