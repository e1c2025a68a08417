from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.records import Observation, Session
from reports import pages
from reports.contents import Contents, contents
from reports.findings import CAP, Finding, findings
from tests.builders import a_full_session, a_record, a_session, some_semantics
from tests.reports.parsed import Page

SIZES = ("64B", "4KiB", "64KiB", "1MiB", "64MiB")
BYTES = {"64B": 64, "512B": 512, "4KiB": 4096, "16KiB": 2**14, "64KiB": 2**16, "1MiB": 2**20, "64MiB": 2**26}


def said(records: Sequence[Any], about: str, **more: Any) -> list[Finding]:
    """Return the findings on made-up records whose sentence holds `about`."""
    return [one for one in findings(a_session(records, **more)) if about in one.sentence]


def line(path: str, cost: Any, sizes: Sequence[str] = SIZES, **more: Any) -> list[Any]:
    """Return one path over the sizes, at `cost` of the bytes."""
    return [a_record(path, ns=cost(BYTES[size]), size=size, **more) for size in sizes]


def test_every_number_of_a_sentence_stands_in_its_row(full_contents: Contents) -> None:
    """The row that a finding leads to is in the page and holds each of the sentence's numbers as the same text."""
    page = Page.of(pages.html(full_contents))
    assert len(full_contents.findings) >= 5
    for one in full_contents.findings:
        row = " ".join(page.rows[one.anchor].split())
        assert one.numbers
        for number in one.numbers:
            assert number in one.sentence
            assert number in row, f"{one.sentence} against {row}"


def test_a_full_session_says_five_to_nine_things(full_session: Session) -> None:
    """Many paths over all sizes give a handful of sentences, page faults and free sharing first."""
    sentences = [one.sentence for one in findings(full_session)]
    assert 5 <= len(sentences) <= CAP
    assert "page faults" in sentences[0]
    assert "copies nothing" in sentences[1]


def test_no_more_is_said_than_is_read(full_session: Session) -> None:
    """Where ten questions have an answer, the nine most telling are given."""
    names = {"ours": "bridge.standardize", "usual": "seeds.preprocess"}
    more = [*full_session.records, *against(400, family="preprocess", **names)]
    everything = findings(a_session(more, semantics=full_session.semantics))
    assert len(everything) == CAP
    assert "all threads" not in " ".join(one.sentence for one in everything)


def test_no_data_no_sentence() -> None:
    """One case alone says nothing, and the page says what is missing instead."""
    made = contents(a_session([a_record()]))
    assert made.findings == ()
    assert "These data allow no sentence" in pages.html(made)
    assert "These data allow no sentence" in pages.markdown(made)


def test_flat_sharing_is_said_with_its_range() -> None:
    """A path that costs the same from 64 B to 64 MiB is said to, with time and range of sizes."""
    (one,) = said(line("torch.from_numpy", lambda _: 542), "copies nothing")
    assert "64 B to 64 MiB" in one.sentence
    assert "542" in one.sentence or "541" in one.sentence or "543" in one.sentence


@pytest.mark.parametrize(
    "records",
    [
        line("torch.from_numpy", lambda n: 542 + n / 1000),
        line("torch.from_numpy", lambda _: 542, SIZES[:2]),
        line("torch.from_numpy", lambda _: 542, aliasing="copies"),
        line("torch.as_tensor", lambda _: 542),
    ],
    ids=["growing", "two sizes", "observed to copy", "not the usual path"],
)
def test_flat_sharing_is_not_said_of_what_grows_or_copies(records: list[Any]) -> None:
    """A growing cost, two sizes or an observed copy keep the sentence back."""
    assert said(records, "copies nothing") == []


SMALL = ("64B", "512B", "4KiB", "16KiB", "64KiB")


def test_the_fixed_cost_of_a_copy_is_said_against_sharing() -> None:
    """A copy of 2 µs plus its bytes is said to cost 4 calls of a sharing path of 500 ns."""
    records = line("torch.from_numpy", lambda _: 500) + line(
        "torch.tensor", lambda n: 2000 + n / 40, SMALL, family="copy", aliasing="copies"
    )
    (one,) = said(records, "before it moves a byte")
    assert one.numbers[0].startswith("2.0")
    assert one.numbers[1] in {"3.99x", "4.00x", "4.01x"}


#: No three sizes beside each other lie on one line.
ZIGZAG = {64: 1000, 512: 3000, 4096: 1500, 16384: 9000, 65536: 4000, 262144: 50_000}


@pytest.mark.parametrize(
    ("cost", "with_sharing"),
    [(lambda n: 2000 + n / 40, False), (ZIGZAG.__getitem__, True)],
    ids=["nothing shares", "no straight line"],
)
def test_the_fixed_cost_is_not_said_without_a_line_or_a_sharing_path(cost: Any, with_sharing: bool) -> None:  # noqa: FBT001
    """Without a sharing path to compare with, or with a bent line, the sentence stays away."""
    shares = line("torch.from_numpy", lambda _: 500) if with_sharing else []
    records = shares + line("torch.tensor", cost, SMALL, family="copy", aliasing="copies")
    assert said(records, "before it moves a byte") == []


def faulting(minflt: float, *, into: float | None = 4e6, spread: float = 0.01) -> list[Any]:
    """Return a copy of 64 MiB in 32 ms with faults and, unless None, the same into existing memory."""
    common = {"size": "64MiB", "aliasing": "copies", "spread": spread}
    records = [a_record("torch.tensor", ns=3.2e7, family="copy", minflt=minflt, **common)]
    return records + ([a_record("Tensor.copy_", ns=into, family="copy_into", **common)] if into else [])


def test_page_faults_are_said_beside_the_copy_without_them() -> None:
    """Sixteen thousand faults in 32 ms stand beside the 4 ms of the same copy into existing memory."""
    (one,) = said(faulting(16385), "page faults")
    assert "16,385" in one.sentence
    assert "`Tensor.copy_`" in one.sentence


@pytest.mark.parametrize(
    "records",
    [faulting(500), faulting(16385, into=None), faulting(16385, into=3.2e7)],
    ids=["few faults", "no partner", "partner as slow"],
)
def test_page_faults_are_not_said_without_faults_or_a_faster_partner(records: list[Any]) -> None:
    """Few faults, no case into existing memory, or one that is no faster keep the sentence back."""
    assert said(records, "page faults") == []


def against(ns: float, *, spread: float = 0.01, family: str = "copy", **paths: str) -> list[Any]:
    """Return a bridge path of `ns` beside the usual spelling of 1000 ns."""
    ours, usual = paths.get("ours", "bridge.as_tensor.copy"), paths.get("usual", "torch.tensor")
    known = {"family": family, "aliasing": "copies", "spread": spread}
    return [a_record(ours, ns=ns, **known), a_record(usual, ns=1000, **known)]


@pytest.mark.parametrize(("ns", "start"), [(500, "0.5"), (2000, "2.0")])
def test_bridge_is_said_to_be_ahead_or_behind(ns: float, start: str) -> None:
    """Half or twice the time of the usual spelling is said either way."""
    (one,) = said(against(ns), "as long as `torch.tensor`")
    assert one.numbers[0].startswith(start) or one.numbers[0].startswith(str(float(start) - 0.01)[:3])


@pytest.mark.parametrize(
    "records",
    [against(1020, spread=0.001), against(900, spread=0.5), against(500, usual="torch.asarray.copy")],
    ids=["too small", "uncertain", "not the usual one"],
)
def test_bridge_is_not_said_to_be_ahead_without_certainty(records: list[Any]) -> None:
    """Two per cent, an interval around 1, and a path that is not the usual one keep the sentence back."""
    assert said(records, "as long as `torch") == []


def test_preprocessing_is_said_whoever_is_ahead() -> None:
    """The preprocessing of the seeds has its own sentence."""
    names = {"ours": "bridge.standardize", "usual": "seeds.preprocess"}
    (one,) = said(against(400, family="preprocess", **names), "seeds.preprocess")
    assert "bridge.standardize" in one.sentence


def test_overtaking_is_said_only_where_both_sides_are_certain() -> None:
    """One path cheaper below and dearer above is said; one that is cheaper throughout is not."""
    first = line("torch.tensor", lambda n: 1000 + n / 2, family="copy", aliasing="copies")
    crossing = line("np.copy.from_numpy", lambda n: 3000 + n / 40, family="copy", aliasing="copies")
    above = line("np.copy.from_numpy", lambda n: 3000 + n, family="copy", aliasing="copies")
    (one,) = said(first + crossing, "is cheaper than")
    assert one.numbers == ("64 B to 4 KiB", "64 KiB to 64 MiB")
    assert said(first + above, "is cheaper than") == []


@pytest.mark.parametrize(
    ("ns", "spread", "count"), [(5e6, 0.001, 1), (1.01e7, 0.001, 0), (8e6, 0.6, 0)], ids=["half", "1 %", "uncertain"]
)
def test_threads_are_said_where_they_help(ns: float, spread: float, count: int) -> None:
    """Half the time with all threads is said; one per cent, or an interval around 1, is not."""
    common = {"family": "copy", "size": "64MiB", "aliasing": "copies", "spread": spread}
    records = [a_record(ns=1e7, **common), a_record(ns=ns, threads="allt", **common)]
    assert len(said(records, "all threads")) == count


def limited(spread: float) -> list[Any]:
    """Return a copy beside the limit at the same size."""
    copy = a_record("torch.tensor", ns=2000, family="copy", aliasing="copies", spread=spread)
    return [copy, a_record("ref.memcpy", ns=1000, family="limit", dtype="uint8", aliasing="copies")]


@pytest.mark.parametrize(("spread", "count"), [(0.01, 1), (0.9, 0)])
def test_the_limit_is_said_where_it_is_not_lost_in_noise(spread: float, count: int) -> None:
    """A steady copy is given as a multiple of the limit, a noisy one is not."""
    assert len(said(limited(spread), "one thread takes to move")) == count


def test_a_path_that_kills_python_is_named() -> None:
    """What ends the process is said; what raises is not."""
    dead, refused = Observation(outcome="dies"), Observation(outcome="raises", error="ValueError: no")
    (one,) = said([], "kills Python", semantics=[some_semantics("torch.from_dlpack", {"layout=reversed": dead})])
    assert one.sentence == "`torch.from_dlpack` kills Python when the source's layout is reversed."
    assert said([], "kills Python", semantics=[some_semantics("x", {"layout=reversed": refused})]) == []


def test_a_path_that_returns_wrong_values_is_named() -> None:
    """What comes back wrong without a word is said; what comes back right is not."""
    wrong, right = Observation(outcome="shares", wrong_values=True), Observation(outcome="shares")
    (one,) = said([], "wrong values", semantics=[some_semantics("np.from_dlpack", {"tensor=negative_bit": wrong})])
    assert one.sentence.startswith("`np.from_dlpack` returns wrong values, without a word,")
    assert said([], "wrong values", semantics=[some_semantics("x", {"tensor=negative_bit": right})]) == []


def test_a_path_that_drops_a_mask_is_named() -> None:
    """What hands on hidden elements is said; what copies the others alone is not."""
    bare, right = Observation(outcome="shares", drops_mask=True), Observation(outcome="copies")
    (one,) = said([], "drops the mask", semantics=[some_semantics("torch.from_numpy", {"array=masked": bare})])
    assert one.sentence == "`torch.from_numpy` drops the mask, without a word, for `array=masked`."
    assert said([], "drops the mask", semantics=[some_semantics("x", {"array=masked": right})]) == []


def test_a_path_whose_result_dangles_is_named() -> None:
    """A result over memory that was given back is said; one that keeps its memory, or needs none, is not."""
    trait = "lifetime=storage_resized"
    gone, kept, free = (
        Observation(outcome=outcome, keeps_source=keeps)
        for outcome, keeps in (("shares", False), ("shares", True), ("copies", False))
    )
    (one,) = said([], "dangles", semantics=[some_semantics("np.from_dlpack", {trait: gone})])
    assert one.sentence.startswith(f"The result of `np.from_dlpack` dangles after `{trait}`:")
    for seen in (kept, free):
        assert said([], "dangles", semantics=[some_semantics("x", {trait: seen})]) == []


def test_findings_do_not_change_between_calls() -> None:
    """The same session gives the same sentences in the same order."""
    assert findings(a_full_session()) == findings(a_full_session())
