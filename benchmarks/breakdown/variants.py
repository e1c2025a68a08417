"""What is timed to take a case apart: the case itself, and alone what each of its parts would cost.

Every variant differs from another one by a single thing, so the difference of two is the cost of that thing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from benchmarks.suite.cases import BATCHES, SIZES, Case
from benchmarks.suite.paths import PATHS

if TYPE_CHECKING:
    from benchmarks.records import Json

#: A process as it comes, and one whose allocator keeps memory that was freed: its pages are there, and fault no more.
Memory = Literal["fresh", "warm"]

SMALLEST: Final = SIZES["64B"]
#: What a copy within a device, and the smallest transfer worth its launch, is measured at.
_SMALLEST_TRANSFER: Final = SIZES["4KiB"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One thing to time: a case in one of the two processes, and what is done in its stead, if anything.

    `instead` is ``engine``: its elements copied into memory that is there, by the faster of ``Tensor.copy_`` and
    ``np.copyto``; or ``move``: as many bytes as it reads and writes, moved by memmove between warm buffers. What a list
    takes is multiplied by `times`, where no list of the matrix has as many arrays as the case.
    """

    name: str
    case: Case
    memory: Memory = "warm"
    instead: Literal["", "engine", "move"] = ""
    times: float = 1.0

    @property
    def link(self) -> str:
        """The name under which what crosses the link is kept beside the time of a transfer; empty where none does."""
        names = {"whole": "link", "small": "link_small"}
        return names.get(self.name, "") if PATHS[self.case.path].device != "cpu" else ""

    def lines(self, cpu: int, device: str) -> list[Json]:
        """Return what a process is asked before it times this."""
        take: Json = {"take": self.case.id, "look": False, "cpu": cpu, "device": device, "settle": self.memory}
        return [take, {"instead": self.instead}] if self.instead else [take]


def variants(case: Case, *, shares: bool) -> tuple[Variant, ...]:
    """Return what has to be timed to take a case apart; of one that shares, nothing is moved."""
    known = [
        Variant(name="whole", case=case, memory="fresh"),
        Variant(name="warm", case=case),
        Variant(name="small", case=smallest(case), times=arrays(case) / arrays(smallest(case))),
        Variant(name="call", case=Case(path="ref.call", dtype="uint8", layout="C", nbytes=SMALLEST, threads="1t")),
    ]
    if PATHS[case.path].device != "cpu":
        return tuple(one for one in known if one.name != "warm")
    one_thread = replace(case, threads="1t")
    if not shares:
        known += [
            Variant(name="move", case=one_thread, instead="move"),
            Variant(name="move_small", case=smallest(case), instead="move"),
        ]
    if not shares and has_engine(case):
        known += [
            Variant(name="engine", case=one_thread, instead="engine"),
            Variant(name="engine_small", case=smallest(case), instead="engine"),
        ]
    if case.threads == "allt":
        known.append(Variant(name="one_thread", case=one_thread))
    return tuple(known)


def has_engine(case: Case) -> bool:
    """Whether elements are more than bytes to a case: they are cast, or lie in another order than their addresses."""
    return case.layout not in {"C", "readonly", *BATCHES} or case.source_dtype != case.target_dtype


def smallest(case: Case) -> Case:
    """Return the same work with hardly any bytes: the smallest size, of a list as many of the smallest arrays."""
    if PATHS[case.path].device != "cpu":
        return replace(case, nbytes=min(case.nbytes, _SMALLEST_TRANSFER))
    if case.layout not in BATCHES:
        return replace(case, nbytes=SMALLEST, threads="1t")
    least = min(BATCHES, key=BATCHES.__getitem__)
    nbytes = max(size for size in SIZES.values() if size <= arrays(case) * BATCHES[least])
    return replace(case, layout=least, nbytes=nbytes, threads="1t")


def arrays(case: Case) -> int:
    """Return how many arrays the list of a case has; one where the case takes none, or its layout does not say."""
    return case.nbytes // BATCHES[case.layout] if case.layout in BATCHES else 1
