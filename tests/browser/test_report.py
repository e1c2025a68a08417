"""The report in a real browser: no request, no error, live charts, filters, keyboard, axe, and without scripts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import axe_core_python
import pytest
from playwright.sync_api import Browser, Page

from benchmarks import store
from reports import site
from tests.browser.conftest import SIZES
from tests.builders import a_full_session

AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


@dataclass
class Heard:
    """What a page said and asked for."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def opened(browser: Browser, path: Path, *, width: int = 1280, scripts: bool = True) -> tuple[Page, Heard]:
    """Open a page from disk and listen to it."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts, offline=True)
    page, heard = context.new_page(), Heard()
    page.on("console", lambda message: heard.errors.append(message.text))
    page.on("pageerror", lambda error: heard.errors.append(str(error)))
    page.on("request", lambda request: heard.requests.append(request.url))
    page.goto(path.as_uri())
    return page, heard


def scroll_through(page: Page) -> None:
    """Bring every chart into view, so that it comes to life."""
    for index in range(page.locator("[data-chart]").count()):
        place = page.locator("[data-chart]").nth(index)
        place.scroll_into_view_if_needed()
        place.locator(".stage svg").wait_for(state="attached")
    page.wait_for_function(
        "document.querySelectorAll('.chart.live').length === document.querySelectorAll('.chart').length"
    )


@pytest.fixture(scope="module", params=[1280, 390], ids=["wide", "narrow"])
def live(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Page, Heard]]:
    """Return the page with every chart alive, wide and narrow."""
    page, heard = opened(browser, report, width=request.param)
    scroll_through(page)
    yield page, heard
    page.context.close()


def violations(page: Page, *, colours: bool = True) -> list[str]:
    """Return what axe-core finds, one line a rule."""
    page.evaluate(AXE)
    rules = {"color-contrast": {"enabled": colours}}
    found = page.evaluate("rules => axe.run({rules})", rules)["violations"]
    return [f"{one['id']}: {json.dumps([node['target'] for node in one['nodes']][:5])}" for one in found]


def test_the_page_asks_for_nothing_and_complains_of_nothing(live: tuple[Page, Heard], report: Path) -> None:
    """Opened from disk, with every chart drawn, the page makes no request but for itself and logs nothing."""
    _, heard = live
    assert heard.errors == []
    assert [one for one in heard.requests if not one.startswith(("data:", "blob:"))] == [report.as_uri()]


def test_every_chart_is_drawn(live: tuple[Page, Heard]) -> None:
    """Each chart holds marks of its own; the static drawing has gone."""
    page, _ = live
    counts = page.eval_on_selector_all(".stage", "all => all.map(one => one.querySelectorAll('svg path').length)")
    assert counts
    assert min(counts) > 3
    assert page.locator(".chart > svg").count() == 0


def test_hovering_shows_the_numbers(live: tuple[Page, Heard]) -> None:
    """The pointer over a mark shows the path, the time and its interval."""
    page, _ = live
    mark = page.locator("#time-copy-array .stage .mark-symbol.role-mark path[fill='#0072B2']").first
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert "torch.tensor" in tip.inner_text()
    assert "64 B · 2.3" in tip.inner_text()


def marks(page: Page) -> int:
    """Return how many marks the figure of copies draws."""
    return page.locator("#time-copy-array .stage .mark-symbol.role-mark path").count()


def test_a_choice_filters_chart_and_table(browser: Browser, report: Path) -> None:
    """Choosing a layout leaves only its marks and rows; choosing what was not measured says so."""
    page, heard = opened(browser, report)
    figure = page.locator("#time-copy-array")
    figure.scroll_into_view_if_needed()
    figure.locator(".live").wait_for()
    before = marks(page)
    figure.get_by_label("layout").select_option("strided")
    page.wait_for_function(f"document.querySelectorAll('#time-copy-array .stage .role-mark path').length !== {before}")
    assert 0 < marks(page) < before
    figure.locator("summary").click()
    assert figure.locator("tbody tr:visible").count() == 1
    figure.get_by_label("dtype").select_option("uint8")
    assert "uint8, strided, 1t was not measured here" in figure.locator("output").inner_text()
    assert figure.locator("tbody tr:visible").count() == 0
    assert heard.errors == []


def test_a_table_without_a_chart_is_filtered_too(live: tuple[Page, Heard]) -> None:
    """The ratios to the limit show the first choice, then the chosen one."""
    page, _ = live
    figure = page.locator("#limit-copy-array")
    assert figure.locator("tbody tr:visible").count() == 3
    figure.get_by_label("layout").select_option("F")
    assert figure.locator("tbody tr:visible").count() == 1


def test_a_finding_leads_to_its_row(browser: Browser, report: Path) -> None:
    """The link behind a sentence brings its row into view, also inside closed numbers."""
    page, _ = opened(browser, report)
    for link in page.locator(".findings a").all():
        anchor = str(link.get_attribute("href"))[1:]
        link.click()
        page.locator(f"[id='{anchor}']").wait_for(state="visible")


def test_the_keyboard_reaches_everything(browser: Browser, report: Path) -> None:
    """Tab alone goes from the skip link over findings to a choice, a chart and a table that scrolls."""
    page, _ = opened(browser, report)
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert {"skip", "A", "SELECT", "SUMMARY"} <= seen
    assert any("chart" in one for one in seen)


def test_what_is_downloaded_is_what_was_measured(browser: Browser, report: Path, tmp_path: Path) -> None:
    """The links give the CSV that lies beside the page and the session itself, both unpacked."""
    page, _ = opened(browser, report)
    for name in ("raw-cases", "raw-session"):
        page.locator(f"#{name}[href^=blob]").wait_for(state="attached")
        with page.expect_download() as waiting:
            page.locator(f"#{name}").click()
        waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
    assert (tmp_path / "cases.csv").read_bytes() == report.with_name("cases.csv").read_bytes()
    (taken,) = tmp_path.glob("*.jsonl")
    assert store.read(taken) == a_full_session(SIZES)


def test_no_page_scrolls_sideways(live: tuple[Page, Heard]) -> None:
    """Wide tables and charts scroll in their own region; the page does not."""
    page, _ = live
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_hostile_names_stay_text(live: tuple[Page, Heard]) -> None:
    """No name becomes an element; it reads as it was given."""
    page, _ = live
    assert page.locator("zen").count() == 0
    assert "<Zen>" in page.locator("header").inner_text()


def test_axe_finds_nothing(live: tuple[Page, Heard]) -> None:
    """With charts alive and every table open, axe-core finds no violation; colours are the same at both widths."""
    page, _ = live
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    wide = page.evaluate("innerWidth") > 1000
    assert violations(page, colours=wide) == []


def test_without_scripts_there_are_drawings_and_tables(browser: Browser, report: Path) -> None:
    """With JavaScript off each chart is a drawing, no dead control is shown, and every table opens."""
    page, _ = opened(browser, report, scripts=False)
    charts = page.locator(".chart > svg")
    assert charts.count() == page.locator("[data-chart]").count() > 0
    assert charts.first.is_visible()
    assert page.locator("select:visible").count() == 0
    page.locator("#time-copy-array summary").click()
    assert page.locator("#time-copy-array tbody tr:visible").count() > 3


def test_the_site_works_from_disk(browser: Browser, tmp_path: Path) -> None:
    """From the index one link leads to a session's report and one leads back; axe-core finds nothing."""
    session = a_full_session(("64B", "4KiB"))
    site.admit(session, tmp_path / "sessions")
    index = site.publish(tmp_path / "sessions", tmp_path / "site", date(2026, 12, 5))
    page, heard = opened(browser, index)
    assert violations(page) == []
    page.locator("main a").click()
    page.get_by_text("All machines and sessions").click()
    assert page.url == index.as_uri()
    assert heard.errors == []
