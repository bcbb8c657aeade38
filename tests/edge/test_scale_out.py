"""Scale-out: jobs that wait for their turn make the fleet start an instance, before one of them has its turn."""

from __future__ import annotations

import random
from typing import Any

from durable_objects.fleet.agents import AGENTS
from tests.edge.conftest import Edge, until
from tests.edge.warehouses import body, create

SEED = 20261125
PLACES = AGENTS["optimizer"].max_instances


def start(edge: Edge, name: str, **more: Any) -> str:
    """A job that works for a minute unless it is cancelled; its address."""
    wish = {"problem": "batching", "parameters": {"cart": {"orders": 4}}, "budget": {"seconds": 60}, "report": False}
    answer = edge.http.post(f"/v1/warehouses/{name}/jobs", json={**wish, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


def state(edge: Edge, job: str) -> str:
    return str(edge.http.get(job).json()["state"])


def pool(edge: Edge) -> list[str]:
    """The pool's optimizers that run or begin to."""
    agents = edge.http.get("/v1/agents").json()["agents"]
    rows = next(agent["instances"] for agent in agents if agent["type"] == "optimizer")
    alive = ("starting", "running", "healthy")
    return [row["session"] for row in rows if row["session"].startswith("pool-") and row["status"] in alive]


def test_a_job_that_waits_for_a_second_makes_the_fleet_start_an_instance_for_it(edge: Edge) -> None:
    """Five jobs of one session have all five places and share one instance; the sixth waits, and asks for any instance."""
    skus = [f"S{number}" for number in range(40)]
    # Four aisles of two sides and five bays: one item at each of the 40 places.
    places = [f"A{n % 4 + 1:02}-{'LR'[n // 4 % 2]}-{n // 8 + 1:03}-1" for n in range(40)]
    stock = [{"sku": sku, "location": place, "quantity": 500} for sku, place in zip(skus, places, strict=True)]
    items = [{"sku": sku} for sku in skus]
    name = create(edge, **{**body(""), "id": "scale-out", "items": items, "stock": stock})
    draw = random.Random(SEED)
    orders = [
        {"id": f"O{n}", "lines": [{"sku": sku, "quantity": 1} for sku in draw.sample(skus, 3)]} for n in range(60)
    ]
    assert edge.http.post(f"/v1/warehouses/{name}/orders", json={"orders": orders}).status_code < 300
    jobs = [start(edge, name, session="shared") for _ in range(PLACES)]
    try:
        until(lambda: all(state(edge, job) == "running" for job in jobs), 60, "the turn of the five jobs")
        assert pool(edge) == []
        jobs.append(start(edge, name))
        assert until(lambda: pool(edge), 30, "an instance of the pool") == ["pool-0"]
        assert state(edge, jobs[-1]) == "queued"
        assert [state(edge, job) for job in jobs[:-1]] == ["running"] * PLACES
        edge.http.delete(jobs[0])
        until(lambda: state(edge, jobs[-1]) == "running", 30, "the turn of the sixth job")
        assert edge.http.get(jobs[-1]).json()["agent"] == "optimizer:pool-0"
    finally:
        for job in jobs:
            edge.http.delete(job)
        for session in ("shared", "pool-0"):
            edge.http.post(f"/v1/agents/optimizer/sessions/{session}/stop")
