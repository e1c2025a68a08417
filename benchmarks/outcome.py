"""What a comparison found of each case and of the control, and the exit code that follows. Nothing is measured here."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from .suite.cases import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .records import Json
    from .sides import Side
    from .verdicts import Verdict

OK, WORSE, FAILED, UNSURE = 0, 1, 2, 4
#: Paths of others, one or two a family. They run the same code on both sides.
CONTROL: Final = (
    "torch.from_numpy/float32/C/64B/1t",
    "Tensor.numpy/float32/C/64B/1t",
    "torch.tensor/float32/C/4KiB/1t",
    "torch.tensor/float32/C/1MiB/1t",
    "np.array/float32/C/64KiB/1t",
    "Tensor.copy_/float32/C/1MiB/1t",
    "np.copyto.out_array/float32/C/64KiB/1t",
    "torch.from_numpy.to/float64>float32/C/1MiB/1t",
    "np.stack.from_numpy/float32/C/4KiB/1t",
    "seeds.preprocess/float32/C/4KiB/1t",
)
_COPIED: Final = "shares -> copies"
#: Of the control so many may be flagged before it has moved, and so many of the cases may be unclear.
_FLAGGED_SHARE: Final = 0.05
_FLAGGED_LEAST: Final = 2
_UNCLEAR_SHARE: Final = 0.1
#: A change of page faults is said from this ratio and this many pages on.
_FAULTS_RATIO: Final = 1.5
_FAULTS_LEAST: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a comparison says of one case.

    `log_ratios` has what each round said, `fastest_ns` by side the times that it said it from, `confirmation` what
    fresh rounds said of a change. `changes` are exact: what
    one side does and the other does not, found without statistics. `verdict` is None where a side failed, `failed` then
    says which and how.
    """

    case: str
    verdict: Verdict | None
    log_ratios: tuple[float, ...] = ()
    fastest_ns: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    confirmation: tuple[float, ...] = ()
    flagged: bool = False
    changes: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How many rounds were played before a change was confirmed."""
        return len(self.log_ratios)

    @property
    def word(self) -> str:
        """The verdict in one word; ``failed`` where there is none."""
        return self.verdict.word if self.verdict else "failed"

    @property
    def became_copy(self) -> bool:
        """Whether B copies what A shares."""
        return _COPIED in self.changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sides, what was asked, and what was found of each case and of the control.

    It is `interleaved` where both sides took turns, and not where two sessions were compared afterwards. `loaded` is
    what a process of each side said that it had loaded. `interpreters` says that two of them ran one `bridge`.
    `behaviour` says what paths do otherwise on B with awkward sources.
    `started` is the time in UTC, `machine` says where it was. `notes` are sentences on what else was looked at, and on
    what could not be.
    """

    a: Side
    b: Side
    effort: str
    threshold: float
    cases: tuple[Found, ...]
    control: tuple[Found, ...]
    interleaved: bool = True
    loaded: Mapping[str, Json] = field(default_factory=dict)
    interpreters: bool = False
    started: str = ""
    machine: Mapping[str, object] = field(default_factory=dict)
    behaviour: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def is_worse(self, one: Found) -> bool:
        """Whether a case is certainly worse on B: slower, a copy where A shares, or failing where A does not.

        Between two commits only `bridge` can be slower, for other paths run the same code on both sides.
        """
        slower = one.word == "slower" and (self.interpreters or one.case.startswith(OURS))
        return slower or one.became_copy or set(one.failed) == {"b"}

    @property
    def control_moved(self) -> bool:
        """Whether paths that do not touch `bridge` changed: then the machine did, and no verdict is worth much."""
        flagged = sum(one.flagged for one in self.control)
        many = flagged >= _FLAGGED_LEAST and flagged > _FLAGGED_SHARE * len(self.control)
        return many or any(one.word in {"faster", "slower"} for one in self.control)

    @property
    def has_control(self) -> bool:
        """Whether anything of the control was judged; without one nobody knows what the machine did."""
        return any(one.verdict for one in self.control)

    @property
    def too_unclear(self) -> bool:
        """Whether more than a tenth of the cases are unclear."""
        return sum(one.word == "unclear" for one in self.cases) > _UNCLEAR_SHARE * len(self.cases)

    @property
    def exit_code(self) -> int:
        """1 where B is certainly worse, 2 where a case fails on A too, 4 where nothing can be said, else 0.

        What did not take turns is never certain enough for 1.
        """
        if self.interleaved and any(map(self.is_worse, self.cases)):
            return WORSE
        if any(one.failed for one in self.cases):
            return FAILED
        uncontrolled = self.interleaved and not self.has_control
        return UNSURE if self.control_moved or self.too_unclear or uncontrolled else OK


def changes(a: Json, b: Json, faults: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Return in words what one call does otherwise on B than on A: its aliasing, new memory, page faults.

    `faults` has, by side, the page faults of a call, one number a round.
    """
    said: list[str] = []
    if a["aliasing"] != b["aliasing"]:
        said.append(f"{a['aliasing']} -> {b['aliasing']}")
    if a["alloc_bytes"] != b["alloc_bytes"]:
        said.append(f"new memory {a['alloc_bytes']:,} -> {b['alloc_bytes']:,} bytes")
    if faults["a"] and faults["b"] and _faults_changed(faults["a"], faults["b"]):
        said.append(f"page faults {median(faults['a']):,.0f} -> {median(faults['b']):,.0f}")
    return tuple(said)


def _faults_changed(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether every round of one side faults clearly more often than every round of the other.

    One round is not enough: whether the kernel has a huge page to give is luck, and decides between 17 faults and 528.
    """
    low, high = sorted((a, b), key=median)
    least, most = min(high), max(low)
    return least - most >= _FAULTS_LEAST and least > _FAULTS_RATIO * max(most, 1)
