import pytest

from benchmarks.breakdown import growth
from benchmarks.breakdown.growth import explain, ladder, limit_of
from benchmarks.breakdown.outcome import Growth
from benchmarks.errors import CaseFailedError, NoCasesError
from benchmarks.matrix import Surroundings
from benchmarks.suite.cases import SIZES, Case
from tests.builders import a_failure, a_full_session, a_record, a_session

COPY = Case.parse("torch.tensor/float32/C/256MiB/1t")
SHARE = Case.parse("torch.from_numpy/float32/C/1MiB/1t")


class Quiet:
    """Watches a session and says nothing."""

    def begin(self, total: int, passes: int) -> None:
        """Say nothing."""

    def started(self, name: str, stage: int) -> None:
        """Say nothing."""

    def finished(self, stage: int) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def known() -> Growth:
    """Return the breakdown of a copy that costs 2300 ns, then 36 bytes a ns in caches and 2 in fresh pages."""
    return explain(a_full_session(spread=0.0), COPY)


def fit_of(found: Growth, regime: str) -> object:
    """Return the line of a regime."""
    return next(one.fit for one in found.curve.regimes if one.name == regime)


def test_the_fixed_cost_and_rate_are_found_again(known: Growth) -> None:
    """The fixed cost and the rate that the times were made of are given back, each in its regime."""
    cache, fresh = fit_of(known, "cache"), fit_of(known, "fresh pages")
    assert cache.fixed_ns.value == pytest.approx(2300)
    assert (cache.rate.value, fresh.rate.value) == (pytest.approx(36), pytest.approx(2))


def test_the_case_itself_is_told(known: Growth) -> None:
    """Time, faults, payload and the multiple of the limit are those of the case, not of its smaller sizes."""
    nbytes = SIZES["256MiB"]
    time_ns, limit_ns = 2300 + nbytes / 2, 280 + nbytes / 16
    assert known.time_ns.value == pytest.approx(time_ns)
    assert known.minflt_per_call == nbytes / 4096
    assert known.gigabytes_per_s == pytest.approx(nbytes / time_ns)
    assert known.times_limit.value == pytest.approx(time_ns / limit_ns)


def test_other_layouts_and_dtypes_are_on_no_line() -> None:
    """A case of another layout or dtype of the same path does not enter the line."""
    records = [
        a_record("torch.tensor", ns=2300 + SIZES[size] / 36, size=size, aliasing="copies", spread=0.0) for size in SIZES
    ]
    strange = [
        a_record("torch.tensor", ns=1e12, size="4KiB", aliasing="copies", **axes)
        for axes in ({"layout": "F"}, {"dtype": "uint8"})
    ]
    limits = [a_record("ref.memcpy", ns=1e6, size="256MiB", family="limit", dtype="uint8")]
    found = explain(a_session([*records, *limits, *strange]), COPY)
    assert fit_of(found, "cache or memory").fixed_ns.value == pytest.approx(2300)


def test_sharing_moves_nothing() -> None:
    """A path that shares has no rate, and one time for every size."""
    found = explain(a_full_session(spread=0.0), SHARE)
    assert found.gigabytes_per_s is None
    assert found.curve.flat


def test_what_the_times_do_not_allow_is_said() -> None:
    """Two sizes are held by no line, because a line needs three."""
    sizes = ("64B", "512B")
    records = [
        a_record("torch.tensor", ns=100 + SIZES[size], size=size, aliasing="copies", spread=0.0) for size in sizes
    ]
    limits = [a_record("ref.memcpy", ns=50, size="512B", family="limit", dtype="uint8")]
    found = explain(a_session([*records, *limits]), Case.parse("torch.tensor/float32/C/512B/1t"))
    assert found.curve.left_out == (64, 512)
    assert found.curve.reason == "2 of the 3 sizes that a line needs"


def test_a_ladder_has_each_smaller_size_and_its_limit() -> None:
    """A case is measured with all its smaller sizes and the memcpy of each, every one once."""
    case = Case.parse("torch.tensor/uint8/F/4KiB/allt")
    ids = [one.id for one in ladder(case)]
    sizes = ["64B", "512B", "4KiB"]
    assert ids == [f"ref.memcpy/uint8/C/{size}/1t" for size in sizes] + [
        f"torch.tensor/uint8/F/{size}/allt" for size in sizes
    ]
    assert len(ladder(limit_of(case))) == 3


@pytest.mark.parametrize(("path", "limit"), [("h2d.pageable", "ref.dma_h2d"), ("d2h.cpu", "ref.dma_d2h")])
def test_the_limit_of_a_transfer_is_the_engine_of_its_direction(path: str, limit: str) -> None:
    """What goes to a device is held against the engine that goes there, what comes home against the other one."""
    assert limit_of(Case.parse(f"{path}/float32/C/1MiB/1t")).id == f"{limit}/uint8/C/1MiB/1t"


def test_a_case_that_failed_says_how() -> None:
    """A case that failed has no breakdown but its error and its stage."""
    session = a_session([a_failure("torch.tensor", size="256MiB")])
    with pytest.raises(CaseFailedError, match="256MiB/1t failed in pass 3: killed by SIGSEGV"):
        explain(session, COPY)


def test_a_case_that_is_not_there_has_no_breakdown() -> None:
    """A session without the case, or without its limit, is refused with the id that is missing."""
    with pytest.raises(CaseFailedError, match=r"torch.tensor/float32/C/256MiB/1t was not measured"):
        explain(a_session([]), COPY)
    only_case = a_session([a_record("torch.tensor", size="256MiB")])
    with pytest.raises(CaseFailedError, match=r"ref.memcpy/uint8/C/256MiB/1t was not measured"):
        explain(only_case, COPY)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("<a>/float32/C/64B/1t", "there is no path '<a>'; run --list shows the cases"),
        ("torch.tensor/float32/reversed/64B/1t", "makes no sense here: torch refuses negative strides"),
    ],
)
def test_a_case_of_no_sense_is_refused_before_anything_runs(case: str, words: str) -> None:
    """A path that does not exist, or a source it refuses, is said at once."""
    with pytest.raises(NoCasesError, match=words):
        growth.measure(Case.parse(case), 1, Quiet(), Surroundings.here())


def test_a_case_is_measured_in_a_session_that_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring asks for the ladder without semantics, and leaves no file behind."""
    asked = []

    def run(request: object, observer: object) -> object:
        asked.append(request)
        path = request.out / "20260101T000000Z-a.jsonl"
        session = a_full_session(spread=0.0)
        growth.store.write(path, session)
        return path

    monkeypatch.setattr(growth, "run", run)
    assert growth.measure(COPY, 2, Quiet(), Surroundings.here()).case == COPY.id
    assert (asked[0].passes, asked[0].with_semantics, list(asked[0].cases)) == (2, False, ladder(COPY))
    assert not asked[0].out.exists()
