"""How it was measured: machine, software, settings, and what was skipped, failed or noisy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports import units

from .registry import Cell, Figure, Line, Table, section, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reports.transfers import Transfer
    from reports.view import Row, View


@section(
    110,
    "method",
    title="How it was measured",
    lead="Each pass is a fresh process over all cases in a new random order. A case's time is the median of its pass "
    "medians; the interval is their range, which covers the true median in 97 % of sessions once there are six passes. "
    "Every case converts warm memory, with one thread unless it says otherwise.",
)
def how_it_was_measured(view: View) -> Iterator[Figure]:
    """List the machine, the software, the settings and every case without a number."""
    header = view.session.header
    yield _facts("machine", "Machine", {name: header.machine[name] for name in header.machine if name != "doctor"})
    yield from _doctor(header.machine.get("doctor") or ())
    yield _facts("software", "Software", header.software | {"bridge": f"{header.bridge_hash} (hash of its files)"})
    session = {"session": header.id, "started": header.started, "commit": header.commit, "dirty": header.dirty}
    yield _facts("settings", "Session", session | header.settings | {"case_version": header.case_version})
    yield from _left_out(view)


def _doctor(findings: Iterable[Mapping[str, str]]) -> Iterator[Figure]:
    """List what doctor found of the machine at the start and did not find good; older sessions have none of it."""
    found = [one for one in findings if one["severity"] != "ok"]
    lines = tuple(Line(cells=texts((one["name"], one["severity"], one["says"], one["do"]))) for one in found)
    if lines:
        table = Table(headers=("check", "severity", "finding", "what to do"), lines=lines)
        yield Figure(anchor="doctor", title="What doctor found at the start", caption="", table=table)


def _left_out(view: View) -> Iterator[Figure]:
    session = view.session
    skipped = ((one.case, one.skipped) for one in session.skipped)
    failed = ((one.case, f"{one.error} ({one.failed.get('stage', 'stage unknown')})") for one in session.failed)
    timed: tuple[Row | Transfer, ...] = (*view.rows, *view.transfers.rows, *view.transfers.on_host)
    noisy = ((one.record.case, units.with_interval(one.time, units.time)) for one in timed if one.time.noisy)
    yield from _cases("failed", "Cases that failed", "reason", failed)
    yield from _cases("noisy", "Cases whose passes differ by more than a quarter", "time", noisy)
    yield from _cases("skipped", "Cases that were skipped", "reason", skipped)


def _facts(anchor: str, title: str, facts: Mapping[str, Any]) -> Figure:
    lines = tuple(
        Line(cells=(Cell(name.replace("_", " ")), Cell(_text(name, facts[name]), kind="text"))) for name in facts
    )
    return Figure(anchor=anchor, title=title, caption="", table=Table(headers=("what", "value"), lines=lines))


def _cases(anchor: str, title: str, what: str, cases: Iterable[tuple[str, str]]) -> Iterator[Figure]:
    lines = tuple(Line(cells=(Cell(case, kind="path"), Cell(reason, kind="text"))) for case, reason in cases)
    if lines:
        table = Table(headers=("case", what), lines=lines)
        yield Figure(anchor=anchor, title=f"{title}: {len(lines)}", caption="", table=table)


def _text(name: str, value: Any) -> str:  # noqa: ANN401  whatever a header holds
    if isinstance(value, dict):
        held = ((key, _text(name if name == "caches" else key, one)) for key, one in value.items())
        return ", ".join(f"{key.replace('_', ' ')} {text}" for key, text in held) or units.NONE
    if isinstance(value, list):
        return ", ".join(_text(name, one) for one in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: units.NONE}[value]
    if isinstance(value, int) and (name.endswith("bytes") or name == "caches"):
        return units.size(value)
    return str(value)
