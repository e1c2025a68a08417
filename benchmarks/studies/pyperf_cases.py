"""Some cases as pyperf benchmarks: what its users would write, one `bench_func` a case.

    python pyperf_cases.py --cases "CASE CASE" [pyperf's options]

pyperf starts a process for each case and each of its runs, and every process loads this file; so a process builds the
call of its own case alone, and the one that starts them builds none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyperf  # type: ignore[import-not-found]  # no dependency of the project: see rivals.py

if TYPE_CHECKING:
    import argparse

    from benchmarks.suite.calls import Call

_CACHE_BYTES: Final = 1 << 28


def ready(case_id: str) -> Call:
    """Return the call of a case, its input built."""
    import torch  # noqa: PLC0415  the process that starts the others needs none of these

    from benchmarks.suite.calls import call  # noqa: PLC0415
    from benchmarks.suite.cases import Case  # noqa: PLC0415
    from benchmarks.suite.inputs import InputCache  # noqa: PLC0415

    torch.set_num_threads(1)
    return call(Case.parse(case_id), InputCache(_CACHE_BYTES))


def main() -> None:
    """Let pyperf time the cases."""
    runner = pyperf.Runner(add_cmdline_args=_handed_on)
    runner.argparser.add_argument("--cases", required=True)
    asked = runner.parse_args()
    for number, case in enumerate(asked.cases.split()):
        if asked.worker and asked.worker_task == number:
            known = ready(case)
            runner.bench_func(case, known.path.function, *known.args)
        else:
            runner.bench_func(case, int)  # not called here: it holds the place of another process's case


def _handed_on(command: list[str], asked: argparse.Namespace) -> Any:  # noqa: ANN401  pyperf looks at no result
    command.extend(("--cases", asked.cases))


if __name__ == "__main__":
    main()
