"""Questions on what the source is: its strides, its dtype, its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.suite.cases import MIB
from reports import units
from reports.view import Group

from .picking import Asked, at_one_size, coded, did, did_each, listed, observed, size
from .registry import question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.view import Row, View


@question(
    5,
    "q-negative-strides",
    "Negative strides and other gaps: why an error, and what does the copy cost?",
    figures=("semantics-layout", "time-copy-array", "ratios-copy-array-1048576"),
    run="--preset standard --filter '/float32/.+/1MiB/1t'",
)
def negative_strides(view: View) -> Iterator[str]:
    """Say what `from_numpy` does with gaps and negative strides, and what their copy takes against one without."""
    path = "np.copy.from_numpy"
    lines = (Asked(path, "copy", layout=layout) for layout in ("C", "strided", "reversed"))
    rows = at_one_size(view, *lines, most_bytes=MIB)
    seen = {layout: observed(view, "torch.from_numpy", f"layout={layout}") for layout in ("strided", "reversed")}
    if rows and (said := [f"{did(one)} layout `{layout}`" for layout, one in seen.items() if one]):
        times = [f"{units.with_interval(row.time, units.time)} of `{row.record.layout}`" for row in rows]
        yield f"`torch.from_numpy` {listed(said)}; at {size(rows)} the copy `{path}` takes {listed(times)}."


@question(
    6,
    "q-dtypes",
    "Which dtypes convert (`uint16`, `bfloat16`, `object`), and at what price?",
    figures=("semantics-dtype", "time-share-array", "semantics-messages"),
    run="--preset standard --filter '/C/16MiB/1t'",
)
def dtypes(view: View) -> Iterator[str]:
    """Say what was done with each dtype, and the least and the most that sharing took."""
    path, ours = "torch.from_numpy", "bridge.as_tensor"
    rows = sorted(_over_dtypes(view, path), key=lambda row: row.time.value)
    outcomes = _outcomes(view, path)
    if rows and outcomes:
        said = ", ".join(f"{outcome} {coded(names)}" for outcome, names in outcomes.items())
        cured = [name for name in outcomes.get("refuses", ()) if name in _outcomes(view, ours).get("shares", ())]
        also = f"; `{ours}` shares {coded(cured)}" if cured else ""
        times = [f"{units.with_interval(row.time, units.time)} (`{row.record.dtype}`)" for row in rows]
        ends = f"from {times[0]} to {times[-1]}" if len(times) > 1 else times[0]
        yield f"`{path}` {said}{also}; at {size(rows)} `{path}` takes {ends}."


def _outcomes(view: View, path: str) -> dict[str, list[str]]:
    """Return the dtypes that were tried by what the path did with them."""
    tried = (one.observed for one in view.session.semantics if one.path == path)
    outcomes: dict[str, list[str]] = {}
    for trait, seen in next(tried, {}).items():
        kind, _, name = trait.partition("=")
        if kind == "dtype":
            outcomes.setdefault(did(seen), []).append(name)
    return outcomes


def _over_dtypes(view: View, path: str) -> list[Row]:
    """Return the cases of a path at the size that was measured with most dtypes."""
    shared = (row for row in view.groups.get(Group("share", "array"), ()) if row.record.path == path)
    sizes: dict[int, list[Row]] = {}
    for row in shared:
        if (row.record.layout, row.record.threads) == ("C", "1t"):
            sizes.setdefault(row.record.nbytes, []).append(row)
    return max(sizes.values(), key=lambda rows: (len(rows), rows[0].record.nbytes), default=[])


@question(
    15,
    "q-dlpack-and-large-arrays",
    "DLPack or `from_numpy`, and why are copies of large arrays stuck at 2.5 GB/s?",
    figures=("time-share-array", "rate-copy-array", "rate-copy_into-array", "faults-per-call"),
    run="--preset standard --filter '/float32/C/64MiB/1t'",
)
def dlpack_and_large_arrays(view: View) -> Iterator[str]:
    """Say what sharing takes either way, then the rates of copies into fresh and into existing memory."""
    shared = at_one_size(view, Asked("torch.from_dlpack", "share"), Asked("torch.from_numpy", "share"))
    names = (("torch.tensor", "copy"), ("np.copy.from_numpy", "copy"), ("Tensor.copy_", "copy_into"))
    if shared and (rows := at_one_size(view, *(Asked(*name) for name in names))):
        rates = [
            f"`{row.record.path}` reaches {units.with_interval(row.rate, units.rate)} with "
            f"{units.count(row.record.minflt_per_call)} page faults a call"
            for row in rows
        ]
        yield f"At {size(shared)} {did_each(shared)}; copies of {size(rows)}: {listed(rates)}."
