"""The page of a profile in a real browser: no request, no complaint, nothing for axe, no scrolling sideways."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from reports.profile import write_page
from tests.browser.test_report import Heard, opened, violations
from tests.profile_builders import a_profile


@pytest.fixture(scope="module", params=[1280, 400], ids=["wide", "narrow"])
def profile(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, Heard, Path]]:
    """Return the page of a profile, wide and narrow."""
    path = write_page(a_profile(), tmp_path_factory.mktemp("profile"))
    shown, heard = opened(browser, path, width=request.param)
    yield shown, heard, path
    shown.context.close()


def test_the_page_is_sound(profile: tuple[Page, Heard, Path]) -> None:
    """axe-core finds nothing, no request leaves, nothing is logged, and nothing scrolls sideways."""
    shown, heard, path = profile
    assert violations(shown) == []
    assert heard.errors == []
    assert [one for one in heard.requests if not one.startswith("data:")] == [path.as_uri()]
    assert shown.evaluate("document.documentElement.scrollWidth") == shown.viewport_size["width"]


def test_a_part_has_the_colour_of_its_row(profile: tuple[Page, Heard, Path]) -> None:
    """The bar and the list agree on what is which."""
    shown, _, _ = profile
    drawn = shown.eval_on_selector("svg.parts .part0", "one => getComputedStyle(one).fill")
    listed = shown.eval_on_selector(".swatch.part0", "one => getComputedStyle(one).backgroundColor")
    assert drawn == listed
