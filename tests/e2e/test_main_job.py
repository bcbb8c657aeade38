"""From a CSV of order lines to pick lists and a report, through every layer, over the public API."""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.demo.generate import BROKEN, FILE
from local.demo.main_job import Client, Outcome, Refused, run
from local.demo.warehouse import derive
from tests.e2e.conftest import REAL_ORDERS, Whole

PARAMETERS = {"cart": {"orders": 4}}
BUDGET = {"seconds": 2, "seed": 1}


@pytest.fixture(scope="module")
def demo(whole: Whole) -> Outcome:
    return run(whole.client, derive(FILE, "demo", "Demo"), FILE, PARAMETERS, BUDGET)


def wanted(path: Path, quantity: str) -> Counter[tuple[str, str]]:
    """(order, SKU) → pieces, read straight from the file."""
    pieces: Counter[tuple[str, str]] = Counter()
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row[quantity].isdigit() and row["sku"]:
                pieces[row["order_id"], row["sku"]] += int(row[quantity])
    return pieces


def test_broken_rows_are_quarantined_with_their_line_and_cure(demo: Outcome) -> None:
    assert demo.imported["quarantined"] >= len(BROKEN)
    lines = {row["line"]: row for row in demo.imported["quarantine"]}
    assert set(BROKEN) <= set(lines)
    assert all(lines[number]["detail"] and lines[number]["cure"] for number in BROKEN)


def test_the_plan_picks_every_imported_order_in_full(demo: Outcome) -> None:
    solution = demo.result["solution"]
    picked: Counter[str] = Counter()
    for batch in solution["batches"]:
        for stop in batch["stops"]:
            picked[stop["sku"]] += stop["quantity"]
    planned = {order for batch in solution["batches"] for order in batch["orders"]}
    assert len(planned) == demo.imported["orders"]
    expected: Counter[str] = Counter()
    for (order, sku), pieces in wanted(FILE, "quantity").items():
        if order in planned:
            expected[sku] += pieces
    assert picked == expected


def test_the_plan_walks_less_than_first_come_first_served(demo: Outcome) -> None:
    solution = demo.result["solution"]
    assert solution["distance_m"] == pytest.approx(sum(batch["distance_m"] for batch in solution["batches"]))
    assert solution["distance_m"] < demo.result["baseline"]["value"]


def test_each_route_is_as_long_as_the_path_drawn(demo: Outcome) -> None:
    for batch in demo.result["solution"]["batches"]:
        path = batch["path"]
        walked = sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(path))
        assert walked == pytest.approx(batch["distance_m"], abs=0.01)


def test_incumbents_reached_the_subscriber_while_the_job_ran(demo: Outcome) -> None:
    objectives = [event["objective"] for event in demo.incumbents]
    assert objectives
    assert objectives == sorted(objectives, reverse=True)
    sequences = [event["sequence"] for event in demo.incumbents]
    assert sequences == sorted(set(sequences))


def test_the_result_comes_from_kv_the_second_time(demo: Outcome) -> None:
    assert demo.result_sources == ("miss", "kv")


def test_the_pick_lists_hold_one_row_per_stop(demo: Outcome) -> None:
    rows = list(csv.DictReader(io.StringIO(demo.pick_lists)))
    assert len(rows) == sum(len(batch["stops"]) for batch in demo.result["solution"]["batches"])
    assert {row["batch"] for row in rows} == {batch["id"] for batch in demo.result["solution"]["batches"]}


def test_the_report_is_a_page_with_a_plot(whole: Whole, demo: Outcome) -> None:
    deadline = time.monotonic() + 60
    links: dict[str, str] = {}
    while "report" not in links and time.monotonic() < deadline:
        links = whole.client.job(demo.job)["links"]
    html = whole.client.call("GET", links["report"]).text
    assert "<svg" in html
    assert demo.job["id"] in html


def test_the_job_is_listed_under_its_warehouse(whole: Whole, demo: Outcome) -> None:
    jobs = whole.client.call("GET", "/v1/warehouses/demo/jobs").json()["jobs"]
    assert [job["id"] for job in jobs if job["id"] == demo.job["id"]] == [demo.job["id"]]


def test_a_container_killed_in_the_middle_costs_an_attempt_and_nothing_else(whole: Whole, demo: Outcome) -> None:
    body = {"problem": "batching", "parameters": PARAMETERS, "budget": {"seconds": 4, "seed": 2}, "session": "victim"}
    job = whole.client.start_job("demo", body)
    finals, killed = [], False
    for event in whole.client.follow(job):
        if event["type"] == "incumbent" and not killed:
            whole.stack.kill_container("optimizer:default.victim")
            killed = True
        if event["state"] in ("succeeded", "failed"):
            finals.append(event)
    status = whole.client.job(job)
    assert status["state"] == "succeeded"
    assert killed
    assert status["attempt"] >= 2
    assert len(finals) == 1
    assert whole.client.call("GET", status["links"]["result"]).json()["solution"]["batches"]


def test_the_best_plan_so_far_can_be_read_and_worked_by_while_the_job_runs(whole: Whole, demo: Outcome) -> None:
    body = {"problem": "batching", "parameters": PARAMETERS, "budget": {"seconds": 60, "seed": 3}, "session": "best"}
    job = whole.client.start_job("demo", body)
    deadline = time.monotonic() + 90
    while "best" not in (status := whole.client.job(job))["links"]:
        assert status["state"] in ("queued", "running")
        assert time.monotonic() < deadline
        time.sleep(0.2)
    best = whole.client.call("GET", status["links"]["best"]).json()
    assert whole.client.job(job)["state"] == "running"
    whole.client.call("DELETE", job["links"]["self"])
    assert (best["final"], best["attempt"]) == (False, 1)
    solution = best["solution"]
    planned = sorted(order for batch in solution["batches"] for order in batch["orders"])
    assert planned == sorted(order for batch in demo.result["solution"]["batches"] for order in batch["orders"])
    assert best["objective"] == pytest.approx(sum(batch["distance_m"] for batch in solution["batches"]))
    assert best["elapsed_s"] < 60


def test_a_cancelled_job_stays_cancelled(whole: Whole, demo: Outcome) -> None:
    body = {"problem": "batching", "parameters": PARAMETERS, "budget": {"seconds": 30}, "session": "cancel"}
    job = whole.client.start_job("demo", body)
    for event in whole.client.follow(job):
        if event["type"] == "incumbent":
            break
    cancelled = whole.client.call("DELETE", job["links"]["self"]).json()
    assert cancelled["state"] == "cancelled"
    assert whole.client.job(job)["state"] == "cancelled"


BAD_JOBS: list[tuple[str, dict[str, Any], int, str]] = [
    ("an unknown warehouse", {"problem": "batching"}, 404, ""),
    ("an unknown field", {"problem": "batching", "colour": "red"}, 422, "/colour"),
    ("an unknown problem", {"problem": "alchemy"}, 422, "/problem"),
    (
        "an unknown parameter",
        {"problem": "batching", "parameters": {"cart": {"wheels": 4}}},
        422,
        "/parameters/cart/wheels",
    ),
    (
        "a cart below the largest line",
        {"problem": "batching", "parameters": {"cart": {"items": 1}}},
        422,
        "/parameters/cart/items",
    ),
    ("an unknown order", {"problem": "batching", "orders": ["NO-SUCH"]}, 422, "/orders/0"),
]


@pytest.mark.parametrize(("what", "body", "status", "where"), BAD_JOBS, ids=[row[0] for row in BAD_JOBS])
def test_a_bad_job_is_refused_by_name(
    whole: Whole, demo: Outcome, what: str, body: dict[str, Any], status: int, where: str
) -> None:
    before = whole.client.call("GET", "/v1/warehouses/demo/jobs").json()["jobs"]
    warehouse = "nowhere" if status == 404 else "demo"
    with pytest.raises(Refused) as caught:
        whole.client.call("POST", f"/v1/warehouses/{warehouse}/jobs", json=body)
    assert caught.value.status == status
    assert caught.value.problem["trace_id"]
    if where:
        assert where in [fault["pointer"] for fault in caught.value.problem["errors"]]
    assert whole.client.call("GET", "/v1/warehouses/demo/jobs").json()["jobs"] == before


def test_malformed_json_is_a_400(whole: Whole) -> None:
    response = whole.client.http.post(
        "/v1/warehouses/demo/jobs", content=b'{"problem": ', headers={"content-type": "application/json"}
    )
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/problem+json")


def test_zero_orders_are_refused_with_the_cure(whole: Whole) -> None:
    layout = {"type": "parametric", "aisles": 2, "bays_per_block": 5}
    whole.client.create_warehouse({"id": "empty", "layout": layout})
    with pytest.raises(Refused) as caught:
        whole.client.call("POST", "/v1/warehouses/empty/jobs", json={"problem": "batching"})
    assert caught.value.status == 422
    assert caught.value.problem["errors"][0]["pointer"] == "/orders"


def test_a_csv_without_a_needed_column_is_refused_and_nothing_is_taken(whole: Whole, demo: Outcome) -> None:
    before = whole.client.call("GET", "/v1/warehouses/demo").json()["orders_open"]
    with pytest.raises(Refused) as caught:
        whole.client.import_order_lines("demo", b"order_id,quantity\nX-1,2\n")
    assert caught.value.status == 422
    assert "sku" in str(caught.value)
    assert whole.client.call("GET", "/v1/warehouses/demo").json()["orders_open"] == before


def test_an_order_with_an_unknown_sku_goes_to_quarantine(whole: Whole, demo: Outcome) -> None:
    done = whole.client.import_order_lines("demo", b"order_id,sku,quantity\nX-1,NO-SUCH-SKU,2\n")
    assert (done["orders"], done["quarantined"]) == (0, 1)
    assert "NO-SUCH-SKU" in done["quarantine"][0]["detail"]


@pytest.mark.skipif(not REAL_ORDERS.is_file(), reason="the real order lines are not beside the project")
def test_the_main_job_runs_on_real_order_lines(whole: Whole) -> None:
    """438 orders, 9,835 lines, 1,966 SKUs of a giftware wholesaler."""
    outcome = run(whole.client, derive(REAL_ORDERS, "retail", "Online retail"), REAL_ORDERS, PARAMETERS, BUDGET)
    assert outcome.imported["orders"] == 438
    assert outcome.imported["quarantined"] == 0
    assert outcome.result["solution"]["distance_m"] < outcome.result["baseline"]["value"]


def test_a_client_without_a_key_is_refused(whole: Whole) -> None:
    client = Client(whole.stack.url, "wrong")
    response: httpx.Response = client.http.get("/v1/warehouses/demo")
    client.close()
    assert response.status_code == 401
