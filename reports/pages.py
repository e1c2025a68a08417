"""One session -> one folder: a page that opens offline, Markdown, CSV and SVG. `write_report` alone writes."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from benchmarks import store

from . import drawing, figures, findings, rows
from .view import View

if TYPE_CHECKING:
    from benchmarks.records import Session

    from .figures.registry import Figure, Section
    from .findings import Finding

TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything the pages of one session say, computed once."""

    session: Session
    findings: tuple[Finding, ...]
    sections: tuple[tuple[Section, tuple[Figure, ...]], ...]
    drawings: dict[str, str]
    csv: str

    @property
    def title(self) -> str:
        """The heading of the page."""
        return f"What NumPy to PyTorch conversions cost on {self.session.header.machine_name}"


def report(session: Session) -> Report:
    """Compute everything the pages of a session say."""
    view = View(session)
    sections = tuple(figures.drawn(view))
    charts = {one.anchor: drawing.svg(one.chart, one.title) for _, some in sections for one in some if one.chart}
    return Report(
        session=session,
        findings=findings.found(view),
        sections=sections,
        drawings=charts,
        csv=rows.csv_text(view),
    )


def write_report(session: Session, out: Path) -> Path:
    """Write report.html, report.md, cases.csv and figures/*.svg into `out`; the same session gives the same bytes.

    Returns:
        The path of report.html.
    """
    made = report(session)
    (out / "figures").mkdir(parents=True, exist_ok=True)
    titles = {one.anchor: one.title for _, some in made.sections for one in some}
    texts = {f"figures/{name}.svg": drawing.standing_alone(svg, titles[name]) for name, svg in made.drawings.items()}
    texts |= {"cases.csv": made.csv, "report.md": markdown(made), "report.html": html(made)}
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    return out / "report.html"


def html(made: Report, *, home: str = "") -> str:
    """Return the page: everything it needs is inside, so that it opens without any request."""
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=made,
            header=made.session.header,
            home=home,
            nothing=findings.NOTHING,
            style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),  # noqa: S704  a file of ours
            script=Markup((TEMPLATES / "report.js").read_text(encoding="utf-8")),  # noqa: S704  a file of ours
            vega=Markup(drawing.scripts()),  # noqa: S704  escaped for a script there
            charts=_charts(made),
            raw=_data_uri("application/gzip", gzip.compress(store.dump(made.session).encode(), mtime=0)),
            csv=_data_uri("text/csv", made.csv.encode()),
            file_name=store.file_name(made.session.header),
        )
    )


def markdown(made: Report) -> str:
    """Return the report as Markdown, its figures beside it as SVG files."""
    return (
        environment()
        .get_template("report.md.j2")
        .render(report=made, header=made.session.header, nothing=findings.NOTHING)
    )


@cache
def environment() -> Environment:
    """Return the templates with their filters; everything that goes into a page is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"md": _markdown_text, "code": _with_code, "raw_svg": Markup, "shown": figures.shown}
    return made


def _charts(made: Report) -> Markup:
    charts = {one.anchor: one.chart for _, some in made.sections for one in some if one.chart}
    data = {
        "charts": {
            name: {"spec": chart.spec, "dataset": chart.dataset, "fluid": chart.fluid} for name, chart in charts.items()
        },
        "datasets": {chart.dataset: chart.rows for chart in charts.values()},
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  no tag can start inside


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _with_code(sentence: str) -> Markup:
    """Return a sentence for the page, what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(sentence)))  # noqa: S704  escaped before


def _markdown_text(text: str) -> str:
    """Return text for a cell or line of Markdown: no pipe ends a cell, no tag starts."""
    plain = str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("*", "\\*")
