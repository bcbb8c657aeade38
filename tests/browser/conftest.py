"""The dashboard in a real Chromium, before the whole stack: Pages, Worker, objects, agents."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from local.demo.generate import FILE
from local.demo.main_job import Client
from local.demo.warehouse import derive
from local.pages import start_pages
from local.stack import Stack

# Without the background flags a browser in a closed network spends its connections on lookups of its maker's hosts.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAREHOUSE = "demo"


@dataclass
class Dashboard:
    url: str
    key: str
    browser: Browser

    def open(self, width: int = 1360, height: int = 900, scheme: str = "light") -> Page:
        """A new browser profile, signed in. Every later error of the page fails the test that closes it."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            accept_downloads=True,
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(f"{self.url}/sign-in")
        page.get_by_label("API key").fill(self.key)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Warehouses").wait_for()
        return page


def chromium() -> str:
    """The browser's program: STOREMAX_CHROMIUM, or the first that is installed."""
    for name in (os.environ.get("STOREMAX_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    pytest.fail("no Chromium is installed: on Debian, apt-get install chromium, or name one in STOREMAX_CHROMIUM")


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The stack with the demo's warehouse (its orders are for the tests to bring), and a browser."""
    program = chromium()
    with Stack(tmp_path_factory.mktemp("dashboard")) as stack, sync_playwright() as playwright:
        url = start_pages(stack)
        client = Client(stack.url, stack.admin_key)
        client.create_warehouse(derive(FILE, WAREHOUSE, "Demo warehouse"))
        client.close()
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield Dashboard(url, stack.admin_key, browser)
        browser.close()
