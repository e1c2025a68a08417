import re
from collections.abc import Iterable
from typing import Any

import pytest

from benchmarks.records import Observation
from reports import pages, questions
from reports.contents import Contents
from reports.published import Beside
from reports.questions import Answer, Question
from reports.questions.registry import GPU, QUESTIONS, question
from reports.view import View
from tests.builders import a_record, a_session, some_semantics
from tests.gpu_builders import a_transfer
from tests.reports.asked import figures_of_all, measured_by, measured_by_all, options

ASKED = 15
#: A number as an answer has it: with its unit and its interval.
NUMBER = re.compile(r"[\d.,]+(?:x| (?:ns|µs|ms|s|GB/s)) \[[^\]]+\]")


def answer_of(view: View, anchor: str, known: Iterable[str] = ()) -> Answer:
    """Return the answer to one question, in a page with figures of known anchors."""
    (answer,) = (one for one in questions.answers(view, dict.fromkeys(known, "")) if one.question.anchor == anchor)
    return answer


def said(records: list[Any], anchor: str, **more: Any) -> str:
    """Return what a made-up session says to a question."""
    return answer_of(View(a_session(records, **more)), anchor).sentence


def test_fifteen_questions_have_an_order_and_an_anchor() -> None:
    """They are numbered from one on without a gap, and each anchor says that it is a question's."""
    assert [one.order for one in questions.questions()] == list(range(1, ASKED + 1))
    assert all(re.fullmatch(r"q-[a-z0-9-]+", one.anchor) for one in questions.questions())


def test_an_anchor_is_taken_once() -> None:
    """A second question with the anchor of another one is refused by its name."""
    taken = next(iter(QUESTIONS))
    with pytest.raises(ValueError, match=taken):
        question(99, taken, "Again?", figures=(), run=GPU)


@pytest.mark.parametrize("write", [pages.html, pages.markdown])
def test_every_question_stands_in_the_page(full_contents: Contents, write: Any) -> None:
    """HTML and Markdown have each question's anchor once, in their order, before the first figure."""
    text = write(full_contents)
    found = re.findall(r'id="(q-[a-z0-9-]+)"', text)
    assert found == [one.anchor for one in questions.questions()]
    assert text.index(f'id="{found[-1]}"') < text.index('id="time-share-array"')


def test_links_of_the_markdown_lead_somewhere(full_contents: Contents) -> None:
    """What an answer links to is an anchor of the same file."""
    text = pages.markdown(full_contents)
    links = re.findall(r"\]\(#([^)]+)\)", text)
    assert links
    assert set(links) <= set(re.findall(r'<a id="([^"]+)"></a>', text))


@pytest.mark.parametrize("one", questions.questions(), ids=lambda one: one.anchor)
def test_the_command_measures_what_an_answer_needs(one: Question) -> None:
    """A session of what the command of a question measures answers it, and a session of nothing names the command."""
    assert next(one.reply(measured_by(*options(one))), None)
    assert said([], one.anchor) == one.lacking
    assert f"`python -m benchmarks run {one.run}`" in one.lacking


@pytest.mark.parametrize("one", questions.questions(), ids=lambda one: one.anchor)
def test_every_number_of_an_answer_stands_in_a_linked_figure(one: Question) -> None:
    """Each number with its interval is, as the same text, in a table of a figure that the answer links to."""
    preset, _ = options(one)
    known = figures_of_all(preset)
    answer = answer_of(measured_by_all(preset), one.anchor, known)
    cells = {str(cell) for link in answer.links for line in known[link.anchor].table.lines for cell in line.cells}
    numbers = NUMBER.findall(answer.sentence)
    assert numbers
    for number in numbers:
        assert any(number in cell for cell in cells), f"{number} of {answer.sentence}"


@pytest.mark.parametrize("one", questions.questions(), ids=lambda one: one.anchor)
def test_an_answer_is_one_sentence(one: Question) -> None:
    """An answer ends with its only full stop, and so does what is said instead of one."""
    for sentence in (next(one.reply(measured_by(*options(one)))), one.lacking):
        assert re.findall(r"\.(?=\s|$)", sentence) == ["."]
        assert sentence.endswith(".")


def copies(aliasing: str, size: str = "1MiB") -> list[Any]:
    """Return three ways to a tensor, the middle one with what was observed of it."""
    return [
        a_record("torch.from_numpy", size=size),
        a_record("torch.as_tensor", size=size, aliasing=aliasing),
        a_record("torch.tensor", size=size, family="copy", aliasing="copies"),
    ]


@pytest.mark.parametrize("aliasing", ["shares", "copies"])
def test_sharing_is_said_as_it_was_observed(aliasing: str) -> None:
    """What a path is called does not decide whether it is said to share."""
    assert f"`torch.as_tensor` {aliasing} in " in said(copies(aliasing), "q-from-numpy-or-tensor")


def test_an_answer_compares_at_one_size() -> None:
    """Paths without a common size are not compared, whatever each of them has."""
    records = [*copies("shares")[:2], a_record("torch.tensor", size="4KiB", family="copy", aliasing="copies")]
    assert "Not measured here" in said(records, "q-from-numpy-or-tensor")


def test_the_largest_common_size_is_taken_up_to_64_mib() -> None:
    """Of 1, 64 and 256 MiB an answer takes 64 MiB."""
    sizes = ("1MiB", "64MiB", "256MiB")
    records = [record for size in sizes for record in copies("shares", size=size)]
    assert said(records, "q-from-numpy-or-tensor").startswith("At 64 MiB ")


def readonly(*, warns: bool) -> str:
    """Return what is said of read-only arrays where `from_numpy` warned, or did not."""
    axes = {"size": "1MiB", "layout": "readonly"}
    records = [
        a_record("torch.from_numpy", **axes),
        a_record("np.copy.from_numpy", family="copy", aliasing="copies", **axes),
        a_record("bridge.as_tensor", aliasing="copies", **axes),
    ]
    seen = {"layout=readonly": Observation(outcome="shares", warns=warns)}
    return said(records, "q-not-writable", semantics=[some_semantics("torch.from_numpy", seen)])


def test_a_warning_is_said_where_it_was_heard() -> None:
    """The path that warned is named; where none did, no warning is spoken of."""
    assert readonly(warns=True).endswith("; `torch.from_numpy` warns.")
    assert "warns" not in readonly(warns=False)


def test_refused_dtypes_are_said_with_who_shares_them() -> None:
    """A dtype that one path refuses and another shares is said of both."""
    refused = {"dtype=bfloat16": Observation(outcome="raises", error="TypeError: no")}
    shared = {"dtype=bfloat16": Observation(outcome="shares")}
    known = [some_semantics("torch.from_numpy", refused), some_semantics("bridge.as_tensor", shared)]
    sentence = said([a_record(), a_record(dtype="uint8")], "q-dtypes", semantics=known)
    assert "refuses `bfloat16`; `bridge.as_tensor` shares `bfloat16`;" in sentence
    without = said([a_record(), a_record(dtype="uint8")], "q-dtypes", semantics=known[:1])
    assert "bridge" not in without


def test_what_shares_is_taken_from_what_was_observed() -> None:
    """A path that was seen to copy is not among those of which a write was seen on the other side."""
    records = [
        a_record(path, size="1MiB", family="copy", aliasing="copies")
        for path in ("np.copy.from_numpy", "torch.from_numpy.clone")
    ]
    copied = some_semantics("torch.as_tensor", {"layout=C": Observation(outcome="copies")})
    sentence = said(records, "q-aliasing", semantics=[some_semantics("torch.from_numpy"), copied])
    assert "with `torch.from_numpy` from arrays;" in sentence


def test_the_way_back_is_said_of_host_and_device() -> None:
    """Each part stands alone where the other was not measured, and both stand where both were."""
    names = ("Tensor.numpy", "Tensor.detach.cpu.numpy", "Tensor.numpy.force")
    host = [a_record(name, size="64MiB", source="tensor") for name in names]
    device = [a_transfer("d2h.cpu", family="d2h")]
    for records, parts in ((host, (True, False)), (device, (False, True)), (host + device, (True, True))):
        sentence = said(records, "q-detach-cpu-numpy")
        assert ("from host memory" in sentence, "from the device" in sentence) == parts
        assert sentence.startswith("At 64 MiB: ")


def test_a_session_without_a_device_answers_nothing_of_transfers() -> None:
    """Transfers of another machine's session are shown in their section and are no answer of this one."""
    beside = Beside(gpu_session=measured_by_all("gpu").session)
    assert answer_of(View(beside.gpu_session), "q-pin-memory").sentence.startswith("At 64 MiB ")
    answer = answer_of(View(a_session([a_record()]), beside), "q-pin-memory", ["transfer-none", "transfer-clocks-h2d"])
    assert answer.sentence == answer.question.lacking
    assert [one.anchor for one in answer.links] == ["transfer-none", "transfer-clocks-h2d"]


def test_a_question_without_an_answer_links_to_no_figure_of_other_cases() -> None:
    """Page faults of conversions are not shown as those of workers that were not measured."""
    answer = answer_of(View(a_session([a_record()])), "q-workers-memory", ["faults-per-call"])
    assert (answer.sentence, answer.links) == (answer.question.lacking, ())


def test_the_first_figure_of_each_start_is_linked() -> None:
    """Of two lists only the smaller is linked, which stands first, and a figure that is not there is left out."""
    lists = [f"end-to-end-stack-float32-items4KiB-{size}" for size in (2**20, 2**24)]
    links = answer_of(measured_by_all("standard"), "q-collate", lists).links
    assert [one.anchor for one in links] == lists[:1]


def test_code_in_an_answer_is_escaped_code(full_contents: Contents) -> None:
    """What stands in an answer is text of the page, and between backticks it is code."""
    text = pages.html(full_contents)
    assert "<code>python -m benchmarks run --preset standard --filter &#x27;float64&gt;float32&#x27;</code>" in text
