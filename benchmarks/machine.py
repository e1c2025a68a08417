"""What of this machine and its software decides whether two sessions can be compared.

Each fact is looked up alone and is None where the system does not tell. No host name, user name or path is kept.
"""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from . import gpu
from .suite.pages import chosen_mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from .records import Json

_PROC: Final = Path("/proc")
_SYS: Final = Path("/sys")
_PACKAGES: Final = ("numpy", "torch", "pytest", "pytest-benchmark", "psutil", "ml_dtypes", "asv")
#: Environment variables that change how memory is allocated or threads are used.
_SETTINGS: Final = re.compile(
    r"^(OMP|MKL|OPENBLAS|KMP|GOMP|MALLOC|GLIBC_TUNABLES|THP|NUMPY_MADVISE|PYTORCH|LD_PRELOAD)"
)
_UNITS: Final = {"K": 1024, "M": 1024**2, "G": 1024**3}


def machine(name: str | None = None, device: str = "cpu") -> Json:
    """Return the facts of this machine and of the GPU of `device`; its name comes from them unless one is given."""
    cpu = cpu_model() or platform.machine()
    cores = psutil.cpu_count(logical=False)
    logical = psutil.cpu_count()
    card = None if device == "cpu" else gpu.facts(gpu.index_of(device))
    return {
        "name": slug(name) if name else "-".join([slug(cpu), f"{logical}c", *([slug(card["name"])] if card else [])]),
        "cpu": cpu,
        "architecture": platform.machine(),
        "cores": cores,
        "logical_cpus": logical,
        "usable_cpus": _usable_cpus(),
        "caches": caches(),
        "memory_bytes": psutil.virtual_memory().total,
        "page_bytes": os.sysconf("SC_PAGE_SIZE"),
        "system": platform.system(),
        "kernel": platform.release(),
        "libc": "-".join(part for part in platform.libc_ver() if part) or None,
        "huge_pages": huge_pages(),
        "virtualised": virtualised(),
        "governor": _text(_SYS / "devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "load_average": round(os.getloadavg()[0], 2),
        **({"gpu": card} if card else {}),
    }


def software() -> Json:
    """Return the versions and thread settings of Python, NumPy and torch."""
    import numpy as np  # noqa: PLC0415  loaded where it is asked about
    import torch  # noqa: PLC0415

    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "compiler": platform.python_compiler(),
        **{package: _version(package) for package in _PACKAGES},
        "numpy_simd": _numpy_simd(np),
        "torch_cuda": torch.version.cuda,
        "torch_threads": torch.get_num_threads(),
        "torch_cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "environment": {key: scrubbed(value) for key, value in sorted(os.environ.items()) if _SETTINGS.match(key)},
    }


def in_one_line() -> str:
    """Return the processor, the load, and the versions that decide what a conversion costs, as a study prints them."""
    here, known = machine(), software()
    versions = ", ".join(f"{name} {known[name]}" for name in ("python", "numpy", "torch", "pytest-benchmark"))
    return f"{here['cpu']}, {here['logical_cpus']} CPUs, load average {here['load_average']} at the end; {versions}"


def cpu_model(cpuinfo: str | None = None) -> str | None:
    """Return the CPU's model name."""
    text = cpuinfo if cpuinfo is not None else _text(_PROC / "cpuinfo") or ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else None


def virtualised(cpuinfo: str | None = None) -> bool | None:
    """Return whether the CPU says that a hypervisor runs below; None where it says nothing."""
    text = cpuinfo if cpuinfo is not None else _text(_PROC / "cpuinfo") or ""
    flags = re.search(r"^flags\s*:(.+)$", text, re.MULTILINE)
    return "hypervisor" in flags.group(1).split() if flags else None


def huge_pages(text: str | None = None) -> str | None:
    """Return the mode of transparent huge pages: always, madvise or never."""
    modes = text if text is not None else _text(_SYS / "kernel/mm/transparent_hugepage/enabled") or ""
    return chosen_mode(modes)


def caches(cpu: Path = _SYS / "devices/system/cpu/cpu0/cache") -> dict[str, int]:
    """Return the data caches that one core sees: name -> bytes."""
    found = {}
    for index in sorted(cpu.glob("index*")):
        level, kind, size = (_text(index / name) or "" for name in ("level", "type", "size"))
        if kind != "Instruction" and size[:-1].isdigit():
            found[f"L{level}{'d' if kind == 'Data' else ''}"] = int(size[:-1]) * _UNITS[size[-1]]
    return found


def slug(text: str) -> str:
    """Return a name for folders: lower case, digits and dashes."""
    plain = re.sub(r"\((r|tm)\)|\bcpu\b|@.*$", " ", text.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "machine"


def scrubbed(text: str) -> str:
    """Return a text without absolute paths, the user's home and this machine's host name."""
    home = str(Path.home()).rstrip("/")
    text = re.sub(rf"{re.escape(home)}(?![\w.-])", "", text) if home else text
    without_paths = re.sub(r"(?<![\w.])/(?:[^\s/:;,'\"]+/)*([^\s/:;,'\"]*)", r"\1", text)
    host = platform.node()
    return re.sub(rf"\b{re.escape(host)}\b", "<host>", without_paths) if host else without_paths


def _usable_cpus() -> int | None:
    getter: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(getter(0)) if getter else None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _numpy_simd(np: Any) -> list[str] | None:  # noqa: ANN401  the module
    found = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found")
    return list(found) if found is not None else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
