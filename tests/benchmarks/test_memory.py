import pytest

from benchmarks.suite.calls import call
from benchmarks.suite.cases import MIB, Case
from benchmarks.suite.checks import check
from benchmarks.suite.inputs import InputCache
from benchmarks.suite.pages import allow_huge_pages
from benchmarks.suite.paths import PATHS


@pytest.mark.parametrize("path", [known for known in PATHS if known.endswith(".held")])
def test_eight_results_stay(path: str) -> None:
    """Eight results are held before the first call, and after it: the oldest goes, the new one is the last."""
    ready = call(Case(path=path, dtype="float32", layout="C", nbytes=4096, threads="1t"), InputCache(0))
    queue = ready.args[0]
    before = list(queue)
    result = ready.run()

    assert len(before) == len(queue) == 8
    assert queue[-1] is result
    assert [id(one) for one in queue] == [id(one) for one in (*before[1:], result)]
    assert len({one.data_ptr() for one in queue}) == 8
    assert check(ready).aliasing == "copies"


@pytest.mark.parametrize("path", [known for known in PATHS if known.endswith(".small_pages")])
def test_a_copy_in_small_pages_is_a_right_copy(path: str) -> None:
    """Values are right and aliasing is that of a copy, whatever pages the result lies in."""
    ready = call(Case(path=path, dtype="float32", layout="C", nbytes=MIB, threads="1t"), InputCache(0))
    try:
        seen = check(ready)
    finally:
        allow_huge_pages(allowed=True)

    assert (seen.aliasing, seen.alloc_bytes >= MIB) == ("copies", True)
    assert not PATHS[path].huge_pages


def test_what_a_path_refuses_is_held_by_nobody() -> None:
    """The call of a case that makes no sense can be built, for its refusal to be proved, and its queue is empty."""
    case = Case(path="torch.tensor.held", dtype="float32", layout="reversed", nbytes=4096, threads="1t")
    queue, _ = call(case, InputCache(0)).args
    assert len(queue) == 0
