"""What is commonly believed of transfers, each with the verdict that a session's numbers allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from benchmarks.records import DONE, ISSUE
from benchmarks.statistics import Estimate, ratio
from benchmarks.suite.cases import MIDDLE_BYTES

from . import units
from .transfers import against

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .transfers import Transfer, Transfers

Verdict = Literal["holds", "does not hold", "depends", "unclear"]
#: Two times within this of each other are the same to whoever chooses between two spellings.
SAME: Final = 1.05
#: A call that returns before this part of its time has passed left the rest to the device ...
EARLY: Final = 0.2
#: ... and one that returns after this part waited for it.
LATE: Final = 0.8


class Seen(NamedTuple):
    """One piece of evidence: the numbers in words, and whether the belief holds there; None where that is unclear."""

    words: str
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """A belief, what the numbers say to it, and the numbers."""

    statement: str
    verdict: Verdict
    numbers: tuple[str, ...]


_BELIEFS: Final[list[tuple[str, Callable[[Transfers], Iterator[Seen]]]]] = []


def beliefs(transfers: Transfers) -> tuple[Belief, ...]:
    """Return the beliefs that a session has numbers on."""
    put = ((statement, tuple(look(transfers))) for statement, look in _BELIEFS)
    return tuple(
        Belief(statement=statement, verdict=verdict(seen), numbers=tuple(one.words for one in seen))
        for statement, seen in put
        if seen
    )


def verdict(seen: Sequence[Seen]) -> Verdict:
    """Return what all the evidence says together; `depends` where it holds in one place and not in another."""
    known = {one.holds for one in seen}
    if {True, False} <= known:
        return "depends"
    if None in known:
        return "unclear"
    return "holds" if True in known else "does not hold"


def _belief(
    statement: str,
) -> Callable[[Callable[[Transfers], Iterator[Seen]]], Callable[[Transfers], Iterator[Seen]]]:
    """Make the decorated function the test of a belief: it yields the evidence, nothing where none was measured."""

    def register(look: Callable[[Transfers], Iterator[Seen]]) -> Callable[[Transfers], Iterator[Seen]]:
        _BELIEFS.append((statement, look))
        return look

    return register


@_belief("torch.tensor(a, device=...) avoids a copy that .to() makes.")
def _tensor_device(transfers: Transfers) -> Iterator[Seen]:
    rows = transfers.middle("h2d")
    yield from _faster(rows.get("h2d.tensor_dev"), rows.get("h2d.pageable"))


@_belief("pin_memory() always helps.")
def _pinning(transfers: Transfers) -> Iterator[Seen]:
    rows = transfers.middle("h2d")
    for name in ("h2d.pin_cold", "h2d.pin_cold (allt)", "h2d.pin_warm", "h2d.pin_warm (allt)"):
        yield from _faster(rows.get(name), rows.get("h2d.pageable"))


@_belief("non_blocking=True makes a copy from pageable memory asynchronous.")
def _asynchronous(transfers: Transfers) -> Iterator[Seen]:
    row = transfers.middle("h2d").get("h2d.pageable_nb")
    if row is None or len(row.record.samples_ns.get(ISSUE, ())) != len(row.passes):
        return
    part = ratio(row.record.passes(ISSUE), row.record.passes(DONE))
    words = f"{row.name} returns after {units.with_interval(part, units.percent)} of its time (issue of done)"
    yield Seen(words, True if part.high < EARLY else False if part.low > LATE else None)


@_belief("The order of device and dtype in .to() does not matter.")
def _order(transfers: Transfers) -> Iterator[Seen]:
    """Compare a blocking `.to(device, dtype)` with casts on the device, one to more bytes and one to fewer."""
    for dtype in ("uint8>float32", "float64>float32"):
        rows = {row.record.path: row for row in transfers.family("h2d_cast") if _is_cast(row, dtype)}
        for name in ("cast.nb", "cast.after"):
            found = against(rows.get(name), rows.get("cast.blocking"))
            if found:
                yield Seen(f"{dtype}: {_long(name, found, 'cast.blocking')}", _same(found))


@_belief("A transposed array needs np.ascontiguousarray first.")
def _transposed(transfers: Transfers) -> Iterator[Seen]:
    plain = transfers.middle("h2d").get("h2d.pageable")
    usual = transfers.find(plain, layout="F")
    yield from _faster(transfers.find(usual, path="h2d.ascontiguous"), usual, "layout F: ")


def _is_cast(row: Transfer, dtype: str) -> bool:
    record = row.record
    return (record.dtype, record.layout, record.nbytes, record.threads) == (dtype, "C", MIDDLE_BYTES, "1t")


def _faster(row: Transfer | None, base: Transfer | None, start: str = "") -> Iterator[Seen]:
    """Yield how two paths compare; the belief holds where the first is faster by more than what is the same."""
    found = against(row, base)
    if row and base and found:
        holds = True if found.high < 1 / SAME else False if found.low > 1 / SAME else None
        yield Seen(f"{start}{_long(row.name, found, base.name)}", holds)


def _same(found: Estimate) -> bool | None:
    if found.high < 1 / SAME or found.low > SAME:
        return False
    return True if found.low >= 1 / SAME and found.high <= SAME else None


def _long(name: str, found: Estimate, base: str) -> str:
    return f"{name} takes {units.with_interval(found, units.times)} as long as {base}"
