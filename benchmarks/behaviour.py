"""What paths do with awkward sources, observed on both sides of a comparison: a change needs no statistics to be told.

The probes are those of a session's semantics card: layouts, dtypes, masked arrays, subclasses, what the result keeps
alive, what is refused and with which error. An error is compared by its type, for its words may be made better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import matrix
from .errors import PartnerDiedError
from .suite.paths import PATHS
from .suite.probes import probes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .partners import Start
    from .records import Json
    from .suite.probes import Probe


def differences(start: Start, paths: Iterable[str]) -> tuple[str, ...]:
    """Return in words what some paths do otherwise on B than on A, one sentence a probe.

    Raises:
        WorkerError: a process ends before it takes a probe.
    """
    around = matrix.Surroundings.here()
    every = [probe for path in paths for probe in probes(PATHS[path]) if matrix.can_observe(probe, around)]
    a, b = (_observed(start, name, every) for name in ("a", "b"))
    return tuple(f"{probe.id}: {', '.join(told)}" for probe in every if (told := tuple(_told(a[probe], b[probe]))))


def _observed(start: Start, name: str, every: Sequence[Probe]) -> dict[Probe, Json]:
    """Try every probe on one side; one that kills the process is told, and the rest gets a fresh one."""
    found: dict[Probe, Json] = {}
    partner = start(name, 0)
    try:
        for probe in every:
            try:
                found[probe] = partner.ask({"probe": probe.path, "trait": probe.trait})["observed"]
            except PartnerDiedError as error:
                found[probe] = {"outcome": "dies", "error": str(error)}
                partner.close()
                partner = start(name, 0)
    finally:
        partner.close()
    return found


def _told(a: Json, b: Json) -> Iterator[str]:
    """Yield what differs between two observations: the outcome, or the type of its error, and what else was seen."""
    one, other = _outcome(a), _outcome(b)
    if one != other:
        yield f"{one} -> {other}"
    elif a["outcome"] != "raises":
        for name in sorted({*a, *b} - {"outcome", "error"}):
            if a.get(name, False) != b.get(name, False):
                yield f"{name.replace('_', ' ')} {_yes(a.get(name))} -> {_yes(b.get(name))}"


def _outcome(seen: Json) -> str:
    kind, _, _ = seen.get("error", "").partition(":")
    return f"{seen['outcome']} {kind}" if seen["outcome"] == "raises" else str(seen["outcome"])


def _yes(value: object) -> str:
    return "yes" if value else "no"
