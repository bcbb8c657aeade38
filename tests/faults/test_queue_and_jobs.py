"""Queue work and jobs while workerd is killed with SIGKILL: nothing acknowledged is lost, nothing happens twice.

One place for the optimizer, so that jobs queue. STOREMAX_FAULT_KILLS sets how often workerd dies during queue work (`make
faults` does it more often).
"""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.demo.main_job import Client
from local.stack import Stack

KILLS = int(os.environ.get("STOREMAX_FAULT_KILLS", "1"))
WORKERS = 8
PATIENCE_S = 240.0  # for whatever must come: a machine that has more to do starts things in minutes
PLACE_S = 60.0  # how long a job that is not heard of keeps its place
LAYOUT = {"type": "parametric", "aisles": 6, "bays_per_block": 10}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    variables = {"OPTIMIZER_MAX_INSTANCES": "1"}
    with Stack(tmp_path_factory.mktemp("faults"), extra_vars=variables, start_seconds=PATIENCE_S) as running:
        client = Client(running.url, running.admin_key)
        warehouse(client, "warm")
        job = start(client, "warm", 1)  # kernels are compiled, should nobody have done that before
        until(lambda: client.job(job)["state"] == "succeeded", 2 * PATIENCE_S, "a first job")
        client.close()
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    made = Client(stack.url, stack.admin_key)
    yield made
    made.close()


def warehouse(client: Client, name: str) -> None:
    """60 orders of two lines each, enough work for an optimizer to be killed in the middle of."""
    skus = [f"S{n}" for n in range(40)]
    places = [f"A{n % 6 + 1:02}-L-{n // 6 + 1:03}-1" for n in range(40)]
    stock = [{"sku": sku, "location": place, "quantity": 500} for sku, place in zip(skus, places, strict=True)]
    client.create_warehouse({"id": name, "layout": LAYOUT, "items": [{"sku": sku} for sku in skus], "stock": stock})
    draw = random.Random(7)
    orders = [
        {"id": f"O{n}", "lines": [{"sku": sku, "quantity": 1} for sku in draw.sample(skus, 2)]} for n in range(60)
    ]
    client.call("POST", f"/v1/warehouses/{name}/orders", json={"orders": orders})


def start(client: Client, name: str, seconds: float, **more: Any) -> dict[str, Any]:
    budget = {"seconds": seconds, "seed": 1}
    body = {"problem": "batching", "parameters": {"cart": {"orders": 4}}, "budget": budget, "report": False, **more}
    return client.start_job(name, body)


def until(condition: Any, seconds: float, what: str) -> Any:
    """Wait for a condition that holds; its value. An answer that does not come while workerd is down counts as no."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := condition():
                return found
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.1)


class Recorder:
    """A worker's view: what it was told is done. It repeats a call until it gets an answer, as docs/tasks.md says."""

    def __init__(self, stack: Stack, name: str, seed: int) -> None:
        self.http = httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.admin_key}"}, timeout=30)
        self.path = f"/v1/warehouses/{name}/tasks"
        self.draw = random.Random(seed)

    def post(self, path: str, body: dict[str, Any], over: threading.Event, **options: Any) -> httpx.Response | None:
        while not over.is_set():
            try:
                response = self.http.post(self.path + path, json=body, **options)
            except httpx.TransportError:
                over.wait(0.1)
                continue
            if response.status_code < 500:
                return response
            over.wait(0.1)
        return None


def test_each_task_is_done_exactly_once_in_effect_while_workerd_dies(stack: Stack, client: Client) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}, {KILLS} kills")
    name, count = "queue-work", 80 * max(1, KILLS)
    warehouse(client, name)
    path = f"/v1/warehouses/{name}/tasks"
    client.call("POST", path, json={"tasks": [{"id": "first", "type": "pick"}]})
    told: Counter[str] = Counter()  # tasks whose ack was answered with 200
    sent = 0  # tasks whose enqueueing was acknowledged
    lock, over = threading.Lock(), threading.Event()

    def work(number: int) -> None:
        me = Recorder(stack, name, seed + number)
        calls = 0
        while not over.is_set():
            calls += 1
            wish = {"worker": f"w{number}", "limit": me.draw.randint(1, 3), "lease_seconds": 5, "wait_seconds": 1}
            key = {"idempotency-key": f"{number}-{calls}"}  # a repeat after a lost answer gets the same tasks
            leased = me.post("/lease", wish, over, headers=key)
            for task in leased.json()["tasks"] if leased is not None else ():
                answer = me.post(f"/{task['id']}/ack", {"lease": task["lease"]}, over)
                if answer is not None and answer.status_code == 200:
                    with lock:
                        told[task["id"]] += 1
                elif answer is not None:
                    assert answer.json()["code"] == "lease-lost", answer.text

    def feed() -> None:
        nonlocal sent
        me = Recorder(stack, name, seed)
        while sent < count and not over.is_set():
            batch = [{"id": f"t{sent + n}", "type": "pick", "max_attempts": 100} for n in range(10)]
            if me.post("", {"tasks": batch}, over) is not None:
                sent += 10

    threads = [threading.Thread(target=work, args=(n,)) for n in range(WORKERS)] + [threading.Thread(target=feed)]
    for thread in threads:
        thread.start()
    draw = random.Random(seed)
    try:
        for _ in range(KILLS):
            mark = len(told)
            until(lambda mark=mark: len(told) > mark + 10 or len(told) == count, PATIENCE_S, "work goes on")
            time.sleep(draw.uniform(0, 0.5))  # a random moment: not to wait for something, but to hit anything
            stack.kill_worker()
            stack.restart_worker()
        while len(told) <= count:  # for as long as work goes on
            mark = len(told)
            until(lambda mark=mark: len(told) > mark, PATIENCE_S, "the rest is done")
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=60)
    assert sent == count
    assert set(told.values()) == {1}
    statistics = client.call("GET", f"{path}/statistics").json()
    assert (statistics["done"], statistics["waiting"], statistics["leased"]) == (count + 1, 0, 0)
    completed = until(lambda: log_is_whole(client, name, count + 1), PATIENCE_S, "the event log has every task once")
    assert set(completed.values()) == {1}


def log_is_whole(client: Client, name: str, count: int) -> Counter[str] | None:
    """task → how often the log says it was completed, once all are there. The sequence must have no gap."""
    completed: Counter[str] = Counter()
    after, last = 0, 0
    while True:
        page = client.call("GET", f"/v1/warehouses/{name}/events?cursor={after}&limit=1000").json()
        for event in page["items"]:
            assert event["sequence"] == last + 1
            last = event["sequence"]
            if event["type"] == "task.completed":
                completed[event["data"]["task"]] += 1
        if last == page["head"] or not page["items"]:
            return completed if len(completed) == count else None
        after = last


def test_a_job_goes_on_after_workerd_died_in_its_middle_and_succeeds_once(stack: Stack, client: Client) -> None:
    warehouse(client, "job-crash")
    job = start(client, "job-crash", 8)
    until(lambda: (client.job(job)["best"] or {}).get("incumbents"), PATIENCE_S, "a first plan")
    stack.kill_worker()
    down = time.monotonic()
    stack.restart_worker()
    status = until(
        lambda: (s := client.job(job))["state"] not in ("queued", "running") and s, PATIENCE_S, "the job's end"
    )
    assert status["state"] == "succeeded"
    if time.monotonic() - down < PLACE_S:  # nobody can have taken its place
        assert status["attempt"] == 1, "it did not join the solve that went on"
    finals = [event["state"] for event in client.follow(job) if event["state"] == "succeeded"]
    assert finals == ["succeeded"]
    assert client.call("GET", status["links"]["best"]).json()["final"] is True


def test_no_more_jobs_run_than_there_are_instances_and_tenants_take_turns(stack: Stack, client: Client) -> None:
    warehouse(client, "turns")
    key = client.call("POST", "/v1/keys", json={"name": "other", "role": "admin", "tenant": "other"}).json()["key"]
    other = Client(stack.url, key)
    warehouse(other, "turns")
    first = start(client, "turns", 600)  # holds the only place until all have asked
    until(lambda: client.job(first)["state"] == "running", PATIENCE_S, "the first job runs")
    mine = [start(client, "turns", 1) for _ in range(3)]
    theirs = start(other, "turns", 1)
    queued = client.job(mine[2])
    assert queued["state"] == "queued"
    assert queued["queue"]["waiting"] == 4
    assert queued["queue"]["age_s"] >= 0
    client.call("DELETE", first["links"]["self"])
    owners = {**{job["id"]: client for job in (first, *mine)}, theirs["id"]: other}

    def ended(job: dict[str, Any]) -> dict[str, Any] | None:
        status = owners[job["id"]].job(job)
        return status if status["state"] in ("succeeded", "cancelled") else None

    jobs = [until(lambda job=job: ended(job), PATIENCE_S, "its end") for job in (first, *mine, theirs)]
    assert [job["state"] for job in jobs] == ["cancelled", *["succeeded"] * 4]
    jobs.sort(key=lambda job: job["started_at"])
    for earlier, later in itertools.pairwise(jobs):
        assert earlier["finished_at"] <= later["started_at"], "two ran at a time"
    # the other tenant asked last, and yet its turn comes first: the one before has had 600 s
    assert [job["id"] for job in jobs][:2] == [first["id"], theirs["id"]]
    other.close()


def test_a_cancelled_job_leaves_its_last_plan_and_its_place(stack: Stack, client: Client) -> None:
    warehouse(client, "cancel")
    job = start(client, "cancel", 600)
    until(lambda: (client.job(job)["best"] or {}).get("incumbents"), PATIENCE_S, "a first plan")
    following = start(client, "cancel", 1)
    assert client.job(following)["state"] == "queued"
    assert client.call("DELETE", job["links"]["self"]).json()["state"] == "cancelled"
    until(lambda: client.job(following)["state"] == "succeeded", PATIENCE_S, "the next job gets the place")
    plan = until(lambda: client.job(job)["links"].get("best"), PATIENCE_S, "the last plan")
    assert client.call("GET", plan).json()["solution"]["batches"]
    assert client.job(job)["state"] == "cancelled"


def test_a_job_whose_turn_does_not_come_in_time_fails_at_its_deadline(stack: Stack, client: Client) -> None:
    warehouse(client, "late")
    running = start(client, "late", 600)
    until(lambda: client.job(running)["state"] == "running", PATIENCE_S, "the first job runs")
    waiting = start(client, "late", 1, deadline_seconds=3)
    status = until(lambda: (s := client.job(waiting))["state"] == "failed" and s, PATIENCE_S, "the deadline")
    assert status["error"]["code"] == "deadline-exceeded"
    assert status["attempt"] == 0
    client.call("DELETE", running["links"]["self"])
