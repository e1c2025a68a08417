"""The disk: room for sessions, and whether the temporary folder takes memory."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.doctor.findings import Finding, Severity
from benchmarks.doctor.registry import check

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host

_MIB: Final = 1 << 20
#: A full session takes some 10 MiB; a comparison's folders, logs and a report's page less.
WARNING_MIB: Final = 1024
BAD_MIB: Final = 64
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})


@check("disk")
def disk(host: Host) -> Finding:
    """Look how much is free where sessions and temporary files go."""
    free = [shutil.disk_usage(_existing(folder)).free // _MIB for folder in (host.sessions, host.temporary)]
    kind = filesystem(host.read("proc/mounts") or "", _existing(host.temporary).resolve())
    return judged(free[0], free[1], kind)


def judged(sessions_mib: int, temporary_mib: int, kind: str | None) -> Finding:
    """Judge the free MiB of both folders and the kind of file system of the temporary one."""
    least, in_memory = min(sessions_mib, temporary_mib), kind in _IN_MEMORY
    short = least < WARNING_MIB
    severity: Severity = "bad" if least < BAD_MIB else "warning" if short else "note" if in_memory else "ok"
    where = f"{temporary_mib:,} MiB for temporary files ({kind or 'file system not told here'})"
    do = "make room" if short else "set TMPDIR to a folder on a disk: files there take memory" if in_memory else ""
    return Finding(
        name="disk",
        severity=severity,
        says=f"{sessions_mib:,} MiB free for sessions, {where}",
        do=do,
        values={"sessions_mib": sessions_mib, "temporary_mib": temporary_mib, "temporary_kind": kind},
    )


def filesystem(mounts: str, folder: Path) -> str | None:
    """Return the kind of file system of a folder: that of the deepest mount it lies in, the last one where they tie."""
    fields = [line.split() for line in mounts.splitlines()]
    around = [(len(Path(one[1]).parts), one[2]) for one in fields if len(one) > 2 and folder.is_relative_to(one[1])]
    return max(reversed(around), key=lambda one: one[0])[1] if around else None


def _existing(folder: Path) -> Path:
    """Return a folder, or of one that is not made yet the next one above that is there."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
