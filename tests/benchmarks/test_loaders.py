import gc
import multiprocessing
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from benchmarks import comparison
from benchmarks.errors import NoCasesError
from benchmarks.suite import asv_conversions, loaders
from benchmarks.suite.calls import Call, call
from benchmarks.suite.cases import KIB, MIB, Case
from benchmarks.suite.checks import WrongResultError, check
from benchmarks.suite.feeds import BATCH_ITEMS, Feed, batches
from benchmarks.suite.inputs import InputCache
from benchmarks.suite.paths import PATHS

FEEDS = [known.name for known in PATHS.values() if known.family == "feed"]
#: More workers than a machine has CPUs, and a fork beside threads, are what is measured.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _no_worker_is_left() -> Iterator[None]:
    """Every test begins and ends without children."""
    assert multiprocessing.active_children() == []
    yield
    assert multiprocessing.active_children() == []


def a_call(path: str, size: int = MIB) -> Call:
    """Return the call of a loader over arrays of 4 KiB."""
    return call(Case(path=path, dtype="float32", layout="items4KiB", nbytes=size, threads="1t"), InputCache(0))


@pytest.mark.parametrize("path", FEEDS)
def test_a_loader_gives_the_first_arrays_last(path: str) -> None:
    """The last batch of an epoch is eight arrays, copied, and right: wherever it was made."""
    ready = a_call(path)
    result, shared = ready.run(), ready.path.feed.workers > 0

    assert check(ready).aliasing == "copies"
    assert (tuple(result.shape), result.is_shared()) == ((BATCH_ITEMS, KIB), shared)


@pytest.mark.parametrize("how", ["fork1", "fork2", "spawn1"])
def test_workers_stay_for_all_epochs_and_end_with_their_case(how: str) -> None:
    """The first call starts them, the others find them, and they go with the call, without a garbage collector."""
    gc.disable()
    try:
        ready = a_call(f"loader.bridge.stack.{how}")
        assert multiprocessing.active_children() == []
        ready.run()
        first = {one.pid for one in multiprocessing.active_children()}
        ready.run()
        assert {one.pid for one in multiprocessing.active_children()} == first
        assert len(first) == ready.path.feed.workers
        del ready
        assert multiprocessing.active_children() == []
    finally:
        gc.enable()


def test_an_epoch_takes_every_array_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All arrays are in one batch each, in order within it, and the last batch may be smaller."""
    rows = np.arange(20 * 3, dtype=np.float32).reshape(20, 3)
    loader = loaders.loader_of(Feed(collate="bridge.stack"), list(rows))
    found = list(loader)

    assert [len(batch) for batch in found] == [4, 8, 8]
    assert torch.equal(torch.cat(found[::-1]), torch.from_numpy(rows))
    assert batches(20 * 12, 12) == len(found) == len(loader)


def test_a_collate_that_is_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The values of a batch are proved as those of any path."""
    monkeypatch.setitem(loaders._COLLATES, "bridge.stack", lambda rows: torch.from_numpy(np.stack(rows[::-1])))
    with pytest.raises(WrongResultError, match=r"^loader\.bridge\.stack\.workers0/.*: values differ"):
        check(a_call("loader.bridge.stack.workers0"))


def test_a_collate_that_shares_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch that is looked at holds the element that is written: sharing would be found."""
    held = a_call("loader.default_collate.workers0")
    whole = torch.from_numpy(held.input.reference.reshape(-1, KIB))
    monkeypatch.setitem(loaders._COLLATES, "bridge.stack", lambda _rows: whole[:8])
    assert check(a_call_over("loader.bridge.stack.workers0", held)).aliasing == "shares"


def a_call_over(path: str, other: Call) -> Call:
    """Return the call of a loader over the input of another one."""
    cache = InputCache(0)
    cache.get = lambda _case, _source: other.input
    return call(Case(path=path, dtype="float32", layout="items4KiB", nbytes=MIB, threads="1t"), cache)


@pytest.mark.parametrize("path", FEEDS)
def test_a_name_reads_back(path: str) -> None:
    """The name of a loader says how it is set up, and nothing else is the name of one."""
    assert Feed.parse(path) == PATHS[path].feed
    assert Feed.parse(path).name == path


@pytest.mark.parametrize(
    "name", ["torch.tensor", "loader.", "loader.<a>.fork0", "loader.<a>.thread1", "loader.x.workers1"]
)
def test_what_is_no_loader_is_none(name: str) -> None:
    """Another path, no workers that are started, or another way to start them name no loader."""
    assert Feed.parse(name) is None


@pytest.mark.parametrize(("start", "workers"), [("fork", 0), (None, 1)])
def test_workers_and_their_start_go_together(start: str | None, workers: int) -> None:
    """A feed refuses a way to start none, and workers that nothing starts."""
    with pytest.raises(ValueError, match=f"{workers} workers cannot be started by {start}"):
        Feed(collate="<a>", start=start, workers=workers)


def test_asv_and_comparisons_leave_loaders_out() -> None:
    """A loader's time is that of other processes: it is no benchmark of asv's, and no case of a comparison."""
    assert not [name for name in asv_conversions.PUBLISHED if "loader" in name]
    with pytest.raises(NoCasesError):
        comparison.chosen("^loader")
    assert not [case for case in comparison.chosen(None, interpreters=True) if case.startswith("loader")]
