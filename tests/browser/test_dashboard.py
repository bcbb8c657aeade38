"""What a supervisor does: bring in orders, start the job, watch it, see a route on the floor, take the pick lists."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from local.demo.generate import FILE
from local.toolchain import NODE_MODULES
from tests.browser.conftest import WAREHOUSE, Dashboard

AXE = NODE_MODULES / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def planned(dashboard: Dashboard) -> str:
    """The path of a finished job's page, reached by clicking alone."""
    page = dashboard.open()
    page.get_by_role("link", name="Demo warehouse").click()
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("CSV file").set_input_files(FILE)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status").filter(has_text="were set aside")).to_be_visible(timeout=90_000)
    table = page.get_by_role("region", name="Rows set aside")
    expect(table.get_by_role("row").nth(1)).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    page.get_by_label("Orders a cart").fill("8")
    page.get_by_label("Time to think").select_option("5")
    page.get_by_role("button", name="Plan now").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
    expect(page.locator(".chart-now")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("Done", exact=True)).to_be_visible(timeout=180_000)
    path = page.url.removeprefix(dashboard.url)
    page.context.close()
    return path


def opened(dashboard: Dashboard, path: str, **size: Any) -> Page:
    page = dashboard.open(**size)
    page.goto(dashboard.url + path)
    return page


def test_a_finished_job_shows_its_curve_its_floor_and_a_batch_with_numbered_stops(
    dashboard: Dashboard, planned: str
) -> None:
    page = opened(dashboard, planned)
    expect(page.locator(".chart-now")).to_be_visible()
    expect(page.locator(".floor-rack").first).to_be_visible()
    stops = page.get_by_role("region", name="Stops in walking order").get_by_role("row")
    assert page.locator(".stop-marker").count() > 0
    second = page.get_by_role("region", name="Batches").get_by_role("button").nth(1)
    before = stops.all_inner_texts()
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", name=f"Batch {second.inner_text()}")).to_be_visible()
    assert stops.all_inner_texts() != before
    assert page.locator(".route-casing").get_attribute("d")
    page.context.close()


def test_the_pick_lists_can_be_downloaded_and_hold_every_stop(dashboard: Dashboard, planned: str) -> None:
    page = opened(dashboard, planned)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Pick lists (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert {"batch", "stop", "location", "sku", "quantity"} <= set(rows[0])
    page.get_by_role("link", name="Print pick lists").click()
    expect(page.locator(".sheet").first).to_be_visible()
    assert page.locator(".sheet").count() == len({row["batch"] for row in rows})
    assert page.locator(".sheet tbody tr").count() == len(rows)
    page.context.close()


def test_a_refused_job_shows_the_field_and_the_trace_id(dashboard: Dashboard, planned: str) -> None:
    page = opened(dashboard, f"/w/{WAREHOUSE}")
    page.locator("form.plan-form").evaluate("form => { form.noValidate = true }")
    page.get_by_label("Orders a cart").fill("0")
    page.get_by_role("button", name="Plan now").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("/parameters/cart/orders")
    expect(alert).to_contain_text("trace")
    expect(page.get_by_label("Orders a cart")).to_have_attribute("aria-invalid", "true")
    page.context.close()


def test_a_wrong_key_is_told_and_lets_nobody_in(dashboard: Dashboard) -> None:
    page = dashboard.browser.new_page()
    page.goto(f"{dashboard.url}/w/{WAREHOUSE}")
    page.get_by_label("API key").fill("smx_nobody_at_all")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("You are not signed in")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.close()


def test_a_plan_released_to_pickers_waits_as_tasks(dashboard: Dashboard, planned: str) -> None:
    page = opened(dashboard, planned)
    buttons = page.get_by_role("region", name="Batches").get_by_role("button")
    expect(buttons.first).to_be_visible(timeout=30_000)
    batches = buttons.count()
    page.get_by_role("button", name="Release to pickers").click()
    expect(page.get_by_role("status").filter(has_text="tasks for pickers")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="See the tasks").click()
    rows = page.get_by_role("region", name="Tasks").locator("tbody tr")
    expect(rows.first).to_contain_text("Waiting", timeout=30_000)
    assert rows.count() == batches
    first = rows.first.locator("th").inner_text().split("\n")[0]
    rows.first.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name=first).first).to_contain_text("Cancelled", timeout=30_000)
    page.context.close()


def test_a_counted_line_changes_the_stock_and_shows_in_the_activity(dashboard: Dashboard, planned: str) -> None:
    watcher = opened(dashboard, f"/w/{WAREHOUSE}/activity")
    expect(watcher.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
    page = opened(dashboard, f"/w/{WAREHOUSE}/stock")
    row = page.get_by_role("region", name="Stock lines").locator("tbody tr").first
    location, sku = row.locator("th").inner_text(), row.locator("td").first.inner_text()
    row.get_by_role("button", name="Change").click()
    page.get_by_label("Pieces", exact=True).fill("4321")
    page.get_by_role("button", name="Save").click()
    expect(row.locator("td").nth(1)).to_have_text("4,321", timeout=30_000)
    event = watcher.get_by_role("region", name="Events, the newest first").locator("tbody tr", has_text="stock").first
    expect(event).to_contain_text("count", timeout=30_000)
    assert location
    assert sku
    page.context.close()
    watcher.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
def test_no_page_breaks_an_accessibility_rule_or_runs_off_the_screen(
    dashboard: Dashboard, planned: str, width: int, scheme: str
) -> None:
    page = dashboard.open(width=width, scheme=scheme)
    home = f"/w/{WAREHOUSE}"
    faults = []
    parts = ("", "/orders", "/jobs", "/tasks", "/stock", "/activity", "/import")
    for path in ("/", "/new", "/agents", *(home + part for part in parts), planned):
        page.goto(dashboard.url + path)
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle") if path != planned else page.locator(".floor-rack").first.wait_for()
        expect(page.locator(".loading")).to_have_count(0)
        # Through the debugger, so that the page's own content security policy stays as it is.
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        faults += [f"{path} {rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            faults.append(f"{path}: {overflow} px wider than the screen")
    assert not faults, "\n".join(faults)
    page.context.close()
