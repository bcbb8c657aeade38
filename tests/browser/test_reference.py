"""The API reference in a real browser: one page that asks for nothing else and works without a network."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from local.toolchain import NODE_MODULES
from tests.browser.conftest import Dashboard

AXE = NODE_MODULES / "axe-core" / "axe.min.js"


def test_the_reference_is_one_page_that_works_offline(dashboard: Dashboard, tmp_path: Path) -> None:
    context = dashboard.browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    asked, faults = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{dashboard.url}/api/v1/docs")
    context.set_offline(True)
    expect(page.get_by_role("heading", name="StoreMax API")).to_be_visible()
    entry = page.locator("details#create_key")
    entry.locator("summary").click()
    expect(entry.get_by_text("wall display").first).to_be_visible()
    entry.get_by_role("link", name="KeyCreated").click()  # its schema, on the same page
    assert page.url.endswith("#schema-KeyCreated")
    page.get_by_role("navigation").get_by_role("link", name="Problem types").click()
    expect(page.get_by_role("cell", name="rate-limited", exact=True).last).to_be_visible()
    page.screenshot(path=tmp_path / "reference.png")
    assert [url for url in asked if not url.startswith("data:")] == [f"{dashboard.url}/api/v1/docs"]
    assert not faults, faults
    context.close()


def test_the_reference_can_be_read_by_everybody(dashboard: Dashboard) -> None:
    """No serious fault of accessibility, in the light and in the dark. Its own policy allows no script, so it is bypassed."""
    for scheme in ("light", "dark"):
        context = dashboard.browser.new_context(bypass_csp=True, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{dashboard.url}/api/v1/docs")
        page.locator("details#create_key summary").click()
        page.add_script_tag(path=AXE)
        found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
        serious = [(fault["id"], fault["help"]) for fault in found if fault["impact"] in ("serious", "critical")]
        assert not serious, (scheme, serious)
        context.close()
