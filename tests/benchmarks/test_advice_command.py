"""`advise` from the command line, and the study of it, on made-up calls and a clock that they move."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from benchmarks import __main__ as main
from benchmarks import advice
from benchmarks.advice.advising import Adviser
from benchmarks.advice.recorded import Records
from benchmarks.errors import MachineBusyError
from benchmarks.studies.advice_against_brute_force import judged, patiently, random_wanted, summary, timed, tried

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = advice.adviser
CONVERT = ("--shape", "2,3,8,8", "--dtype", "uint8", "--to", "float32", "--layout", "nhwc_as_nchw")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Advise without records, with a lock of this test alone."""

    def alone(_folders: object = (), *, measures: bool = True, **_more: object) -> Adviser:
        return Adviser(records=Records(), measures=measures, lock_file=tmp_path / "lock")

    monkeypatch.setattr(advice, "adviser", alone)


def call(*words: str) -> Result:
    """Run one command in this process."""
    return CliRunner().invoke(main.app, ["advise", *words], prog_name="python -m benchmarks")


def test_the_recommendation_comes_first() -> None:
    """The first line says what to write; the table, what it assumes and what it rests on follow."""
    found = call(*CONVERT)
    assert found.exit_code == 0
    assert found.stdout.startswith("Write ")
    assert "array 2 x 3 x 8 x 8 uint8 nhwc_as_nchw to float32" in found.stdout
    assert "t = bridge.as_tensor(a, dtype=torch.float32)" in found.stdout


@pytest.mark.parametrize("source", ["shape", "npy"])
def test_every_option_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """What an array is wanted for goes with it, however it is described."""
    asked: list[advice.Wanted] = []
    monkeypatch.setattr(Adviser, "advise", lambda _self, wanted: asked.append(wanted))
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    what = {"shape": ("--shape", "2,3", "--dtype", "float32"), "npy": ("--npy", str(tmp_path / "x.npy"))}[source]
    call(*what, "--to", "float16", "--mutate", "--reuse", "4", "--threads", "3", "--device", "cuda")
    (wanted,) = asked
    assert (wanted.to, wanted.mutate, wanted.reuse, wanted.threads, wanted.device) == ("float16", True, 4, 3, "cuda")


def test_records_under_another_name_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """--machine is the name that sessions were given, in the letters of a name."""
    names: list[object] = []
    monkeypatch.setattr(advice, "adviser", PLAIN)
    monkeypatch.setattr(advice, "load", lambda _folders, machine, *_: names.append(machine["name"]) or Records())
    call(*CONVERT, "--no-measure", "--machine", "Lab A")
    advice.advise(np.ones(3), measures=False, machine_name="box")
    assert names == ["lab-a", "box"]


def test_json_is_one_object() -> None:
    """With --json nothing else is on standard output."""
    found = call(*CONVERT, "--json", "--reuse", "4", "--mutate")
    assert json.loads(found.stdout)["wanted"]["reuse"] == 4


def test_without_measuring_and_records_nothing_is_said() -> None:
    """No time is made up: what is not predicted is listed, and the exit code says that nothing can be said."""
    found = call(*CONVERT, "--no-measure")
    assert found.exit_code == 4
    assert "not predicted (measuring would tell):\n  Tensor" not in found.stdout
    assert "  bridge.as_tensor.dtype" in found.stdout
    assert "no time is known; leave --no-measure out" in found.stderr


def test_a_file_is_asked_about(tmp_path: Path) -> None:
    """The array of --npy says itself what it is."""
    np.save(tmp_path / "x.npy", np.ones((3, 4), ">f4"))
    found = call("--npy", str(tmp_path / "x.npy"), "--no-measure")
    assert "array 3 x 4 float32 bigendian, readonly" in found.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "describe the array: --shape 32,3,224,224 --dtype uint8, or --npy FILE"),
        (("--npy", "x.npy", "--dtype", "uint8"), "x.npy says its shape, dtype and layout itself"),
        (("--npy", "none.npy"), "none.npy is no array of np.save's"),
        (("--shape", "3", "--dtype", "<a>"), "--dtype '<a>' is no dtype of the suite"),
    ],
)
def test_wrong_words_get_one_clear_line(words: tuple[str, ...], message: str) -> None:
    """A usage error exits 2 and says what to write instead."""
    found = call(*words)
    assert found.exit_code == 2
    assert message in found.stderr
    assert found.stdout == ""


class Clock:
    """A clock that moves when a call of it runs."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> int:
        """Return the nanoseconds so far."""
        return int(self.now)

    def takes(self, ns: float) -> list[tuple[float, object]]:
        """Return a call that takes so long."""

        def run() -> None:
            self.now += ns

        return [(1.0, run)]


def test_brute_force_finds_the_best() -> None:
    """A first choice that is 30 % slower than the best is wrong, one that is as fast or 5 % slower is right."""
    clock = Clock()
    calls = {"a": clock.takes(1e6), "b": clock.takes(1.3e6), "c": clock.takes(1.05e6)}
    rounds = timed(calls, random.Random(0), clock)  # type: ignore[arg-type]
    answers = [judged(name, rounds) for name in ("a", "b", "c", None)]
    assert [one.right for one in answers] == [True, False, True, False]
    assert answers[1].ratio == pytest.approx(1.3, rel=0.01)
    assert summary(answers) == "2 of 3 right (66.7%), 2 within 10 % of the best; worst wrong 1.30x; 1 without an answer"


def test_what_cannot_be_told_apart_is_right() -> None:
    """A first choice that is slower on average, but not certainly, is no mistake."""
    dice = random.Random(0)
    rounds = {name: [ns * dice.uniform(0.3, 3) for _ in range(24)] for name, ns in (("a", 1e6), ("b", 1.2e6))}
    found = judged("b", rounds)
    assert found.right
    assert not found.apart


def test_random_arrays_can_be_advised_on(tmp_path: Path) -> None:
    """An array that is drawn has a correct path; its line of the raw results has both answers."""
    wanted = random_wanted(random.Random(3))
    advisers = {"measured": advice.adviser(), "not measured": advice.adviser(measures=False)}
    answers, line = tried(wanted, advisers, random.Random(0), lock_file=tmp_path / "lock")
    assert answers["measured"].first in json.loads(line)["median_ns"]
    assert json.loads(line)["not measured"]["first"] is None
    assert "WRONG, None" in answers["not measured"].in_words()


def test_a_study_waits_for_the_machine() -> None:
    """Where another run holds the machine, the study waits and asks again."""
    waited: list[float] = []

    def work() -> str:
        if not waited:
            raise MachineBusyError("busy")
        return "done"

    assert patiently(work, waited.append) == "done"
    assert len(waited) == 1
