"""Made-up systems for the checks of doctor: files of /proc and /sys below a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.doctor.findings import Diagnosis, Finding
from benchmarks.doctor.host import Host
from tests.builders import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.doctor.findings import Severity


def a_host(root: Path, files: dict[str, str] | None = None, **more: Any) -> Host:
    """Return a system of two CPUs that has these files, and no environment."""
    for name, text in (files or {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    known = {"root": root, "environment": {}, "cpus": (0, 1), "sessions": root, "temporary": root}
    return Host(**(known | more))


def a_finding(severity: Severity = "warning", name: str = "load", **more: Any) -> Finding:
    """Return a finding with hostile words."""
    return Finding(**({"name": name, "severity": severity, "says": f"busy {HOSTILE}", "do": "wait"} | more))


def a_diagnosis(*severities: Severity) -> Diagnosis:
    """Return a diagnosis with a finding of each severity, named after its place."""
    findings = tuple(a_finding(one, f"{one}{number}") for number, one in enumerate(severities))
    return Diagnosis(machine="made-up-2c", findings=findings)
