"""The transfers between host and device of one session as numbers, by the clock that waits until the device is done.

They stand apart from `View.rows`, which are times of the CPU's clock: no figure holds both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from benchmarks.records import DONE, EVENT, WALL
from benchmarks.statistics import Estimate, estimate, ratio
from benchmarks.suite.cases import MIDDLE_BYTES, OURS, TRANSFERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.records import Measured, Session

#: What people usually write, one path a family; the others are compared with it.
USUAL: Final = {"h2d": "h2d.pageable", "h2d_cast": "cast.blocking", "many": "many.loop", "d2h": "d2h.cpu"}
#: Family -> the path that holds the limit of its direction: pinned copies alone, between two events.
LIMITS: Final = {"h2d": "ref.dma_h2d", "ring": "ref.dma_h2d", "d2h": "ref.dma_d2h"}
LAUNCH: Final = "ref.launch"
#: The families of one array each, with their direction in words.
DIRECTIONS: Final = {"h2d": "Host to GPU", "d2h": "GPU to host"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer as numbers: `time` is of its primary `clock`.

    `of_limit` is its time as a multiple of the limit's at the same size, `share` the part of the limit's rate that it
    reaches; both are taken pass by pass, and None where there is no limit of the same size and passes.
    """

    record: Measured
    clock: str
    time: Estimate
    of_limit: Estimate | None = None
    share: Estimate | None = None

    @property
    def name(self) -> str:
        """The path, with its threads where they are not one."""
        record = self.record
        return record.path if record.threads == "1t" else f"{record.path} ({record.threads})"

    @property
    def rate(self) -> Estimate:
        """Bytes of payload per second, counted once, in 1e9: bytes per nanosecond."""
        return rate(self.record.nbytes, self.time)

    @property
    def passes(self) -> tuple[tuple[float, ...], ...]:
        """The rounds of each pass by the primary clock."""
        return self.record.passes(self.clock)

    @property
    def link_bytes(self) -> int | None:
        """The bytes that one call moved between host and device, None where that was not looked at."""
        link = self.record.link
        return None if link is None else sum(moved["nbytes"] for moved in link.values())

    def by(self, clock: str) -> Estimate | None:
        """Return the time by another clock, where that was read."""
        return estimate(self.record.passes(clock)) if clock in self.record.samples_ns else None


class Transfers:
    """The transfers of one session, looked up by what a figure asks for."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._records = tuple(one for one in session.measured if one.family in TRANSFERS)

    @cached_property
    def rows(self) -> tuple[Transfer, ...]:
        """Every transfer that a device's clock timed until it was done, in the order of the session."""
        return tuple(self._transfer(one) for one in self._records if DONE in one.samples_ns)

    @cached_property
    def on_host(self) -> tuple[Transfer, ...]:
        """What the host does alone beside the link: copies by several threads, by the CPU's clock."""
        known = (one for one in self._records if WALL in one.samples_ns and DONE not in one.samples_ns)
        return tuple(Transfer(record=one, clock=WALL, time=estimate(one.passes(WALL))) for one in known)

    @property
    def machine(self) -> Mapping[str, Any]:
        """What is known of the machine."""
        return self.session.header.machine

    @property
    def gpu(self) -> str:
        """The device's name, where the session tells."""
        known = self.machine.get("gpu")
        return str(known.get("name") or "a GPU") if known else "a GPU"

    @property
    def launch(self) -> Transfer | None:
        """The smallest kernel and a wait for it: no call that waits for the device takes less."""
        return next((row for row in self.rows if row.record.path == LAUNCH), None)

    def limits(self, path: str) -> tuple[Transfer, ...]:
        """Return the times of a limit's copies between two events, the smallest size first."""
        known = (one for one in self._records if one.path == path and EVENT in one.samples_ns)
        rows = (Transfer(record=one, clock=EVENT, time=estimate(one.passes(EVENT))) for one in known)
        return tuple(sorted(rows, key=_size))

    def family(self, family: str) -> tuple[Transfer, ...]:
        """Return the transfers of one family, in the order of the session."""
        return tuple(row for row in self.rows if row.record.family == family)

    def curves(self, family: str) -> dict[str, tuple[Transfer, ...]]:
        """Return the paths of a family over the sizes, for float32 in C order; the usual path and bridge's first."""
        found: dict[str, list[Transfer]] = {}
        for row in self.family(family):
            if (row.record.dtype, row.record.layout) == ("float32", "C"):
                found.setdefault(row.name, []).append(row)
        usual = USUAL.get(family)
        names = sorted(found, key=lambda name: (name != usual, not name.startswith(OURS)))
        return {name: tuple(sorted(found[name], key=_size)) for name in names}

    def middle(self, family: str) -> dict[str, Transfer]:
        """Return the paths of a family at `MIDDLE_BYTES`, for float32 in C order."""
        lines = self.curves(family).items()
        return {name: row for name, line in lines for row in line if row.record.nbytes == MIDDLE_BYTES}

    def find(self, like: Transfer | None, **changes: object) -> Transfer | None:
        """Return the transfer that differs from `like` only in `changes`, when it was measured."""
        return self._by_axes.get(_axes(like.record, changes)) if like else None

    def usual(self, row: Transfer) -> Transfer | None:
        """Return the usual spelling of what a transfer does, by one thread."""
        return self.find(row, path=USUAL.get(row.record.family, ""), threads="1t")

    @cached_property
    def _by_axes(self) -> Mapping[tuple[object, ...], Transfer]:
        return {_axes(row.record, {}): row for row in self.rows}

    @cached_property
    def _limits(self) -> Mapping[tuple[str, int], Transfer]:
        paths = set(LIMITS.values())
        return {(row.record.path, row.record.nbytes): row for path in paths for row in self.limits(path)}

    def _transfer(self, record: Measured) -> Transfer:
        plain = Transfer(record=record, clock=DONE, time=estimate(record.passes(DONE)))
        limit = self._limits.get((LIMITS.get(record.family, ""), record.nbytes))
        if limit is None or len(limit.passes) != len(plain.passes):
            return plain
        return Transfer(
            record=record,
            clock=DONE,
            time=plain.time,
            of_limit=ratio(plain.passes, limit.passes),
            share=ratio(limit.passes, plain.passes),
        )


def against(row: Transfer | None, base: Transfer | None) -> Estimate | None:
    """Return how many times as long `row` takes as `base`, pass by pass.

    None where one was not measured, or their passes or clocks differ.
    """
    if row is None or base is None or row.clock != base.clock or len(row.passes) != len(base.passes):
        return None
    return ratio(row.passes, base.passes)


def rate(nbytes: int, time: Estimate) -> Estimate:
    """Return bytes over a time, in 1e9 per second."""
    return Estimate(value=nbytes / time.value, low=nbytes / time.high, high=nbytes / time.low, passes=time.passes)


def sizes(rows: Iterable[Transfer]) -> list[int]:
    """Return the sizes of some transfers, the smallest first."""
    return sorted({row.record.nbytes for row in rows})


def all_of(curves: Mapping[str, tuple[Transfer, ...]]) -> Iterator[Transfer]:
    """Yield the transfers of all curves."""
    return (row for line in curves.values() for row in line)


def _size(row: Transfer) -> int:
    return row.record.nbytes


def _axes(record: Measured, changes: Mapping[str, object]) -> tuple[object, ...]:
    axes = ("path", "family", "dtype", "layout", "nbytes", "threads")
    return tuple(changes.get(axis, getattr(record, axis)) for axis in axes)
