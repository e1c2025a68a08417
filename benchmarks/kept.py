"""Comparisons on disk: each is kept as the JSON that `compare --format json` prints, and can be read back."""

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
    from datetime import datetime

    from .records import Json

FORMAT: Final = 1
#: Names longer than this are cut; the file has them whole.
_NAME_LENGTH: Final = 40


def keep(text: str, folder: Path, now: datetime) -> Path:
    """Write the JSON of a comparison into a folder, under its time and the names of its sides; never over another.

    Returns:
        The path of the file.
    """
    data: Json = json.loads(text)
    folder.mkdir(parents=True, exist_ok=True)
    names = "-".join(_plain(data[side]["name"]) for side in ("a", "b"))
    stem = f"{now:%Y%m%dT%H%M%SZ}-{names}"
    every = (folder / f"{stem}{f'-{number}' if number > 1 else ''}.json" for number in count(1))
    path = next(one for one in every if not one.exists())
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def _plain(name: str) -> str:
    """Return a name of a side as a part of a file's name: letters, digits, dots and dashes, on every system."""
    kept = re.sub(r"[^A-Za-z0-9.]+", "-", "working-tree" if name == WORKING_TREE else name)
    return kept[:_NAME_LENGTH].strip(".-") or "unnamed"


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
        return Comparison(
            a=_side(data["a"]),
            b=_side(data["b"]),
            effort=data["settings"]["effort"],
            threshold=data["settings"]["threshold"],
            interleaved=data["settings"]["interleaved"],
            cases=tuple(map(_found, data["cases"])),
            control=tuple(map(_found, data["control"]["cases"])),
        )
    except KeyError as error:
        raise RecordError(f"a comparison has no {error}; is this what compare --format json printed?") from error


def _side(data: Json) -> Side:
    """Return a side as it is remembered; its folder went with the comparison."""
    return Side(name=data["name"], commit=data["commit"], folder=Path(), bridge_hash=data["bridge_hash"])


def _found(data: Json) -> Found:
    return Found(
        case=data["case"],
        verdict=None if data["ratio"] is None else _verdict(data),
        log_ratios=tuple(data["log_ratios"]),
        flagged=data.get("flagged", False),
        changes=tuple(data["changes"]),
        failed=data["failed"],
    )


def _verdict(data: Json) -> Verdict:
    value, low, high = (math.log(data[key]) for key in ("ratio", "low", "high"))
    shift = Shift(value=value, low=low, high=high, rounds=data["rounds"])
    return Verdict(word=data["verdict"], shift=shift, reason=data["reason"])
