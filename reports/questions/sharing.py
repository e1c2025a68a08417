"""Questions on who shares memory with whom, and what a copy costs instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.suite.cases import MIB, MIDDLE_BYTES
from reports.transfers import USUAL

from .picking import Asked, at_one_size, coded, did_each, listed, observed, size, took_each
from .registry import question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.view import View

_PLAIN = "--preset standard --filter '/float32/C/64MiB/1t'"


@question(
    1,
    "q-from-numpy-or-tensor",
    "`from_numpy`, `as_tensor` or `tensor`: which is faster, and which copies?",
    figures=("time-share-array", "time-copy-array", "semantics-layout"),
    run=_PLAIN,
)
def which_copies(view: View) -> Iterator[str]:
    """Say of the three whether they share, and what they take."""
    asked = Asked("torch.from_numpy", "share"), Asked("torch.as_tensor", "share"), Asked("torch.tensor", "copy")
    if rows := at_one_size(view, *asked):
        yield f"At {size(rows)} {did_each(rows)}."


@question(
    2,
    "q-not-writable",
    "A warning says that the array is not writable: must I copy, and what does it cost?",
    figures=("semantics-layout", "time-share-array", "time-copy-array"),
    run="--preset standard --filter '/readonly/1MiB/1t'",
)
def not_writable(view: View) -> Iterator[str]:
    """Say what a read-only array takes to share and to copy, and whether sharing it warns."""
    names = (("torch.from_numpy", "share"), ("np.copy.from_numpy", "copy"), ("bridge.as_tensor", "share"))
    if rows := at_one_size(view, *(Asked(*name, layout="readonly") for name in names), most_bytes=MIB):
        warned = [f"`{path}` warns" for path, _ in names if _warns(view, path)]
        yield f"{'; '.join([f'A read-only array of {size(rows)}: {did_each(rows)}', *warned])}."


def _warns(view: View, path: str) -> bool:
    seen = observed(view, path, "layout=readonly")
    return seen is not None and seen.warns


@question(
    9,
    "q-aliasing",
    "I changed one and the other changed: which of them share memory?",
    figures=("semantics-layout", "time-copy-array", "semantics-lifetime"),
    run=_PLAIN,
)
def aliasing(view: View) -> Iterator[str]:
    """Name the paths of which a write on one side was seen on the other, and what a copy takes that unties them."""
    rows = at_one_size(view, Asked("torch.from_numpy.clone", "copy"), Asked("np.copy.from_numpy", "copy"))
    ways = [f"{coded(names)} from {source}s" for source in ("array", "tensor") if (names := _sharing(view, source))]
    if rows and ways:
        seen = f"Writes on one side were seen on the other with {listed(ways)}"
        yield f"{seen}; a copy unties them: at {size(rows)} {took_each(rows)}."


def _sharing(view: View, source: str) -> list[str]:
    known = [one for one in view.session.semantics if one.source == source and "layout=C" in one.observed]
    return [one.path for one in known if one.observed["layout=C"].outcome == "shares"]


@question(
    10,
    "q-detach-cpu-numpy",
    "`.detach().cpu().numpy()`: which step copies, and what does `force=True` do?",
    figures=("time-share-tensor", "semantics-tensor", "transfer-none", "transfer-time-d2h"),
    run=_PLAIN,
)
def detach_cpu_numpy(view: View) -> Iterator[str]:
    """Say what the steps take for a tensor in host memory, and for one of the same size on the device."""
    names = ("Tensor.numpy", "Tensor.detach.cpu.numpy", "Tensor.numpy.force")
    rows = at_one_size(view, *(Asked(name, "share", "tensor") for name in names))
    nbytes = rows[0].record.nbytes if rows else MIDDLE_BYTES
    usual = view.transfers.curves("d2h").get(USUAL["d2h"], ())
    fetched = [row for row in usual if row.record.nbytes == nbytes]
    host = [f"from host memory {did_each(rows)}"] if rows else []
    device = [f"from the device {took_each(fetched)}"] if fetched else []
    if host or device:
        yield f"At {size(rows or fetched)}: {'; '.join([*host, *device])}."
