"""asv over the commits of a range, each commit's `bridge` in asv's own environment, which has torch once.

asv keeps a commit's numbers when it is done with the commit. What is there already is not measured again, so an
interrupted range goes on with the same command. Which points are missing is looked up here, because asv would take a
point that nobody asked for yet for one that is done: it writes the same NaN for both.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

from . import asv_results, commits, store
from .checkout import ROOT
from .errors import AsvError, NoCasesError
from .lock import LOCK_FILE, machine_lock
from .machine import machine
from .suite.asv_names import MODULE, point
from .suite.cases import CASE_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .asv_results import Result
    from .commits import Commit
    from .records import Session
    from .suite.cases import Case

RESULTS: Final = "reports/asv/results"
CONFIG: Final = "asv.conf.json"
#: asv's exit code where it went on to the end and some benchmark or build failed.
_SOME_FAILED: Final = 2
#: Seconds that asv has to end its benchmark and its files when it is interrupted.
_GRACE_S: Final = 30.0
#: asv's own command line, of this interpreter's environment.
_ASV: Final = (sys.executable, "-m", "asv")
#: Where asv's words go: standard error, as a descriptor, for asv writes there by itself.
PROGRESS: Final = 2
#: The names of asv's points: (benchmark with its module, point).
Points = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for: commits, cases, under which name of this machine. `output` is where asv's words go."""

    range_: str
    pattern: str | None = None
    machine_name: str | None = None
    output: int = PROGRESS
    root: Path = ROOT
    lock_file: Path = LOCK_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many commits the range has, how many of them were measured now, and whether anything failed."""

    commits: int
    measured: int
    failed: bool

    @property
    def text(self) -> str:
        """The outcome in one line."""
        there = self.commits - self.measured
        return f"{self.measured} of {self.commits} commits measured" + (f", {there} before" if there else "")


class Known(NamedTuple):
    """What is known of all commits: asv's results, its names for people, sessions, and the commits in git's order."""

    results: list[Result]
    pretty_names: dict[str, str]
    sessions: list[Session]
    commits: tuple[Commit, ...]


def measure(request: Request) -> Outcome:
    """Measure what is missing of the commits of a range.

    Raises:
        NoRangeError: the range names no commit.
        NoCasesError: no case that asv measures matches the pattern.
        AsvError: asv is not installed, or ended before it was done.
        MachineBusyError: another run holds this machine.
    """
    asked = commits.in_range(request.range_, request.root)
    wanted = chosen(request.pattern)
    require_asv()
    name = known_to_asv(machine(request.machine_name)["name"])
    left = missing(asked, wanted, request.root, name)
    with machine_lock(request.lock_file) as lock:
        failed = [_run(points, some, name, request, lock) for points, some in left.items()]
    return Outcome(commits=len(asked), measured=sum(map(len, left.values())), failed=any(failed))


def known(sessions: Path, root: Path = ROOT) -> Known:
    """Return what is known of all commits; `sessions` is the folder of those that are taken.

    Raises:
        AsvResultError: a file of asv's cannot be read.
        SessionFileError: a session cannot be read.
    """
    return Known(
        results=asv_results.results_in(root / RESULTS),
        pretty_names=asv_results.pretty_names(root / RESULTS),
        sessions=[store.read(path) for path in store.sessions_in(sessions)],
        commits=commits.until_now(root),
    )


def publish(output: int = PROGRESS, root: Path = ROOT) -> None:
    """Make asv's own pages of all results, which `asv preview` shows.

    Raises:
        AsvError: asv could not.
    """
    require_asv()
    status = _asv(["publish"], output, root)
    if status != 0:
        raise AsvError(f"asv publish ended with exit code {status}; its own words stand above")


def require_asv() -> None:
    """Say what to do where asv is missing.

    Raises:
        AsvError: asv is not installed.
    """
    if find_spec("asv") is None:
        raise AsvError("the history needs asv, which is not installed: pip install --editable '.[report,history]'")


def chosen(pattern: str | None) -> Points:
    """Return the points that asv measures of the cases whose id matches; of transfers only where there is a device.

    Raises:
        NoCasesError: there is none.
    """
    import torch  # noqa: PLC0415  takes seconds to load

    from .suite.asv_conversions import PUBLISHED  # noqa: PLC0415  loads torch
    from .suite.paths import PATHS  # noqa: PLC0415

    def here(case: Case) -> bool:
        return PATHS[case.path].device == "cpu" or torch.cuda.is_available()

    known = [(f"{MODULE}.{name}", case) for name, cases in PUBLISHED.items() for case in cases if here(case)]
    found = frozenset((name, point(case)) for name, case in known if re.search(pattern or "", case.id))
    if not found:
        raise NoCasesError(f"no case that asv measures matches {pattern!r}; run --list shows the ids of cases")
    return found


def known_to_asv(name: str) -> str:
    """Put this machine's facts under its name where asv keeps what it knows of machines, and return the name.

    asv would take the host's name, which no published file may hold.
    """
    from asv.machine import Machine, MachineCollection  # noqa: PLC0415  asv is optional

    MachineCollection.save(name, Machine.get_defaults() | {"machine": name})
    return name


def missing(asked: Iterable[str], wanted: Points, root: Path, name: str) -> dict[Points, list[str]]:
    """Return the commits that lack a number for any of the points, by what they lack, in the order they are given."""
    there: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for result in asv_results.results_in(root / RESULTS):
        if result.machine == name and result.environment == _environment(root):
            numbers = (one for one in result.points if one.value is not None and one.version == CASE_VERSION)
            there[result.commit] |= {(one.benchmark, one.point) for one in numbers}
    left: dict[Points, list[str]] = {}
    for commit in asked:
        if lacking := wanted - there[commit]:
            left.setdefault(lacking, []).append(commit)
    return left


def _environment(root: Path) -> str:
    """Return asv's name for the environment of the configuration, which tells Python and what is installed."""
    from asv.config import Config  # noqa: PLC0415  asv is optional
    from asv.environment import get_environments  # noqa: PLC0415

    (environment,) = get_environments(Config.load(str(root / CONFIG)), None, verbose=False)
    return str(environment.name)


def _run(points: Points, some: list[str], name: str, request: Request, lock: int) -> bool:
    """Let asv measure some points of some commits, and return whether any failed."""
    chosen = [word for pattern in patterns(points) for word in ("--bench", pattern)]
    words = ["run", "HASHFILE:-", "--machine", name, *chosen]
    status = _asv(words, request.output, request.root, commits="\n".join(some), lock=lock)
    if status not in {0, _SOME_FAILED}:
        raise AsvError(f"asv run ended with exit code {status}; its own words stand above. What it finished is kept")
    return status == _SOME_FAILED


def patterns(points: Points) -> Iterator[str]:
    """Yield one regular expression a benchmark: asv matches them with its names, such as ``module.name('a/b/c')``."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for name, at in sorted(points):
        by_name[name].append(re.escape(at))
    for name, some in by_name.items():
        yield rf"^{re.escape(name)}\('({'|'.join(some)})'\)$"


def _asv(words: list[str], output: int, root: Path, *, commits: str = "", lock: int | None = None) -> int:
    """Run asv and return its exit code. Ctrl-C is for this process, which then lets asv end its benchmark."""
    process = subprocess.Popen(  # noqa: S603  our own words, no shell
        [*_ASV, *words],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        cwd=root,
        pass_fds=() if lock is None else (lock,),
        start_new_session=True,
    )
    try:
        process.communicate(commits.encode())
    finally:
        if process.poll() is None:
            _interrupt(process)
    return process.returncode


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
