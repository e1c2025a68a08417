"""What a session on a GPU answers: the questions of docs/gpu.md, the targets, and the ring's defaults it speaks for.

    python benchmarks/studies/gpu_answers.py SESSION

Every number is a median of pass medians with the range of the passes, ratios are taken pass by pass; what a session
does not hold is said to be missing. It reads the session alone and needs neither torch nor a GPU.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.records import DONE, EVENT, ISSUE, WALL
from benchmarks.statistics import Estimate, estimate, of_values, ratio
from benchmarks.store import read
from benchmarks.suite.cases import SIZES, Geometry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.records import Measured, Session

LARGE = ("64MiB", "256MiB", "1GiB")
MISSING = "not in this session"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A session, asked by path, size and clock."""

    session: Session

    def case(self, path: str, size: str, rest: str = "float32/C", threads: str = "1t") -> Measured | None:
        """Return a measured case."""
        name = f"{path}/{rest}/{size}/{threads}"
        return next((record for record in self.session.measured if record.case == name), None)

    def time(self, path: str, size: str, clock: str = DONE, **axes: str) -> Estimate | None:
        """Return the time of a case in nanoseconds by one clock."""
        found = self.case(path, size, **axes)
        return estimate(found.passes(clock)) if found and clock in found.samples_ns else None

    def ratio(self, one: Measured | None, other: Measured | None, *clocks: str) -> Estimate | None:
        """Return how many times as long the first case takes as the second, pass by pass; a clock for each."""
        first, second = clocks or (DONE, DONE)
        if one is None or other is None or first not in one.samples_ns or second not in other.samples_ns:
            return None
        return ratio(one.passes(first), other.passes(second))

    def faster(self, ours: str, usual: str, size: str, **axes: str) -> Estimate | None:
        """Return how many times as fast our path is as the usual one."""
        return self.ratio(self.case(usual, size, **axes), self.case(ours, size, **axes))

    def share(self, path: str, limit: str, size: str) -> Estimate | None:
        """Return the share of the engine's rate that a path reaches."""
        return self.ratio(self.case(limit, size), self.case(path, size), EVENT, DONE)


def main(path: Path) -> None:
    """Print everything that a session answers."""
    asked = Answers(session=read(path))
    header = asked.session.header
    print(f"Session {header.id} on {header.machine_name}, torch {header.software.get('torch')}\n")
    for title, lines in (("Targets", targets), ("Questions", questions), ("The ring's defaults", defaults)):
        print(f"## {title}\n")
        print("\n".join(f"- {line}" for line in lines(asked)))
        print()


# ---- targets


def targets(asked: Answers) -> Iterator[str]:
    """Say of each target whether it is kept: by the whole interval, by the median only, or not."""
    for size in LARGE:
        yield _kept(f"H2D at {size}, share of the pinned limit", asked.share(OURS, "ref.dma_h2d", size), 0.85)
        pageable = _rate(asked.time("h2d.pageable", size), size)
        least = 4 if pageable and pageable < 14 else 3
        yield _kept(f"H2D at {size}, times `.to('cuda')`", asked.faster(OURS, "h2d.pageable", size), least)
        yield _kept(f"D2H at {size}, share of the pinned limit", asked.share(BACK, "ref.dma_d2h", size), 0.85)
        yield _kept(f"D2H at {size}, times `.cpu().numpy()`", asked.faster(BACK, "d2h.cpu", size), 3)
    cast = {"rest": "uint8>float32/C"}
    yield _kept(
        "uint8 to float32, times the blocking cast", asked.faster(f"{OURS}.dtype", "cast.blocking", "64MiB", **cast), 6
    )
    packed = {"rest": "float32/items4KiB"}
    yield _kept("1,024 x 4 KiB, times the loop", asked.faster(f"{OURS}.list", "many.loop", "4MiB", **packed), 10)
    for ours, usual in ((OURS, "h2d.pageable"), (BACK, "d2h.cpu")):
        for size in SIZES:
            if slower := _slower(asked, ours, usual, size):
                yield slower


OURS, BACK = "bridge.as_tensor.cuda", "bridge.as_array.cuda"


def _kept(what: str, found: Estimate | None, least: float) -> str:
    if found is None:
        return f"{what}: {MISSING}"
    verdict = "kept" if found.low >= least else "kept by the median" if found.value >= least else "NOT kept"
    return f"{what}: {_range(found)} of at least {least:g}: {verdict}"


def _slower(asked: Answers, ours: str, usual: str, size: str) -> str | None:
    """Name a size at which ours takes over 5 % and over a microsecond longer than torch's own."""
    one, other = asked.time(ours, size), asked.time(usual, size)
    if one is None or other is None or one.value <= max(other.value * 1.05, other.value + 1000):
        return None
    return f"{ours} at {size} takes {_us(one)} against {_us(other)} of {usual}: NOT kept"


# ---- questions


def questions(asked: Answers) -> Iterator[str]:
    """Answer the ten questions of docs/gpu.md in their order."""
    for number, answer in enumerate(_QUESTIONS, start=1):
        yield f"{number}. {answer(asked)}"


def _link(asked: Answers) -> str:
    rates = {
        "pinned H2D": _gb_s(asked.time("ref.dma_h2d", "256MiB", EVENT), "256MiB"),
        "pinned D2H": _gb_s(asked.time("ref.dma_d2h", "256MiB", EVENT), "256MiB"),
        "pageable H2D": _gb_s(asked.time("h2d.pageable", "256MiB"), "256MiB"),
        "pageable D2H": _gb_s(asked.time("d2h.cpu", "256MiB"), "256MiB"),
    }
    state = asked.session.header.machine.get("gpu_state", MISSING)
    return f"At 256 MiB: {', '.join(f'{name} {rate}' for name, rate in rates.items())}. Link and clocks: {state}"


def _host_copies(asked: Answers) -> str:
    one = asked.time("ref.memcpy", "64MiB", WALL, rest="uint8/C")
    many = {k: asked.time(f"ref.memcpy_{k}", "64MiB", WALL) for k in (2, 4, 8, 16)}
    said = (f"{k} threads {_gb_s(found, '64MiB')}" for k, found in {1: one, **many}.items())
    return f"Host memcpy of 64 MiB: {', '.join(said)}"


def _pinning(asked: Answers) -> str:
    cold, warm = asked.time("h2d.pin_cold", "64MiB"), asked.time("h2d.pin_warm", "64MiB")
    each, pinned = asked.time("h2d.register_each", "64MiB"), asked.time("h2d.pinned", "64MiB")
    return (
        f"64 MiB: pin_memory() with an empty cache {_us(cold)}, warm {_us(warm)}; cudaHostRegister, copy and "
        f"unregister {_us(each)}, the copy alone {_us(pinned)}"
    )


def _pin_warm(asked: Answers) -> str:
    usual = asked.case("h2d.pageable", "64MiB")
    one, every = (
        asked.ratio(usual, asked.case("h2d.pin_warm", "64MiB", threads=threads)) for threads in ("1t", "allt")
    )
    return f"pin_memory().to() is {_range(one)} times as fast as .to() with one thread, {_range(every)} with all"


def _per_part(asked: Answers) -> str:
    """Compare slots of 1 and 4 MiB, where threads are many: what parts cost beside their bytes."""
    small, large = asked.time("ring.1MiB.8x2", "256MiB"), asked.time("ring.4MiB.8x2", "256MiB")
    if small is None or large is None:
        return f"What a part costs: {MISSING}"
    return f"256 MiB in parts of 1 MiB take {(small.value - large.value) / 1000:.0f} us more than in parts of 4 (8x2)"


def _geometry(asked: Answers) -> str:
    few, many = (_us(asked.time(f"ring.{slot}.8x2", "256MiB")) for slot in ("1MiB", "16MiB"))
    return f"The fastest geometry is {_best_ring(asked)}; with 16 MiB of slots (1MiB.8x2) {few}, with 256 MiB {many}"


def _events(asked: Answers) -> str:
    del asked
    return "Blocking against spinning events: not measured by a session"


def _casts(asked: Answers) -> str:
    rest = {"rest": "uint8>float32/C"}
    found = {path: asked.case(path, "64MiB", **rest) for path in ("cast.blocking", "cast.nb", "cast.after")}
    said = (f"{path} {_link_bytes(case)}" for path, case in found.items())
    return f"Bytes over the link of 64 MiB uint8 to float32: {', '.join(said)}"


def _faults(asked: Answers) -> str:
    fresh, warm = asked.case("d2h.cpu", "256MiB"), asked.case("d2h.out_pageable", "256MiB")
    known = asked.ratio(fresh, warm)
    count = f"{fresh.minflt_per_call:,.0f}" if fresh else MISSING
    return f"256 MiB into fresh memory takes {_range(known)} times as long as into warm memory; faults a call: {count}"


def _crossover(asked: Answers) -> str:
    known = _ring_against_pageable(asked)
    wins = ", ".join(size for size, found in known.items() if found.low > 1)
    loses = ", ".join(size for size, found in known.items() if found.high < 1)
    return f"The ring is certainly faster at {wins or 'no size'}, certainly slower at {loses or 'none'}"


def _ring_against_pageable(asked: Answers) -> dict[str, Estimate]:
    found = {size: asked.faster("h2d.ring", "h2d.pageable", size) for size in SIZES}
    return {size: one for size, one in found.items() if one}


_QUESTIONS: tuple[Callable[[Answers], str], ...] = (
    _link,
    _host_copies,
    _pinning,
    _pin_warm,
    _per_part,
    _geometry,
    _events,
    _casts,
    _faults,
    _crossover,
)


# ---- defaults


def defaults(asked: Answers) -> Iterator[str]:
    """Say which constants of bridge/ring.py and bridge/device.py the session speaks for."""
    known = _ring_against_pageable(asked)
    loses = [size for size, found in known.items() if found.value <= 1]
    beyond = [size for size in known if not loses or SIZES[size] > SIZES[loses[-1]]]
    yield f"`RING_FROM_BYTES` of bridge/device.py: {beyond[0] if beyond else MISSING}"
    yield f"`_SLOT_BYTES`, threads x `_SLOTS` of bridge/ring.py: {_best_ring(asked)}"
    call = asked.case("h2d.pageable_nb", "64MiB")
    issue = asked.ratio(call, call, ISSUE, DONE)
    yield f"a non-blocking pageable call of 64 MiB keeps its caller for {_range(issue)} of its time"


def _best_ring(asked: Answers) -> str:
    """Name the fastest geometries, the one that pins least first among those not told apart from the fastest."""
    known = [(one, geometry) for one in asked.session.measured if (geometry := Geometry.parse(one.path))]
    rings = [(estimate(one.passes(DONE)), geometry) for one, geometry in known]
    if not rings:
        return MISSING
    time, fastest = min(rings, key=lambda one: one[0].value)
    near = sorted((one for other, one in rings if not other.apart(time)), key=lambda one: one.pinned_bytes)
    names = ", ".join(one.name for one in near[:4])
    return f"{fastest.name} ({_us(time)}); not told apart from it, least pinned first: {names}"


# ---- words


def _rate(time: Estimate | None, size: str) -> float | None:
    return SIZES[size] / time.value if time else None


def _gb_s(time: Estimate | None, size: str) -> str:
    rate = _rate(time, size)
    return f"{rate:.1f} GB/s" if rate else MISSING


def _range(found: Estimate | None) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]" if found else MISSING


def _us(found: Estimate | None) -> str:
    return f"{_range(of_values([found.low / 1e3, found.value / 1e3, found.high / 1e3]))} us" if found else MISSING


def _link_bytes(case: Measured | None) -> str:
    if case is None or case.link is None:
        return MISSING
    nbytes = sum(one["nbytes"] for one in case.link.values())
    return f"{nbytes / SIZES['1MiB']:.0f} MiB in {sum(one['copies'] for one in case.link.values())} copies"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
