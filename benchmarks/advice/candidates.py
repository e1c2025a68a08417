"""Which paths do the wanted work: each is tried on a few elements before it may be recommended."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.suite.checks import WrongResultError, check
from benchmarks.suite.paths import PATHS
from benchmarks.suite.probes import REFUSALS

from . import sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.suite.cases import Family
    from benchmarks.suite.checks import Aliasing
    from benchmarks.suite.registry import Path

    from .wanted import Wanted

_PREPARED: Final = {
    "h2d.pinned": "its source has to lie in pinned memory already",
    "h2d.register_once": "it registers one array for good; another array of the same shape is not registered",
    "h2d.pin_cold": "it is the first call of h2d.pin_warm, and counted there",
    "h2d.ring": "its ring is bridge's own; bridge.as_tensor takes it where it pays",
    "h2d.ring1": "its ring is bridge's own; bridge.as_tensor takes it where it pays",
    "d2h.ring": "its ring is bridge's own; bridge.as_array takes it where it pays",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A path that gave the right result, and whether that was seen to share the source's memory."""

    path: Path
    aliasing: Aliasing

    @property
    def reuses(self) -> bool:
        """Whether it fills memory that was made before."""
        return bool({"out", "stage", "out_pinned"} & set(self.path.parameters))


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A path of the right family that is not recommended, and why."""

    path: str
    reason: str


def candidates(wanted: Wanted) -> tuple[tuple[Candidate, ...], tuple[Excluded, ...]]:
    """Return the paths that do what is wanted, and those that might have, each with why it does not."""
    found = list(_judged(wanted))
    return (
        tuple(one for one in found if isinstance(one, Candidate)),
        tuple(one for one in found if isinstance(one, Excluded)),
    )


def untried(wanted: Wanted) -> tuple[tuple[Candidate, ...], tuple[Excluded, ...]]:
    """Return the paths of a device that is not there: what a session measured, it proved first."""
    paths = [path for path in PATHS.values() if path.source == wanted.source and path.family in _families(wanted)]
    refused = [Excluded(path=path.name, reason=reason) for path in paths if (reason := _refusal(wanted, path))]
    names = {one.path for one in refused}
    return tuple(Candidate(path=path, aliasing="copies") for path in paths if path.name not in names), tuple(refused)


def _judged(wanted: Wanted) -> Iterator[Candidate | Excluded]:
    small = sources.few(wanted)
    for path in PATHS.values():
        if path.source == wanted.source and path.family in _families(wanted):
            reason = _refusal(wanted, path)
            yield Excluded(path=path.name, reason=reason) if reason else _tried(small, path)


def _families(wanted: Wanted) -> tuple[Family, ...]:
    if wanted.device != "cpu":
        return ("d2h",) if wanted.source == "tensor" else ("h2d_cast",) if wanted.casts else ("h2d",)
    return ("cast", "copy_into") if wanted.casts else ("share", "copy", "copy_into")


def _refusal(wanted: Wanted, path: Path) -> str | None:
    if wanted.mutate and path.family == "share":
        return "the result may share the source's memory, and one of them will be written to"
    if path.name in _PREPARED:
        return _PREPARED[path.name]
    flags = (path.refuses.get(flag) for flag in sorted(wanted.flags))
    return next(filter(None, (path.refuses.get(wanted.layout), path.refuses.get(wanted.to), *flags)), None)


def _tried(small: Wanted, path: Path) -> Candidate | Excluded:
    """Run a path on a few elements, compare what it gives, write to the source and look."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            checked = check(sources.call(small, path, sources.build(small)))
    except (*REFUSALS, WrongResultError, ImportError) as error:
        return Excluded(path=path.name, reason=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
    if small.mutate and checked.aliasing == "shares":
        return Excluded(path=path.name, reason="the result shares the source's memory")
    return Candidate(path=path, aliasing=checked.aliasing)
