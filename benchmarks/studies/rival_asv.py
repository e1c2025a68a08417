"""asv as a rival: `asv continuous` with its defaults, which takes turns between the commits."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.studies.rival_tools import Said, ToolFailedError, output
from benchmarks.suite.cases import Case, size_name
from benchmarks.suite.paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.studies.rival_commits import Commits
    from benchmarks.studies.rival_tools import Flag

#: asv's own.
_FACTOR: Final = "1.1"
_MARKS: Final[dict[str, Flag]] = {"+": "slower", "-": "faster"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asv:
    """`asv continuous` with its defaults, which takes turns between the commits."""

    home: Path

    def ready(self, commits: Commits) -> None:
        """Make asv's environment, which holds torch, and tell asv of the machine."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._asv(commits, "machine", "--yes")
        self._asv(commits, "setup", fine=(0, 1))  # asv 0.6.6 ends with 1 here when all went well

    def compare(self, commits: Commits, cases: Sequence[str]) -> list[Said]:
        """Run the commits in turn; asv exits with 1 where one became slower."""
        commits.switch(commits.a)  # asv takes the benchmarks from the working tree, `bridge` from either commit
        only = "|".join(map(pattern, cases))
        self._asv(commits, "continuous", "--factor", _FACTOR, "--bench", only, commits.a, commits.b, fine=(0, 1))
        printed = self._asv(commits, "compare", "--factor", _FACTOR, commits.a, commits.b)  # the rows that stay, too
        return said(printed, cases)

    def _asv(self, commits: Commits, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
        command = [str(Path(sys.executable).with_name("asv")), *arguments]
        return output(command, commits.folder, {"HOME": str(self.home)}, fine)


def pattern(case_id: str) -> str:
    """Return the expression that chooses the one point of a case."""
    return re.escape(_name(case_id)) + "$"


def said(printed: str, cases: Sequence[str]) -> list[Said]:
    """Read the rows of ``asv compare``; ToolFailedError where one has no ratio: then a side was not measured."""
    rows = dict(_rows(printed))
    if missing := [case for case in cases if _name(case) not in rows]:
        raise ToolFailedError(f"asv compare gives no ratio of {missing[0]}; run asv continuous by hand and look")
    found = ((case, *rows[_name(case)]) for case in cases)
    return [Said(tool="asv continuous", case=case, flagged=flag, ratio=ratio) for case, flag, ratio in found]


def _name(case_id: str) -> str:
    case = Case.parse(case_id)
    return f"asv_conversions.time_{PATHS[case.path].identifier}('{size_name(case.nbytes)}/{case.dtype}/{case.layout}')"


def _rows(printed: str) -> Iterator[tuple[str, tuple[Flag, float]]]:
    """Yield the rows that have a ratio; asv marks with ~ one that is not significant."""
    for line in printed.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[4].startswith("asv_conversions.") and cells[3] != "n/a":
            yield cells[4], (_MARKS.get(cells[0], "none"), float(cells[3].lstrip("~")))
