"""What asv runs: for each path its time, its aliasing and its page faults. The only such names in this folder.

asv starts a process for each benchmark and parameter, even for those in ``skip_params``, and looks parameters up by
their position. So the points of the quick preset are one constant axis, ``size/dtype/layout``: as three axes, nine of
ten processes would start to say that there is nothing to measure. The path stands in the benchmark's name.
There is no setup: with one, asv_runner would call only once a sample. The first call of a benchmark builds its input
and warms up instead, while the clock stands still; so even ``asv run --quick``, which calls once, times the conversion.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import torch

from .calls import call
from .cases import CASE_VERSION, SIZES, Case, size_name
from .checks import check
from .faults import faults_per_call
from .inputs import InputCache
from .paths import PATHS
from .presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .calls import Call
    from .registry import Path

_CACHE: Final = InputCache(1 << 30)
#: The one parameter of every benchmark.
AXIS: Final = "size/dtype/layout"
_FAULT_CALLS: Final = 5
_WARM_UP_CALLS: Final = 2
#: Seconds spent on preparing, one number a preparation.
_off_the_clock: Final[list[float]] = []


def _quick(path: Path) -> list[Case]:
    """Return the one-thread cases of the quick preset that this path can do, in the order of the matrix."""
    cases = PRESETS["quick"].cases(path.name, path.family)
    return [case for case in cases if case.threads == "1t" and path.refusal(case) is None]


def _point(case: Case) -> str:
    return f"{size_name(case.nbytes)}/{case.dtype}/{case.layout}"


def _case(path: Path, point: str) -> Case:
    size, dtype, layout = point.split("/")
    return Case(path=path.name, dtype=dtype, layout=layout, nbytes=SIZES[size], threads="1t")


def _prepared(case: Case) -> Call:
    """Build a case's call and warm it up, off the clock."""
    start = perf_counter()
    torch.set_num_threads(1)
    ready = call(case, _CACHE)
    for _ in range(_WARM_UP_CALLS):
        ready.run()
    _off_the_clock.append(perf_counter() - start)
    return ready


def _clock() -> float:
    """Return seconds in which nothing was being prepared."""
    return perf_counter() - sum(_off_the_clock)


def _timed(path: Path) -> Callable[[str], Any]:
    ready: dict[str, Callable[[], Any]] = {}

    def prepare(point: str) -> Callable[[], Any]:
        known = _prepared(_case(path, point))
        return ready.setdefault(point, partial(path.function, *known.args))

    return lambda point: (ready.get(point) or prepare(point))()


def _tracked(path: Path, body: Callable[[Call], Any]) -> Callable[[str], Any]:
    return lambda point: body(_prepared(_case(path, point)))


def _copies(ready: Call) -> int:
    """Return 0 when the result shares memory with its source, 1 when it is a copy. Wrong values raise."""
    return int(check(ready).aliasing == "copies")


def _faults(ready: Call) -> float:
    return faults_per_call(ready.run, _FAULT_CALLS)


def _define(path: Path) -> None:
    cases = _quick(path)
    # Aliasing does not depend on the size, page faults on nothing else: the smallest and the plain cases tell.
    smallest = {(case.dtype, case.layout): case for case in sorted(cases, key=lambda case: -case.nbytes)}
    plain = [case for case in cases if (case.dtype, case.layout) == (cases[0].dtype, cases[0].layout)]
    _publish(f"time_{path.identifier}", _timed(path), cases, timer=_clock)
    aliasing = _tracked(path, _copies)
    _publish(f"track_aliasing_{path.identifier}", aliasing, list(smallest.values()), unit="copies")
    _publish(f"track_minor_faults_{path.identifier}", _tracked(path, _faults), plain, unit="faults")


def _publish(name: str, body: Callable[[str], Any], cases: list[Case], **traits: Any) -> None:  # noqa: ANN401
    """Make a function an asv benchmark over the points of some cases."""

    def benchmark(point: str) -> Any:  # noqa: ANN401  what asv takes
        return body(point)

    known = {"params": [list(map(_point, cases))], "param_names": [AXIS], "version": CASE_VERSION, **traits}
    for trait, value in known.items():
        setattr(benchmark, trait, value)
    benchmark.__name__ = benchmark.__qualname__ = name
    benchmark.__module__ = __name__
    globals()[name] = benchmark


for _path in PATHS.values():
    if _path.device == "cpu":
        _define(_path)
