"""What nvidia-smi tells of a GPU: its name and limits, and the state of its link and clocks now. It only reads."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .records import Json

_LIMIT_S: Final = 20
_MIB: Final = 1 << 20
#: Our names -> those of nvidia-smi.
_FACTS: Final = {
    "name": "name",
    "driver": "driver_version",
    "memory_bytes": "memory.total",
    "link_gen_max": "pcie.link.gen.max",
    "link_width_max": "pcie.link.width.max",
}
_STATE: Final = {
    "link_gen": "pcie.link.gen.current",
    "link_width": "pcie.link.width.current",
    "sm_mhz": "clocks.current.sm",
    "memory_mhz": "clocks.current.memory",
    "temperature_c": "temperature.gpu",
}
_WORDS: Final = frozenset({"name", "driver"})


def facts(index: int = 0) -> Json | None:
    """Return what does not change of the GPU of an index, or None where there is none."""
    return _asked(_FACTS, index)


def state(index: int = 0) -> Json | None:
    """Return what the GPU's link and clocks are at now, or None where there is none."""
    return _asked(_STATE, index)


def index_of(device: str) -> int:
    """Return the index in a device's name: ``cuda:1`` -> 1, ``cuda`` -> 0."""
    return int(device.partition(":")[2] or 0)


def _asked(names: Mapping[str, str], index: int) -> Json | None:
    command = [
        "nvidia-smi",
        f"--id={index}",
        f"--query-gpu={','.join(names.values())}",
        "--format=csv,noheader,nounits",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)  # noqa: S603  ours
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    values = [value.strip() for value in done.stdout.strip().split(",")]
    if done.returncode != 0 or len(values) != len(names):
        return None
    return {name: _value(name, value) for name, value in zip(names, values, strict=True)}


def _value(name: str, text: str) -> str | int | None:
    """Return a fact as a number where it is one; what the driver does not tell ([N/A]) is None."""
    if name in _WORDS:
        return text
    if not text.isdigit():
        return None
    return int(text) * (_MIB if name == "memory_bytes" else 1)
