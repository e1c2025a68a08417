"""Questions on what crosses between host and device, answered where the session itself measured transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.records import DMA, DONE, ISSUE
from benchmarks.suite.cases import MIDDLE_BYTES
from reports import units
from reports.transfers import LIMITS, USUAL

from .picking import at_largest, listed, size, took_each
from .registry import GPU, question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.transfers import Transfer
    from reports.view import View

_SIZE = units.size(MIDDLE_BYTES)
#: The words of each clock for what it holds.
_CLOCKS = {DONE: "until the device is done", ISSUE: "until the call returns", DMA: "for the copies alone"}


def _rows(view: View, family: str, *names: str) -> list[Transfer]:
    """Return transfers of the middle size, nothing where one of them was not measured."""
    rows = view.transfers.middle(family)
    return [rows[name] for name in names] if set(names) <= rows.keys() else []


@question(
    3,
    "q-pin-memory",
    "Does `pin_memory` or `non_blocking` help, and why can it be slower?",
    figures=("transfer-none", "transfer-clocks-h2d", "transfer-beliefs"),
    run=GPU,
)
def pin_memory(view: View) -> Iterator[str]:
    """Say what pinning anew and before takes, against a plain copy and one that does not block."""
    names = ("h2d.pageable", "h2d.pageable_nb", "h2d.pin_cold", "h2d.pin_warm", "h2d.pinned")
    if rows := _rows(view, "h2d", *names):
        yield f"At {_SIZE} {took_each(rows)}."


@question(
    11,
    "q-cpu-waits",
    "Why is `.cpu().numpy()` so slow, does it wait for the GPU?",
    figures=("transfer-none", "transfer-clocks-d2h"),
    run=GPU,
)
def cpu_waits(view: View) -> Iterator[str]:
    """Say by each clock what the usual way back takes from an idle device, where there is nothing to wait for."""
    row = view.transfers.middle("d2h").get(USUAL["d2h"])
    known = {clock: time for clock in _CLOCKS if row and (time := row.by(clock))}
    if row and known:
        times = [f"{units.with_interval(time, units.time)} {_CLOCKS[clock]}" for clock, time in known.items()]
        yield f"At {_SIZE}, from a device with nothing else to do, `{row.name}` takes {listed(times)}."


@question(
    12,
    "q-device-to-host",
    "Is device to host slower than host to device?",
    figures=("transfer-none", "transfer-limits", "transfer-clocks-d2h", "transfer-clocks-h2d"),
    run=GPU,
)
def device_to_host(view: View) -> Iterator[str]:
    """Say what both directions take as people write them, and what pinned copies of one size reach."""
    back, forth = (_rows(view, family, USUAL[family]) for family in ("d2h", "h2d"))
    largest = at_largest(view.transfers.limits(LIMITS[family]) for family in ("d2h", "h2d"))
    if back and forth and largest:
        limits = [f"`{row.name}` {units.with_interval(row.rate, units.rate)}" for row in largest]
        yield f"At {_SIZE} {took_each(back + forth)}; pinned copies of {size(largest)} reach {listed(limits)}."


@question(
    13,
    "q-cost-of-pinning",
    "What does pinning itself cost, and can an array live in pinned memory?",
    figures=("transfer-none", "transfer-clocks-h2d"),
    run=GPU,
)
def cost_of_pinning(view: View) -> Iterator[str]:
    """Say what a copy takes that pins first, or locks pages in place, against one from memory that was pinned."""
    names = ("h2d.pin_cold", "h2d.register_each", "h2d.pinned", "h2d.pageable")
    if rows := _rows(view, "h2d", *names):
        yield f"At {_SIZE} {took_each(rows)}."
