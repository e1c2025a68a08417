import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import measure
from benchmarks.measure import PASS_NS, ROUND_NS, ROUNDS_MAX, ROUNDS_MIN, calibrate, device_job, rounds_for


class FakeClock:
    """A clock that moves when told: each call of the measured function moves it, by its cost."""

    def __init__(self, *costs_ns: int) -> None:
        self.now_ns = 0
        self.costs_ns = list(costs_ns)
        self.calls = 0
        self.batches: list[int] = []
        self._read = 0

    def __call__(self) -> int:
        """Return the time; every second reading ends a batch."""
        self._read += 1
        if self._read % 2:
            self._before = self.calls
        else:
            self.batches.append(self.calls - self._before)
        return self.now_ns

    def run(self) -> None:
        """Cost the next of the costs, and the last one from then on."""
        self.calls += 1
        self.now_ns += self.costs_ns.pop(0) if len(self.costs_ns) > 1 else self.costs_ns[0]


@pytest.mark.parametrize("cost_ns", [1, 37, 400, 5_000, 99_999, 399_999])
def test_a_round_is_long_enough(cost_ns: int) -> None:
    """The loops found make a round of the length wanted, and not more than a quarter longer where calls are short."""
    clock = FakeClock(cost_ns)
    loops, call_ns = calibrate(clock.run, clock)
    assert call_ns == cost_ns
    assert loops * cost_ns >= ROUND_NS or loops == 1_000_000
    assert loops * cost_ns <= max(1.25 * ROUND_NS, 2 * cost_ns)


@pytest.mark.parametrize("cost_ns", [ROUND_NS, 10 * ROUND_NS, 3_000_000_000])
def test_a_long_call_is_a_round_by_itself(cost_ns: int) -> None:
    """A call that lasts a round needs no loops, and its time is the call's."""
    clock = FakeClock(cost_ns)
    assert calibrate(clock.run, clock) == (1, cost_ns)


def test_a_very_long_call_is_tried_once() -> None:
    """A call of seconds is not repeated to find out that one is enough."""
    clock = FakeClock(3_000_000_000)
    calibrate(clock.run, clock)
    assert clock.calls == 1


@given(st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=50))
def test_loops_grow_at_most_tenfold(costs_ns: list[int]) -> None:
    """Whatever a call costs from trial to trial, no trial has more than ten times the loops of the one before."""
    clock = FakeClock(*costs_ns, 100)
    calibrate(clock.run, clock)
    assert all(after <= 10 * before for before, after in zip(clock.batches, clock.batches[1:], strict=False))


def test_a_function_that_costs_nothing_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that never moves ends the growth at the most loops instead of never."""
    monkeypatch.setattr(measure, "_LOOPS_MAX", 2345)
    clock = FakeClock(0)
    loops, call_ns = calibrate(clock.run, clock)
    assert loops == 2345
    assert call_ns > 0


def test_a_stall_does_not_decide_the_loops() -> None:
    """One call that stalls for 16 ms leaves the loops as they are without it."""
    calm, stalled = FakeClock(1000), FakeClock(16_000_000, 1000)
    assert calibrate(stalled.run, stalled) == calibrate(calm.run, calm)


@pytest.mark.parametrize(
    ("loops", "call_ns", "rounds"),
    [
        (1, PASS_NS / 5, 5),
        (1, PASS_NS, ROUNDS_MIN),
        (1, 1e12, ROUNDS_MIN),
        (400, 1000.0, ROUNDS_MAX),
        (1, 0.001, ROUNDS_MAX),
        (2, PASS_NS / 8, 4),
    ],
)
def test_rounds_share_the_budget_of_a_pass(loops: int, call_ns: float, rounds: int) -> None:
    """A pass takes as many rounds as fit its budget: at least three, at most ten."""
    assert rounds_for(loops, call_ns) == rounds


@pytest.mark.parametrize(
    ("batch", "call_ns", "job"),
    [
        (1, 10_000, (1, 30)),
        (1, 2_000_000, (1, 10)),
        (1, 300_000_000, (1, 3)),
        (16, 10_000, (16, 30)),
        (16, 5_000_000, (4, 3)),
        (16, 300_000_000, (1, 3)),
    ],
)
def test_a_device_gets_a_budget_of_rounds(batch: int, call_ns: float, job: tuple[int, int]) -> None:
    """Rounds of one call or one batch fill the budget, within bounds; a batch is cut before the rounds are."""
    assert device_job(batch, call_ns) == job
