"""A plan is released as a wave, and a picker works it off, over the public API."""

from __future__ import annotations

from typing import Any

import pytest

from local.demo.main_job import Refused
from tests.e2e.conftest import Whole

LAYOUT = {"type": "parametric", "aisles": 3, "bays_per_block": 5}
STOCK = {"apple": "A01-L-001-1", "pear": "A02-R-003-1", "plum": "A03-L-005-1"}
ORDERS: list[dict[str, Any]] = [
    {"id": "O1", "lines": [{"sku": "apple", "quantity": 2}, {"sku": "pear", "quantity": 1}], "priority": 2},
    {"id": "O2", "lines": [{"sku": "apple", "quantity": 3}]},
    {"id": "O3", "lines": [{"sku": "plum", "quantity": 4}], "due_at": "2100-01-01T10:00:00Z"},
]


@pytest.fixture(scope="module")
def job(whole: Whole) -> str:
    """A batching job that has succeeded; its id."""
    stock = [{"sku": sku, "location": place, "quantity": 50} for sku, place in STOCK.items()]
    items = [{"sku": sku} for sku in STOCK]
    whole.client.create_warehouse({"id": "waves", "layout": LAYOUT, "items": items, "stock": stock})
    whole.client.call("POST", "/v1/warehouses/waves/orders", json={"orders": ORDERS})
    body = {"problem": "batching", "parameters": {"cart": {"orders": 2}}, "budget": {"seconds": 1}, "report": False}
    started = whole.client.start_job("waves", body)
    *_, last = whole.client.follow(started)
    assert last["state"] == "succeeded"
    return str(started["id"])


def test_each_batch_is_a_task_and_releasing_again_adds_none(whole: Whole, job: str) -> None:
    body = {"wave": "W1", "job": job, "release_at": "2026-01-01T06:00:00Z"}
    first = whole.client.call("POST", "/v1/warehouses/waves/waves", json=body)
    wave = first.json()
    assert (first.status_code, wave["created"], wave["known"]) == (201, len(wave["tasks"]), 0)
    assert (wave["orders"], wave["pieces"]) == (3, 10)
    again = whole.client.call("POST", "/v1/warehouses/waves/waves", json=body)
    assert (again.status_code, again.json()["created"], again.json()["known"]) == (200, 0, len(wave["tasks"]))
    waiting = whole.client.call("GET", "/v1/warehouses/waves/tasks?state=waiting").json()["items"]
    assert {task["id"] for task in waiting} == {task["id"] for task in wave["tasks"]}


def test_a_picker_works_the_wave_off_the_most_urgent_batch_first(whole: Whole, job: str) -> None:
    path = "/v1/warehouses/waves/tasks"
    picked: dict[str, int] = {}
    batches = 0
    while tasks := whole.client.call("POST", f"{path}/lease", json={"types": ["pick"]}).json()["tasks"]:
        (task,) = tasks
        if batches == 0:
            assert "O1" in task["payload"]["orders"]  # the order of priority 2
        batches += 1
        for line in task["payload"]["lines"]:
            assert STOCK[line["sku"]] == line["location"]
            for share in line["allocations"]:
                picked[share["order"]] = picked.get(share["order"], 0) + share["quantity"]
        whole.client.call("POST", f"{path}/{task['id']}/ack", json={"lease": task["lease"]})
    assert picked == {"O1": 3, "O2": 3, "O3": 4}
    assert whole.client.call("GET", f"{path}/statistics").json()["done"] == batches == 2


def test_a_wave_is_not_released_from_another_job_nor_from_orders_that_are_closed(whole: Whole, job: str) -> None:
    body = {"problem": "batching", "budget": {"seconds": 1}, "report": False}
    other = whole.client.start_job("waves", body)
    *_, last = whole.client.follow(other)
    assert last["state"] == "succeeded"
    with pytest.raises(Refused) as caught:
        whole.client.call("POST", "/v1/warehouses/waves/waves", json={"wave": "W1", "job": other["id"]})
    assert (caught.value.status, caught.value.problem["job"]) == (409, job)
    whole.client.call("DELETE", "/v1/warehouses/waves/orders/O2")
    with pytest.raises(Refused) as caught:
        whole.client.call("POST", "/v1/warehouses/waves/waves", json={"wave": "W2", "job": job})
    assert (caught.value.status, caught.value.problem["orders"]) == (409, ["O2"])
    with pytest.raises(Refused) as caught:
        whole.client.call("POST", "/v1/warehouses/waves/waves", json={"wave": "W3", "job": "nobody"})
    assert caught.value.status == 404
    with pytest.raises(Refused) as caught:
        whole.client.call("POST", "/v1/warehouses/waves/waves", json={"wave": "a/b", "job": job})
    assert (caught.value.status, caught.value.problem["errors"][0]["pointer"]) == (422, "/wave")
