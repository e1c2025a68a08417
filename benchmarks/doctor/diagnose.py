"""All checks over one host, and what a hypervisor took while they ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.lock import LOCK_FILE, machine_lock
from benchmarks.machine import machine

from . import aa, checks
from .checks.load import stolen
from .findings import Diagnosis
from .host import Host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.session import Observer

    from .findings import Finding


def diagnose(observer: Observer, host: Host | None = None, *, lock_file: Path = LOCK_FILE) -> Diagnosis:
    """Do every check and the A/A run while nothing else measures here.

    Raises:
        MachineBusyError: another run holds this machine.
        WorkerError, ForeignBridgeError: the A/A run cannot be started.
    """
    with machine_lock(lock_file):
        return examined(host or Host(), lambda: aa.measure(observer))


def examined(host: Host, longer: Callable[[], Finding] | None = None) -> Diagnosis:
    """Do every check, and what takes longer where that is wanted; who does not take the lock has it already."""
    before = host.read("proc/stat")
    found = [one(host) for one in checks.CHECKS.values()]
    last = [longer()] if longer else []
    return Diagnosis(machine=machine()["name"], findings=(*last, *found, stolen(before, host.read("proc/stat"))))
