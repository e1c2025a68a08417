"""A profile in words: one screen, the parts of the time first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.curves import Regime
    from benchmarks.statistics import Estimate

    from .outcome import Growth, Profile

_BAR: Final = 30


def to_text(found: Profile) -> str:
    """Return a profile in words."""
    return "\n".join(
        [
            found.case,
            f"  {found.spelling}   ({found.growth.aliasing})",
            "",
            *_where(found),
            "",
            *_memory(found),
            "",
            "How it grows with the size",
            *(f"  {name:<13} {said}" for name, said in grows(found.growth)),
            *_missing(found),
            "",
            "How it was measured",
            *(f"  {one.name:<18} {one.method}" for one in found.breakdown.parts),
        ]
    )


def _where(found: Profile) -> Iterator[str]:
    whole = found.breakdown.whole
    yield f"Where {ns(whole)} per call go"
    for one in found.breakdown.parts:
        share, time = one.ns.value / whole.value, amounts.time(one.ns.value)
        yield f"  {one.name:<18}{time:>10} {_range(one.ns):<20}{share:>7.1%} {bar(share)}".rstrip()
    if said := faults(found):
        yield f"  {said}"


def faults(found: Profile) -> str:
    """Return what one minor fault costs, in a sentence; nothing where there is none."""
    if not found.ns_per_fault:
        return ""
    counted = f"{found.minflt['fresh']:,.6g} minor faults a call in fresh memory, {found.minflt['warm']:,.6g} in warm"
    return f"{counted}: {amounts.time(found.ns_per_fault)} each."


def bar(share: float) -> str:
    """Return a share of the whole as blocks; nothing below zero, no more than the whole."""
    return "█" * round(_BAR * max(0.0, min(1.0, share)))


def _memory(found: Profile) -> Iterator[str]:
    yield "What a call takes"
    for memory, faults in found.minflt.items():
        yield f"  minor faults, {memory} memory: {faults:,.6g}"
    for name, value in found.facts.items():
        yield f"  {label(name)}: {amount(name, value)}"


def label(name: str) -> str:
    """Return the name of a fact in words: ``resident_peak_bytes`` -> ``resident peak``."""
    return name.removesuffix("_bytes").replace("_", " ").replace("numpy", "NumPy").replace("python", "Python")


def amount(name: str, value: int) -> str:
    """Return a fact's number: bytes in the unit that fits, everything else as it is."""
    if not name.endswith("_bytes"):
        return f"{value:,}"
    return amounts.size(value)


def grows(known: Growth) -> Iterator[tuple[str, str]]:
    """Yield what is known beside the smaller sizes, as names and sentences."""
    yield "payload", _payload(known)
    yield "limit", f"{_times(known.times_limit)} the same bytes moved by memmove or the copy engine"
    if known.curve.flat:
        yield "any size", "the same time: the cost does not depend on the size"
    for regime in known.curve.regimes:
        yield regime.name, regime_text(regime)
    if known.curve.reason:
        yield "no line", known.curve.reason
    elif known.curve.left_out:
        yield "no line", f"holds {', '.join(map(amounts.size, known.curve.left_out))}"


def _missing(found: Profile) -> Iterator[str]:
    if found.missing:
        yield ""
        yield "Not available here"
    for name, reason in found.missing.items():
        yield f"  {label(name)}: {reason}"


def _payload(known: Growth) -> str:
    if known.gigabytes_per_s is None:
        return "none moves: the result shares memory with its source"
    return f"{known.gigabytes_per_s:.3g} GB/s (1e9 bytes of payload a second, counted once)"


def regime_text(regime: Regime) -> str:
    """Return a line of the cost model in words: its sizes, its fixed cost where it was fitted here, its rate."""
    line, sizes = regime.fit, f"{amounts.size(regime.low)} to {amounts.size(regime.high)}"
    fixed = "" if line.fixed_ns is None else f"{ns(line.fixed_ns)} fixed, then "
    return f"{sizes}: {fixed}{line.rate.value:.3g} GB/s [{line.rate.low:.3g}, {line.rate.high:.3g}]"


def _times(found: Estimate) -> str:
    return f"{found.value:.3g}x [{found.low:.3g}, {found.high:.3g}]"


def ns(found: Estimate) -> str:
    """Return a time and its interval in the unit that fits the value."""
    return f"{amounts.time(found.value)} {_range(found)}"


def _range(found: Estimate) -> str:
    return amounts.interval(found.value, found.low, found.high)
