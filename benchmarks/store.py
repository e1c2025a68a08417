"""Sessions on disk: read with every line proved, written whole or not at all, never edited.

A file is JSON lines: the header, the semantics of each path, the cases, and an end line that counts the cases. Each
line carries the CRC-32 of its own text, so that a damaged or edited file is refused with the number of the line.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING, Any, Final

from .errors import DamagedSessionError, NewerFormatError, RecordError
from .records import FORMAT, Header, Semantics, Session, record_from_json, record_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from .records import Json

_SEAL: Final = ', "crc32": "'
_EMPTY: Final = "{} is empty. The file is not complete; take another copy of it"

#: format -> the function that makes a line of the next format of one of its lines.
UPGRADES: Final[dict[int, Callable[[Json], Json]]] = {}


def sealed(data: Json) -> str:
    """Return one line of a session file: JSON with the CRC-32 of its own text as the last field."""
    text = json.dumps(data, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)
    return f'{text[:-1]}{_SEAL}{_crc(text)}"}}\n'


def unsealed(line: str, where: str) -> Json:
    """Read one line back and prove that it is as it was written.

    Raises:
        DamagedSessionError: the line is cut off or was edited.
    """
    body, seal, crc = line.rstrip("\n").rpartition(_SEAL)
    if not line.endswith("\n") or not seal:
        raise DamagedSessionError(f"{where} is cut off. The file is not complete; take another copy of it")
    if crc != f'{_crc(body + "}")}"}}':
        raise DamagedSessionError(f"{where} was changed after it was written. Sessions are never edited; measure again")
    data: Json = json.loads(body + "}")
    return data


def dump(session: Session) -> str:
    """Return the whole text of a session file."""
    lines: list[Json] = [session.header.to_json()]
    lines += [semantics.to_json() for semantics in session.semantics]
    lines += [record_to_json(record) for record in session.records]
    lines += [{"end": True, "cases": len(session.records), "semantics": len(session.semantics)}]
    return "".join(map(sealed, lines))


def write(path: Path, session: Session) -> None:
    """Write a session whole or not at all.

    Raises:
        FileExistsError: there is a session of this name; sessions are never overwritten.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(dump(session))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # unlike a rename, a link never replaces what is there
    finally:
        part.unlink()


def read(path: Path) -> Session:
    """Read a session file of this or an older format.

    Raises:
        DamagedSessionError: a line is missing, cut off or edited; the message names it.
        NewerFormatError: a later version wrote the file; the message says what to do.
    """
    lines = [(number, data) for number, data in _lines(path)]
    if not lines:
        raise DamagedSessionError(_EMPTY.format(path.name))
    _check_format(lines[0][1], path.name)
    _check_end(lines, path.name)
    return _session([(number, _upgraded(data, lines[0][1]["format"])) for number, data in lines[:-1]], path.name)


def read_header(path: Path) -> Header:
    """Read the header of a session file alone, which is quick.

    Raises:
        DamagedSessionError, NewerFormatError: as `read`; the lines below are not looked at.
    """
    first = next(_lines(path), None)
    if first is None:
        raise DamagedSessionError(_EMPTY.format(path.name))
    _check_format(first[1], path.name)
    return _session([(1, _upgraded(first[1], first[1]["format"]))], path.name).header


def _lines(path: Path) -> Iterator[tuple[int, Json]]:
    # What is no UTF-8 any more is read as a mark, which no seal fits: the line is named like any other damaged one.
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            yield number, unsealed(line, f"{path.name}: line {number}")


def _upgraded(data: Json, written: int) -> Json:
    """Return a line in the format of today, step by step from the one it was written in."""
    for older in range(written, FORMAT):
        data = UPGRADES[older](data)
    return data


def _check_format(header: Mapping[str, Any], name: str) -> None:
    written = header.get("format")
    if header.get("kind") != "session" or type(written) is not int or written < 1:
        raise DamagedSessionError(f"{name}: line 1 is no session header")
    if written > FORMAT:
        raise NewerFormatError(
            f"{name} has session format {written}; this checkout reads up to {FORMAT}. "
            "Update it (git pull) and read the file again"
        )


def _check_end(lines: list[tuple[int, Json]], name: str) -> None:
    number, last = lines[-1]
    if not last.get("end"):
        raise DamagedSessionError(f"{name}: the file stops after line {number}, before its end line")
    for words, key in (("cases", "case"), ("semantics", "semantics")):
        found = sum(key in data for _, data in lines[:-1])
        if last.get(words, found) != found:
            raise DamagedSessionError(f"{name}: line {number} counts {last[words]} {words}, but the file holds {found}")


def _session(lines: list[tuple[int, Json]], name: str) -> Session:
    where = f"{name}: line 1"
    semantics, records = [], []
    try:
        header = Header.from_json(lines[0][1])
        for number, data in lines[1:]:
            where = f"{name}: line {number}"
            if "semantics" in data:
                semantics.append(Semantics.from_json(data))
            else:
                records.append(record_from_json(data))
    except RecordError as error:
        raise DamagedSessionError(f"{where}: {error}") from error
    return Session(header=header, records=tuple(records), semantics=tuple(semantics))


def sessions_in(folder: Path) -> list[Path]:
    """Return the session files in a folder and its folders, the newest last: names start with the UTC time."""
    return sorted(folder.rglob("*.jsonl"), key=lambda path: path.name)


def file_name(header: Header) -> str:
    """Return the name of a session's file: its start in UTC and its commit."""
    stamp = header.started.replace("-", "").replace(":", "").partition("+")[0].rstrip("Z")
    return f"{stamp}Z-{header.commit[:8]}.jsonl"


def partial_lines(path: Path) -> list[Json]:
    """Read an unfinished session: its header and what was finished. A line torn by a crash at the very end is cut off.

    It is cut off the file too, because what is appended next must not continue it.

    Raises:
        DamagedSessionError: a line before the last is damaged.
    """
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    os.truncate(path, len(whole))
    lines = whole.decode(errors="replace").split("\n")[:-1]
    return [unsealed(f"{line}\n", f"{path.name}: line {number}") for number, line in enumerate(lines, start=1)]


def append(path: Path, lines: Iterable[Json]) -> None:
    """Append lines to an unfinished session and flush them to the disk."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(map(sealed, lines))
        file.flush()
        os.fsync(file.fileno())


def _crc(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
