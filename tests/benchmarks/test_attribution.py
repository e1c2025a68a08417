"""Made-up rounds of two sides whose costs are known: what was planted is found, and nothing else."""

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from benchmarks import kept, verdict_text
from benchmarks.attribution import Attribution, attributions
from benchmarks.outcome import CONTROL, Found
from benchmarks.paired_lines import FIXED, PER_BYTE
from benchmarks.suite.cases import SIZES
from benchmarks.verdicts import confirmed, shift, verdict
from reports.comparison import page
from tests.comparison_builders import a_comparison, a_found, as_data

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
        x = tuple(math.log(other / one) for one, other in zip(times["a"], times["b"], strict=True))
        judged = verdict(shift(x, 0.9))
        case = f"bridge.copyto/float32/C/{size}/1t"
        made.append(Found(case=case, verdict=judged, log_ratios=x, fastest_ns=times, **more))
    return made


def told(cases: list[Found]) -> str:
    """Return the line of the one path that these cases are of, as a comparison has it."""
    (line,) = verdict_text.causes(a_comparison(tuple(cases)))
    return line


def _not_repeated(one: Found) -> Any:
    """Return the verdict of a case whose change fresh rounds did not repeat."""
    assert one.verdict is not None
    return confirmed(one.verdict, [0.0, *[0.001, -0.001] * 5])


def but(size: str, times: float) -> Any:
    """Return the cost of a call that takes so many times as long at one size alone."""
    return lambda n: cost(n) * (times if n == SIZES[size] else 1)


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


@pytest.mark.parametrize(
    ("memory", "faults", "said"),
    [
        (2.0, "page faults 544 -> 16,385", "] slower, with more page faults"),
        (50.0, "new memory 8 -> 0 bytes; page faults 16,385 -> 544", "] faster, with fewer page faults"),
        (2.0, "page faults 16,385 -> 544", "] slower"),
        (50.0, "page faults 544 -> 16,385", "] faster"),
        (10.0, "page faults 544 -> 16,385", "] same"),
    ],
)
def test_page_faults_are_named_where_they_moved_along(memory: float, faults: str, said: str) -> None:
    """More page faults are named beside a slower part, fewer beside a faster one, and none beside another."""
    cases = found(cost, lambda n: cost(n, fixed=2600, memory=memory))
    cases[-1] = replace(cases[-1], changes=("shares -> copies", faults))
    assert told(cases).endswith(said)
    assert told(cases).count("page faults") == said.count("page faults")


def test_page_faults_of_a_case_that_did_not_change_are_not_named() -> None:
    """A part is slower at one size, another size of it faults more and is as fast as before: no cause of it."""
    cases = found(cost, lambda n: cost(n, fixed=2600, cached=30))
    at = LADDER.index("1MiB")
    assert "page faults" in told([replace(one, changes=("page faults 8 -> 99",)) for one in cases])
    unclear = replace(cases[at], changes=("page faults 8 -> 99",), verdict=_not_repeated(cases[at]))
    assert "page faults" not in told([*cases[:at], unclear, *cases[at + 1 :]])


def test_what_shares_has_its_call_alone() -> None:
    """A path of one cost at any size has one part, over all sizes."""
    (one,) = attributions(found(lambda _: 500.0, lambda _: 600.0), 0.05)
    assert words(one) == [(FIXED, "slower")]
    assert (one.parts[0].low, one.parts[0].high) == (64, SIZES["64MiB"])
    assert one.parts[0].verdict.shift.ratio == pytest.approx(1.2, rel=0.02)


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        (found(cost, lambda n: 2 * cost(n), sizes=("64B", "16MiB")), "on no line of A, but changed: 64 B, 16 MiB"),
        (found(cost, lambda n: 2 * cost(n), rounds=7), "fewer than the 8 rounds"),
    ],
)
def test_what_cannot_be_attributed_has_a_reason(cases: list[Found], reason: str) -> None:
    """Two sizes far apart, and too few rounds, are said in words."""
    assert "x [" not in told(cases)
    assert reason in told(cases)


def slow(n: int) -> float:
    """Cost a millisecond a call, and more a byte above 1 MiB."""
    return 1e6 + n / (10 if n <= 2**20 else 3)


def test_without_a_fixed_cost_of_b_nothing_is_said_of_larger_sizes() -> None:
    """B has no line where A's fixed cost is found: its dearer call is not called slower bytes of larger sizes."""
    said = told(found(slow, lambda n: 3e6 if n == SIZES["4KiB"] else slow(n) + 1e6))
    assert "x [" not in said
    assert "not said: B is on no line from 64 B to 1 MiB, where A is on one" in said
    assert "nothing is said of larger sizes" in said


def test_a_larger_regime_without_a_line_of_b_leaves_the_others() -> None:
    """B's bytes of memory are on no line: nothing is said of them, and what was found of smaller sizes stays."""
    cases = found(cost, lambda n: cost(n, fixed=2600, memory=2 if n == SIZES["64MiB"] else 10))
    (one,) = attributions(cases, 0.05)
    assert words(one) == [(FIXED, "slower"), (PER_BYTE, "same")]
    assert one.unsaid == ("B is on no line from 16 MiB to 64 MiB, where A is on one",)


def test_a_call_that_b_pays_and_a_does_not_is_no_time_per_byte() -> None:
    """A's call costs nothing and B's does: that too is not called slower bytes of larger sizes."""
    sizes = ("16KiB", "64KiB", "256KiB", "1MiB", "16MiB", "24MiB", "64MiB")
    said = told(found(lambda n: slow(n) - 1e6, lambda n: slow(n) - 7e5, sizes=sizes))
    assert "x [" not in said


@pytest.mark.parametrize("size", LADDER)
@pytest.mark.parametrize("times", [0.87, 1.14])
def test_what_changed_at_one_size_is_not_a_part_of_all(size: str, times: float) -> None:
    """A change of one size is within what a line may miss, but neither a call nor a byte costs more at the others."""
    cases = found(cost, but(size, times))
    said = told(cases)
    assert sum(one.word != "same" for one in cases) == 1
    assert "] slower" not in said
    assert "] faster" not in said
    assert "lines do not give the change that was seen at" in said


@pytest.mark.parametrize("more", [2000, 20_000])
def test_a_call_dearer_by_as_much_is_told_off_its_line_as_well(more: int) -> None:
    """Times that lie off their line by as much on both sides do not hide what was added to each call."""

    def bent(n: int) -> float:
        return cost(n) * {SIZES["4KiB"]: 1.08, SIZES["64KiB"]: 0.94, SIZES["1MiB"]: 1.04}.get(n, 1)

    (one,) = attributions(found(bent, lambda n: bent(n) + more), 0.05)
    assert one.unsaid == ()
    assert words(one) == [(FIXED, "slower"), (PER_BYTE, "same"), (PER_BYTE, "same")]


def test_a_part_is_not_asserted_where_fresh_rounds_repeated_no_case() -> None:
    """The calls seemed dearer and fresh rounds said otherwise: the fixed cost is unclear, what was repeated stays."""
    cases = found(cost, lambda n: cost(n, fixed=2600, memory=5))
    again = [one if one.case.endswith("MiB/1t") else replace(one, verdict=_not_repeated(one)) for one in cases]
    (one,) = attributions(again, 0.05)
    assert words(one) == [(FIXED, "unclear"), (PER_BYTE, "same"), (PER_BYTE, "slower")]
    assert "] unclear: no case is slower by it for certain; time per byte" in told(again)


def test_a_case_does_not_bear_out_the_part_that_it_does_not_come_from() -> None:
    """Bytes of the cache got slower for certain, calls only at first: the slower bytes do not make the call slower."""
    cases = found(cost, lambda n: cost(n, fixed=2300, cached=30))
    small = len(cases) - 3
    again = [replace(one, verdict=_not_repeated(one)) for one in cases[:small]] + cases[small:]
    (one,) = attributions(again, 0.05)
    assert words(one)[:2] == [(FIXED, "unclear"), (PER_BYTE, "slower")]


@pytest.mark.parametrize(
    "broken",
    [
        {"verdict": None, "failed": {"b": "was killed by SIGSEGV"}},
        {"verdict": None, "fastest_ns": {}},
        {"fastest_ns": {"a": (1.0,) * ROUNDS}},
        {"fastest_ns": {"a": (1.0,) * 3, "b": (1.0,) * ROUNDS}},
    ],
)
def test_one_case_without_a_verdict_or_rounds_is_left_out_and_named(broken: Any) -> None:
    """A case that failed, has the times of one side, or fewer of one leaves the others of its path to be judged."""
    cases = found(cost, lambda n: cost(n, fixed=2600), sizes=("64B", "4KiB", "16KiB", "64KiB", "256KiB", "1MiB"))
    cases[3] = replace(cases[3], **broken)
    (one,) = attributions(cases, 0.05)
    assert words(one)[0] == (FIXED, "slower")
    assert "not said: failed, or fewer than the 8 rounds that an interval needs: 64 KiB" in told(cases)


def test_rounds_are_those_that_every_size_has() -> None:
    """Cases that were clear at the first look have ten rounds, others twenty: the path is judged over ten."""
    cases = found(cost, lambda n: cost(n, fixed=2600))
    cases[0] = replace(cases[0], fastest_ns={side: times[:10] for side, times in cases[0].fastest_ns.items()})
    (one,) = attributions(cases, 0.05)
    assert {part.verdict.shift.rounds for part in one.parts} == {10}


def test_a_changed_size_on_no_line_is_named() -> None:
    """A size between the regimes that changed is not passed over in silence beside parts that did not."""

    def bump(times: float) -> Any:
        return lambda n: cost(n) * (times if n == SIZES["4MiB"] else 1)

    assert "on no line of A, but changed: 4 MiB" in told(found(bump(1.6), bump(2.4), sizes=(*LADDER, "4MiB")))


def test_what_shared_and_copies_now_has_no_line_of_its_own() -> None:
    """A path whose time begins to depend on the size says so; a fixed cost alone would be half of the truth."""
    said = told(found(lambda _: 500.0, cost))
    assert "x [" not in said
    assert "the times of B differ from size to size and those of A do not" in said


def test_a_fixed_cost_about_zero_has_no_ratio() -> None:
    """Where A's call costs about nothing, B's has no ratio to it: which side's it is, is said."""
    sizes = ("64KiB", "256KiB", "1MiB", "16MiB", "64MiB")
    said = told(found(lambda n: slow(n) - 1e6, slow, sizes=sizes))
    assert "the fixed cost of A (64 KiB to 1 MiB) cannot be told from zero" in said


def test_a_control_that_moved_stands_beside_what_the_changes_come_from() -> None:
    """Where the control moved, text and page say at the causes that it may be the machine; else they do not."""
    cases = tuple(found(cost, lambda n: cost(n, fixed=2600)))
    moved = a_comparison(cases, control=tuple(a_found(case, 1.3) for case in CONTROL))
    for compared, times in ((moved, 1), (a_comparison(cases), 0)):
        title = "What the changes come from, B / A, or the machine, for the control moved:"
        assert verdict_text.to_table(compared).count(title) == times
        assert verdict_text.to_markdown(compared).count(title) == times
        assert page(as_data(compared)).count("The control moved: all of this may be the machine.") == times


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
