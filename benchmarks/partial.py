"""An unfinished session: every event appended to its file at once, and what follows from the events so far.

The same events build it while it runs and when it is read back, so resuming is replaying.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from . import store
from .errors import DamagedSessionError, RecordError
from .records import Failed, Header, Measured, Observation, Record, Semantics, Session, Skipped
from .stages import CHECK, PROFILE, stage_name
from .suite.cases import MIDDLE_BYTES, Case
from .suite.paths import PATHS
from .workers import failure_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .records import Json

SUFFIX: Final = ".partial"
#: Families whose copies over the link are looked at whatever their size.
_PROFILED_WHOLE: Final = frozenset({"many"})


@dataclass(kw_only=True)
class Partial:
    """What is known so far. `order` are the cases that are measured, in the order of the matrix."""

    path: Path
    header: Header
    order: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    checked: dict[str, Json] = field(default_factory=dict)
    timed: dict[str, dict[int, Json]] = field(default_factory=dict)
    failed: dict[str, Json] = field(default_factory=dict)
    observed: dict[str, Json] = field(default_factory=dict)
    profiled: dict[str, Json] = field(default_factory=dict)
    gpu: list[Json] = field(default_factory=list)

    @classmethod
    def begin(cls, path: Path, header: Header, order: Iterable[str], skipped: dict[str, str]) -> Partial:
        """Start the file of a session: its header, the cases it will measure, those it skips."""
        path.parent.mkdir(parents=True, exist_ok=True)
        known = cls(path=path, header=header, order=list(order), skipped=skipped)
        store.append(path, [header.to_json(), {"order": known.order, "skipped": skipped}])
        return known

    @classmethod
    def read(cls, path: Path) -> Partial:
        """Read an unfinished session back.

        Raises:
            SessionFileError: it was damaged before its last line, or never got as far as its cases.
        """
        lines = store.partial_lines(path)
        if len(lines) < 2:
            raise DamagedSessionError(f"{path.name} has no cases yet: there is nothing to resume. Delete it")
        known = cls(path=path, header=Header.from_json(lines[0]), **lines[1])
        for event in lines[2:]:
            known.take(event)
        return known

    def add(self, event: Json, stage: int) -> None:
        """Take an event of a worker and put it on the disk before anything else happens."""
        if "failed" in event and stage == PROFILE:
            event = {"case": event["case"], "profiled": {}}  # its times are right, whatever the profiler met
        elif "failed" in event:
            event = {"case": event["case"], "failed": failure_text(event), "stage": stage_name(stage)}
        store.append(self.path, [event])
        self.take(event)

    def take(self, event: Json) -> None:
        """Take an event: a check, a pass, a profile, a failure, an observation, or the state of the GPU."""
        if "gpu" in event:
            self.gpu.append(event["gpu"])
        elif "probe" in event:
            self.observed[event["probe"]] = event["observed"]
        elif "failed" in event:
            self.failed[event["case"]] = event
        elif "checked" in event:
            self.checked[event["case"]] = event["checked"]
        elif "profiled" in event:
            self.profiled[event["case"]] = event["profiled"]
        else:
            self.timed.setdefault(event["case"], {})[event["pass"]] = event

    def open_cases(self, stage: int) -> list[str]:
        """Return the cases that this stage still has to take."""
        return [case for case in self.order if case not in self.failed and not self._has(case, stage)]

    def _has(self, case: str, stage: int) -> bool:
        if stage == PROFILE:
            return case in self.profiled or not is_profiled(case)
        return case in self.checked if stage == CHECK else stage in self.timed.get(case, {})

    def session(self) -> Session:
        """Return the finished session."""
        cases = [*self.skipped, *self.order]
        return Session(
            header=self._header(), records=tuple(map(self._record, cases)), semantics=tuple(self._semantics())
        )

    def _header(self) -> Header:
        """Return the header, with the state of the GPU before and after where one was used."""
        if not self.gpu:
            return self.header
        state = {"before": self.gpu[0], "after": self.gpu[-1]}
        return replace(self.header, machine={**self.header.machine, "gpu_state": state})

    def _record(self, case_id: str) -> Record:
        parts = case_parts(case_id)
        if case_id in self.skipped:
            return Skipped(**parts, skipped=self.skipped[case_id])
        if case_id in self.failed:
            return Failed(**parts, failed=self._failure(case_id))
        try:
            return self._measured(case_id, parts)
        except RecordError as error:  # one case that cannot be right must not cost all others
            samples = self._samples(case_id)
            return Failed(**parts, failed={"error": str(error), "stage": "record", "samples_ns": samples})

    def _measured(self, case_id: str, parts: Json) -> Measured:
        checked, path = self.checked[case_id], PATHS[parts["path"]]
        faults = sorted(one["minflt"] for one in self.timed[case_id].values())
        return Measured(
            **parts,
            spelling=path.spelling,
            source=path.source,
            shape=tuple(checked["shape"]),
            aliasing=checked["aliasing"],
            loops=checked["loops"],
            minflt_per_call=float(f"{faults[len(faults) // 2]:.5g}"),
            alloc_bytes=checked["alloc_bytes"],
            samples_ns=self._samples(case_id),
            link=self.profiled.get(case_id, {}).get("link"),
            device_peak_bytes=checked.get("device_peak_bytes"),
            pinned_peak_bytes=checked.get("pinned_peak_bytes"),
        )

    def _samples(self, case_id: str) -> dict[str, tuple[tuple[float, ...], ...]]:
        passes = [one["samples_ns"] for _, one in sorted(self.timed.get(case_id, {}).items())]
        passes.append(self.profiled.get(case_id, {}).get("samples_ns", {}))
        clocks = dict.fromkeys(name for one in passes for name in one)
        return {name: tuple(tuple(one[name]) for one in passes if name in one) for name in clocks}

    def _failure(self, case_id: str) -> dict[str, Any]:
        """Return what went wrong, with the samples of the passes before it: nothing measured is lost."""
        known = self.failed[case_id]
        return {"error": known["failed"], "stage": known["stage"], "samples_ns": self._samples(case_id)}

    def _semantics(self) -> Iterable[Semantics]:
        for path in PATHS.values():
            mine = {
                key.partition(" ")[2]: seen for key, seen in self.observed.items() if key.split(" ")[0] == path.name
            }
            if mine:
                seen = {trait: Observation(**_scrub(fields)) for trait, fields in mine.items()}
                known = {"family": path.family, "source": path.source, "spelling": path.spelling}
                yield Semantics(path=path.name, observed=seen, **known)


def is_profiled(case_id: str) -> bool:
    """Whether a session looks at what a case sends over a link: where the size does not hide what is copied twice."""
    case, path = Case.parse(case_id), PATHS[case_id.partition("/")[0]]
    return path.device != "cpu" and (case.nbytes == MIDDLE_BYTES or path.family in _PROFILED_WHOLE)


def case_parts(case_id: str) -> Json:
    """Return what every record says of its case."""
    case, path = Case.parse(case_id), PATHS[case_id.partition("/")[0]]
    axes = {"dtype": case.dtype, "layout": case.layout, "nbytes": case.nbytes, "threads": case.threads}
    return {"case": case_id, "path": path.name, "family": path.family, **axes, "device": path.device}


def _scrub(fields: Json) -> Json:
    return fields | ({"error": failure_text({"failed": fields["error"]})} if fields.get("error") else {})
