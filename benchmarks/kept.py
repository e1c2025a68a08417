"""Comparisons as JSON, which is printed and kept on disk, and can be read back."""

from __future__ import annotations

import json
import math
import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import NewerFormatError, RecordError
from .outcome import Comparison, Found
from .sides import WORKING_TREE, Side
from .verdicts import Shift, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .records import Json

#: The number of the object's format.
FORMAT: Final = 1
#: What is kept of the facts of a machine.
_MACHINE: Final = ("name", "cpu", "kernel", "huge_pages")
#: Names longer than this are cut; the file has them whole.
_NAME_LENGTH: Final = 40


def keep(found: Comparison, folder: Path, now: datetime) -> Path:
    """Write a comparison into a folder, under a time and the names of its sides; never over another.

    Returns:
        The path of the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = "-".join(_plain(side.name) for side in (found.a, found.b))
    stem = f"{now:%Y%m%dT%H%M%SZ}-{names}"
    every = (folder / f"{stem}{f'-{number}' if number > 1 else ''}.json" for number in count(1))
    path = next(one for one in every if not one.exists())
    path.write_text(to_json(found) + "\n", encoding="utf-8", newline="\n")
    return path


def _plain(name: str) -> str:
    """Return a name of a side as a part of a file's name: letters, digits, dots and dashes, on every system."""
    kept = re.sub(r"[^A-Za-z0-9.]+", "-", "working-tree" if name == WORKING_TREE else name)
    return kept[:_NAME_LENGTH].strip(".-") or "unnamed"


def to_json(found: Comparison) -> str:
    """Return a comparison as one JSON object; ratios are time of B over time of A."""
    settings = {
        "effort": found.effort,
        "threshold": found.threshold,
        "interleaved": found.interleaved,
        "interpreters": found.interpreters,
    }
    control = {"moved": found.control_moved, "cases": [_case_json(one) for one in found.control]}
    whole = {
        "format": FORMAT,
        "kind": "comparison",
        "started": found.started,
        "machine": {key: found.machine.get(key) for key in _MACHINE},
        "a": _side_json(found.a, found.loaded.get("a", {})),
        "b": _side_json(found.b, found.loaded.get("b", {})),
        "settings": settings,
        "control": control,
        "cases": [_case_json(one) for one in found.cases],
        "behaviour": list(found.behaviour),
        "notes": list(found.notes),
        "exit": found.exit_code,
    }
    return json.dumps(whole, indent=2)


def _side_json(side: Side, loaded: Json) -> Json:
    """Return a side and, as its own processes said, the `bridge` that it loaded and the versions below it."""
    known = {"name": side.name, "commit": side.commit, "bridge_hash": side.bridge_hash}
    proof = {"bridge_hash": loaded.get("bridge"), "file": loaded.get("file")}
    return known | {"loaded": proof, "software": loaded.get("software", {})}


def _case_json(found: Found) -> Json:
    known = found.verdict.shift if found.verdict else None
    return {
        "case": found.case,
        "verdict": found.word,
        "ratio": known and known.ratio,
        "low": known and known.ratio_low,
        "high": known and known.ratio_high,
        "rounds": found.rounds,
        "log_ratios": _short(found.log_ratios),
        "fastest_ns": {name: _short(times) for name, times in found.fastest_ns.items()},
        "visible": known and known.visible,
        "confirmation": _confirmation_json(found),
        "reason": found.verdict.reason if found.verdict else "",
        "changes": list(found.changes),
        "became_copy": found.became_copy,
        "failed": dict(found.failed),
        "flagged": found.flagged,
    }


def _confirmation_json(found: Found) -> Json | None:
    """Return what fresh rounds said of a change, apart from the first: a change that is picked out looks larger."""
    again = found.verdict.again if found.verdict else None
    if again is None:
        return None
    ratios = {"ratio": again.ratio, "low": again.ratio_low, "high": again.ratio_high}
    return ratios | {"log_ratios": _short(found.confirmation)}


def _short(numbers: Iterable[float]) -> list[float]:
    return [float(f"{one:.5g}") for one in numbers]


def from_json(data: Json) -> Comparison:
    """Return the comparison that was written as one JSON object.

    Raises:
        NewerFormatError: a later version wrote it; the message says what to do.
        RecordError: it is no comparison, or a part of one is missing.
    """
    if (written := data.get("format", FORMAT)) > FORMAT:
        raise NewerFormatError(
            f"the comparison has format {written}; this checkout reads up to {FORMAT}. Update it (git pull)"
        )
    try:
        return _comparison(data)
    except KeyError as error:
        raise RecordError(f"a comparison has no {error}; is this what compare --format json printed?") from error


def _comparison(data: Json) -> Comparison:
    settings = data["settings"]
    return Comparison(
        a=_side(data["a"]),
        b=_side(data["b"]),
        effort=settings["effort"],
        threshold=settings["threshold"],
        interleaved=settings["interleaved"],
        interpreters=settings["interpreters"],
        cases=tuple(map(_found, data["cases"])),
        control=tuple(map(_found, data["control"]["cases"])),
        loaded={name: _loaded(data[name]) for name in ("a", "b")},
        started=data["started"],
        machine=data["machine"],
        behaviour=tuple(data["behaviour"]),
        notes=tuple(data["notes"]),
    )


def _side(data: Json) -> Side:
    """Return a side as it is remembered; its folder went with the comparison."""
    return Side(name=data["name"], commit=data["commit"], folder=Path(), bridge_hash=data["bridge_hash"])


def _loaded(data: Json) -> Json:
    return {"bridge": data["loaded"]["bridge_hash"], "file": data["loaded"]["file"], "software": data["software"]}


def _found(data: Json) -> Found:
    again = data["confirmation"]
    return Found(
        case=data["case"],
        verdict=None if data["ratio"] is None else _verdict(data),
        log_ratios=tuple(data["log_ratios"]),
        fastest_ns={name: tuple(times) for name, times in data.get("fastest_ns", {}).items()},
        confirmation=tuple(again["log_ratios"]) if again else (),
        flagged=data["flagged"],
        changes=tuple(data["changes"]),
        failed=data["failed"],
    )


def _verdict(data: Json) -> Verdict:
    again = data["confirmation"]
    return Verdict(
        word=data["verdict"],
        shift=_shift(data, data["rounds"]),
        reason=data["reason"],
        again=_shift(again, len(again["log_ratios"])) if again else None,
    )


def _shift(data: Json, rounds: int) -> Shift:
    value, low, high = (math.log(data[key]) for key in ("ratio", "low", "high"))
    return Shift(value=value, low=low, high=high, rounds=rounds)
