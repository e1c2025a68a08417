"""Made-up rounds of two sides whose costs are known: what was planted is found, and nothing else."""

import random
from typing import Any

import pytest

from benchmarks import kept, verdict_text
from benchmarks.attribution import FIXED, PER_BYTE, Attribution, attributions
from benchmarks.outcome import Found
from benchmarks.suite.cases import SIZES
from benchmarks.verdicts import shift, verdict
from reports.comparison import page
from tests.comparison_builders import a_comparison, as_data

ROUNDS = 20
LADDER = ("64B", "4KiB", "64KiB", "1MiB", "16MiB", "64MiB")


def cost(n: int, *, fixed: float = 2000.0, cached: float = 40.0, memory: float = 10.0) -> float:
    """Cost a call and so many bytes a ns, up to 1 MiB and above."""
    return fixed + n / (cached if n <= 2**20 else memory)


def found(a: Any, b: Any, *, sizes: Any = LADDER, rounds: int = ROUNDS, **more: Any) -> list[Found]:
    """Return what rounds with a spread of 1 % say of one path whose sides cost `a(n)` and `b(n)`."""
    dice = random.Random(7)
    made = []
    for size in sizes:
        times = {
            name: tuple(side(SIZES[size]) * (1 + dice.gauss(0, 0.01)) for _ in range(rounds))
            for name, side in (("a", a), ("b", b))
        }
        x = [(other / one) for one, other in zip(times["a"], times["b"], strict=True)]
        judged = verdict(shift([ratio - 1 for ratio in x], 0.9))
        made.append(Found(case=f"bridge.copyto/float32/C/{size}/1t", verdict=judged, fastest_ns=times, **more))
    return made


def words(one: Attribution) -> list[tuple[str, str]]:
    """Return what each part is and its verdict."""
    return [(part.what, part.verdict.word) for part in one.parts]


def test_a_dearer_call_is_the_fixed_cost() -> None:
    """A call that costs 30 % more makes the fixed cost slower by that, and no byte."""
    (one,) = attributions(found(cost, lambda n: cost(n, fixed=2600)), 0.05)
    assert one.line == "bridge.copyto/float32/C/1t"
    assert words(one) == [(FIXED, "slower"), (PER_BYTE, "same"), (PER_BYTE, "same")]
    assert one.parts[0].verdict.shift.ratio == pytest.approx(1.3, rel=0.02)


def test_slower_bytes_are_the_time_per_byte_of_their_regime() -> None:
    """Bytes that take twice as long in memory leave the fixed cost and the cache as they were."""
    (one,) = attributions(found(cost, lambda n: cost(n, memory=5)), 0.05)
    assert words(one) == [(FIXED, "same"), (PER_BYTE, "same"), (PER_BYTE, "slower")]
    assert (one.parts[-1].low, one.parts[-1].high) == (SIZES["16MiB"], SIZES["64MiB"])
    assert one.parts[-1].verdict.shift.ratio == pytest.approx(2, rel=0.02)


def test_faster_bytes_are_told_as_well() -> None:
    """Bytes of the cache that take two thirds of the time make that regime faster."""
    (one,) = attributions(found(cost, lambda n: cost(n, cached=60)), 0.05)
    assert words(one)[:2] == [(FIXED, "same"), (PER_BYTE, "faster")]


def test_page_faults_are_named_where_they_changed() -> None:
    """A regime in which page faults changed exactly says so, and no other does."""
    cases = found(cost, lambda n: cost(n, memory=2))
    cases[-1] = Found(
        case=cases[-1].case,
        verdict=cases[-1].verdict,
        fastest_ns=cases[-1].fastest_ns,
        changes=("page faults 544 -> 16,385",),
    )
    (one,) = attributions(cases, 0.05)
    assert [part.faults for part in one.parts] == [False, False, True]


def test_what_shares_has_its_call_alone() -> None:
    """A path of one cost at any size has one part, over all sizes."""
    (one,) = attributions(found(lambda _: 500.0, lambda _: 600.0), 0.05)
    assert words(one) == [(FIXED, "slower")]
    assert (one.parts[0].low, one.parts[0].high) == (64, SIZES["64MiB"])
    assert one.parts[0].verdict.shift.ratio == pytest.approx(1.2, rel=0.02)


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        (found(cost, lambda n: 2 * cost(n), sizes=("64B", "16MiB")), "no line holds"),
        (found(cost, lambda n: 2 * cost(n), rounds=7), "7 of the 8 rounds"),
    ],
)
def test_what_cannot_be_attributed_has_a_reason(cases: list[Found], reason: str) -> None:
    """Two sizes far apart, and too few rounds, are said in words."""
    (one,) = attributions(cases, 0.05)
    assert one.parts == ()
    assert reason in one.reason


def test_what_did_not_change_is_not_attributed() -> None:
    """A path without a change has no attribution, nor has a change of which no times are known."""
    assert attributions(found(cost, cost), 0.05) == ()
    old = [Found(case=one.case, verdict=one.verdict) for one in found(cost, lambda n: 2 * cost(n))]
    assert attributions(old, 0.05) == ()


def test_it_stands_below_the_table_and_in_the_page() -> None:
    """A comparison says in its text, its Markdown and its page what a change comes from; kept and read back as well."""
    cases = tuple(found(cost, lambda n: cost(n, fixed=2600)))
    compared = a_comparison(cases)
    said = next(verdict_text.causes(compared))
    assert said.startswith("bridge.copyto/float32/C/1t: fixed cost (64 B to 1 MiB) 1.3x [")
    assert "] slower; time per byte (64 B to 1 MiB) " in said
    table = verdict_text.to_table(compared)
    assert f"What the changes come from, B / A:\n\n  {said}\n" in table
    assert f"- {said}" in verdict_text.to_markdown(compared)
    assert 'id="causes"' in page(as_data(compared))
    assert 'id="causes"' not in page(as_data(a_comparison()))
    assert next(verdict_text.causes(kept.from_json(as_data(compared)))).startswith(said[:60])
