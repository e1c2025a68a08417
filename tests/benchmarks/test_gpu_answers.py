"""What a session on a GPU answers, from a made-up one whose costs are known."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import store
from benchmarks.suite.cases import Geometry
from tests.builders import a_header
from tests.gpu_builders import a_full_gpu_session

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "studies" / "gpu_answers.py"


@pytest.fixture(scope="module")
def study() -> SimpleNamespace:
    """Return the study's functions."""
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture(scope="module")
def whole(study: SimpleNamespace) -> object:
    """Return the answers of a session that has everything."""
    return study.Answers(session=a_full_gpu_session())


def test_every_question_has_an_answer(study: SimpleNamespace, whole: object) -> None:
    """A session answers all ten questions but the one that no session asks, and names just what it leaves out."""
    answers = list(study.questions(whole))
    assert len(answers) == 10
    missing = {number: one for number, one in enumerate(answers, start=1) if study.MISSING in one}
    assert set(missing) == {2, 8}
    assert f"1 threads {study.MISSING}, 2 threads" in missing[2]
    assert missing[8].endswith(f"cast.after {study.MISSING}")
    assert "not measured by a session" in answers[6]


def test_targets_are_judged_by_the_interval(study: SimpleNamespace) -> None:
    """A target is kept where the whole interval is beyond it, by the median where only that is, else not."""
    found = study._kept.__globals__["Estimate"]
    for low, value, verdict in ((3.1, 3.2, "kept"), (2.9, 3.2, "kept by the median"), (2.0, 2.9, "NOT kept")):
        text = study._kept("what", found(value=value, low=low, high=4.0, passes=6), 3)
        assert text.endswith(f": {verdict}")
    assert study._kept("what", None, 3) == "what: not in this session"


def test_a_session_without_a_gpu_answers_nothing(study: SimpleNamespace) -> None:
    """What a session does not hold is said to be missing, in the words of each question; nothing is made up."""
    empty = study.Answers(session=dataclasses.replace(a_full_gpu_session(), header=a_header(), records=()))
    said = [*study.targets(empty), *study.questions(empty), *study.defaults(empty)]
    assert sum(study.MISSING in one for one in said) >= len(said) - 3
    assert not any(" GB/s" in one for one in said)


def test_the_least_pinned_of_equals_is_named_first(study: SimpleNamespace) -> None:
    """Of geometries that are not told apart from the fastest, the one that pins least comes first."""
    assert Geometry.parse("ring.4MiB.8x2").pinned_bytes == 64 << 20
    assert "ring." in study._best_ring(study.Answers(session=a_full_gpu_session()))


def test_it_is_a_command(study: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a session file it prints targets, questions and defaults, with the session's name."""
    path = tmp_path / "one.jsonl"
    store.write(path, a_full_gpu_session())
    study.main(path)
    said = capsys.readouterr().out
    assert all(f"## {title}" in said for title in ("Targets", "Questions", "The ring's defaults"))
    assert a_full_gpu_session().header.id in said
