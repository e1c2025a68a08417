"""Which cases a session has: the presets' blocks over the registered paths, and why a case is skipped here."""

from __future__ import annotations

import importlib.util
import multiprocessing
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .suite.cases import BATCHES, HELD
from .suite.feeds import BATCH_ITEMS
from .suite.pages import why_no_switch
from .suite.paths import PATHS
from .suite.presets import PRESETS

if TYPE_CHECKING:
    from .suite.cases import Case
    from .suite.feeds import Feed
    from .suite.probes import Probe
    from .suite.registry import Path

#: A case needs its source, its result, a reference to compare with and the comparison itself.
_COPIES_ALIVE = 5
#: Where Linux keeps what processes share.
_SHARED = "/dev/shm"  # noqa: S108  looked at, not written
#: A loader's workers have two batches in store each, one is being made and one is used.
_BATCHES_A_WORKER = 2
_BATCHES_MORE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What this machine offers, as far as cases depend on it.

    `shared_bytes` is what processes may share, `starts` how a worker can be started, `no_small_pages` why no process
    can refuse huge pages, None where it can.
    """

    device: str
    threads: int
    free_bytes: int
    bfloat16: bool
    shared_bytes: int
    starts: frozenset[str]
    no_small_pages: str | None

    @classmethod
    def here(cls, device: str = "cpu") -> Surroundings:
        """Look at this machine."""
        import psutil  # noqa: PLC0415  only to look, not to decide
        import torch  # noqa: PLC0415

        free = psutil.virtual_memory().available
        return cls(
            device=device if not device.startswith("cuda") or torch.cuda.is_available() else "cpu",
            threads=torch.get_num_threads(),
            free_bytes=free,
            bfloat16=importlib.util.find_spec("ml_dtypes") is not None,
            shared_bytes=_shared_bytes(free),
            starts=frozenset(multiprocessing.get_all_start_methods()),
            no_small_pages=why_no_switch(),
        )


def cases(preset: str, pattern: str | None = None) -> list[Case]:
    """Return a preset's cases whose ids match a regular expression, anywhere in the id.

    Raises:
        KeyError: there is no such preset.
        re.error: the pattern is no regular expression.
    """
    wanted = re.compile(pattern or "")
    every = [case for path in PATHS.values() for case in PRESETS[preset].cases(path.name, path.family)]
    return [case for case in every if wanted.search(case.id)]


def with_limits(chosen: list[Case], preset: str) -> list[Case]:
    """Add the limits of every size that is measured, so that each case can be given as a multiple of its own."""
    sizes = {case.nbytes for case in chosen}
    limits = [case for case in cases(preset, "^ref\\.(memcpy|dma_h2d|dma_d2h)/") if case.nbytes in sizes]
    return list(dict.fromkeys([*limits, *chosen]))


def skip_reason(case: Case, around: Surroundings) -> str | None:
    """Return why a case makes no sense here, or None: the one rule for all front ends."""
    path = PATHS[case.path]
    return path.refusal(case) or _surroundings_reason(case, path, around)


def can_observe(probe: Probe, around: Surroundings) -> bool:
    """Whether what a probe needs is installed: without ml_dtypes no array that we make is of bfloat16."""
    path = PATHS[probe.path]
    makes_array = path.source == "array" or path.family == "copy_into"
    return around.bfloat16 or not (makes_array and probe.trait == "dtype=bfloat16")


def _surroundings_reason(case: Case, path: Path, around: Surroundings) -> str | None:
    if path.device == "cuda" and around.device == "cpu":
        return "no CUDA device"
    if case.threads == "allt" and around.threads == 1:
        return "torch has one thread here, which 1t measures"
    if _needs_ml_dtypes(case, path) and not around.bfloat16:
        return "ml_dtypes is not installed"
    if not path.huge_pages and around.no_small_pages:
        return around.no_small_pages
    return (_feed_reason(case, path.feed, around) if path.feed else None) or _memory_reason(case, path, around)


def _memory_reason(case: Case, path: Path, around: Surroundings) -> str | None:
    """Return why memory does not suffice: what is held is alive beside what every case needs."""
    alive = _COPIES_ALIVE + (HELD if path.family == "held" else 0)
    if case.nbytes * alive > around.free_bytes:
        return f"needs {case.nbytes * alive >> 20} MiB of free memory"
    return None


def _feed_reason(case: Case, feed: Feed, around: Surroundings) -> str | None:
    """Return why the workers of a loader cannot be started here, or cannot hand over their batches."""
    if feed.start is None:
        return None
    if feed.start not in around.starts:
        return f"processes cannot be started by {feed.start} here"
    batch_bytes = min(case.nbytes, BATCHES.get(case.layout, case.nbytes) * BATCH_ITEMS)
    needed = batch_bytes * (_BATCHES_A_WORKER * feed.workers + _BATCHES_MORE)
    return None if needed <= around.shared_bytes else f"needs {needed >> 20} MiB of shared memory in {_SHARED}"


def _shared_bytes(free_bytes: int) -> int:
    """Return what processes may share: all free memory where the system sets no other bound."""
    try:
        return shutil.disk_usage(_SHARED).free
    except OSError:
        return free_bytes


def _needs_ml_dtypes(case: Case, path: Path) -> bool:
    """Whether a bfloat16 stands on NumPy's side: as the source of an array path, as the result of a tensor path."""
    return (case.source_dtype if path.source == "array" else case.target_dtype) == "bfloat16"
