"""The promises of speed: their cases exist, their rows say what was measured; why some are not kept is measured."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.checkout import ROOT
from benchmarks.matrix import cases
from benchmarks.statistics import Estimate, of_values
from benchmarks.studies import floors, targets, thresholds
from benchmarks.studies.floors import Floor
from benchmarks.studies.targets import TARGETS, THREADED, Target
from benchmarks.studies.thresholds import Choice
from benchmarks.suite.cases import Case
from benchmarks.suite.paths import PATHS

MATRIX = {case.id for preset in ("standard", "full") for case in cases(preset)}
EVERY = [case for target in (*TARGETS, *THREADED) for case in (target.ours, target.other)]


def a_target(**promise: float) -> Target:
    """Return a promise about two paths."""
    return Target(work="<a> | &", ours="bridge.as_tensor/x", other="torch.as_tensor/x", **promise)


@pytest.mark.parametrize("case", sorted(set(EVERY)))
def test_promises_speak_of_cases_of_the_matrix(case: str) -> None:
    """Each case of a promise is one of the matrix, and its path can do it."""
    assert case in MATRIX
    parsed = Case.parse(case)
    assert PATHS[parsed.path].refusal(parsed) is None


def test_no_pair_is_promised_twice() -> None:
    """A pair of cases has one promise, so its ratio has one row."""
    pairs = [target.pair for target in TARGETS]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize(
    ("ratios", "said"),
    [([1.2, 1.3, 1.4], "kept"), ([1.2, 1.4, 1.6], "kept by the median"), ([1.4, 1.6, 1.7], "**not kept**")],
)
def test_a_limit_is_kept_by_all_passes_by_most_or_not(ratios: list[float], said: str) -> None:
    """At most 1.5 times: all ratios below keep it, a median below says so, a median above does not."""
    target = a_target(at_most=1.5)
    assert target.kept(target.shown(of_values(ratios))) == said


def test_faster_is_the_other_way_round() -> None:
    """At least twice as fast: a ratio of times of a quarter to a half is shown as two to four times faster."""
    target = a_target(at_least=2)
    shown = target.shown(of_values([0.25, 0.4, 0.5]))
    assert shown == Estimate(value=2.5, low=2.0, high=4.0, passes=3)
    assert target.kept(shown) == "kept"
    assert "2.5 [2-4]" in targets.row(target, of_values([0.25, 0.4, 0.5]))


def test_a_pass_times_its_pairs() -> None:
    """A fresh process prints one ratio for each pair; a case against itself takes about as long as itself."""
    case = "torch.tensor/float32/C/64B/1t"
    command = [sys.executable, targets.__file__, "--pairs", f"{case} {case}"]
    pair, ratio = json.loads(subprocess.check_output(command, cwd=ROOT))
    assert pair == f"{case} {case}"
    assert 0.2 < ratio < 5


def test_a_choice_stands_unless_another_is_clearly_faster() -> None:
    """A constant stands while what it takes is within 15 % of the best; else the row says how much is lost."""
    choice = Choice(constant="engines.X", situation="1MiB", taken="numpy", ways={})
    assert thresholds.row(choice, {"numpy": 110.0, "torch": 100.0})[1]
    line, stands = thresholds.row(choice, {"numpy": 150.0, "torch": 100.0})
    assert not stands
    assert "torch is 1.50 times faster" in line


def test_every_choice_takes_one_of_its_ways() -> None:
    """What a constant takes is among the ways that are timed, and each way runs."""
    for choice in thresholds.choices():
        assert choice.taken in choice.ways
        if "MiB" not in choice.situation:
            for way in choice.ways.values():
                way()


def test_a_floor_is_given_in_multiples_of_its_first_way() -> None:
    """The first way is one, the others are shares or multiples of its time."""
    line = floors.row(Floor(about="<a> | &", ways={}), {"memmove": 200.0, "pages": 100.0, "bridge": 350.0})
    assert line == "| <a> | & | memmove | pages 0.50, bridge 1.75 |"


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list")  # torch says so of what people write
def test_the_ways_of_a_floor_run() -> None:
    """Every way of the limits of small things runs and gives what it should: an array over the tensor, a stack."""
    for floor in (floors._sharing(), floors._stacking(64)):
        shapes = {np.shape(way()) for way in floor.ways.values()}
        assert shapes in ({(16,)}, {(1024,), (64, 16)})
