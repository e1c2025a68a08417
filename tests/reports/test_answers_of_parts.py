"""Answers from sessions that lack something: none raises, and none mixes what was measured at different sizes."""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.matrix import cases
from benchmarks.records import CaseParts, Failed, Measured, Session
from benchmarks.suite.cases import SIZES
from reports import questions
from reports.questions.picking import listed
from reports.view import View
from tests.builders import a_record, a_session, some_semantics
from tests.gpu_builders import a_limit, a_transfer
from tests.reports.asked import made, measured_by_all

LACKING = "Not measured here"


@cache
def whole() -> Session:
    """Return a session of what all questions ask for, on the device too, with a second epoch of the loaders."""
    known = [measured_by_all(preset).session for preset in ("standard", "gpu")]
    larger = [made(case) for case in cases("full", "^loader.*/items64KiB/64MiB/")]
    records = [*larger, *(record for one in known for record in one.records)]
    return a_session(records, semantics=[seen for one in known for seen in one.semantics])


def fated(record: Measured, fate: str) -> Iterator[Any]:
    """Yield what becomes of a record: it is kept, gone, failed, or was measured in so many passes."""
    if fate == "failed":
        parts = {name: getattr(record, name) for name in CaseParts.__dataclass_fields__}
        yield Failed(**parts, failed={"error": "gone", "stage": "pass 3"})
    elif fate.isdigit():
        passes = {clock: some[: int(fate)] for clock, some in record.samples_ns.items()}
        yield replace(record, samples_ns=passes)
    elif fate == "kept":
        yield record


def answered(session: Session) -> tuple[str, ...]:
    """Return what a session says to all questions."""
    return tuple(one.sentence for one in questions.answers(View(session), {}))


def said(records: list[Any], anchor: str, **more: Any) -> str:
    """Return what a session says to one question."""
    known = questions.answers(View(a_session(records, **more)), {})
    return next(one.sentence for one in known if one.question.anchor == anchor)


def a_loader(how: str, size: str, ms: float, collate: str = "default_collate", **more: Any) -> Any:
    """Return an epoch over arrays of 64 KiB."""
    known = {"size": size, "family": "feed", "layout": "items64KiB", "aliasing": "copies", "spread": 0.0} | more
    return a_record(f"loader.{collate}.{how}", ns=ms * 1e6, **known)


def test_the_whole_session_answers_all() -> None:
    """What the other tests take away from lacks nothing."""
    assert not any(LACKING in sentence for sentence in answered(whole()))


@pytest.mark.parametrize("part", ["family", "nbytes", "path"])
@pytest.mark.parametrize("fate", ["missing", "1"])
def test_no_answer_raises_where_one_thing_is_gone(part: str, fate: str) -> None:
    """Each family, each size and each path is gone, or was measured in one pass alone, one after the other."""
    known = whole().measured
    for value in sorted({getattr(one, part) for one in known}):
        fates = ((one, fate if getattr(one, part) == value else "kept") for one in known)
        records = tuple(left for one, what in fates for left in fated(one, what))
        assert all(sentence.endswith(".") for sentence in answered(replace(whole(), records=records)))


@given(
    seed=st.integers(0, 2**32),
    part=st.sampled_from(["family", "nbytes", "path", "layout", "dtype", "case"]),
    kept=st.integers(1, 8),
)
def test_no_answer_raises_whatever_is_gone(seed: int, part: str, kept: int) -> None:
    """Some families, sizes, paths or cases are gone, failed, or were measured in other passes than the rest."""
    dice, known = random.Random(seed), whole().measured
    chances = (*["kept"] * kept, "missing", "failed", "1", "2", "3")
    fates = {value: dice.choice(chances) for value in sorted({getattr(one, part) for one in known})}
    records = tuple(left for one in known for left in fated(one, fates[getattr(one, part)]))
    semantics = tuple(one for one in whole().semantics if fates.get(one.path) != "missing")
    session = replace(whole(), records=records, semantics=semantics)
    assert all(sentence.endswith(".") for sentence in answered(session))


@pytest.mark.parametrize(("parts", "words"), [("", ""), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_any_parts_are_a_list(parts: str, words: str) -> None:
    """No part at all is no word, and nothing raises."""
    assert listed(list(parts)) == words


def test_workers_of_other_passes_are_not_compared() -> None:
    """Without a ratio there is no answer: passes are compared one by one."""
    records = [a_loader("workers0", "16MiB", 2), a_loader("fork1", "16MiB", 32, passes=3)]
    assert LACKING in said(records, "q-workers-memory")


def test_workers_are_compared_at_the_size_that_is_named() -> None:
    """What was measured at another size stays out; the size is the largest at which there is a ratio."""
    alone = [a_loader("workers0", "16MiB", 2), a_loader("workers0", "64MiB", 8)]
    small, large = a_loader("fork1", "16MiB", 32), a_loader("fork2", "64MiB", 80)
    both, one = said([*alone, small, large], "q-workers-memory"), said([*alone, small], "q-workers-memory")
    assert "an epoch of 64 MiB by `loader.default_collate.workers0` takes 8.00 ms" in both
    assert "`loader.default_collate.fork2` 10.0x" in both
    assert "fork1" not in both
    assert "an epoch of 16 MiB by `loader.default_collate.workers0` takes 2.00 ms" in one
    assert "`loader.default_collate.fork1` 16.0x" in one


def test_a_loader_beside_a_list_has_its_own_size() -> None:
    """The list and the epoch are of other arrays and bytes, and both collates of the epoch have its size."""
    names = ("default_collate", "torch.stack", "np.stack.from_numpy", "bridge.stack")
    axes = {"family": "stack", "layout": "items4KiB", "size": "1MiB", "aliasing": "copies"}
    lists = [a_record(name, **axes) for name in names]
    loaders = [a_loader("workers0", "16MiB", 2), a_loader("workers0", "16MiB", 1, "bridge.stack")]
    sentence = said([*lists, *loaders, a_loader("workers0", "64MiB", 4, "bridge.stack")], "q-collate")
    assert "; a loader's epoch of 16 MiB of arrays of 64 KiB takes 0.500x" in sentence


def test_pinned_copies_of_both_ways_have_one_size() -> None:
    """The limits of both directions are those of the largest size that both have."""
    plain = [a_transfer("d2h.cpu", family="d2h"), a_transfer("h2d.pageable")]
    limits = [a_limit("ref.dma_h2d", "1MiB", 20), a_limit("ref.dma_h2d", "64MiB", 54)]
    sentence = said([*plain, *limits, a_limit("ref.dma_d2h", "1MiB", 10)], "q-device-to-host")
    assert "pinned copies of 1 MiB reach `ref.dma_d2h` 10.0 GB/s" in sentence
    assert "`ref.dma_h2d` 20.0 GB/s" in sentence


@pytest.mark.parametrize("left_out", range(4))
def test_one_direction_says_nothing_of_two(left_out: int) -> None:
    """Which direction is slower is not said where one of them was not measured."""
    records = [a_transfer("d2h.cpu", family="d2h"), a_transfer("h2d.pageable")]
    records += [a_limit("ref.dma_d2h", "64MiB", 50), a_limit("ref.dma_h2d", "64MiB", 54)]
    assert LACKING not in said(records, "q-device-to-host")
    del records[left_out]
    assert LACKING in said(records, "q-device-to-host")


@pytest.mark.parametrize("size", ["1MiB", "4MiB"])
def test_host_and_device_are_told_at_one_size(size: str) -> None:
    """The way from the device is that of the size that is named, and is left out where that was not measured."""
    names = ("Tensor.numpy", "Tensor.detach.cpu.numpy", "Tensor.numpy.force")
    host = [a_record(name, size=size, source="tensor") for name in names]
    times = {"1MiB": 1e5, "64MiB": 9e6}
    device = [a_transfer("d2h.cpu", family="d2h", done=ns, size=at, spread=0) for at, ns in times.items()]
    sentence = said(host + device, "q-detach-cpu-numpy")
    assert sentence.startswith(f"At {SIZES[size] // 2**20} MiB: ")
    assert ("from the device `d2h.cpu` takes 100 µs" in sentence) == (size == "1MiB")
    assert "9.00 ms" not in sentence


def test_one_dtype_is_no_range_of_dtypes() -> None:
    """Where sharing was timed with one dtype, its time is said once."""
    sentence = said([a_record()], "q-dtypes", semantics=[some_semantics()])
    assert sentence.endswith("`torch.from_numpy` takes 501 ns [497\u2013503 ns] (`float32`).")
