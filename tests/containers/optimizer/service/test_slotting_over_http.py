"""Slotting through the agent's HTTP, with the data as a job on a warehouse sends it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from containers.common.app_factory import create_app
from containers.common.settings import Settings
from containers.optimizer.api import routes
from containers.optimizer.jobs import Board
from contracts.problems.parameters import check_parameters
from durable_objects.job.inputs import problem_data
from tests.containers.optimizer.slotting.helpers import slotting_data


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    board = Board()
    app = create_app("optimizer", routers=[routes(board)], settings=Settings(allow_unsigned=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://agent", timeout=240) as one:
        yield one
        await board.drain(0.0)


async def test_a_warehouse_job_streams_incumbents_and_ends_with_slots_that_walk_less(client: httpx.AsyncClient) -> None:
    warehouse = slotting_data(1, skus=20, orders=40)
    facts = {**{name: warehouse[name] for name in ("layout", "items", "orders")}, "positions": warehouse["stock"]}
    parameters = {"objective": "pick_distance", "horizon_days": 5, "blocked": ["A01-L-001-1"]}
    check_parameters("slotting", parameters)
    body = {"problem": "slotting", "data": problem_data("slotting", facts, parameters), "budget": {"seconds": 2}}
    answer = await client.post("/optimize", json=body, headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    result = lines[-1]["result"]
    values = [line["objective"] for line in lines if line["type"] == "incumbent"]
    assert values == sorted(values, reverse=True)
    assert result["objective"]["value"] < result["baseline"]["value"]
    assert result["bound"]["value"] <= result["objective"]["value"]
    assert len(result["solution"]["assignments"]) == 20


async def test_todays_slots_are_scored_without_a_plan_being_sent(client: httpx.AsyncClient) -> None:
    body = {"problem": "slotting", "mode": "score", "data": slotting_data(2), "warm_start": {"today": True}}
    result = (await client.post("/optimize", json=body)).json()
    assert result["status"] == "scored"
    assert result["objective"]["value"] == pytest.approx(result["baseline"]["value"])


async def test_a_warehouse_job_for_reslotting_gets_moves_that_pay(client: httpx.AsyncClient) -> None:
    warehouse = slotting_data(3, skus=20, orders=60)
    facts = {**{name: warehouse[name] for name in ("layout", "items", "orders")}, "positions": warehouse["stock"]}
    parameters = {"max_moves": 6, "horizon_days": 2, "payback_days": 60}
    check_parameters("reslotting", parameters)
    body = {"problem": "reslotting", "data": problem_data("reslotting", facts, parameters), "budget": {"seconds": 1}}
    result = (await client.post("/optimize", json=body)).json()
    plan = result["solution"]
    assert 0 < len(plan["moves"]) <= 6
    assert plan["saved_m_per_day"] > 0
    assert plan["payback_days"] < 60
    assert result["objective"]["value"] < result["baseline"]["value"]


async def test_a_warehouse_job_for_replenishment_gets_tasks_before_the_wave(client: httpx.AsyncClient) -> None:
    face, reserve = "A01-L-001-1", "A02-L-003-1"
    facts = {
        "layout": {"type": "parametric", "aisles": 2, "bays_per_block": 4},
        "items": [{"sku": "A"}],
        "orders": [{"id": "O1", "lines": [{"sku": "A", "quantity": 7}]}],
        "positions": [{"sku": "A", "location": face, "quantity": 2}, {"sku": "A", "location": reserve, "quantity": 50}],
    }
    parameters = {
        "faces": [{"sku": "A", "location": face, "max_pieces": 20}],
        "start_at": "2026-03-02T06:00:00Z",
        "waves": [{"id": "W1", "start_at": "2026-03-02T07:00:00Z", "orders": ["O1"]}],
    }
    check_parameters("replenishment", parameters)
    body = {"problem": "replenishment", "data": problem_data("replenishment", facts, parameters)}
    result = (await client.post("/optimize", json=body)).json()
    (task,) = result["solution"]["tasks"]
    assert (task["from_location"], task["pieces"]) == (reserve, 5)
    assert task["finish_s"] <= task["due_s"] == 3600
    assert result["objective"]["value"] == pytest.approx(result["bound"]["value"])
