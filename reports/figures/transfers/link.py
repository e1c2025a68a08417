"""The link: its measured limits, how it was negotiated, and what the host's memory does beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reports import units
from reports.figures.registry import Cell, Figure, Line, Table, texts

from .parts import estimated, part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.transfers import Transfer, Transfers

_LIMITS: Final = {
    "ref.dma_h2d": "host to GPU",
    "ref.dma_d2h": "GPU to host",
    "ref.dma_bidir": "both at once, each direction",
}
#: Field of the device's state -> its words, its unit, and the field of the GPU that says the most it can be.
_STATES: Final = {
    "link_gen": ("PCIe generation", "", "link_gen_max"),
    "link_width": ("PCIe lanes", "", "link_width_max"),
    "sm_mhz": ("clock of the processors", " MHz", ""),
    "memory_mhz": ("clock of the memory", " MHz", ""),
    "temperature_c": ("temperature", " °C", ""),
}


@part(10)
def limits_of_the_link(transfers: Transfers) -> Iterator[Figure]:
    """List what pinned copies reach at the largest size, one line a direction."""
    largest = {words: rows[-1] for path, words in _LIMITS.items() if (rows := transfers.limits(path))}
    if largest:
        yield Figure(
            anchor="transfer-limits",
            title="What the link can do",
            caption="Copies between pinned memory and the GPU, up to sixteen in a row between two events "
            "(clock `event`), at the largest size.",
            table=Table(
                headers=("direction", "size", "rate", "time of one copy"),
                lines=tuple(_limit(words, row) for words, row in largest.items()),
            ),
        )


@part(12)
def link_as_negotiated(transfers: Transfers) -> Iterator[Figure]:
    """List the link's generation and width and the device's clocks before and after the session."""
    gpu, state = transfers.machine.get("gpu") or {}, transfers.machine.get("gpu_state") or {}
    before, after = state.get("before") or {}, state.get("after") or {}
    found = [
        (words, unit, before.get(name), after.get(name), gpu.get(most)) for name, (words, unit, most) in _STATES.items()
    ]
    lines = tuple(_state(*one) for one in found if any(value is not None for value in one[2:]))
    if lines:
        yield Figure(
            anchor="transfer-link",
            title="The link as negotiated",
            caption=f"{_device(gpu)} An idle GPU may lower its link until there is work.".strip(),
            table=Table(headers=("what", "before", "after", "at most"), lines=lines),
        )


@part(14)
def host_copies(transfers: Transfers) -> Iterator[Figure]:
    """List what the host's memory does with several threads: what stages through it is no faster."""
    if transfers.on_host:
        yield Figure(
            anchor="transfer-host",
            title="Copies in the host's memory by several threads",
            caption="By the clock of the CPU (`wall`), hence in a table of its own. A path that copies into pinned "
            "memory first has to do this as well.",
            table=Table(
                headers=("path", "size", "rate", "time of one copy"),
                lines=tuple(_limit(row.name, row, kind="path") for row in transfers.on_host),
            ),
        )


def _limit(words: str, row: Transfer, kind: str = "") -> Line:
    size = Cell(units.size(row.record.nbytes))
    return Line(
        cells=(Cell(words, kind=kind), size, estimated(row.rate, units.rate), estimated(row.time, units.time)),
    )


def _state(words: str, unit: str, *values: object) -> Line:
    return Line(cells=texts((words, *(units.NONE if value is None else f"{value}{unit}" for value in values))))


def _device(gpu: Mapping[str, Any]) -> str:
    said = [str(gpu["name"])] if gpu.get("name") else []
    said += [f"driver {gpu['driver']}"] if gpu.get("driver") else []
    said += [units.size(gpu["memory_bytes"])] if gpu.get("memory_bytes") else []
    return f"{', '.join(said)}." if said else ""
