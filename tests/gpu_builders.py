"""Builders of made-up sessions of a machine with a GPU that does not exist: every cost is written here."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any

from benchmarks.suite.cases import BATCHES, SIZES
from tests.builders import HOSTILE, a_header, a_record, a_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.records import Measured, Session

PAGEABLE = "Memcpy HtoD (Pageable -> Device)"
PINNED = "Memcpy HtoD (Pinned -> Device)"
BACK = "Memcpy DtoH (Device -> Pageable)"
CURVE = ("4KiB", "64KiB", "256KiB", "1MiB", "4MiB", "16MiB", "64MiB", "256MiB", "1GiB")
GPU = {
    "name": f"NVIDIA {HOSTILE} 200",
    "driver": "600.1",
    "memory_bytes": 144 * 2**30,
    "link_gen_max": 5,
    "link_width_max": 16,
}
STATE = {"link_gen": 5, "link_width": 16, "sm_mhz": 1980, "memory_mhz": 3201, "temperature_c": None}
#: path -> fixed cost in ns, rate in bytes per ns, the part of `done` after which the call returns.
H2D: dict[str, tuple[float, float, float]] = {
    "h2d.pageable": (12_000, 8, 0.99),
    "h2d.pageable_nb": (11_900, 8.02, 0.98),
    "h2d.tensor_dev": (13_000, 7.99, 0.99),
    "h2d.tensor_then_to": (14_000, 2, 0.99),
    "h2d.pin_cold": (500_000, 1.5, 0.98),
    "h2d.pin_warm": (30_000, 7, 0.8),
    "h2d.stage": (20_000, 9, 0.9),
    "h2d.register_once": (15_000, 50, 0.01),
    "h2d.register_each": (900_000, 2.5, 0.9),
    "h2d.pinned": (10_000, 52, 0.01),
    "h2d.ascontiguous": (12_500, 7.98, 0.99),
    "h2d.ring1": (60_000, 9, 0.9),
    "h2d.ring": (90_000, 45, 0.9),
    "bridge.as_tensor.cuda": (12_400, 44, 0.9),
}
D2H: dict[str, tuple[float, float, float]] = {
    "d2h.cpu": (13_000, 6, 1),
    "d2h.nb": (13_000, 6.02, 0.99),
    "d2h.out_pinned": (11_000, 50, 0.02),
    "d2h.out_pageable": (12_000, 9, 1),
    "d2h.strided": (20_000, 5.8, 1),
    "d2h.ring": (95_000, 40, 1),
    "bridge.as_array.cuda": (13_500, 39, 1),
}
CASTS: dict[str, dict[str, float]] = {
    "uint8>float32": {"cast.blocking": 60, "cast.nb": 8.5, "cast.after": 8.4, "bridge.as_tensor.cuda.dtype": 2},
    "float64>float32": {"cast.blocking": 12, "cast.nb": 8.5, "cast.after": 8.4, "bridge.as_tensor.cuda.dtype": 3},
    "float32>float16": {"cast.blocking": 9, "cast.narrow_host": 9.1, "bridge.as_tensor.cuda.dtype": 4},
}
MANY = {"many.loop": 20_000, "many.loop_nb": 18_000, "many.cat": 9_000, "bridge.as_tensor.cuda.list": 1_500}


def a_transfer(
    path: str = "h2d.pageable",
    *,
    done: float = 1e6,
    issue: float = 0.99,
    clocks: Mapping[str, Sequence[Sequence[float]]] | None = None,
    family: str = "h2d",
    spread: float = 0.01,
    passes: int = 6,
    link: Any = None,
    device_peak: int | None = None,
    pinned_peak: int | None = None,
    **axes: Any,
) -> Measured:
    """Return a case of a device: `done` ns until it is done, of which `issue` pass until the call returns.

    Each pass has its own spread; the clocks of one pass share it, as those of one call do.
    """
    axes = {"size": "64MiB", "source": "tensor" if family == "d2h" else "array", "device": "cuda", **axes}
    plain = a_record(path, family=family, aliasing="copies", **axes)
    dice = random.Random(plain.case)
    moved = [done * (1 + dice.uniform(-spread, spread)) for _ in range(passes)]
    parts = {"done": 1.0, "issue": issue, "event": 0.9}
    known = clocks or {name: [[one * part] * 3 for one in moved] for name, part in parts.items()}
    return dataclasses.replace(
        plain,
        samples_ns={name: tuple(map(tuple, some)) for name, some in known.items()},
        link=link,
        device_peak_bytes=device_peak,
        pinned_peak_bytes=pinned_peak,
    )


def a_limit(path: str, size: str, rate: float) -> Measured:
    """Return a limit of the link: `rate` bytes per ns between two events."""
    ns = SIZES[size] / rate
    clocks = {"done": [[ns + 20_000]] * 6, "issue": [[5_000.0]] * 6, "event": [[ns]] * 6}
    return a_transfer(path, family="link", clocks=clocks, size=size)


def a_host_copy(threads: int, size: str = "64MiB", rate: float = 10) -> Measured:
    """Return a copy in the host's memory by several threads, by the CPU's clock."""
    return a_record(f"ref.memcpy_{threads}", family="link", aliasing="copies", size=size, ns=SIZES[size] / rate)


def a_gpu_session(records: Sequence[Any], *, gpu: Any = GPU, **header: Any) -> Session:
    """Return a session of a machine with a GPU."""
    machine = a_header().machine | {"name": "h200-16c", "gpu": gpu, "gpu_state": {"before": STATE, "after": STATE}}
    return a_session(records, **({"machine": machine} | header))


def a_full_gpu_session(sizes: Sequence[str] = CURVE, **header: Any) -> Session:
    """Return a session with every family of transfers."""
    parts = (_link(sizes), _curves("h2d", H2D, sizes), _curves("d2h", D2H, sizes), _layouts(), _casts(), _many())
    records = [one for part in (*parts, _overlaps(), _rings()) for one in part]
    return a_gpu_session(records, **header)


def _link(sizes: Sequence[str]) -> Iterator[Measured]:
    for size in sizes:
        yield from (a_limit(f"ref.dma_{name}", size, rate) for name, rate in (("h2d", 54), ("d2h", 53), ("bidir", 47)))
    yield a_transfer("ref.launch", family="link", done=9_000, size="4KiB")
    yield from (a_host_copy(threads, rate=8 * threads**0.8) for threads in (2, 4, 8, 16))


def _curves(family: str, costs: Mapping[str, tuple[float, float, float]], sizes: Sequence[str]) -> Iterator[Measured]:
    kind = {"h2d": PAGEABLE, "d2h": BACK}[family]
    for path, (fixed, speed, issue) in costs.items():
        for size in sizes:
            ns = fixed + SIZES[size] / speed
            if path.startswith("bridge.") and SIZES[size] < 2**20:  # what it does below the ring
                ns = fixed + SIZES[size] / 8
            link = {kind: {"copies": 1, "nbytes": SIZES[size]}} if size == "64MiB" else None
            more = {"link": link, "device_peak": SIZES[size], "pinned_peak": 0} if size == "64MiB" else {}
            yield a_transfer(path, family=family, done=ns, issue=issue, size=size, **more)
    if family == "h2d":
        yield from (
            a_transfer("h2d.pin_warm", done=30_000 + SIZES[size] / 16, size=size, threads="allt") for size in sizes
        )


def _layouts() -> Iterator[Measured]:
    for layout, slower in (("F", 1), ("sliced", 1.6), ("strided", 3), ("strided8", 5), ("broadcast", 1.3)):
        paths = {"h2d.pageable": 8.4e6, "h2d.ascontiguous": 9e6 if layout != "F" else 5e7, "bridge.as_tensor.cuda": 2e6}
        for path, ns in paths.items():
            link = {PINNED: {"copies": 16, "nbytes": int(slower * 2**26)}}
            yield a_transfer(path, done=ns * slower, layout=layout, link=link)


def _casts() -> Iterator[Measured]:
    for dtype, costs in CASTS.items():
        for path, ms in costs.items():
            link = None if path == "cast.after" else {PAGEABLE: {"copies": 1, "nbytes": 2**28}}
            yield a_transfer(path, family="h2d_cast", done=ms * 1e6, dtype=dtype, link=link)


def _many() -> Iterator[Measured]:
    for layout, size in (("items4KiB", "4MiB"), ("items64KiB", "4MiB"), ("items1MiB", "16MiB")):
        for path, ns in MANY.items():
            done = ns * SIZES[size] / BATCHES[layout]
            yield a_transfer(path, family="many", done=done, layout=layout, size=size)


def _overlaps() -> Iterator[Measured]:
    for size in ("64MiB", "256MiB"):
        alone = SIZES[size] / 8
        together = {"compute": 1, "serial": 2, "pageable_nb": 1.95, "pinned_side": 1.02, "ring": 1.2}
        for name, part in together.items():
            yield a_transfer(f"ovl.{name}", family="overlap", done=alone * part, size=size)


def _rings() -> Iterator[Measured]:
    for slots in (2, 3):
        for slot in (1, 4, 16):
            for threads in (1, 4, 8, 12):
                rate = min(50, 7 * threads) - abs(slot - 4) / 2 + slots / 10
                done = SIZES["256MiB"] / rate
                yield a_transfer(f"ring.{slot}MiB.{threads}x{slots}", family="ring", done=done, size="256MiB")
    yield a_transfer(f"ring.{HOSTILE}", family="ring", size="256MiB")
