"""The report as a browser shows it: offline, drawn, usable by keyboard, without scripts, wide and narrow."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import store
from tests.builders import a_full_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WIDE, NARROW = 1280, 390
WIDTHS = pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1280, scripts: bool = True
) -> Iterator[tuple[Page, list[str]]]:
    """Open a page from disk; yield it and what it complained about or asked for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts, offline=True)
    page = context.new_page()
    seen: list[str] = []
    page.on("console", lambda message: seen.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("request", lambda request: seen.append(f"request: {request.url}"))
    page.goto(path.as_uri())
    try:
        yield page, seen
    finally:
        context.close()


def scrolled(page: Page) -> None:
    """Bring every chart into view once, as a reader does, and wait until each is drawn."""
    for place in page.locator("[data-chart]").all():
        place.scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.querySelectorAll('[data-chart]')].every(one => one.classList.contains('live'))"
    )


def complaints(seen: list[str], path: Path) -> list[str]:
    """Return what was seen beside the page itself; addresses of data are inside the page."""
    own = {f"request: {path.as_uri()}"}
    return [one for one in seen if one not in own and not one.startswith(("request: data:", "request: blob:"))]


@WIDTHS
def test_opens_without_a_request_or_an_error(browser: Browser, report: Path, width: int) -> None:
    """The page asks for nothing, and says nothing on the console, with every chart drawn."""
    with opened(browser, report, width=width) as (page, seen):
        scrolled(page)

        assert complaints(seen, report) == []


def test_every_chart_is_drawn(browser: Browser, report: Path) -> None:
    """Each chart that came alive holds marks, and its static drawing is gone."""
    with opened(browser, report) as (page, _):
        scrolled(page)
        places = page.locator("[data-chart]").all()

        assert len(places) >= 5
        for place in places:
            assert place.locator(".stage svg path, .stage svg text").count() > 10
            assert place.locator(":scope > svg").count() == 0


@WIDTHS
def test_no_violation_of_the_accessibility_rules(browser: Browser, report: Path, width: int) -> None:
    """Axe finds nothing to object to: wide with all tables unfolded, narrow as the page opens."""
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed")
    with opened(browser, report, width=width) as (page, _):
        scrolled(page)
        if width == WIDE:
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found: dict[str, Any] = axe.Axe().run(page)

        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found["violations"]] == []


@WIDTHS
def test_the_page_itself_does_not_scroll_sideways(browser: Browser, report: Path, width: int) -> None:
    """Wide tables and charts scroll inside their own region."""
    with opened(browser, report, width=width) as (page, _):
        scrolled(page)

        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_readers_without_scripts_get_drawings_and_tables(browser: Browser, report: Path) -> None:
    """With scripts off there are static drawings, tables and the raw records, and no dead controls."""
    with opened(browser, report, scripts=False) as (page, _):
        assert page.locator("[data-chart] > svg").count() == page.locator("[data-chart]").count() > 0
        assert page.locator("form.choices:visible").count() == 0
        assert page.locator("table").count() > 5
        assert (page.locator("#raw-session").get_attribute("href") or "").startswith("data:application/gzip")


def test_choosing_a_layout_changes_chart_and_table(browser: Browser, report: Path) -> None:
    """The layout control shows the rows of that layout alone."""
    with opened(browser, report) as (page, _):
        scrolled(page)
        select = page.locator("select[name=layout]:visible").first
        article = page.locator("article", has=select).first
        article.locator("details").evaluate("one => one.open = true")
        before = article.locator("tbody tr[data-at]:visible").all_text_contents()
        other = next(one for one in select.locator("option").all_text_contents() if one != select.input_value())
        select.select_option(other)
        page.wait_for_timeout(200)
        after = article.locator("tbody tr[data-at]:visible").all_text_contents()

        assert before
        assert after != before
        at = article.locator("tbody tr[data-at]:visible").evaluate_all("rows => rows.map(one => one.dataset.at)")
        assert all(f" {other} " in one for one in at)


def test_the_raw_session_can_be_taken_from_the_page(browser: Browser, report: Path, tmp_path: Path) -> None:
    """What the link downloads is the session file, which reads back."""
    with opened(browser, report) as (page, _):
        page.wait_for_function("document.querySelector('#raw-session').href.startsWith('blob:')")
        with page.expect_download() as waiting:
            page.locator("#raw-session").click()
        waiting.value.save_as(tmp_path / "taken.jsonl")

    assert store.read(tmp_path / "taken.jsonl") == a_full_session()


def test_hostile_names_stay_text(browser: Browser, report: Path) -> None:
    """No name becomes markup: the only elements are the page's own."""
    with opened(browser, report) as (page, _):
        scrolled(page)

        assert page.locator("main zen, header zen, main a:not([href])").count() == 0
        assert "<Zen>" in page.locator("body").inner_text()


def test_the_keyboard_reaches_controls_and_regions(browser: Browser, report: Path) -> None:
    """Tab goes from the skip link to the selects and the scrolling regions."""
    with opened(browser, report) as (page, _):
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.tagName + '.' + document.activeElement.className"))

        assert {"A.skip", "A.", "SELECT."} <= reached
        assert any("scroll" in one for one in reached)
