"""Transfers between host and GPU. Every module here is loaded, so that a new part is found without a list."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from reports.figures.registry import Figure, Line, Table, section, texts
from reports.transfers import Transfers

from .parts import drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.view import View

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


@section(
    70,
    "transfers",
    title="Transfers between host and GPU",
    lead="Times are until the device is done (clock `done`) unless a table names another clock; they are never "
    "compared with the times of the CPU above. The limit is what copies from and to pinned memory reach, timed "
    "between two events. Tables hold float32 in C order, one thread, unless they say otherwise.",
)
def transfers_between_host_and_gpu(view: View) -> Iterator[Figure]:
    """Draw the transfers of this session, or say that it has none and draw those of the newest published one."""
    if view.transfers.rows:
        yield from drawn(view.transfers)
        return
    elsewhere = Transfers(view.beside.gpu_session) if view.beside.gpu_session else None
    yield _statement(view.transfers, elsewhere)
    if elsewhere:
        said = f"Measured on {_origin(elsewhere)}, not on this machine."
        yield from (replace(one, caption=f"{said} {one.caption}".strip()) for one in drawn(elsewhere))


def _statement(here: Transfers, elsewhere: Transfers | None) -> Figure:
    gpu = here.gpu if here.machine.get("gpu") else "none"
    start = "No GPU here" if gpu == "none" else "This session left the GPU out"
    rest = (
        "What follows is the newest published session with a GPU, of another machine."
        if elsewhere
        else "No session with a GPU has been published yet, so the project states no transfer figure."
    )
    facts = {"GPU of this machine": gpu, "transfers measured here": "none"}
    facts["session shown instead"] = _origin(elsewhere) if elsewhere else "none"
    return Figure(
        anchor="transfer-none",
        title="Not measured on this machine",
        caption=f"{start}: nothing about transfers was measured on this machine. {rest}",
        table=Table(headers=("what", "value"), lines=tuple(Line(cells=texts(fact)) for fact in facts.items())),
    )


def _origin(transfers: Transfers) -> str:
    header = transfers.session.header
    return f"{header.machine_name} with {transfers.gpu}, {header.started[:10]}"
