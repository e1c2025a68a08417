"""One session -> one folder: a page that opens offline, Markdown, CSV and SVG. `write_report` alone writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from markupsafe import Markup

from benchmarks import store

from . import drawing, figures, findings, questions
from .contents import contents
from .published import ALONE
from .rendering import environment, packed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.records import Session

    from .contents import Contents
    from .published import Beside


def write_report(session: Session, out: Path, *, home: str = "", beside: Beside = ALONE) -> Path:
    """Write report.html, report.md, cases.csv and figures/*.svg into `out`; the same session gives the same bytes.

    `home` is the relative address of a page that lists this report, `beside` has the published sessions that are shown
    with this one.

    Returns:
        The path of report.html.
    """
    (out / "figures").mkdir(parents=True, exist_ok=True)
    for name, text in texts(contents(session, beside), home=home).items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    return out / "report.html"


def texts(made: Contents, *, home: str = "") -> dict[str, str]:
    """Return the text of each file of a report by its relative path."""
    titles = figures.titles(made.sections)
    drawn = {f"figures/{name}.svg": drawing.standing_alone(svg, titles[name]) for name, svg in made.drawings.items()}
    return {**drawn, "cases.csv": made.csv, "report.md": markdown(made), "report.html": html(made, home=home)}


def html(made: Contents, *, home: str = "") -> str:
    """Return the page: everything it needs is inside, so that it opens without any request."""
    template = environment().get_template("report.html.j2")
    return template.render(
        report=made,
        header=made.session.header,
        home=home,
        nothing=findings.NOTHING,
        asked=questions.LEAD,
        vega=Markup(drawing.scripts()),  # noqa: S704  safe inside a script, see there
        charts=_charts(made),
        session_file=packed(store.dump(made.session)),
        cases_file=packed(made.csv),
        file_name=store.file_name(made.session.header),
    )


def markdown(made: Contents) -> str:
    """Return the report as Markdown, its figures beside it as SVG files."""
    template = environment().get_template("report.md.j2")
    return template.render(
        report=made,
        header=made.session.header,
        nothing=findings.NOTHING,
        asked=questions.LEAD,
        shown=figures.shown,
    )


def _charts(made: Contents) -> Markup:
    known = made.charts
    charts = {name: {"spec": one.spec, "dataset": one.dataset, "fluid": one.fluid} for name, one in known.items()}
    datasets = {one.dataset: one.columns for one in known.values()}
    return _json({"charts": charts, "datasets": datasets})


def _json(data: Mapping[str, object]) -> Markup:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  no tag can start inside
