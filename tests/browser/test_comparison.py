"""The page of a comparison in a real browser: no request, no complaint, nothing for axe, no scrolling sideways."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from reports.comparison import page
from tests.browser.test_report import Heard, opened, violations
from tests.comparison_builders import a_comparison, as_data


@pytest.fixture(scope="module", params=[1280, 400], ids=["wide", "narrow"])
def comparison(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, Heard, Path]]:
    """Return the page of a comparison with a case of every kind, wide and narrow."""
    path = tmp_path_factory.mktemp("comparison") / "kept.html"
    path.write_text(page(as_data(a_comparison(notes=("a note",)))), encoding="utf-8")
    shown, heard = opened(browser, path, width=request.param)
    yield shown, heard, path
    shown.context.close()


def test_axe_finds_nothing(comparison: tuple[Page, Heard, Path]) -> None:
    """axe-core finds no violation at either width, colours included."""
    shown, _, _ = comparison
    assert violations(shown) == []


def test_the_page_asks_for_nothing_and_complains_of_nothing(comparison: tuple[Page, Heard, Path]) -> None:
    """Opened from disk it makes no request but for itself and logs nothing: its styles are allowed by its policy."""
    _, heard, path = comparison
    assert heard.errors == []
    assert [one for one in heard.requests if not one.startswith("data:")] == [path.as_uri()]


def test_no_page_scrolls_sideways(comparison: tuple[Page, Heard, Path]) -> None:
    """Neither the page nor its tables are wider than the window, but for a pixel that is rounded."""
    shown, _, _ = comparison
    assert shown.evaluate("document.documentElement.scrollWidth") == shown.viewport_size["width"]
    assert shown.eval_on_selector_all(".scroll", "all => all.every(one => one.scrollWidth <= one.clientWidth + 1)")


def test_strips_stand_under_each_other(comparison: tuple[Page, Heard, Path]) -> None:
    """The line of no change lies at one place across in every table, so that strips can be compared down the page."""
    shown, _, _ = comparison
    places = shown.eval_on_selector_all(".strip .one", "all => all.map(one => one.getBoundingClientRect().x)")
    assert len(places) == 19
    assert max(places) - min(places) < 1
