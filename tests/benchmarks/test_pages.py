import ctypes
from collections.abc import Iterator

import pytest

from benchmarks.suite import pages
from benchmarks.suite.calls import call
from benchmarks.suite.cases import MIB, Case
from benchmarks.suite.faults import faults_per_call
from benchmarks.suite.inputs import InputCache
from benchmarks.suite.pages import allow_huge_pages, huge_pages_allowed, why_no_switch

SIZE = 64 * MIB
SMALL_PAGES = SIZE // 4096


@pytest.fixture(autouse=True)
def _allowed() -> Iterator[None]:
    """Give the process its huge pages back."""
    yield
    allow_huge_pages(allowed=True)


def faults(path: str) -> float:
    """Return the faults of one call that copies 64 MiB."""
    ready = call(Case(path=path, dtype="float32", layout="C", nbytes=SIZE, threads="1t"), InputCache(0))
    ready.run()
    return faults_per_call(ready.run, 3)


@pytest.mark.skipif(bool(why_no_switch()), reason=str(why_no_switch()))
@pytest.mark.parametrize("copy", ["np.copy.from_numpy", "bridge.as_tensor.copy"])
def test_without_huge_pages_every_small_page_faults(copy: str) -> None:
    """What NumPy allocates comes in huge pages by itself, and in small ones where the process refuses them."""
    plain, refused, again = faults(copy), faults(f"{copy}.small_pages"), faults(copy)

    assert plain < SMALL_PAGES / 8
    assert refused == pytest.approx(SMALL_PAGES, rel=0.05)
    assert again < SMALL_PAGES / 8


@pytest.mark.skipif(bool(why_no_switch()), reason=str(why_no_switch()))
def test_a_case_is_given_its_pages_whatever_was_called_before() -> None:
    """Building a call sets the pages of its path: the order of cases changes nothing."""
    seen = []
    for path in ("np.copy.from_numpy.small_pages", "np.copy.from_numpy", "torch.from_numpy.clone.small_pages"):
        call(Case(path=path, dtype="float32", layout="C", nbytes=64, threads="1t"), InputCache(0))
        seen.append(huge_pages_allowed())

    assert seen == [False, True, False]


@pytest.mark.skipif(bool(why_no_switch()), reason=str(why_no_switch()))
def test_the_source_of_small_pages_lies_in_the_pages_of_every_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input is built while huge pages are allowed, even where the call before refused them."""
    allow_huge_pages(allowed=False)
    seen: list[bool] = []
    cache = InputCache(0)
    get = cache.get
    monkeypatch.setattr(cache, "get", lambda *asked: (seen.append(huge_pages_allowed()), get(*asked))[1])
    call(Case(path="np.copy.from_numpy.small_pages", dtype="float32", layout="C", nbytes=64, threads="1t"), cache)

    assert seen == [True]
    assert not huge_pages_allowed()


def test_a_system_that_is_not_linux_cannot_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere nothing is asked of the C library, and the reason says so."""
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("no such call there"))
    allow_huge_pages(allowed=False)

    assert huge_pages_allowed()
    assert why_no_switch() == "this system cannot refuse huge pages for a process"


@pytest.mark.parametrize("mode", ["always madvise [never]", None])
def test_a_system_without_huge_pages_has_nothing_to_refuse(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, mode: str | None
) -> None:
    """Where the kernel gives none, or has none, all pages are small and the reason says so."""
    file = tmp_path / "enabled"
    if mode is not None:
        file.write_text(mode)
    monkeypatch.setattr(pages, "_MODE", file)
    monkeypatch.setattr(pages, "_prctl", lambda _option, _value: 0)

    assert why_no_switch() == "this system gives no huge pages, so that all pages are small"
