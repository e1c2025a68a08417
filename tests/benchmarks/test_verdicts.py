import itertools
import math
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.verdicts import (
    CONFIRMATION_ROUNDS,
    LOOKS,
    THRESHOLD,
    Shift,
    Verdict,
    confirmed,
    rank_for,
    settled,
    shift,
    verdict,
)

FIVE = math.log1p(THRESHOLD)
SHIFTS = st.floats(-1, 1, allow_nan=False)


def a_shift(value: float, half: float, rounds: int = 10) -> Shift:
    """Return a shift with an interval of some half-width around it."""
    return Shift(value=value, low=value - half, high=value + half, rounds=rounds)


def some_rounds(value: float, count: int, spread: float = 0.01, seed: int = 1) -> list[float]:
    """Return rounds around a value."""
    dice = random.Random(seed)
    return [value + dice.gauss(0, spread) for _ in range(count)]


@pytest.mark.parametrize(
    ("rounds", "coverage", "rank"),
    [(8, 0.99, 1), (10, 0.995, 2), (20, 0.995, 33), (40, 0.995, 205), (10, 0.9, 11), (10, 0.99, 4), (20, 0.99, 38)],
)
def test_ranks_are_those_of_the_exact_distribution(rounds: int, coverage: float, rank: int) -> None:
    """The ranks are those of Wilcoxon's table, and those that the method's page names."""
    assert rank_for(rounds, coverage) == rank


@pytest.mark.parametrize("rounds", [4, 7, 9])
def test_an_interval_covers_as_often_as_it_says(rounds: int) -> None:
    """Over all signs that errors may have, the interval holds the true value at least as often as promised."""
    sizes = [1.1**step for step in range(1, rounds + 1)]
    held = 0
    for signs in itertools.product((-1, 1), repeat=rounds):
        found = shift([sign * size for sign, size in zip(signs, sizes, strict=True)], 0.8)
        held += found.low <= 0 <= found.high
    assert held / 2**rounds >= 0.8


@pytest.mark.parametrize("rounds", [7, 9])
def test_ties_make_an_interval_no_less_sure(rounds: int) -> None:
    """Where all errors are of one size, every pair ties, and the interval still holds the true value often enough."""
    found = [shift(signs, 0.8) for signs in itertools.product((-1.0, 1.0), repeat=rounds)]
    assert sum(one.low <= 0 <= one.high for one in found) / 2**rounds >= 0.8


@pytest.mark.parametrize(
    ("known", "word"),
    [([0.0] * 10, "same"), ([0.2] * 10, "slower"), ([0.2] * 5 + [0.0] * 5, "unclear"), ([0.2, -0.2] * 5, "unclear")],
)
def test_rounds_that_tie_are_judged(known: list[float], word: str) -> None:
    """Rounds that say just the same, as a coarse clock makes them, are no error and no certainty of their own."""
    assert verdict(shift(known, 0.995)).word == word


def test_too_few_rounds_have_no_interval() -> None:
    """Seven rounds cannot give 99 %, and the error says how many can."""
    with pytest.raises(ValueError, match=r"7 rounds give no interval of 99\.0%; it takes 8"):
        shift([0.1] * 7, 0.99)
    assert shift([0.1] * 8, 0.99).low == 0.1


@given(st.lists(SHIFTS, min_size=8, max_size=20), SHIFTS)
def test_an_estimate_lies_in_its_interval_and_moves_with_the_rounds(rounds: list[float], by: float) -> None:
    """The estimate is inside; rounds that are all moved, or turned round, move or turn the estimate."""
    found = shift(rounds, 0.99)
    assert found.low <= found.value <= found.high
    moved, turned = shift([one + by for one in rounds], 0.99), shift([-one for one in rounds], 0.99)
    assert moved.value == pytest.approx(found.value + by, abs=1e-12)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_one_round_that_went_wrong_moves_little() -> None:
    """One outlier of ten does not move the estimate beyond the others, as a mean would."""
    rounds = [*some_rounds(0.0, 9), 5.0]
    assert abs(shift(rounds, 0.99).value) < 0.02 < abs(sum(rounds) / len(rounds))
    assert verdict(shift(rounds, 0.99)).word in {"same", "unclear"}


def test_the_estimate_is_the_median_of_pairwise_means() -> None:
    """Hodges and Lehmann's estimate, by its definition."""
    rounds = some_rounds(0.1, 9)
    means = [(one + other) / 2 for one, other in itertools.combinations_with_replacement(rounds, 2)]
    assert shift(rounds, 0.99).value == pytest.approx(median(means))


@pytest.mark.parametrize(
    ("value", "half", "word"),
    [
        (0.2, 0.1, "slower"),
        (-0.2, 0.1, "faster"),
        (0.0, 0.02, "same"),
        (0.0, 0.2, "unclear"),
        (0.2, 0.3, "unclear"),
        (0.04, 0.02, "unclear"),
        (FIVE * 1.01, FIVE, "slower"),
        (FIVE * 0.99, FIVE * 0.98, "unclear"),
        (0.02, 0.01, "same"),
    ],
)
def test_a_verdict_needs_certainty_and_size(value: float, half: float, word: str) -> None:
    """Changed takes an interval without none and more than the threshold; the same takes an interval within it."""
    assert verdict(a_shift(value, half)).word == word


@given(SHIFTS, st.floats(0, 1), st.floats(0.01, 0.5))
def test_sides_that_change_places_change_the_word(value: float, half: float, threshold: float) -> None:
    """Comparing B with A says the opposite of comparing A with B."""
    opposite = {"slower": "faster", "faster": "slower", "same": "same", "unclear": "unclear"}
    one, other = (verdict(a_shift(sign * value, half), threshold).word for sign in (1, -1))
    assert opposite[one] == other


def test_an_unclear_verdict_says_what_could_have_been_seen() -> None:
    """The reason is the smallest change that would have shown, or that the change is too small to call."""
    assert verdict(a_shift(0.0, math.log(1.2))).reason == "only changes above 20% could be seen"
    assert "not certainly more than 5%" in verdict(a_shift(0.04, 0.02)).reason
    assert verdict(a_shift(0.0, 0.2)).shift.visible == pytest.approx(math.expm1(0.2))


def test_ratios_are_of_times() -> None:
    """A shift of ln 2 means that B takes twice as long."""
    found = a_shift(math.log(2), math.log(1.5))
    assert (found.ratio, found.ratio_low, found.ratio_high) == pytest.approx((2, 2 / 1.5, 3))


SLOWER = verdict(a_shift(0.2, 0.05))


@pytest.mark.parametrize(
    ("again", "word"),
    [(0.2, "slower"), (0.03, "slower"), (0.02, "unclear"), (0.0, "unclear"), (-0.2, "unclear")],
)
def test_a_change_is_said_only_if_it_repeats(again: float, word: str) -> None:
    """Fresh rounds have to show the same sign and half the threshold; the first estimate is what is reported."""
    found = confirmed(SLOWER, some_rounds(again, CONFIRMATION_ROUNDS, spread=0.001))
    assert (found.word, found.shift) == (word, SLOWER.shift)


def test_a_change_that_noise_hides_is_not_repeated() -> None:
    """Rounds whose interval holds none confirm nothing, however large their middle."""
    rounds = [0.3, -0.3, 0.4, -0.2, 0.5, -0.1, 0.3, -0.3, 0.4, -0.2]
    assert confirmed(SLOWER, rounds).word == "unclear"
    faster = verdict(a_shift(-0.2, 0.05))
    repeated = confirmed(faster, some_rounds(-0.2, 10, spread=0.001))
    assert (repeated.word, repeated.shift) == ("faster", faster.shift)
    assert repeated.again.value == pytest.approx(-0.2, abs=0.002)


def test_what_did_not_change_needs_no_confirmation() -> None:
    """The same stays the same, whatever rounds are shown."""
    same = Verdict(word="same", shift=a_shift(0, 0.01), reason="")
    assert confirmed(same, [9.0]) is same
    assert settled(same)
    assert not settled(verdict(a_shift(0, 1)))


@pytest.mark.parametrize("effort", LOOKS)
def test_looks_cost_at_most_one_false_alarm_in_a_hundred(effort: str) -> None:
    """The errors of all looks of an effort add up to one in a hundred at most, and each look has an interval."""
    assert sum(1 - look.coverage for look in LOOKS[effort]) <= 0.01 + 1e-12
    assert all(rank_for(look.rounds, look.coverage) >= 1 for look in LOOKS[effort])
