"""Instructions of one call of each sharing case, counted by valgrind's callgrind on both sides of a comparison.

A count is nearly exact where times are noisy: it tells a change of two percent after one run. It says nothing of page
faults, caches or bandwidth, so it is taken only where a call moves no elements, and a change is told, not judged.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from .callgrind import MACHINE
from .counter import BLOCKS, EMPTY, EVERY
from .errors import NotCountedError
from .machine import scrubbed
from .partners import environment
from .suite.cases import Case
from .suite.paths import PATHS
from .workers import death, tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .outcome import Comparison, Found
    from .sides import Side

#: Both sides are counted at the same time, and ended after this long.
LIMIT_S: Final = 180.0
#: A change of less than this share, or of fewer instructions, is none. The same code counts the same to the last digit;
#: but what is added elsewhere in `bridge` moves memory, and with it hash tables and caches of types: of 15 cases, each
#: with six such additions, the farthest two counts were 1.2 % apart (studies/instruction_layouts.py).
THRESHOLD: Final = 0.02
LEAST: Final = 100
_VALGRIND: Final = "valgrind"
#: Options of the user (~/.valgrindrc, VALGRIND_OPTS) are not read; nothing is counted until it is asked for.
_OPTIONS: Final = (
    "--quiet",
    "--command-line-only=yes",
    "--vgdb=no",
    "--tool=callgrind",
    "--instr-atstart=no",
    "--collect-atstart=no",
    "--combine-dumps=yes",
)
_TRIGGER: Final = "desc: Trigger: Client Request: "
_SUMMARY: Final = "summary: "


def with_instructions(found: Comparison, limit_s: float = LIMIT_S) -> Comparison:
    """Return a comparison that also tells where the instructions changed, or in a note why they were not counted."""
    cases = sharing(one.case for one in found.cases if one.verdict)
    if not cases:
        return found
    try:
        a, b = count((found.a, found.b), cases, limit_s)
    except NotCountedError as error:
        return replace(found, notes=(*found.notes, f"Instructions were not counted: {error}."))
    told = tuple(_with_change(one, a, b) for one in found.cases)
    both = len(a.keys() & b.keys())
    many = sum(one is not before for one, before in zip(told, found.cases, strict=True)) or "none"
    note = f"Instructions of one call were counted in {both} sharing cases: {many} changed by {THRESHOLD:.0%} or more."
    return replace(found, cases=told, notes=(*found.notes, note))


def _with_change(found: Found, a: Mapping[str, int], b: Mapping[str, int]) -> Found:
    if found.case not in a or found.case not in b:
        return found
    change = changed(a[found.case], b[found.case])
    return replace(found, changes=(*found.changes, change)) if change else found


def changed(a: int, b: int) -> str | None:
    """Return in words how the instructions of one call changed; None where identical code may differ as much."""
    if abs(b - a) < max(LEAST, THRESHOLD * a):
        return None
    return f"instructions {a:,} -> {b:,} ({b / a - 1:+.1%})"


def sharing(cases: Iterable[str]) -> tuple[str, ...]:
    """Return the cases worth counting: of the family `share` on one thread, the smallest of a path, dtype and layout.

    The size does not matter where no element is moved. With more threads, those that wait would be counted too.
    """
    parsed = [Case.parse(case) for case in cases]
    wanted = [case for case in parsed if PATHS[case.path].family == "share" and case.threads == "1t"]
    smallest: dict[tuple[str, str, str], Case] = {}
    for case in sorted(wanted, key=lambda case: case.nbytes):
        smallest.setdefault((case.path, case.dtype, case.layout), case)
    return tuple(case.id for case in wanted if case in smallest.values())


def unavailable() -> str | None:
    """Return why nothing can be counted here, or None."""
    if platform.machine() != MACHINE:
        return f"it takes a processor of {MACHINE}, and this is {platform.machine()}"
    return None if shutil.which(_VALGRIND) else "valgrind is not installed"


def count(
    sides: Sequence[Side], cases: Sequence[str], limit_s: float = LIMIT_S, *, every: bool = False
) -> list[dict[str, int]]:
    """Return, of each side, the instructions of one call of every case that shares there, or of `every` case.

    All sides are counted at the same time, in one process each: another process does not change a count.

    Raises:
        NotCountedError: there is no valgrind, or it failed, took too long, or counted another `bridge`.
    """
    if reason := unavailable():
        raise NotCountedError(reason)
    until = monotonic() + limit_s
    with ExitStack() as stack:
        running = [stack.enter_context(closing(_Counting(side, cases, every=every))) for side in sides]
        return [one.counts(max(until - monotonic(), 0)) for one in running]


class _Counting:
    """Callgrind at work over one side."""

    def __init__(self, side: Side, cases: Sequence[str], *, every: bool) -> None:
        self._side = side
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name, "counts")
        self._answer, self._log = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  see close
        out = f"--callgrind-out-file={str(self._file).replace('%', '%%')}"
        self._process = subprocess.Popen(  # noqa: S603  our own module
            [
                _VALGRIND,
                *_OPTIONS,
                out,
                sys.executable,
                "-P",
                "-m",
                "benchmarks.counter",
                *([EVERY] if every else []),
                *cases,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._answer,
            stderr=self._log,
            cwd=side.folder,
            env=environment(side, 0),
            start_new_session=True,
        )
        self._cases = cases

    def counts(self, limit_s: float) -> dict[str, int]:
        """Wait for the process to end, and return the instructions of one call by case."""
        self._wait(limit_s)
        try:
            self._answer.seek(0)
            said = json.loads(self._answer.read())
            if said["bridge"] != self._side.bridge_hash:
                raise NotCountedError(f"{self._side.name} loads the bridge of {said['file']}, not its own")
            with self._file.open(encoding="utf-8", errors="replace") as lines:
                per_call = _per_call(parts(lines), said["calls"])
            return {self._cases[number]: per_call[str(number)] for number in said["counted"]}
        except (OSError, ValueError, KeyError) as error:
            raise NotCountedError(f"no counts of {self._side.name} can be read: {scrubbed(str(error))}") from error

    def _wait(self, limit_s: float) -> None:
        try:
            status = self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise NotCountedError(f"{self._side.name} took too long under valgrind and was killed") from None
        if status:
            said = tail(self._log, lines=1)
            raise NotCountedError(f"{self._side.name} {death(status)} under valgrind" + (f": {said}" if said else ""))

    def close(self) -> None:
        """End the process, and remove what it wrote."""
        self._process.kill()
        self._process.wait()
        self._answer.close()
        self._log.close()
        self._folder.cleanup()


def _per_call(counted: Iterable[tuple[str, int]], calls: int) -> dict[str, int]:
    """Return the instructions of one call by the number of its case: the smallest block, less what an empty one takes.

    Raises:
        ValueError: blocks are missing, or hold nothing.
    """
    blocks: dict[str, list[int]] = {}
    for name, instructions in counted:
        blocks.setdefault(name, []).append(instructions)
    if short := [name for name in (EMPTY, *blocks) if len(blocks.get(name, ())) != BLOCKS]:
        raise ValueError(f"block {short[0]!r} was not counted {BLOCKS} times")
    empty = min(blocks.pop(EMPTY))
    if blocks and min(map(min, blocks.values())) <= empty:
        raise ValueError("calls took no more instructions than none")
    return {name: round((min(counts) - empty) / calls) for name, counts in blocks.items()}


def parts(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield the name and the instructions of every part that was asked for by name, from a file of callgrind."""
    name = None
    for line in lines:
        if line.startswith("part: "):
            name = None
        elif line.startswith(_TRIGGER):
            name = line.removeprefix(_TRIGGER).rstrip("\n")
        elif name is not None and line.startswith(_SUMMARY):
            yield name, int(line.removeprefix(_SUMMARY))
