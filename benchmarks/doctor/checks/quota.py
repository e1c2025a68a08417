"""The quota of CPU time of our control group, version 2 or 1: who has used it up stands still for a while."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from benchmarks.doctor.findings import Finding, Severity, untold
from benchmarks.doctor.host import whole
from benchmarks.doctor.registry import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.doctor.host import Host

_GROUPS: Final = "sys/fs/cgroup"
_NONE: Final = float("inf")


@check("quota")
def quota(host: Host) -> Finding:
    """Look how many CPUs' time our control group may take, and those that it lies in."""
    known = quota_cpus(host)
    if known is None:
        return untold("quota", "the quota of CPU time of the control group")
    if known == _NONE:
        return Finding(name="quota", severity="ok", says="no quota of CPU time")
    severity: Severity = "bad" if known < 1 else "warning" if known < len(host.cpus) else "note"
    return Finding(
        name="quota",
        severity=severity,
        says=f"the time of {known:g} CPUs, of {len(host.cpus)} usable ones; then everything stands still for a while",
        do="measure without a quota, or give whole CPUs instead (cpuset); else measure one thread alone",
        values={"cpus": round(known, 3)},
    )


def quota_cpus(host: Host) -> float | None:
    """Return the smallest quota over our groups in CPUs, infinity where there is none, None where nothing is told."""
    return min((*_of_version_2(host), *_of_version_1(host)), default=None)


def _of_version_2(host: Host) -> Iterator[float]:
    for group in _ours(host, ""):
        limit, _, period = (host.read(f"{_GROUPS}{group}/cpu.max") or "").partition(" ")
        if limit == "max":
            yield _NONE
        elif (quota_us := whole(limit)) and (period_us := whole(period)):
            yield quota_us / period_us


def _of_version_1(host: Host) -> Iterator[float]:
    for mount in ("cpu", "cpu,cpuacct"):
        for group in _ours(host, "cpu"):
            folder = f"{_GROUPS}/{mount}{group}"
            quota_us, period_us = (host.number(f"{folder}/cpu.cfs_{name}_us") for name in ("quota", "period"))
            if quota_us is not None and period_us:
                yield quota_us / period_us if quota_us > 0 else _NONE


def _ours(host: Host, controller: str) -> Iterator[str]:
    """Yield the folders of our group and of those around it; in a container's own view, all may be the root."""
    for line in (host.read("proc/self/cgroup") or "0::/").splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            inside = PurePosixPath(path)
            yield from ("" if str(one) == "/" else str(one) for one in (inside, *inside.parents))
