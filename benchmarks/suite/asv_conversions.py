"""What asv runs: for each path its time, its aliasing and its page faults. The only such names in this folder.

asv starts a process for each benchmark and parameter, even for those in ``skip_params``, and looks parameters up by
their position. So the points of the quick preset are one constant axis, ``size/dtype/layout``: as three axes, nine of
ten processes would start to say that there is nothing to measure. The path stands in the benchmark's name.
Paths that need a device are there where torch is built for one, over three sizes; each benchmark is a process of its
own and so has a context of its own. Their timer waits for the device, and where there is none they are n/a.
There is no setup: with one, asv_runner would call only once a sample. The first call of a benchmark builds its input
and warms up instead, while the clock stands still; so even ``asv run --quick``, which calls once, times the conversion.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import torch

from .asv_names import ALIASING, FAULTS, TIME, benchmark_name, case_at, point, pretty_name
from .calls import call
from .cases import CASE_VERSION, size_name
from .checks import check
from .faults import faults_per_call
from .inputs import InputCache
from .paths import PATHS
from .presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .calls import Call
    from .cases import Case
    from .registry import Path

_CACHE: Final = InputCache(1 << 30)
#: The one parameter of every benchmark.
AXIS: Final = "size/dtype/layout"
_FAULT_CALLS: Final = 5
_WARM_UP_CALLS: Final = 2
#: What torch was built for; whether a device is there nobody may ask while this module is loaded, for that starts it.
_BUILT_FOR_DEVICES: Final = torch.version.cuda is not None
#: asv's least and most samples of a call on a device, and seconds for them.
_DEVICE_REPEAT: Final = (5, 20, 2.0)
_DEVICE_SIZES: Final = ("4KiB", "1MiB", "64MiB")
#: Each benchmark of this module by its name, with the cases that are its points.
PUBLISHED: Final[dict[str, tuple[Case, ...]]] = {}
#: Seconds spent on preparing, one number a preparation.
_off_the_clock: Final[list[float]] = []


def _quick(path: Path) -> list[Case]:
    """Return the one-thread cases of the quick preset that this path can do, in the order of the matrix.

    Of a path that needs a device they are some of the gpu preset's: a process that starts a device takes seconds.
    """
    cases = PRESETS["quick" if path.device == "cpu" else "gpu"].cases(path.name, path.family)
    known = [case for case in cases if case.threads == "1t" and path.refusal(case) is None]
    return known if path.device == "cpu" else [case for case in known if size_name(case.nbytes) in _DEVICE_SIZES]


def _prepared(case: Case) -> Call:
    """Build a case's call and warm it up, off the clock."""
    start = perf_counter()
    torch.set_num_threads(1)
    ready = call(case, _CACHE, PATHS[case.path].device)
    for _ in range(_WARM_UP_CALLS):
        ready.run()
    _off_the_clock.append(perf_counter() - start)
    return ready


def _need_device(_point: str) -> None:
    """Raise NotImplementedError, which asv shows as n/a, where there is no device."""
    if not torch.cuda.is_available():
        raise NotImplementedError("no CUDA device")


def _clock() -> float:
    """Return seconds in which nothing was being prepared."""
    return perf_counter() - sum(_off_the_clock)


def _device_clock() -> float:
    """Return the same once the device has done all it was given."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
    return _clock()


def _timed(path: Path) -> Callable[[str], Any]:
    ready: dict[str, Callable[[], Any]] = {}

    def prepare(at: str) -> Callable[[], Any]:
        known = _prepared(case_at(path.name, at))
        return ready.setdefault(at, partial(path.function, *known.args))

    return lambda at: (ready.get(at) or prepare(at))()


def _tracked(path: Path, body: Callable[[Call], Any]) -> Callable[[str], Any]:
    return lambda at: body(_prepared(case_at(path.name, at)))


def _copies(ready: Call) -> int:
    """Return 0 when the result shares memory with its source, 1 when it is a copy. Wrong values raise."""
    return int(check(ready).aliasing == "copies")


def _faults(ready: Call) -> float:
    return faults_per_call(ready.run, _FAULT_CALLS)


def _define(path: Path) -> None:
    if path.device == "cpu":
        _define_on_host(path, _quick(path))
    elif path.before is None:  # what has to be done before each call cannot be left out of asv's time
        traits = {"timer": _device_clock, "setup": _need_device, "number": 1, "repeat": _DEVICE_REPEAT}
        _publish(path, TIME, _timed(path), _quick(path), **traits)


def _define_on_host(path: Path, cases: list[Case]) -> None:
    # Aliasing does not depend on the size, page faults on nothing else: the smallest and the plain cases tell.
    smallest = {(case.dtype, case.layout): case for case in sorted(cases, key=lambda case: -case.nbytes)}
    plain = [case for case in cases if (case.dtype, case.layout) == (cases[0].dtype, cases[0].layout)]
    _publish(path, TIME, _timed(path), cases, timer=_clock)
    aliasing = _tracked(path, _copies)
    _publish(path, ALIASING, aliasing, list(smallest.values()), unit="copies")
    _publish(path, FAULTS, _tracked(path, _faults), plain, unit="faults")


def _publish(path: Path, kind: str, body: Callable[[str], Any], cases: list[Case], **traits: Any) -> None:  # noqa: ANN401
    """Make a function an asv benchmark over the points of some cases."""

    def benchmark(at: str) -> Any:  # noqa: ANN401  what asv takes
        return body(at)

    name = benchmark_name(kind, path.identifier)
    known = {"params": [list(map(point, cases))], "param_names": [AXIS], "version": CASE_VERSION}
    known |= {"pretty_name": pretty_name(kind, path.name), **traits}
    for trait, value in known.items():
        setattr(benchmark, trait, value)
    benchmark.__name__ = benchmark.__qualname__ = name
    benchmark.__module__ = __name__
    globals()[name] = benchmark
    PUBLISHED[name] = tuple(cases)


for _path in PATHS.values():
    # asv starts a process for each number, and in each a loader would have to start its workers.
    if _path.family != "feed" and _quick(_path) and (_path.device == "cpu" or _BUILT_FOR_DEVICES):
        _define(_path)
