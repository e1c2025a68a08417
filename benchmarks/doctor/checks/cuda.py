"""CUDA: whether torch can use a device, its driver, and the link to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from benchmarks import gpu
from benchmarks.doctor.findings import Finding, Severity
from benchmarks.doctor.registry import check

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host
    from benchmarks.records import Json

_HOST_ALONE = "cases of the CPU alone can be measured"


@check("cuda")
def cuda(_host: Host) -> Finding:
    """Look for a device; a link that idles may run slower until it is used, but has all its lanes."""
    if torch.version.cuda is None:
        return Finding(name="cuda", severity="note", says=f"torch is built without CUDA: {_HOST_ALONE}")
    card = gpu.facts()
    if not torch.cuda.is_available():
        return without_device(card)
    return judged(card, gpu.state())


def without_device(card: Json | None) -> Finding:
    """Judge that torch finds no device: a card that nvidia-smi knows should be found."""
    if card is None:
        return Finding(name="cuda", severity="note", says=f"torch has CUDA and finds no device: {_HOST_ALONE}")
    says = f"torch finds no device, but there is {card['name']} with driver {card['driver']}"
    do = f"install a driver for CUDA {torch.version.cuda}, or a torch for this one"
    return Finding(name="cuda", severity="warning", says=says, do=do)


def judged(card: Json | None, state: Json | None) -> Finding:
    """Judge the link of a device by its lanes, and tell its generation now and at most."""
    if not card or not state:
        return Finding(name="cuda", severity="note", says="a device; driver and link not told here (no nvidia-smi)")
    widths, generations = _now_and_most(card, state, "link_width"), _now_and_most(card, state, "link_gen")
    told = None not in (*widths, *generations)
    narrow = told and widths[0] < widths[1]
    severity: Severity = "warning" if narrow else "note" if not told or generations[0] < generations[1] else "ok"
    link = f"PCIe {_of(generations)} with {_of(widths)} lanes" if told else "PCIe link not told here"
    do = {
        "warning": "seat the card in a slot with all its lanes; transfers cannot be faster than the link",
        "note": "none: an idle link rises when it is used" if told else "",
    }
    says = f"{card['name']}, driver {card['driver']}, {link}"
    return Finding(name="cuda", severity=severity, says=says, do=do.get(severity, ""), values={**card, **state})


def _now_and_most(card: Json, state: Json, name: str) -> tuple[int, int]:
    return state.get(name), card.get(f"{name}_max")  # type: ignore[return-value]  None is told apart by who asks


def _of(pair: tuple[int, int]) -> str:
    return f"{pair[0]} of {pair[1]}"
