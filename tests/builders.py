"""Builders of made-up sessions whose costs are known: fixed cost + bytes / rate, with names that are hostile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from benchmarks.records import Failed, Header, Measured, Observation, Semantics, Session, Skipped
from benchmarks.suite.cases import SIZES, size_name

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTILE = "<a> | & \"'"


def a_header(**changes: Any) -> Header:
    """Return a header of a machine that does not exist."""
    machine = {
        "name": "amd-epyc-2c",
        "cpu": "AMD EPYC <Zen> | & 5",
        "cores": 2,
        "logical_cpus": 2,
        "caches": {"L1d": 32768, "L2": 1048576, "L3": 33554432},
        "memory_bytes": 25276502016,
        "kernel": "6.1.0",
        "huge_pages": "madvise",
        "virtualised": True,
        "load_average": 0.25,
    }
    software = {"python": "3.11.7", "numpy": "2.4.6", "torch": "2.13.0+cpu", "pytest-benchmark": "5.3.1"}
    settings = {"preset": "standard", "passes": 6, "seed": 1, "filter": None, "device": "cpu", "threads": {"allt": 2}}
    known = {
        "id": "20261123T120000Z-0123456789ab",
        "started": "2026-11-23T12:00:00+00:00",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "dirty": False,
        "bridge_hash": "feedfacecafebeef",
        "case_version": "1",
        "machine": machine,
        "software": software,
        "settings": settings,
        "command": "python -m benchmarks run --preset standard",
    }
    return Header(**(known | changes))


def parts(
    path: str,
    *,
    family: str = "share",
    dtype: str = "float32",
    layout: str = "C",
    size: str = "4KiB",
    threads: str = "1t",
    device: str = "cpu",
) -> dict[str, Any]:
    """Return what every record says of its case."""
    nbytes = SIZES[size]
    return {
        "case": f"{path}/{dtype}/{layout}/{size_name(nbytes)}/{threads}",
        "path": path,
        "family": family,
        "dtype": dtype,
        "layout": layout,
        "nbytes": nbytes,
        "threads": threads,
        "device": device,
    }


def a_record(
    path: str = "torch.from_numpy",
    *,
    ns: float | None = None,
    samples_ns: Sequence[Sequence[float]] | None = None,
    aliasing: Any = "shares",
    minflt: float = 0.0,
    passes: int = 6,
    rounds: int = 5,
    spread: float = 0.01,
    spelling: str | None = None,
    source: str = "array",
    **axes: Any,
) -> Measured:
    """Return a measured case: `ns` with a seeded spread of +-`spread` between rounds, or the samples given."""
    known = parts(path, **axes)
    if samples_ns is None:
        dice = random.Random(known["case"])
        base = 500.0 if ns is None else ns
        samples_ns = [[base * (1 + dice.uniform(-spread, spread)) for _ in range(rounds)] for _ in range(passes)]
    return Measured(
        **known,
        spelling=spelling or f"{path}(x)",
        source=source,
        shape=(known["nbytes"] // 4,),
        aliasing=aliasing,
        loops=1000,
        minflt_per_call=minflt,
        alloc_bytes=0 if aliasing == "shares" else known["nbytes"],
        samples_ns={"wall": tuple(tuple(one) for one in samples_ns)},
    )


def a_skip(path: str = "h2d.to", reason: str = "no CUDA device", **axes: Any) -> Skipped:
    """Return a skipped case."""
    return Skipped(**parts(path, **axes), skipped=reason)


def a_failure(path: str = "torch.tensor", error: str = f"killed by SIGSEGV {HOSTILE}", **axes: Any) -> Failed:
    """Return a failed case."""
    return Failed(**parts(path, **axes), failed={"error": error, "stage": "pass 3"})


def some_semantics(
    path: str = "torch.from_numpy", observed: dict[str, Observation] | None = None, *, family: str = "share"
) -> Semantics:
    """Return the semantics of one path: it shares a C array, an F array and float32, and what else is given."""
    shares = Observation(outcome="shares", keeps_order=True, writable=True)
    seen = {"layout=C": shares, "layout=F": shares, "dtype=float32": shares} | (observed or {})
    return Semantics(path=path, family=family, source="array", spelling=f"{path}(x)", observed=seen)


def a_session(records: Sequence[Any] | None = None, *, semantics: Sequence[Semantics] = (), **header: Any) -> Session:
    """Return a session; without records, one of every kind."""
    known = [a_record(), a_skip(), a_failure()] if records is None else records
    return Session(header=a_header(**header), records=tuple(known), semantics=tuple(semantics))


#: path -> family, source, aliasing, fixed cost in ns, rate in bytes per ns below and from 32 MiB on.
COSTS: dict[str, tuple[str, str, str, float, float | None, float | None]] = {
    "ref.call": ("limit", "array", "shares", 30, None, None),
    "ref.memcpy": ("limit", "array", "copies", 280, 40, 16),
    "torch.from_numpy": ("share", "array", "shares", 500, None, None),
    "torch.as_tensor": ("share", "array", "shares", 1250, None, None),
    "bridge.as_tensor": ("share", "array", "shares", 700, None, None),
    "Tensor.numpy": ("share", "tensor", "shares", 610, None, None),
    "bridge.as_array": ("share", "tensor", "shares", 800, None, None),
    "torch.tensor": ("copy", "array", "copies", 2300, 36, 2),
    "torch.from_numpy.clone": ("copy", "array", "copies", 1500, 38, 2),
    "bridge.as_tensor.copy": ("copy", "array", "copies", 1000, 38, 9),
    "Tensor.copy_": ("copy_into", "array", "copies", 1300, 39, 16),
    "np.copyto": ("copy_into", "array", "copies", 1000, 39, 15.5),
}
ALL_SIZES = tuple(SIZES)


def a_full_session(sizes: Sequence[str] = ALL_SIZES, *, spread: float = 0.01, **header: Any) -> Session:
    """Return a session over many paths and sizes: known costs, faults where memory is fresh, skips, a failure."""
    records: list[Any] = []
    for path, (family, source, aliasing, fixed_ns, low_rate, high_rate) in COSTS.items():
        for size in sizes:
            nbytes = SIZES[size]
            rate = low_rate if nbytes < SIZES["32MiB"] else high_rate
            fresh = family == "copy" and nbytes >= SIZES["32MiB"]
            minflt = 0.0 if not fresh else nbytes / 4096 if path.startswith("torch") else nbytes / 2**21 + 32
            ns = fixed_ns + (nbytes / rate if rate else 0)
            common = {"family": family, "source": source, "aliasing": aliasing, "size": size, "spread": spread}
            dtypes = ("uint8",) if family == "limit" else ("float32", "uint8") if size == "1MiB" else ("float32",)
            records += [a_record(path, ns=ns, minflt=minflt, dtype=dtype, **common) for dtype in dtypes]
    for layout in ("F", "strided", "readonly"):
        records += [
            a_record("torch.tensor", ns=90_000, family="copy", aliasing="copies", size="1MiB", layout=layout),
            a_record("torch.from_numpy", ns=505, size="1MiB", layout=layout),
        ]
    records += [
        a_record("seeds.preprocess", ns=9e5, family="preprocess", aliasing="copies", size="1MiB"),
        a_record("torch.tensor", ns=4e7, family="copy", aliasing="copies", size="64MiB", threads="allt", minflt=16385),
        a_skip("torch.from_numpy", "negative strides are refused", layout="reversed", size="1MiB"),
        a_skip("h2d.to", family="h2d", device="cuda", size="1MiB"),
        a_failure("torch.from_dlpack", family="share", layout="misaligned", size="1MiB"),
    ]
    refused = Observation(outcome="raises", error="ValueError: At least one stride is negative <b>")
    loud = Observation(outcome="shares", warns=True, writable=True)
    dead = Observation(outcome="dies", error="killed by SIGABRT")
    c_order = Observation(outcome="copies", keeps_order=False, writable=True)
    bare = Observation(outcome="shares", drops_mask=True, writable=True)
    kept, gone = (Observation(outcome="shares", keeps_source=keeps) for keeps in (True, False))
    semantics = [
        some_semantics("torch.from_numpy", {"layout=readonly": loud, "dtype=bfloat16": refused, "array=masked": bare}),
        some_semantics("torch.from_dlpack", {"layout=reversed": dead}),
        some_semantics("torch.as_tensor", {"layout=reversed": refused}),
        some_semantics("torch.from_numpy(a.copy())", {"layout=F": c_order}, family="copy"),
        some_semantics("Tensor.numpy", {"tensor=requires_grad": refused, "lifetime=source_dropped": kept}),
        some_semantics("np.from_dlpack", {"lifetime=source_dropped": kept, "lifetime=storage_resized": gone}),
    ]
    return a_session(records, semantics=semantics, **header)
