"""What was typed, checked before anything is measured; what is wrong says what to write instead."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UsageError
from .suite.presets import PRESETS
from .verdict_text import FORMATS
from .verdicts import LOOKS

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `run`.

    Raises:
        UsageError: there is no such preset or device.
    """

    preset: str
    pattern: str | None
    passes: int | None
    seed: int
    device: str | None
    machine: str | None
    commit: str | None

    def __post_init__(self) -> None:
        """Refuse what does not exist."""
        if self.preset not in PRESETS:
            raise UsageError(f"there is no preset {self.preset!r}; choose one of {', '.join(PRESETS)}")
        if self.device is not None and re.fullmatch(r"cpu|cuda(:\d+)?", self.device) is None:
            raise UsageError(f"there is no device {self.device!r}; choose cpu, cuda or cuda:N")

    def command(self) -> str:
        """Return the command that redoes the session; folders are left out, for no path enters a session."""
        named = {"filter": self.pattern, "passes": self.passes, "machine": self.machine, "device": self.device}
        words = ["python", "-m", "benchmarks", "run", "--preset", self.preset, "--seed", str(self.seed)]
        words += [word for name, value in named.items() if value is not None for word in (f"--{name}", str(value))]
        return shlex.join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """The options of `compare`: what is compared, how hard, and in which format it is told.

    Raises:
        UsageError: they do not fit together.
    """

    a: str
    b: str
    preset: str
    threshold: str
    format: str
    python: tuple[str, ...]
    force: bool

    def __post_init__(self) -> None:
        """Refuse what does not exist or does not fit."""
        if self.preset not in LOOKS:
            raise UsageError(f"there is no preset {self.preset!r} for a comparison; choose one of {', '.join(LOOKS)}")
        if self.format not in FORMATS:
            raise UsageError(f"there is no format {self.format!r}; choose one of {', '.join(FORMATS)}")
        if not 0 < self.share < 1:
            raise UsageError(f"--threshold {self.threshold!r} is no share; write it as 5% or 0.05")
        if self.python:
            self._check_interpreters()
        elif not self.a:
            raise UsageError("name what to compare: a commit, a tag or . and, unless it is the working tree, another")
        elif self.of_sessions:
            self._check_sessions()
        elif self.force:
            raise UsageError("--force compares sessions that differ; two commits are measured here, in one setting")

    @property
    def share(self) -> float:
        """The threshold as a share of the time; 0 where it is none."""
        number = self.threshold.removesuffix("%")
        try:
            return float(number) / (100 if self.threshold.endswith("%") else 1)
        except ValueError:
            return 0.0

    @property
    def of_sessions(self) -> bool:
        """Whether two session files are compared."""
        return self.a.endswith(".jsonl") or self.b.endswith(".jsonl")

    @property
    def sides(self) -> tuple[str, str]:
        """Both sides; two interpreters share one, by default the working tree."""
        a = self.a or "."
        return (a, a) if self.python else (a, self.b or ".")

    @property
    def interpreters(self) -> tuple[str, str] | None:
        """The interpreters of both sides, where they are what is compared."""
        return (self.python[0], self.python[1]) if self.python else None

    def _check_interpreters(self) -> None:
        if len(self.python) != 2:
            many = len(self.python)
            raise UsageError(f"--python is given {many} times; two interpreters are compared: --python A --python B")
        if self.b:
            raise UsageError(f"two interpreters are compared over one bridge, {self.a!r}; leave {self.b!r} out")
        if self.of_sessions:
            raise UsageError(
                f"{self.a} is a session; --python compares interpreters over the bridge of a commit or of ."
            )

    def _check_sessions(self) -> None:
        for name in (self.a, self.b):
            if not name.endswith(".jsonl"):
                other = f"{name!r} is none" if name else "only one is named"
                raise UsageError(f"a session file is compared with another one, and {other}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseOptions:
    """What `advise` is asked about: an array in words, or a file that holds one.

    Raises:
        UsageError: it is neither or both.
    """

    shape: str | None
    dtype: str | None
    layout: str
    npy: Path | None

    def __post_init__(self) -> None:
        """Refuse what does not describe an array."""
        if self.npy is None and (self.shape is None or self.dtype is None):
            raise UsageError("describe the array: --shape 32,3,224,224 --dtype uint8, or --npy FILE")
        if self.npy is not None and (self.shape, self.dtype, self.layout) != (None, None, "C"):
            raise UsageError(f"{self.npy} says its shape, dtype and layout itself; leave these options out")
