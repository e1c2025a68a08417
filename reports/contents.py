"""What the pages of one session say, computed once: findings, answers, sections, drawings, notes and the CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import drawing, figures, findings, questions, rows
from .published import ALONE
from .view import FEWEST_PASSES, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.records import Session

    from .figures.registry import Chart, Figure, Section
    from .findings import Finding
    from .published import Beside
    from .questions import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that HTML, Markdown and CSV say of one session; `drawings` holds the SVG of each figure's anchor."""

    session: Session
    findings: tuple[Finding, ...]
    answers: tuple[Answer, ...]
    sections: tuple[tuple[Section, tuple[Figure, ...]], ...]
    drawings: Mapping[str, str]
    csv: str

    @property
    def title(self) -> str:
        """The heading of the page."""
        return f"What NumPy to PyTorch conversions cost on {self.session.header.machine_name}"

    @property
    def versions(self) -> str:
        """The versions that a reader asks for first; the rest stands under how it was measured."""
        software = self.session.header.software
        return ", ".join(f"{name} {software[name]}" for name in ("python", "numpy", "torch") if name in software)

    @property
    def cpu(self) -> str:
        """The CPU, or the machine's name where the session does not tell; and the GPU, where there is one."""
        header = self.session.header
        gpu = (header.machine.get("gpu") or {}).get("name")
        return str(header.machine.get("cpu", header.machine_name)) + (f" with {gpu}" if gpu else "")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before believing a number."""
        return tuple(_notes(self.session))

    @property
    def charts(self) -> dict[str, Chart]:
        """The charts by the anchor of their figure."""
        return {one.anchor: one.chart for _, some in self.sections for one in some if one.chart}


def contents(session: Session, beside: Beside = ALONE) -> Contents:
    """Compute everything the pages of a session say, with the published sessions that stand beside it."""
    view = View(session, beside)
    sections = tuple(figures.drawn(view))
    drawn = {one.anchor: drawing.svg(one.chart, one.title) for _, some in sections for one in some if one.chart}
    return Contents(
        session=session,
        findings=findings.found(view),
        answers=questions.answers(view, figures.titles(sections)),
        sections=sections,
        drawings=drawn,
        csv=rows.csv_text(view),
    )


def _notes(session: Session) -> Iterator[str]:
    header = session.header
    passes = max((len(one) for record in session.measured for one in record.samples_ns.values()), default=0)
    if passes < FEWEST_PASSES:
        yield (
            f"Made of {passes} of the {FEWEST_PASSES} passes that an interval needs: what stands in brackets is the "
            "range of the passes and says nothing of how often it holds the true time."
        )
    if header.preset == "quick":
        yield "The quick preset measures few cases, to look around; it is not fit to be published."
    if header.dirty:
        yield "Measured with changes that were not committed, so nobody can measure the same again."
    if session.failed:
        yield f"Cases that failed: {len(session.failed)}. They are listed under how it was measured."
