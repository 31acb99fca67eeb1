"""A real browser for tests that drive the product as people do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.people import QUIET

DEBIAN = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium where it is installed, else the one that came with Playwright.

    One for each file: while it runs, its event loop runs, and in the same process nothing else that wants a loop of its
    own, such as signing a report, could work.
    """
    with sync_playwright() as playwright:
        at = str(DEBIAN) if os.access(DEBIAN, os.X_OK) else None
        started = playwright.chromium.launch(executable_path=at, args=QUIET)
        yield started
        started.close()
