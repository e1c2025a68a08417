"""One headless Chromium for all pages, and a report of a made-up session with hostile names."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from reports.pages import write_report
from tests.builders import a_full_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

#: As few sizes as give every figure: axe looks at each cell, and every size is a column.
SIZES = ("64B", "4KiB", "64KiB", "1MiB", "64MiB")
#: A page must not need anything from outside, and neither must the browser that looks at it.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a Chromium, or skip with the reason."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with playwright.sync_playwright() as tools:
        running = tools.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a session that has every kind of record."""
    return write_report(a_full_session(SIZES), tmp_path_factory.mktemp("report"))
