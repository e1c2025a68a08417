"""Made-up sessions of the cases that questions ask for: each number differs, each path does what its family says."""

import shlex
import zlib
from dataclasses import replace
from functools import cache
from typing import Any

from benchmarks.matrix import cases
from benchmarks.records import Observation
from benchmarks.suite.paths import PATHS
from reports import figures, questions
from reports.figures.registry import Figure
from reports.questions import Question
from reports.view import View
from tests.builders import a_record, a_session, some_semantics
from tests.gpu_builders import a_transfer


def options(one: Question) -> tuple[str, str]:
    """Return the preset of the command that measures what a question needs, and its pattern of cases."""
    words = shlex.split(one.run)
    known = dict(zip(words[::2], words[1::2], strict=True))
    return known["--preset"], known.get("--filter", "")


@cache
def measured_by(preset: str, pattern: str) -> View:
    """Return a made-up session of the cases that a command measures, each observed as it should be."""
    records = [made(case) for case in cases(preset, pattern) if PATHS[case.path].refusal(case) is None]
    known = dict.fromkeys(record.path for record in records)
    return View(a_session(records, semantics=[_semantics(path) for path in known]))


@cache
def measured_by_all(preset: str) -> View:
    """Return a made-up session of the cases that all questions of a preset need."""
    known = [options(one) for one in questions.questions()]
    return measured_by(preset, "|".join(pattern for name, pattern in known if name == preset))


@cache
def figures_of_all(preset: str) -> dict[str, Figure]:
    """Return the figures of that session by their anchors."""
    return {one.anchor: one for _, some in figures.drawn(measured_by_all(preset)) for one in some}


def made(case: Any) -> Any:
    """Return the record of a case; no two of them have a number in common."""
    path, ns = PATHS[case.path], 1e4 + zlib.crc32(case.id.encode()) % 10**8
    axes = {"family": path.family, "dtype": case.dtype, "layout": case.layout, "source": path.source}
    axes |= {"size": case.id.split("/")[3], "threads": case.threads}
    if path.device == "cuda":
        return a_transfer(case.path, done=ns, **axes)
    aliasing = "shares" if path.family == "share" else "copies"
    return a_record(case.path, ns=ns, aliasing=aliasing, **axes)


def _semantics(path: str) -> Any:
    family = PATHS[path].family
    seen = Observation(outcome="shares" if family == "share" else "copies")
    traits = ("layout=C", "layout=strided", "layout=reversed", "layout=readonly", "dtype=float32")
    known = some_semantics(path, dict.fromkeys(traits, seen), family=family)
    return replace(known, source=PATHS[path].source)
