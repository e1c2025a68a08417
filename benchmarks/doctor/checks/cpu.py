"""The CPUs: who sets their clock, whether two of them share a core, and which of them this process may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.doctor.findings import Finding, untold
from benchmarks.doctor.host import numbers
from benchmarks.doctor.registry import check

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host

_CPU: Final = "sys/devices/system/cpu"
#: Files that tell of turbo, and what they hold where it is on.
_TURBO: Final = {f"{_CPU}/intel_pstate/no_turbo": "0", f"{_CPU}/cpufreq/boost": "1"}


@check("governor")
def governor(host: Host) -> Finding:
    """Look at what sets the frequency: one that follows the load makes the first calls of a case slow."""
    found = sorted(set(host.every(f"{_CPU}/cpu[0-9]*/cpufreq/scaling_governor").values()))
    if not found:
        return untold("governor", "the frequency governor, as in most virtual machines, whose host decides")
    steady = found == ["performance"]
    return Finding(
        name="governor",
        severity="ok" if steady else "warning",
        says=f"{', '.join(found)}{'' if steady else ': the clock follows the load'}",
        do="" if steady else "cpupower frequency-set -g performance",
        values={"governor": ", ".join(found)},
    )


@check("turbo")
def turbo(host: Host) -> Finding:
    """Look whether the clock may rise above its base: then it depends on heat and on the neighbours."""
    known = {name: text for name in _TURBO if (text := host.read(name)) is not None}
    if not known:
        return untold("turbo", "whether the clock may rise above its base")
    on = any(text == _TURBO[name] for name, text in known.items())
    return Finding(
        name="turbo",
        severity="note" if on else "ok",
        says="on: the clock depends on heat and on what other cores do" if on else "off",
        do="turn it off where times of different days are compared; a comparison in turn needs it less" if on else "",
        values={"on": on},
    )


@check("smt")
def smt(host: Host) -> Finding:
    """Look whether usable CPUs share cores: work on one then slows the other by up to half."""
    siblings = host.every(f"{_CPU}/cpu[0-9]*/topology/thread_siblings_list")
    if not siblings:
        return untold("smt", "which CPUs share a core")
    cores, usable = {numbers(text) for text in siblings.values()}, set(host.cpus)
    shared = sum(len(usable.intersection(core)) > 1 for core in cores)
    others = sum(not usable.issuperset(core) for core in cores if usable.intersection(core))
    says = (
        f"of our cores {shared} have two usable CPUs or more, which slow each other, and {others} have CPUs of others"
    )
    do = "run on one CPU of each core (taskset), and keep the others idle"
    if shared or others:
        return Finding(name="smt", severity="note", says=says, do=do, values={"shared": shared, "others": others})
    return Finding(name="smt", severity="ok", says="no two CPUs share a core, as far as the system tells")


@check("affinity")
def affinity(host: Host) -> Finding:
    """Look at the CPUs that this process may use: on a lone one everything else runs where it is measured."""
    usable, online = len(host.cpus), len(numbers(host.read(f"{_CPU}/online") or ""))
    if not online:
        return untold("affinity", "how many CPUs are online")
    lone = usable == 1
    return Finding(
        name="affinity",
        severity="warning" if lone else "note" if usable < online else "ok",
        says=f"{usable} of {online} CPUs may be used",
        do="allow a second CPU: the measuring program and the system need one too" if lone else "",
        values={"usable": usable, "online": online},
    )
