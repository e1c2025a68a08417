import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.regimes import runs

SIZES = tuple(64 * 4**step for step in range(11))


def points(cost: object, sizes: object = SIZES, *, passes: int = 6, spread: float = 0.0, seed: int = 1) -> dict:
    """Return made-up rounds: `cost(n)` with a seeded spread."""
    dice = random.Random(seed)
    return {
        n: [[cost(n) * (1 + dice.uniform(-spread, spread)) for _ in range(5)] for _ in range(passes)] for n in sizes
    }


def borders(known: dict) -> list[tuple[int, int]]:
    """Return the smallest and the largest size of each regime."""
    return [(run.sizes[0], run.sizes[-1]) for run in runs(known)]


def two_rates(n: int) -> float:
    """Cost 1 us and 40 bytes a ns up to 1 MiB, 10 bytes a ns above."""
    return 1000 + n / (40 if n <= 2**20 else 10)


def test_one_line_is_one_regime() -> None:
    """Times of one fixed cost and one rate make one regime over all sizes."""
    assert borders(points(lambda n: 1000 + n / 8, spread=0.02)) == [(SIZES[0], SIZES[-1])]


def test_a_border_is_found_where_it_was_planted() -> None:
    """A rate that falls to a quarter beyond 1 MiB makes two regimes that meet there, each with its own rate."""
    found = runs(points(two_rates, spread=0.02))
    assert [(run.sizes[0], run.sizes[-1]) for run in found] == [(64, 2**20), (2**22, SIZES[-1])]
    assert [run.fit.rate.value for run in found] == [pytest.approx(40, rel=0.03), pytest.approx(10, rel=0.03)]
    assert found[0].fit.fixed_ns is not None
    assert found[0].fit.fixed_ns.value == pytest.approx(1000, rel=0.02)


def test_the_fixed_cost_is_claimed_once() -> None:
    """Larger regimes take the fixed cost over: none of them calls it its own."""
    _, later = runs(points(two_rates))
    assert later.fit.fixed_ns is None
    assert [cost for cost, _ in later.fit.lines] == [pytest.approx(1000)] * 6


@settings(max_examples=30)
@given(st.integers(3, len(SIZES) - 2), st.floats(10, 1e4), st.floats(4, 60), st.floats(3, 20))
def test_any_border_is_found(at: int, fixed: float, rate: float, slower: float) -> None:
    """Wherever the rate falls to a third or less, the sizes on both sides are told apart, whatever the costs.

    At the border the bytes cost as much as the call at least, else there would be nothing to see.
    """
    border = SIZES[at - 1]
    known = points(lambda n: min(fixed, border / rate) + n / (rate if n <= border else rate / slower))
    assert borders(known) == [(SIZES[0], border), (SIZES[at], SIZES[-1])]


def test_a_size_on_no_line_is_left_out() -> None:
    """One size between two regimes that fits neither belongs to none, and does not spoil their rates."""
    known = points(lambda n: 3 * two_rates(n) if n == 2**22 else two_rates(n))
    found = runs(known)
    assert [(run.sizes[0], run.sizes[-1]) for run in found] == [(64, 2**20), (2**24, SIZES[-1])]
    assert found[1].fit.rate.value == pytest.approx(10)


def test_sizes_too_near_or_too_far_are_no_regime() -> None:
    """31 to 32 MiB are on one line whatever they cost, and 4 KiB and 1 MiB say nothing of what lies between."""
    assert borders(points(lambda n: n / 8, (31 * 2**20, 2**25 - 2**19, 2**25))) == []
    assert borders(points(lambda n: n / 8, (2**6, 2**12, 2**20))) == []
    assert borders(points(lambda n: n / 8, (2**8, 2**14, 2**20))) == [(2**8, 2**20)]


def test_two_sizes_are_a_later_regime_but_no_first() -> None:
    """Two sizes on a line through zero say nothing of a fixed cost; where the call's is known they make a rate."""
    assert borders(points(lambda n: n / 8, (2**14, 2**20))) == []
    assert borders(points(two_rates, (64, 2**12, 2**18, 2**23, 2**28))) == [(64, 2**18), (2**23, 2**28)]


def test_a_first_regime_may_have_no_fixed_cost_of_its_own() -> None:
    """Times that a line meets only below zero are on one through zero where that is near enough."""
    (found,) = runs(points(lambda n: n**1.05 / 8, (2**22, 2**24, 2**26)))
    assert (found.sizes, found.fit.fixed_ns) == ((2**22, 2**24, 2**26), None)


def test_what_cannot_be_cut_has_no_regime() -> None:
    """No sizes at all, and sizes that were not measured in the same passes, have no regime."""
    assert runs({}) == ()
    assert runs(points(two_rates) | points(two_rates, (2**30,), passes=5)) == ()
