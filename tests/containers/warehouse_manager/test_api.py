"""`POST /manage` over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from containers.common.app_factory import create_app
from containers.warehouse_manager.api import router
from tests.containers.common.agents import OPEN, client_of
from tests.containers.warehouse_manager.plans import LAYOUT, ORDERS, job, result


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app("warehouse-manager", routers=[router], settings=OPEN)) as made:
        yield made


async def test_a_report_is_answered_as_html(client: httpx.AsyncClient) -> None:
    body = {"action": "report", "job": job(), "result": result(), "layout": LAYOUT, "warehouse": "main"}
    answer = await client.post("/manage", json=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")


async def test_the_other_actions_are_answered_as_json(client: httpx.AsyncClient) -> None:
    wave = await client.post(
        "/manage", json={"action": "release_wave", "wave": "W1", "result": result(), "orders": ORDERS}
    )
    counts = await client.post(
        "/manage",
        json={
            "action": "count_schedule",
            "first_day": "2026-03-02",
            "stock": [{"sku": "A", "location": "P", "quantity": 1}],
        },
    )
    figures = await client.post(
        "/manage", json={"action": "kpis", "start": "2026-03-02T00:00:00Z", "end": "2026-03-03T00:00:00Z"}
    )
    assert [task["id"] for task in wave.json()["tasks"]] == ["pick.W1.B1", "pick.W1.B2"]
    assert counts.json()["scheduled"] == 1
    assert figures.json()["kpis"][0]["name"] == "lines_per_hour"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"action": "dance"}, "dance"),
        ({}, "action"),
        ({"action": "kpis", "start": "2026-03-02T00:00:00Z", "end": "2026-03-02T00:00:00Z"}, "end must be after start"),
        ({"action": "report", "job": {}, "result": {}}, "/job/id"),
        ({"action": "report", "job": {}, "result": {}, "layout": {"type": "parametric"}}, '"pointer":"/layout/aisles"'),
        ({"action": "release_wave", "wave": "a b", "result": {}}, '"pointer":"/wave"'),
    ],
)
async def test_bad_requests_name_the_field(client: httpx.AsyncClient, body: dict[str, Any], told: str) -> None:
    answer = await client.post("/manage", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert told in answer.text
