"""How long a session will take, before it is started: rough on purpose, from sizes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import matrix
from .measure import DEVICE_PASS_NS, PASS_NS, ROUNDS_MIN
from .suite.paths import PATHS
from .suite.presets import PRESETS

if TYPE_CHECKING:
    from .session import Request
    from .suite.cases import Case

#: What a case of fresh memory costs a byte on a virtual machine, and what checking costs beside it.
_NS_PER_BYTE: Final = 0.6
_PROCESS_S: Final = 3.0
_CASE_S: Final = 0.004
#: Until a loader's workers are there and gone: forked ones, and for each that has to load torch.
_FORKED_S: Final = 0.1
_SPAWNED_S: Final = 1.5
_CHECK_NS_PER_BYTE: Final = 3.0
#: On a device: a call by whichever way, its check, the calls of a case, and a process that starts the device.
_DEVICE_NS_PER_BYTE: Final = 0.08
_DEVICE_CHECK_NS_PER_BYTE: Final = 0.8
_DEVICE_CALLS: Final = 9
_DEVICE_PROCESS_S: Final = 8.0


def estimate(request: Request) -> str:
    """Return the number of cases, passes and minutes in words."""
    around = matrix.Surroundings.here(request.where)
    chosen = request.chosen()
    taken = [case for case in chosen if matrix.skip_reason(case, around) is None]
    passes = request.passes or PRESETS[request.preset].passes
    starts = passes + 1 + (around.device != "cpu")  # the profile is a process of its own
    process_s = _PROCESS_S if around.device == "cpu" else _DEVICE_PROCESS_S
    seconds = sum(_check_s(case) + passes * _pass_s(case) for case in taken) + starts * process_s
    return (
        f"{len(taken)} cases in {passes} passes, {len(chosen) - len(taken)} skipped: "
        f"about {seconds / 60:.1f} minutes (estimated from sizes, not from this machine)"
    )


def _pass_s(case: Case) -> float:
    if PATHS[case.path].device != "cpu":
        return _CASE_S + max(2 * DEVICE_PASS_NS, _DEVICE_CALLS * case.nbytes * _DEVICE_NS_PER_BYTE) / 1e9
    call_ns = case.nbytes * _NS_PER_BYTE
    return _CASE_S + _start_s(case) + max(PASS_NS, (ROUNDS_MIN + 2) * call_ns) / 1e9


def _check_s(case: Case) -> float:
    on_host = PATHS[case.path].device == "cpu"
    return _CASE_S + _start_s(case) + case.nbytes * (_CHECK_NS_PER_BYTE if on_host else _DEVICE_CHECK_NS_PER_BYTE) / 1e9


def _start_s(case: Case) -> float:
    feed = PATHS[case.path].feed
    if feed is None or feed.start is None:
        return 0.0
    return _SPAWNED_S * feed.workers if feed.start == "spawn" else _FORKED_S
