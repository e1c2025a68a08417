"""CUDA: whether torch can use a device, its driver, and the link to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from benchmarks import gpu
from benchmarks.doctor.findings import Finding, Severity
from benchmarks.doctor.registry import check

if TYPE_CHECKING:
    from benchmarks.doctor.host import Host
    from benchmarks.records import Json

_LINK: Final = ("gen", "width")
_HOST_ALONE: Final = "cases of the CPU alone can be measured"


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
    severity, link = _link(
        *(state.get(f"link_{one}") for one in _LINK), *(card.get(f"link_{one}_max") for one in _LINK)
    )
    do = (
        "seat the card where it has all its lanes: no transfer is faster than the link" if severity == "warning" else ""
    )
    says = f"{card['name']}, driver {card['driver']}, PCIe link {link}"
    return Finding(name="cuda", severity=severity, says=says, do=do, values={**card, **state})


def _link(generation: int | None, width: int | None, most: int | None, widest: int | None) -> tuple[Severity, str]:
    if generation is None or width is None or most is None or widest is None:
        return "note", "not told here"
    link = f"of generation {generation} of {most}, {width} of {widest} lanes"
    if width < widest:
        return "warning", link
    return ("note", f"{link}; it idles, and rises when it is used") if generation < most else ("ok", link)
