"""NUMA: memory of another node is slower, and a page lies on the node of the CPU that first touched it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from benchmarks.doctor.findings import Finding, untold
from benchmarks.doctor.host import numbers
from benchmarks.doctor.registry import check

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host

_NODES: Final = "sys/devices/system/node"


@check("numa")
def numa(host: Host) -> Finding:
    """Look over how many nodes the usable CPUs spread, and whether a policy spreads our memory."""
    lists = host.every(f"{_NODES}/node[0-9]*/cpulist").values()
    nodes = sum(bool(set(numbers(text)) & set(host.cpus)) for text in lists)
    if not nodes:
        return untold("numa", "the nodes of memory")
    memory, policy = allowed(host), policy_of(host)
    spread = nodes > 1 or (policy or "").startswith("interleave")
    told = f"memory of {memory or 'an untold number of'} may be used, policy {policy or 'not told here'}"
    return Finding(
        name="numa",
        severity="warning" if spread else "ok",
        says=f"the usable CPUs lie on {nodes} node{'s' if nodes > 1 else ''}, {told}",
        do="stay on one node: numactl --cpunodebind=0 --membind=0" if spread else "",
        values={"nodes": nodes, "memory_nodes": memory, "policy": policy},
    )


def allowed(host: Host) -> int | None:
    """Return of how many nodes this process may take memory."""
    found = re.search(r"^Mems_allowed_list:\s*(\S+)", host.read("proc/self/status") or "", re.MULTILINE)
    return len(numbers(found[1])) if found else None


def policy_of(host: Host) -> str | None:
    """Return the policy of our memory: ``default``, ``bind:0``, ``interleave:0-1``."""
    fields = (host.read("proc/self/numa_maps") or "").partition("\n")[0].split()
    return fields[1] if len(fields) > 1 else None
