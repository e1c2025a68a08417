"""What paths do otherwise with awkward sources: observed on both sides, told in words."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.behaviour import differences
from benchmarks.errors import PartnerDiedError
from benchmarks.suite.paths import PATHS
from benchmarks.suite.probes import probes

PATH, AWKWARD = "bridge.as_tensor", "layout=reversed"
COPIES = {"outcome": "copies", "keeps_order": True}


class Played:
    """A partner that sees in every probe the same, but for one on one side."""

    def __init__(self, name: str, b: dict[str, Any] | None, asked: list[tuple[str, str]]) -> None:
        self.name, self.b, self.asked, self.who = name, b, asked, {}

    def ask(self, line: dict[str, Any]) -> dict[str, Any]:
        """Answer as a real one does."""
        self.asked.append((self.name, line["trait"]))
        odd = self.name == "b" and line["trait"] == AWKWARD
        if odd and self.b is None:
            raise PartnerDiedError("was killed by SIGSEGV")
        return {"observed": self.b if odd else COPIES}

    def close(self) -> None:
        """Nothing to end."""


def told(b: dict[str, Any] | None, asked: list[tuple[str, str]] | None = None) -> tuple[str, ...]:
    """Return what is told where side B sees something of one probe."""
    log = [] if asked is None else asked
    return differences(lambda name, _number: Played(name, b, log), [PATH])


@pytest.mark.parametrize(
    ("b", "words"),
    [
        ({"outcome": "shares", "keeps_order": True}, "copies -> shares"),
        ({"outcome": "raises", "error": "TypeError: <a>"}, "copies -> raises TypeError"),
        (None, "copies -> dies"),
        ({"outcome": "copies"}, "keeps order yes -> no"),
        (COPIES | {"wrong_values": True, "warns": True}, "warns no -> yes, wrong values no -> yes"),
    ],
)
def test_what_differs_is_told_by_path_and_trait(b: dict[str, Any] | None, words: str) -> None:
    """An outcome, an error, a crash, an order or wrong values that B has and A has not make one sentence."""
    assert told(b) == (f"{PATH} {AWKWARD}: {words}",)


def test_the_same_is_not_told() -> None:
    """Where both sides do the same with every source there is nothing to say."""
    assert told(COPIES) == ()


@pytest.mark.parametrize(
    ("b", "words"), [("ValueError: worse", "ValueError -> raises TypeError"), ("TypeError: y", None)]
)
def test_an_error_is_its_type(b: str, words: str | None) -> None:
    """Another type of error is a change of behaviour, another wording is none."""

    class Refusing(Played):
        def ask(self, line: dict[str, Any]) -> dict[str, Any]:
            error = b if self.name == "a" else "TypeError: x"
            return {"observed": {"outcome": "raises", "error": error} if line["trait"] == AWKWARD else COPIES}

    found = differences(lambda name, _number: Refusing(name, COPIES, []), [PATH])
    assert found == ((f"{PATH} {AWKWARD}: raises {words}",) if words else ())


def test_a_crash_costs_its_probe_alone() -> None:
    """After a probe that kills the process the others are tried in a fresh one, and both sides try all."""
    asked: list[tuple[str, str]] = []
    told(None, asked)
    traits = [probe.trait for probe in probes(PATHS[PATH])]
    assert len(traits) > 20
    assert asked == [(name, trait) for name in ("a", "b") for trait in traits]
