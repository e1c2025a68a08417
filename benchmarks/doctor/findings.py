"""What a check says: a finding with its severity and what to do; all of them are a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.records import Json

Severity = Literal["ok", "note", "warning", "bad"]
#: From the worst to the best, as findings are listed.
SEVERITIES: Final[tuple[Severity, ...]] = ("bad", "warning", "note", "ok")
#: With these a machine is unfit: what it measures may be wrong, or too noisy to be of use.
UNFIT: Final = frozenset({"bad", "warning"})

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check says, in words and as `values`; `do` says how to mend it, and is empty where nothing has to be done.

    `ok` hinders nothing. A `note` is worth knowing when numbers are compared, or was not told by the system, which is
    no pass. A `warning` makes some numbers noisy or different, and `bad` all of them.
    """

    name: str
    severity: Severity
    says: str
    do: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def unfit(self) -> bool:
        """Whether the machine should not measure before this is mended."""
        return self.severity in UNFIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All findings about one machine, the worst first."""

    machine: str
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        """Put the worst first; findings as bad as each other keep their order."""
        ranked = sorted(self.findings, key=lambda one: SEVERITIES.index(one.severity))
        object.__setattr__(self, "findings", tuple(ranked))

    @property
    def unfit(self) -> tuple[Finding, ...]:
        """The findings for which the machine should not measure."""
        return tuple(one for one in self.findings if one.unfit)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(one for one in self.findings if one.severity == severity)


def untold(name: str, what: str, do: str = "") -> Finding:
    """Return the finding of a fact that the system does not tell: a note, for it is no pass."""
    return Finding(name=name, severity="note", says=f"not told here: {what}", do=do)


def to_record(found: Diagnosis) -> list[Json]:
    """Return the findings as a session's header keeps them."""
    return [
        {"name": one.name, "severity": one.severity, "says": one.says, "do": one.do, "values": dict(one.values)}
        for one in found.findings
    ]
