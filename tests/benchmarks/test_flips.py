"""When the answer is another one, by an expectation that is made up: path -> what is wanted -> nanoseconds."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from benchmarks.advice.candidates import Candidate
from benchmarks.advice.expected import Expected
from benchmarks.advice.flips import flips
from benchmarks.advice.wanted import Wanted
from benchmarks.suite.cases import SIZES
from tests.benchmarks.test_advice import asked, of_registry

FIRST, OTHER, INTO = "torch.tensor", "torch.from_numpy.clone", "Tensor.copy_"
EVERY = of_registry(FIRST, OTHER, INTO)
Times = Callable[[Wanted], Mapping[str, float]]


def told(
    wanted: Wanted, times: Times, spread: float = 0.01, days: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Return the flips where the first of all candidates takes this for what is wanted, by sessions of some names."""

    def expect(of: Wanted, every: Sequence[Candidate]) -> dict[str, Expected]:
        asked_of = {one.path.name for one in every}
        return {
            name: Expected(
                value_ns=ns,
                low_ns=ns * (1 - spread),
                high_ns=ns * (1 + spread),
                origin="recorded",
                sessions=(days[name],) if name in days else (),
            )
            for name, ns in times(of).items()
            if name in asked_of
        }

    return list(flips(wanted, EVERY, FIRST, expect, all_threads=4))


def over(word: str, found: list[str]) -> list[str]:
    """Return the sentences that begin with a word."""
    return [one for one in found if one.startswith(word)]


def test_the_nearest_size_is_told_and_no_other() -> None:
    """Of all larger sizes at which another path is first, the sentence names the nearest; the own size is not asked."""

    def times(of: Wanted) -> dict[str, float]:
        assert of.payload_bytes != SIZES["1MiB"] or of == wanted or of.threads > 1 or of.reuse > 1
        return {FIRST: 100.0, OTHER: 50.0 if of.payload_bytes >= SIZES["16MiB"] else 200.0}

    wanted = asked("1MiB")
    found = told(wanted, times)
    assert over("larger", found) == [f"larger: from somewhere between 4MiB and 16MiB, {OTHER} is first"]
    assert not over("smaller", found)
    assert not over("over sizes", found)


def test_sizes_that_nobody_measured_are_told() -> None:
    """Where no other size is known, that is said; where one is, it is not."""
    here = SIZES["1MiB"]
    found = told(asked("1MiB"), lambda of: {FIRST: 1.0, OTHER: 2.0} if of.payload_bytes == here else {})
    assert over("over sizes", found) == ["over sizes: not known, for the records have no other size of this"]


def test_a_tie_is_no_flip() -> None:
    """Another path that is a little faster, and not certainly, changes nothing."""
    found = told(asked("1MiB"), lambda _of: {FIRST: 100.0, OTHER: 95.0}, spread=0.1)
    assert not over("larger", found)
    assert not over("smaller", found)
    assert over("threads", found) == [f"threads: with 4 threads, {FIRST} stays first or ties"]


def test_from_many_threads_one_is_asked_about() -> None:
    """Whoever has two threads is told of one, and whoever has one of as many as the records call all."""
    one_is_slow: Times = lambda of: {FIRST: 100.0 if of.threads > 1 else 900.0, OTHER: 200.0}  # noqa: E731
    assert over("threads", told(asked("1MiB", threads=2), one_is_slow)) == [
        f"threads: with one thread, {OTHER} is first"
    ]
    all_are_slow: Times = lambda of: {FIRST: 100.0 if of.threads == 1 else 900.0, OTHER: 200.0}  # noqa: E731
    assert over("threads", told(asked("1MiB"), all_are_slow)) == [f"threads: with 4 threads, {OTHER} is first"]


def test_memory_that_is_not_kept_wins_nowhere() -> None:
    """Who converts one array is told of no size and no threads at which filling memory again is first."""
    into_is_fast: Times = lambda _of: {FIRST: 100.0, OTHER: 200.0, INTO: 1.0}  # noqa: E731
    found = told(asked("1MiB"), into_is_fast)
    assert [one for one in found if INTO in one] == over("reuse", found)
    assert len(over("reuse", found)) == 1


def test_memory_that_is_kept_may_win_anywhere() -> None:
    """Who converts many is told where it is first, and not what more arrays would change."""

    def times(of: Wanted) -> dict[str, float]:
        return {FIRST: 100.0, INTO: 1.0 if of.payload_bytes > SIZES["1MiB"] or of.threads > 1 else 300.0}

    found = told(asked("1MiB", reuse=10), times)
    assert over("larger", found) == [f"larger: from somewhere between this size and 2MiB, {INTO} is first"]
    assert over("threads", found) == [f"threads: with 4 threads, {INTO} is first"]
    assert not over("reuse", found)
    assert not over("over reuse", found)


def test_what_stays_first_by_times_of_two_days_is_told_as_theirs() -> None:
    """Where nothing changes the answer, that too is said by the sessions that the compared times are from."""
    same: Times = lambda _of: {FIRST: 100.0, OTHER: 200.0, INTO: 300.0}  # noqa: E731
    days = {FIRST: "<a>", OTHER: "<a> | &", INTO: "<a> | &"}
    for asked_of, words in ((days, " (by times of several sessions)"), (dict.fromkeys(days, "<a>"), "")):
        found = told(asked("1MiB"), same, days=asked_of)
        assert over("threads", found) == [f"threads: with 4 threads, {FIRST} stays first or ties{words}"]
        assert over("reuse", found)[0].endswith(f"is certainly faster, up to 1000 arrays of this shape{words}")
