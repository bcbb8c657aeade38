"""The task queue as devices and agents use it, over HTTP on real workerd."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.edge.conftest import Edge
from tests.edge.warehouses import create


def pick(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "pick", **more}


def enqueue(edge: Edge, path: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    response = edge.http.post(path, json={"tasks": tasks})
    assert response.status_code == 200, response.text
    return dict(response.json())


def lease(edge: Edge, path: str, **wish: Any) -> list[dict[str, Any]]:
    response = edge.http.post(f"{path}/lease", json=wish)
    assert response.status_code == 200, response.text
    return list(response.json()["tasks"])


@pytest.fixture
def path(edge: Edge) -> str:
    return f"/v1/warehouses/{create(edge)}/tasks"


def test_a_task_goes_from_the_queue_to_a_worker_and_is_done(edge: Edge, path: str) -> None:
    task = pick("t1", zone="fast", priority=2, payload={"lines": [{"sku": "apple"}]})
    assert enqueue(edge, path, task, pick("t2")) == {"created": 2, "known": 0}
    assert enqueue(edge, path, task) == {"created": 0, "known": 1}
    (leased,) = lease(edge, path, worker="ann", zones=["fast"], types=["pick"])
    assert (leased["id"], leased["worker"], leased["payload"]) == ("t1", "ann", task["payload"])
    read = edge.http.get(f"{path}/t1")
    assert read.json()["state"] == "leased"
    assert "lease" not in read.json()
    body = {"lease": leased["lease"], "lease_seconds": 600}
    assert edge.http.post(f"{path}/t1/heartbeat", json=body).json()["lease_until"] > leased["lease_until"]
    body = {"lease": leased["lease"], "result": {"picked": 1}}
    done = edge.http.post(f"{path}/t1/ack", json=body)
    assert (done.status_code, done.json()["state"], done.json()["result"]) == (200, "done", {"picked": 1})
    assert edge.http.post(f"{path}/t1/ack", json=body).json() == done.json()
    assert edge.http.get(f"{path}/t1", headers={"if-none-match": done.headers["etag"]}).status_code == 304


def test_a_lease_that_is_over_answers_with_how_things_are(edge: Edge, path: str) -> None:
    enqueue(edge, path, pick("t1"))
    (first,) = lease(edge, path, worker="ann", lease_seconds=1)
    (second,) = lease(edge, path, worker="bob", wait_seconds=10)  # as soon as ann's has ended
    assert (second["id"], second["attempt"]) == ("t1", 2)
    for action in ("heartbeat", "ack", "nack"):
        reason = {"reason": "x"} if action == "nack" else {}
        late = edge.http.post(f"{path}/t1/{action}", json={"lease": first["lease"], **reason})
        assert (late.status_code, late.json()["code"]) == (409, "lease-lost")
        assert late.json()["task"]["worker"] == "bob"
    assert edge.http.post(f"{path}/t1/ack", json={"lease": second["lease"]}).status_code == 200


def test_a_task_that_cannot_be_done_is_a_dead_letter_that_can_be_replayed(edge: Edge, path: str) -> None:
    enqueue(edge, path, pick("t1"), pick("t2", max_attempts=1))
    first, second = lease(edge, path, limit=2)
    nack = {"lease": first["lease"], "reason": "no such place", "outcome": "rejected"}
    assert edge.http.post(f"{path}/t1/nack", json=nack).json()["state"] == "dead"
    edge.http.post(f"{path}/t2/nack", json={"lease": second["lease"], "reason": "broken cart"})
    dead = edge.http.get(f"{path}?state=dead").json()["items"]
    assert {task["id"]: task["reason"] for task in dead} == {"t1": "no such place", "t2": "broken cart"}
    assert edge.http.post(f"{path}/replay", json={"tasks": ["t1"]}).json() == {"replayed": 1, "skipped": 0}
    assert edge.http.post(f"{path}/replay", json={}).json() == {"replayed": 1, "skipped": 0}
    assert {task["id"] for task in lease(edge, path, limit=5)} == {"t1", "t2"}


def test_a_cancelled_task_is_taken_from_its_holder(edge: Edge, path: str) -> None:
    enqueue(edge, path, pick("t1"))
    (leased,) = lease(edge, path)
    assert edge.http.delete(f"{path}/t1").json()["state"] == "cancelled"
    assert edge.http.delete(f"{path}/t1").status_code == 200
    lost = edge.http.post(f"{path}/t1/heartbeat", json={"lease": leased["lease"]})
    assert (lost.status_code, lost.json()["task"]["state"]) == (409, "cancelled")


def test_a_waiting_call_gets_the_task_the_moment_it_comes(edge: Edge, path: str) -> None:
    found: dict[str, tuple[list[dict[str, Any]], float]] = {}

    def wait(worker: str, **wish: Any) -> None:
        tasks = lease(edge, path, worker=worker, wait_seconds=10, **wish)
        found[worker] = (tasks, time.monotonic())

    threads = [
        threading.Thread(target=wait, args=("picker",), kwargs={"types": ["pick"]}),
        threading.Thread(target=wait, args=("counter",), kwargs={"types": ["count"]}),
    ]
    for thread in threads:
        thread.start()
    assert lease(edge, path, types=["label"], wait_seconds=0.5) == []
    sent = time.monotonic()
    enqueue(edge, path, {"id": "c1", "type": "count"})
    threads[1].join(timeout=15)
    enqueue(edge, path, pick("p1", not_before=iso_in(0.3)))  # no call at its moment: the alarm serves it
    threads[0].join(timeout=15)
    assert [task["id"] for task in found["counter"][0]] == ["c1"]
    assert [task["id"] for task in found["picker"][0]] == ["p1"]
    assert found["counter"][1] - sent < 5


def iso_in(seconds: float) -> str:
    moment = time.time() + seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03}Z"


def test_a_repeated_lease_call_gets_the_same_tasks(edge: Edge, path: str) -> None:
    enqueue(edge, path, *(pick(f"t{n}") for n in range(5)))
    header = {"idempotency-key": f"call-{path}"}
    first = edge.http.post(f"{path}/lease", json={"limit": 2}, headers=header).json()
    assert edge.http.post(f"{path}/lease", json={"limit": 2}, headers=header).json() == first
    other = edge.http.post(f"{path}/lease", json={"limit": 3}, headers=header)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert edge.http.get(f"{path}/statistics").json()["leased"] == 2


def test_what_happens_to_a_task_is_in_the_warehouses_event_log_in_order_and_once(edge: Edge, path: str) -> None:
    enqueue(edge, path, pick("t1", zone="fast"), pick("other", zone="bulk"))
    (first,) = lease(edge, path, worker="ann", zones=["fast"])
    nack = {"lease": first["lease"], "reason": "blocked", "delay_seconds": 0}
    edge.http.post(f"{path}/t1/nack", json=nack)
    (second,) = lease(edge, path, worker="bob", zones=["fast"])
    edge.http.post(f"{path}/t1/ack", json={"lease": second["lease"], "result": {"picked": 1}})
    log = path.replace("/tasks", "/events?types=task&zones=fast&limit=100")
    deadline = time.monotonic() + 15
    found: list[dict[str, Any]] = []
    while (not found or found[-1]["type"] != "task.completed") and time.monotonic() < deadline:
        found = edge.http.get(log).json()["items"]
    assert [event["type"].removeprefix("task.") for event in found] == [
        "enqueued",
        "leased",
        "failed",
        "leased",
        "completed",
    ]
    assert found[0]["data"] == {"type": "pick", "tasks": ["t1"]}
    done = {"task": "t1", "type": "pick", "worker": "bob", "attempt": 2, "result": {"picked": 1}}
    assert found[-1]["data"] == done


def test_lists_are_paged_and_filtered_and_know_their_etag(edge: Edge, path: str) -> None:
    enqueue(edge, path, *(pick(f"t{n:02}", zone=("fast", "bulk")[n % 2]) for n in range(10)))
    lease(edge, path, worker="ann", limit=3)
    seen, url = [], f"{path}?zone=fast&limit=2"
    while url:
        response = edge.http.get(url)
        seen += [task["id"] for task in response.json()["items"]]
        url = response.links["next"]["url"] if "next" in response.links else ""
    assert seen == [f"t{n:02}" for n in range(0, 10, 2)]
    mine = edge.http.get(f"{path}?state=leased&worker=ann")
    assert [task["id"] for task in mine.json()["items"]] == ["t00", "t01", "t02"]
    known = {"if-none-match": mine.headers["etag"]}
    assert edge.http.get(f"{path}?state=leased&worker=ann", headers=known).status_code == 304
    edge.http.delete(f"{path}/t00")
    assert edge.http.get(f"{path}?state=leased&worker=ann", headers=known).status_code == 200


def test_statistics_add_up(edge: Edge, path: str) -> None:
    enqueue(edge, path, *(pick(f"t{n}") for n in range(4)), pick("later", not_before="2100-01-01T00:00:00Z"))
    leased = lease(edge, path, limit=2)
    edge.http.post(f"{path}/{leased[0]['id']}/ack", json={"lease": leased[0]["lease"]})
    found = edge.http.get(f"{path}/statistics").json()
    counts = {state: found[state] for state in ("waiting", "delayed", "leased", "done", "dead", "cancelled")}
    assert counts == {"waiting": 2, "delayed": 1, "leased": 1, "done": 1, "dead": 0, "cancelled": 0}
    assert (found["enqueued_last_hour"], found["done_last_hour"], found["next_delayed_at"][:4]) == (5, 1, "2100")
    assert 0 <= found["oldest_waiting_seconds"] < 60


def test_ten_thousand_tasks_in_one_call(edge: Edge, path: str) -> None:
    assert enqueue(edge, path, *(pick(f"t{n}", payload={"n": n}) for n in range(10_000)))["created"] == 10_000
    assert edge.http.get(f"{path}/statistics").json()["waiting"] == 10_000
    assert lease(edge, path)[0]["payload"] == {"n": 0}


BAD: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("an unknown zone", "", {"tasks": [pick("a"), pick("b", zone="nowhere")]}, 422, "/tasks/1/zone"),
    ("the same id twice", "", {"tasks": [pick("a"), pick("a")]}, 422, "/tasks/1/id"),
    ("a priority that is none", "", {"tasks": [pick("a", priority=10)]}, 422, "/tasks/0/priority"),
    ("an instant without an offset", "", {"tasks": [pick("a", due_at="2026-01-01T00:00:00")]}, 422, "/tasks/0/due_at"),
    ("a word of the API as id", "", {"tasks": [pick("lease")]}, 422, "/tasks/0"),
    ("a payload beyond the limit", "", {"tasks": [pick("a", payload={"x": "y" * 100_001})]}, 422, "/tasks/0"),
    ("no task", "", {"tasks": []}, 422, "/tasks"),
    ("an unknown field", "", {"tasks": [pick("a", colour="red")]}, 422, "/tasks/0/colour"),
    ("a wait beyond the limit", "/lease", {"wait_seconds": 26}, 422, "/wait_seconds"),
    ("too many at once", "/lease", {"limit": 101}, 422, "/limit"),
    ("an ack without a lease", "/a/ack", {}, 422, "/lease"),
    ("an unknown task", "/nobody/ack", {"lease": "x"}, 404, ""),
    ("a replay of nobody", "/replay", {"tasks": ["nobody"]}, 404, ""),
]


def test_bad_calls_name_the_field_and_change_nothing(edge: Edge, path: str) -> None:
    for what, end, body, status, pointer in BAD:
        response = edge.http.post(path + end, json=body)
        assert response.status_code == status, what
        pointers = [fault["pointer"] for fault in response.json().get("errors", ())]
        assert not pointer or pointer in pointers, (what, pointers)
    assert edge.http.get(f"{path}?limit=1").json()["items"] == []
    assert edge.http.get(f"{path}?cursor=nonsense").status_code == 400


def test_a_warehouse_that_does_not_exist_has_no_tasks(edge: Edge) -> None:
    path = "/v1/warehouses/nowhere/tasks"
    assert edge.http.get(path).status_code == 404
    assert edge.http.post(path, json={"tasks": [pick("a")]}).status_code == 404
    assert edge.http.post(f"{path}/lease", json={}).status_code == 404


def test_a_viewer_reads_and_does_not_lease(edge: Edge, path: str) -> None:
    key = edge.http.post("/v1/keys", json={"name": "screen", "role": "viewer"}).json()["key"]
    viewer = {"authorization": f"Bearer {key}"}
    assert edge.http.get(path, headers=viewer).status_code == 200
    assert edge.http.post(f"{path}/lease", json={}, headers=viewer).status_code == 403


def test_32_workers_at_once_do_every_task_once(edge: Edge, path: str) -> None:
    """Some give up, some fall silent for longer than their lease; in effect each task is still done once."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    count = 200
    enqueue(edge, path, *(pick(f"t{n}", owner="AB"[n % 2], max_attempts=50) for n in range(count)))
    done: Counter[str] = Counter()
    lock = threading.Lock()
    deadline = time.monotonic() + 120

    def work(number: int) -> None:
        draw = random.Random(seed + number)
        with httpx.Client(base_url=edge.url, headers=edge.http.headers, timeout=60) as http:
            while sum(done.values()) < count and time.monotonic() < deadline:
                wish = {"worker": f"w{number}", "limit": draw.randint(1, 3), "lease_seconds": 2, "wait_seconds": 1}
                for task in http.post(f"{path}/lease", json=wish).json()["tasks"]:
                    mood = draw.random()
                    if mood < 0.05:
                        continue  # falls silent: the lease runs out
                    if mood < 0.15:
                        nack = {"lease": task["lease"], "reason": "again", "delay_seconds": 0}
                        http.post(f"{path}/{task['id']}/nack", json=nack)
                        continue
                    answer = http.post(f"{path}/{task['id']}/ack", json={"lease": task["lease"]})
                    assert answer.status_code in (200, 409), answer.text
                    with lock:
                        done[task["id"]] += answer.status_code == 200

    threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=150)
    assert len(done) == count
    assert set(done.values()) == {1}
    found = edge.http.get(f"{path}/statistics").json()
    assert (found["done"], found["waiting"], found["leased"], found["dead"]) == (count, 0, 0, 0)


def test_owners_take_turns_over_http_too(edge: Edge, path: str) -> None:
    enqueue(edge, path, *(pick(f"a{n}", owner="A") for n in range(50)))
    enqueue(edge, path, *(pick(f"b{n}", owner="B") for n in range(5)))
    first = [task["id"][0] for _ in range(10) for task in lease(edge, path)]
    assert Counter(first) == {"a": 5, "b": 5}
