import mmap

from benchmarks.suite.faults import faults_per_call, minor_faults


def touch_pages(pages: int) -> None:
    """Map fresh memory and write to each page of it."""
    with mmap.mmap(-1, pages * mmap.PAGESIZE) as memory:
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(pages):
            memory[page * mmap.PAGESIZE] = 1


def test_fresh_pages_are_counted() -> None:
    """A call that writes to a thousand fresh pages is said to fault a thousand times, and hardly more."""
    assert 1000 <= faults_per_call(lambda: touch_pages(1000), 4) < 1100


def test_a_call_that_touches_nothing_new_does_not_fault() -> None:
    """An empty call faults less than once in a hundred calls."""
    assert faults_per_call(lambda: None, 1000) < 0.01


def test_faults_are_those_of_this_process() -> None:
    """The count rises by the pages that were touched in between."""
    before = minor_faults()
    touch_pages(500)
    assert minor_faults() - before >= 500
