"""The report in a real browser, for tests that share it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

Open = Callable[..., AbstractContextManager[Any]]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as it is installed; no browser is downloaded."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield found
        found.close()


class Tab:
    """A page of the browser, and what it says of itself."""

    def __init__(self, browser: Any, setup: str = "", **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        if setup:
            self.page.add_init_script(setup)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, file: Path) -> Any:
        """The page, with a file in it, as if nobody had read here before."""
        if self.requests:
            self.page.evaluate("localStorage.clear()")
            self.page.emulate_media(media="null", color_scheme="light")
            self.page.set_viewport_size(WIDE)
            self.page.mouse.move(0, 0)
        self.complaints.clear()
        self.requests.clear()
        self.page.goto(file.as_uri())
        return self.page


@pytest.fixture(scope="module")
def usual(browser: Any) -> Tab:
    """A page that tests share, for a page of one's own takes three times as long to open."""
    return Tab(browser)


@pytest.fixture
def opened(browser: Any, usual: Tab, rendered: Path) -> Open:
    """opened(language='en', **of the context) → the report, which must neither complain nor ask for anything."""

    @contextmanager
    def open_report(language: str = "en", **options: Any) -> Iterator[Any]:
        tab = Tab(browser, **options) if options else usual
        yield tab.open(rendered / f"report.{language}.html")
        assert tab.complaints == []
        assert [url for url in tab.requests if not url.startswith(("data:", "file:"))] == []
        if options:
            tab.context.close()

    return open_report
