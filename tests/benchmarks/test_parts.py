"""Planted costs: each part of a breakdown finds what was planted for it, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.breakdown.parts import PARTS, UNEXPLAINED, Breakdown, Pass, Taken, breakdown

#: What calls cost when nothing is planted, in nanoseconds.
BASE = {"empty call": 50.0, "overhead": 700.0, "moving bytes": 4000.0}
FAULTS = 1024.0


def planted(threads: int = 1, **costs: float) -> Pass:
    """Return the pass of a case whose parts cost this much, measured as its variants are."""
    cost = dict.fromkeys(PARTS, 0.0) | BASE | {name.replace("_", " "): ns for name, ns in costs.items()}
    small = cost["empty call"] + cost["overhead"]
    work = cost["moving bytes"] + cost["casting or order"]
    warm = small + work + costs.get("threads_lose", 0.0) + costs.get("secret", 0.0)
    took = {
        "call": Taken(cost["empty call"], 0.0),
        "small": Taken(small, 0.0),
        "warm": Taken(warm, 0.0),
        "move": Taken(300 + cost["moving bytes"] * threads, 0.0),
        "move_small": Taken(300, 0.0),
        "engine": Taken(900 + work * threads, 0.0),
        "engine_small": Taken(900, 0.0),
        "whole": Taken(
            warm + cost["page faults"] + cost["waiting for a CPU"],
            cost["waiting for a CPU"],
            FAULTS if cost["page faults"] else 0.0,
        ),
    }
    if threads > 1:
        took["one_thread"] = Taken(small + (work + costs.get("secret", 0.0)) * threads, 0.0)
    return Pass(took=took, threads=threads)


def values(found: Breakdown) -> dict[str, float]:
    """Return the nanoseconds of every part."""
    return {one.name: one.ns.value for one in found.parts}


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    "name", ["empty call", "overhead", "waiting for a CPU", "page faults", "moving bytes", "casting or order"]
)
def test_each_part_finds_what_was_planted_for_it(name: str, threads: int) -> None:
    """A cost that is planted alone appears in its own part, to the digit, and in no other."""
    before = values(breakdown([planted(threads)]))
    after = values(breakdown([planted(threads, **{name: 12_345.0})]))
    for part, ns in after.items():
        grown = 12_345.0 - BASE.get(name, 0.0) if part == name else 0.0
        assert ns - before[part] == pytest.approx(grown, abs=1e-6), part


def test_what_threads_lack_is_found() -> None:
    """Time that many threads lose against as many times one thread is the part of the threads."""
    assert values(breakdown([planted(4)]))["threads"] == pytest.approx(0)
    lost = values(breakdown([planted(4, threads_lose=2500.0)]))
    assert (lost["threads"], lost[UNEXPLAINED]) == (pytest.approx(2500), pytest.approx(0))


def test_what_nothing_explains_is_unexplained() -> None:
    """Time that belongs to no part is shown as such, on one thread and on many."""
    assert values(breakdown([planted(secret=900.0)]))[UNEXPLAINED] == pytest.approx(900)
    assert values(breakdown([planted(2, secret=900.0)]))[UNEXPLAINED] == pytest.approx(900)


def test_slower_without_faults_is_no_page_fault() -> None:
    """Where the counters saw no fault less in warm memory, the difference is nobody's, whatever it is."""
    known = planted()
    whole = Taken(known.took["whole"].call_ns + 5000, 0.0, minflt=0.0)
    found = values(breakdown([Pass(took={**known.took, "whole": whole})]))
    assert (found["page faults"], found[UNEXPLAINED]) == (0.0, pytest.approx(5000))


def test_faults_that_warm_memory_has_too_are_not_priced() -> None:
    """Fresh memory is slower by its faults only where it has half a fault a call more than warm memory."""
    known = planted(page_faults=5000.0)
    for warm, expected in ((FAULTS, 0.0), (FAULTS - 0.4, 0.0), (FAULTS - 0.5, 5000.0)):
        took = {**known.took, "warm": known.took["warm"]._replace(minflt=warm)}
        assert values(breakdown([Pass(took=took)]))["page faults"] == pytest.approx(expected)


def test_many_times_a_variant_are_its_time_its_wait_and_its_faults() -> None:
    """A variant that stands for several has all that it took multiplied; an unknown wait stays unknown."""
    assert Taken(3.0, 2.0, 1.0).times(4) == Taken(12.0, 8.0, 4.0)
    assert Taken(3.0).times(4) == Taken(12.0, None, 0.0)


def test_a_cast_moves_no_more_than_it_takes() -> None:
    """Where moving as many bytes would take longer than casting them, the cast adds nothing and moves faster."""
    known = planted()
    cheaper = {**known.took, "engine": Taken(900 + 3000, 0.0)}
    found = values(breakdown([Pass(took=cheaper)]))
    assert (found["moving bytes"], found["casting or order"]) == (3000, 0)


def test_a_part_that_nobody_measured_is_none() -> None:
    """A variant that was not timed, or in some passes only, leaves its part out; its time stays unexplained."""
    known = planted()
    shares = Pass(took={name: known.took[name] for name in ("call", "small", "whole", "warm")})
    left = {"empty call", "overhead", "waiting for a CPU", "page faults", UNEXPLAINED}
    assert values(breakdown([shares])).keys() == left
    some = breakdown([known, shares])
    assert "moving bytes" not in values(some)
    left = some.part(UNEXPLAINED).ns
    assert (left.low, left.high) == (pytest.approx(4000), pytest.approx(4000))
    uncounted = {name: Taken(one.call_ns) for name, one in known.took.items()}
    assert "waiting for a CPU" not in values(breakdown([Pass(took=uncounted)]))


def test_a_transfer_has_a_link() -> None:
    """The copies over the link are a part, and those of the small transfer are not its overhead."""
    took = {"call": Taken(50, 0.0), "small": Taken(9050, 0.0), "link_small": Taken(1000, 0.0)}
    took |= {"whole": Taken(1_009_000, 0.0), "link": Taken(1_000_000, 0.0)}
    found = values(breakdown([Pass(took=took)]))
    assert (found["overhead"], found["link"], found[UNEXPLAINED]) == (8000, 1_000_000, pytest.approx(950))


@given(st.lists(st.lists(st.floats(0, 1e9), min_size=6, max_size=6), min_size=1, max_size=7))
def test_the_parts_add_up(passes: list[list[float]]) -> None:
    """Whatever the passes measured, the parts add up to the whole, and each lies within its interval."""
    names = ("call", "small", "warm", "move", "move_small", "whole")
    known = [Pass(took={name: Taken(ns, 0.0, 1.0) for name, ns in zip(names, one, strict=True)}) for one in passes]
    found = breakdown(known)
    assert sum(values(found).values()) == pytest.approx(found.whole.value, rel=1e-9, abs=1e-3)
