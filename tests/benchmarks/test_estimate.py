import re

import pytest

from benchmarks.estimate import estimate
from benchmarks.session import Request
from benchmarks.suite.cases import Case


def seconds(request: Request) -> float:
    """Return the estimated time in minutes."""
    found = re.search(r"about ([\d.]+) minutes", estimate(request))
    assert found
    return float(found.group(1))


def a_request(*ids: str, passes: int = 600) -> Request:
    """Return a request for these cases; so many passes that tenths of minutes tell."""
    return Request(cases=tuple(map(Case.parse, ids)), passes=passes)


PLAIN = "torch.tensor/float32/C/64B/1t"


def test_it_counts_what_is_measured_and_what_is_skipped() -> None:
    """Cases that make no sense here are counted apart, and cost nothing."""
    text = estimate(a_request(PLAIN, "torch.tensor/float32/reversed/64B/1t", passes=4))
    assert text.startswith("1 cases in 4 passes, 1 skipped: about ")
    assert text.endswith("(estimated from sizes, not from this machine)")


def test_the_preset_gives_the_passes() -> None:
    """Without a number of passes, those of the preset are taken."""
    assert " in 3 passes, " in estimate(Request(preset="quick", pattern="^torch.tensor/"))


def test_more_passes_and_more_bytes_take_longer() -> None:
    """The estimate grows with the passes and with the size of a case."""
    large = PLAIN.replace("64B", "64MiB")
    assert seconds(a_request(PLAIN)) < seconds(a_request(PLAIN, passes=1200))
    assert seconds(a_request(PLAIN)) < seconds(a_request(large))


def test_workers_that_are_spawned_take_longer_than_forked_ones() -> None:
    """Each worker that is spawned loads Python and torch anew, in every pass."""
    fork, one, two = (
        seconds(a_request(f"loader.bridge.stack.{how}/float32/items4KiB/64KiB/1t", passes=60))
        for how in ("fork2", "spawn1", "spawn2")
    )
    assert fork < one < two


def test_the_quick_preset_takes_minutes() -> None:
    """The quick preset is estimated between half a minute and ten."""
    assert 0.5 < seconds(Request(preset="quick")) < 10


def test_a_session_on_a_gpu_takes_less_than_eight_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gpu preset is estimated at several minutes where there is a GPU, and its process starts count."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    whole = Request(preset="gpu")
    assert 3 < seconds(whole) < 8
    few = Request(preset="gpu", pattern="^many.loop/", passes=60)
    assert seconds(few) > 60 * 8 / 60
