"""What every figure and finding reads: the measured cases of one session as numbers, each computed once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.curves import common, curve
from benchmarks.records import WALL
from benchmarks.statistics import Estimate, estimate, ratio
from benchmarks.suite.cases import TRANSFERS

from .published import ALONE
from .transfers import Transfers, rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.curves import Common, Curve
    from benchmarks.records import Measured, Session

    from .published import Beside

LIMIT: Final = "ref.memcpy"
#: With fewer passes the range of the pass medians is no interval: six of them hold the true median in 97 %.
FEWEST_PASSES: Final = 6
EMPTY_CALL: Final = "ref.call"


class Group(NamedTuple):
    """Paths that may be compared: of one family, from the same kind of source."""

    family: str
    source: str

    @property
    def title(self) -> str:
        """The group in words: ``share, array to tensor``."""
        return f"{self.family.replace('_', ' ')}, {self.source} to {_RESULT.get((self.family, self.source), 'tensor')}"

    @property
    def heading(self) -> str:
        """The group as the start of a heading."""
        return self.title[0].upper() + self.title[1:]

    @property
    def anchor(self) -> str:
        """The group as a part of an id."""
        return f"{self.family}-{self.source}"


_RESULT: Final = {("preprocess", "array"): "array"} | {
    (family, "tensor"): "array" for family in ("share", "copy", "copy_into", "cast", "preprocess")
}


#: What people usually write, one path a group; the others are compared with it.
USUAL: Final = {
    Group("share", "array"): "torch.from_numpy",
    Group("share", "tensor"): "Tensor.numpy",
    Group("copy", "array"): "torch.tensor",
    Group("copy", "tensor"): "np.array",
    Group("copy_into", "array"): "Tensor.copy_",
    Group("copy_into", "tensor"): "Tensor.copy_.out_array",
    Group("held", "array"): "torch.tensor.held",
    Group("small_pages", "array"): "torch.from_numpy.clone.small_pages",
    Group("cast", "array"): "torch.from_numpy.to",
    Group("cast", "tensor"): "Tensor.to.numpy",
    Group("stack", "array"): "torch.stack",
    Group("stack_cast", "array"): "torch.stack.to",
    Group("feed", "array"): "loader.default_collate.workers0",
    Group("preprocess", "array"): "seeds.preprocess",
}
#: Kind of source -> the path that copies it into memory that is already there.
COPY_INTO: Final = {group.source: path for group, path in USUAL.items() if group.family == "copy_into"}


class Choice(NamedTuple):
    """The axes that are held still in a table or figure."""

    dtype: str
    layout: str
    threads: str

    @property
    def text(self) -> str:
        """The choice in words."""
        return f"{self.dtype}, layout {self.layout}, {self.threads}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured case as numbers: its time in nanoseconds, and as a multiple of the limit where there is one."""

    record: Measured
    time: Estimate
    of_limit: Estimate | None

    @property
    def group(self) -> Group:
        """The paths this one may be compared with."""
        return Group(self.record.family, self.record.source)

    @property
    def choice(self) -> Choice:
        """What else the case fixes."""
        return Choice(self.record.dtype, self.record.layout, self.record.threads)

    @property
    def clock(self) -> str:
        """The clock of `time`."""
        return WALL

    @property
    def rate(self) -> Estimate:
        """Bytes of payload per second, counted once, in 1e9: bytes per nanosecond."""
        return rate(self.record.nbytes, self.time)


class View:
    """The measured cases of one session, looked up by what a figure asks for. Wall clock only: clocks are not mixed.

    Transfers between host and device are timed by other clocks and stand in `transfers` alone. `beside` has published
    sessions that are shown with this one.
    """

    def __init__(self, session: Session, beside: Beside = ALONE) -> None:
        self.session = session
        self.beside = beside
        self._curves: dict[tuple[Group, str, Choice], Curve] = {}

    @cached_property
    def transfers(self) -> Transfers:
        """The transfers of this session itself."""
        return Transfers(self.session)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every case that has wall times, in the order of the session."""
        limits = {record.nbytes: record for record in self._timed if record.path == LIMIT}
        return tuple(
            Row(record=one, time=estimate(one.passes()), of_limit=_of_limit(one, limits)) for one in self._timed
        )

    @property
    def _timed(self) -> Iterator[Measured]:
        known = (record for record in self.session.measured if record.family not in TRANSFERS)
        return (record for record in known if WALL in record.samples_ns)

    @cached_property
    def limits(self) -> tuple[Row, ...]:
        """The limit at every size, the smallest first."""
        return _by_size(row for row in self.rows if row.record.path == LIMIT)

    @cached_property
    def empty_call(self) -> Row | None:
        """The cost of calling a function that does nothing, which every sample holds."""
        found = _by_size(row for row in self.rows if row.record.path == EMPTY_CALL)
        return found[0] if found else None

    @cached_property
    def groups(self) -> Mapping[Group, tuple[Row, ...]]:
        """The cases of each group, without those of the limit."""
        found: dict[Group, list[Row]] = {}
        for row in self.rows:
            if row.record.family != "limit":
                found.setdefault(row.group, []).append(row)
        return {group: tuple(rows) for group, rows in found.items()}

    @cached_property
    def _by_axes(self) -> Mapping[tuple[object, ...], Row]:
        return {_axes(row.record, {}): row for row in self.rows}

    def line(self, group: Group, path: str, choice: Choice) -> tuple[Row, ...]:
        """Return one path's cases over the sizes, the smallest first."""
        return self._lines.get((group, path, choice), ())

    @cached_property
    def _lines(self) -> Mapping[tuple[Group, str, Choice], tuple[Row, ...]]:
        found: dict[tuple[Group, str, Choice], list[Row]] = {}
        for group, rows in self.groups.items():
            for row in rows:
                found.setdefault((group, row.record.path, row.choice), []).append(row)
        return {key: _by_size(rows) for key, rows in found.items()}

    def curve(self, group: Group, path: str, choice: Choice) -> Curve:
        """Return the cost model of one path."""
        key = (group, path, choice)
        if key not in self._curves:
            self._curves[key] = curve((row.record for row in self.line(*key)), self._common)
        return self._curves[key]

    @cached_property
    def _common(self) -> Common:
        return common(row.record for row in self.rows)

    def paths(self, group: Group) -> tuple[str, ...]:
        """Return the paths of a group in the order of the session."""
        return tuple(dict.fromkeys(row.record.path for row in self.groups[group]))

    def choices(self, group: Group) -> tuple[Choice, ...]:
        """Return what can be held still in a group, the one with most sizes and paths first."""
        return self._choices[group]

    @cached_property
    def _choices(self) -> Mapping[Group, tuple[Choice, ...]]:
        found = {group: Counter(row.choice for row in rows) for group, rows in self.groups.items()}
        return {
            group: tuple(sorted(counts, key=lambda one: (-counts[one], one.threads))) for group, counts in found.items()
        }

    def twin(self, row: Row, **changes: str) -> Row | None:
        """Return the case that differs from this one only in `changes`, when it was measured."""
        return self._by_axes.get(_axes(row.record, changes))


def ratio_of(row: Row, base: Row) -> Estimate | None:
    """Return how many times as long `row` takes as `base`, pass by pass; None where their passes differ."""
    if len(row.record.passes()) != len(base.record.passes()):
        return None
    return ratio(row.record.passes(), base.record.passes())


def _of_limit(record: Measured, limits: Mapping[int, Measured]) -> Estimate | None:
    limit = limits.get(record.nbytes)
    if limit is None or record.device != limit.device or len(limit.passes()) != len(record.passes()):
        return None
    return ratio(record.passes(), limit.passes())


def _by_size(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.record.nbytes))


def _axes(record: Measured, changes: Mapping[str, str]) -> tuple[object, ...]:
    axes = ("path", "family", "source", "dtype", "layout", "nbytes", "threads", "device")
    return tuple(changes.get(axis, getattr(record, axis)) for axis in axes)
