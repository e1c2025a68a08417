"""A comparison of two versions of `bridge`, or of two interpreters over one: what is played, and what comes of it.

Cases are judged at looks fixed beforehand, changes are said only if ten fresh rounds repeat them, and paths that do not
touch `bridge` run in the same rounds as a control: if they seem to change, it was the machine. Between two interpreters
every path may change, so there the control plays A against A.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import matrix
from .behaviour import differences
from .errors import NoCasesError, WorkerError
from .instructions import with_instructions
from .lock import LOCK_FILE, machine_lock
from .looks import Bout, play
from .outcome import CONTROL, Comparison, Found
from .partners import Settings, starter
from .sides import side
from .stages import BEHAVIOUR, INSTRUCTIONS
from .suite.cases import OURS, Case
from .suite.paths import PATHS
from .verdicts import LOOKS, THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .partners import Start
    from .records import Json
    from .session import Observer
    from .sides import Side

_CACHE_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared and how hard: cases and control by their ids, an effort of `LOOKS`, a threshold; when, where.

    With `pythons` each side runs in an interpreter of its own, which has torch and NumPy.
    """

    cases: tuple[str, ...]
    control: tuple[str, ...] = CONTROL
    effort: str = "normal"
    threshold: float = THRESHOLD
    seed: int = 0
    pythons: tuple[str, str] | None = None
    started: str = ""
    machine: Mapping[str, object] = field(default_factory=dict)

    @property
    def most_rounds(self) -> int:
        """How many rounds there are at most before changes are confirmed."""
        return LOOKS[self.effort][-1].rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both sides and what starts their processes; `start_control` where the control plays A against A."""

    a: Side
    b: Side
    start: Start
    start_control: Start | None = None

    def bouts(self, plan: Plan) -> tuple[Bout, Bout]:
        """Return what plays the cases and what plays the control, which is the same unless interpreters differ."""
        if self.start_control is None:
            whole = Bout((*plan.cases, *plan.control), self.start, plan.threshold, plan.seed)
            return whole, whole
        ours = Bout(plan.cases, self.start, plan.threshold, plan.seed)
        return ours, Bout(plan.control, self.start_control, plan.threshold, plan.seed)


def between(a: str, b: str, plan: Plan, observer: Observer, *, lock_file: Path = LOCK_FILE) -> Comparison:
    """Compare the `bridge` of two commits, or of one and the working tree, on this machine.

    Raises:
        NoSideError, MachineBusyError, ForeignBridgeError, WorkerError: nothing was compared, and why.
    """
    settings = settings_here()
    python_a, python_b = plan.pythons or (None, None)
    with tempfile.TemporaryDirectory() as folder:
        one = side(a, Path(folder) / "a", python=python_a)
        other = side(b, Path(folder) / "b", python=python_b)
        start_control = starter({"a": one, "b": one}, settings) if plan.pythons else None
        start = starter({"a": one, "b": other}, settings)
        with machine_lock(lock_file):
            found = compare(Sides(a=one, b=other, start=start, start_control=start_control), plan, observer)
            return _with_exact_gates(found, start, observer)


def settings_here() -> Settings:
    """Return what partners are told on this machine."""
    return Settings(threads={"1t": 1, "allt": matrix.Surroundings.here().threads}, cache_bytes=_CACHE_BYTES)


def compare(sides: Sides, plan: Plan, observer: Observer) -> Comparison:
    """Play the rounds of a plan and judge every case."""
    loaded = {"a": _loaded(sides.start, "a")}
    try:
        loaded["b"] = _loaded(sides.start, "b")
    except WorkerError as error:
        if sides.start_control is not None:
            raise  # an interpreter that lacks something is no regression of bridge
        why = str(error).replace(f"a process of {sides.b.name} ", "")
        failed = tuple(Found(case=case, verdict=None, failed={"b": why}) for case in plan.cases)
        return _comparison(sides, plan, loaded, failed, ())
    cases, control = sides.bouts(plan)
    bouts = tuple(dict.fromkeys((cases, control)))
    observer.begin(sum(len(bout.cases) for bout in bouts) * plan.most_rounds, plan.most_rounds)
    play(bouts, plan.effort, observer)
    return _comparison(
        sides, plan, loaded, tuple(map(cases.found, plan.cases)), tuple(map(control.found, plan.control))
    )


def _with_exact_gates(found: Comparison, start: Start, observer: Observer) -> Comparison:
    """Add what is told without statistics and takes processes of its own; the same code does the same."""
    if "b" not in found.loaded or (found.a.bridge_hash == found.b.bridge_hash and not found.interpreters):
        return found
    observer.started("awkward sources", BEHAVIOUR)
    paths = dict.fromkeys(Case.parse(one.case).path for one in found.cases)
    found = replace(found, behaviour=differences(start, paths))
    if found.interpreters:  # there everything takes other instructions
        return found
    observer.started("instructions", INSTRUCTIONS)
    return with_instructions(found)


def _loaded(start: Start, name: str) -> Json:
    """Start a side's process, and return what it says it has loaded."""
    partner = start(name, 0)
    partner.close()
    return partner.who


def _comparison(
    sides: Sides, plan: Plan, loaded: dict[str, Json], cases: tuple[Found, ...], control: tuple[Found, ...]
) -> Comparison:
    return Comparison(
        a=sides.a,
        b=sides.b,
        effort=plan.effort,
        threshold=plan.threshold,
        cases=cases,
        control=control,
        loaded=loaded,
        interpreters=sides.start_control is not None,
        started=plan.started,
        machine=plan.machine,
    )


def chosen(pattern: str | None, *, interpreters: bool = False) -> tuple[str, ...]:
    """Return the ids of the cases to compare: bridge's own of the quick preset, or whatever a filter matches there.

    Between two interpreters any path may change, so all of the preset are compared.

    Raises:
        NoCasesError: there are none.
        re.error: the pattern is no regular expression.
    """
    around = matrix.Surroundings.here()
    every = [case for case in matrix.cases("quick", pattern) if matrix.skip_reason(case, around) is None]
    # A loader's workers are no partners: they would share the one CPU that a partner stays on.
    every = [case for case in every if PATHS[case.path].family != "feed"]
    found = tuple(case.id for case in every if pattern or interpreters or case.path.startswith(OURS))
    if not found:
        raise NoCasesError(
            f"no case of preset quick that can be compared matches {pattern!r}; run --list shows their ids"
        )
    return found
