import gc
import random
from collections.abc import Callable

import pytest

from benchmarks.advice.measuring import _expected, certainly_slower, measure


class Machine:
    """A clock that moves only while a call runs, and calls that take a known time with a seeded spread."""

    def __init__(self, spread: float = 0.01) -> None:
        self.now = 0.0
        self.calls: dict[str, int] = {}
        self._spread = spread
        self._dice = random.Random(1)

    def clock(self) -> int:
        """Return the nanoseconds that calls took so far."""
        return int(self.now)

    def call(self, name: str, ns: float) -> Callable[[], None]:
        """Return a call that takes about so many nanoseconds."""

        def run() -> None:
            self.calls[name] = self.calls.get(name, 0) + 1
            self.now += ns * (1 + self._dice.uniform(-self._spread, self._spread))

        return run

    def runs(self, **ns: float) -> dict[str, list[tuple[float, Callable[[], object]]]]:
        """Return calls by their names and times."""
        return {name: [(1.0, self.call(name, one))] for name, one in ns.items()}


def test_times_are_found_again() -> None:
    """What takes a known time is measured as that, its interval around it."""
    machine = Machine()
    found = measure(machine.runs(a=5e5, b=7e5), machine.clock)
    assert found["a"].value_ns == pytest.approx(5e5, rel=0.01)
    assert found["b"].low_ns <= 7e5 <= found["b"].high_ns


def test_the_budget_is_kept() -> None:
    """Slow calls end with the ten seconds that users are promised, but for the one that was begun."""
    machine = Machine()
    measure(machine.runs(a=9e8, b=9.1e8, c=9.2e8), machine.clock)
    assert 9e9 <= machine.now <= 11e9


def test_a_round_that_does_not_end_in_time_does_not_count() -> None:
    """Each round has all open calls or none: the numbers of rounds are the same."""
    machine = Machine()
    found = measure(machine.runs(a=3e8, b=3.1e8), machine.clock, budget_ns=2_000_000_000)
    assert len({len(one.rounds_ns) for one in found.values()}) == 1


def test_what_came_to_no_round_has_no_time() -> None:
    """Nothing is said of calls that take longer than all the time there is."""
    machine = Machine()
    assert measure(machine.runs(a=2e9, b=2e9), machine.clock, budget_ns=1_000_000_000) == {}
    assert sum(machine.calls.values()) == 1


def test_the_hopeless_is_left_out_early() -> None:
    """What takes twenty times as long is called a few times, the others until they are told apart."""
    machine = Machine()
    found = measure(machine.runs(a=1e6, b=1.005e6, c=2e7), machine.clock)
    assert len(found["c"].rounds_ns) == 3
    assert len(found["a"].rounds_ns) >= 12


def test_measuring_ends_when_the_first_is_known() -> None:
    """Two that are clearly apart cost the first look's rounds, not the last's."""
    machine = Machine()
    found = measure(machine.runs(a=1e6, b=1.3e6), machine.clock)
    assert len(found["a"].rounds_ns) == 12
    assert certainly_slower(found["b"].rounds_ns, found["a"].rounds_ns)


def test_equals_are_not_told_apart() -> None:
    """Two that take the same are as good as each other, and neither is called slower."""
    machine = Machine(spread=0.05)
    found = measure(machine.runs(a=1e6, b=1e6), machine.clock)
    for one, other in (("a", "b"), ("b", "a")):
        assert not certainly_slower(found[one].rounds_ns, found[other].rounds_ns)


def test_a_first_call_counts_for_its_share() -> None:
    """Of ten calls, of which the first takes ten times as long, the mean is measured."""
    machine = Machine(spread=0.0)
    parts = [(0.1, machine.call("first", 1e7)), (0.9, machine.call("later", 1e6))]
    assert measure({"a": parts}, machine.clock)["a"].value_ns == pytest.approx(1.9e6)


def test_short_calls_are_timed_in_batches() -> None:
    """A round lasts long enough for the clock, however short a call is."""
    machine = Machine()
    measure(machine.runs(a=400, b=1000), machine.clock)
    assert machine.calls["a"] > 12 * 500


def test_garbage_is_collected_again_afterwards() -> None:
    """The collector rests while calls are timed, and only then."""
    seen: list[bool] = []
    machine = Machine()
    slow = machine.call("a", 1e6)

    def run() -> None:
        seen.append(gc.isenabled())
        slow()

    measure({"a": [(1.0, run)]}, machine.clock)
    assert seen == [False] * len(seen) != []
    assert gc.isenabled()


def test_what_is_certainly_slower_is_left_out_at_a_look() -> None:
    """Of three, the one that is told apart has the rounds of the first look, and the other two go on."""
    machine = Machine(spread=0.05)
    found = measure(machine.runs(a=1e6, b=1.02e6, c=1.3e6), machine.clock)
    assert len(found["c"].rounds_ns) == 12 < len(found["a"].rounds_ns)


def test_as_good_as_the_first_is_good_enough() -> None:
    """Two that are within two hundredths of each other, certainly, are not measured on."""
    machine = Machine(spread=0.002)
    assert len(measure(machine.runs(a=1e6, b=1e6), machine.clock)["a"].rounds_ns) == 12


def test_the_last_look_is_the_end() -> None:
    """Two that no look tells apart have forty-eight rounds, whatever time is left."""
    machine = Machine(spread=0.5)
    assert len(measure(machine.runs(a=1e6, b=1.05e6), machine.clock)["a"].rounds_ns) == 48


def test_each_round_has_an_order_of_its_own() -> None:
    """Who is first in one round is not first in all."""
    machine = Machine()
    seen: list[str] = []

    def noted(name: str) -> Callable[[], None]:
        slow = machine.call(name, 3e6)
        return lambda: (seen.append(name), slow())[0]

    measure({name: [(1.0, noted(name))] for name in "ab"}, machine.clock)
    calls = "".join(seen)
    assert "aa" in calls[6:]
    assert "bb" in calls[6:]


def test_the_interval_of_a_median_is_that_of_its_rounds() -> None:
    """Of twelve rounds the second and the last but one, of five their range; the value is the median."""
    twelve, five = (_expected([float(one) for one in range(1, many + 1)]) for many in (12, 5))
    assert (twelve.value_ns, twelve.low_ns, twelve.high_ns) == (6.5, 2, 11)
    assert (five.value_ns, five.low_ns, five.high_ns) == (3, 1, 5)


def test_few_rounds_tell_nothing() -> None:
    """Fewer rounds than the first look has make nothing certain, however far apart they are."""
    assert not certainly_slower([9.0] * 11, [1.0] * 11)
    assert certainly_slower([9.0] * 12, [1.0] * 12)
