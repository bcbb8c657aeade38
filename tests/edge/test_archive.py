"""What leaves through the queue: the archive of a warehouse, and webhooks, with the real consumer."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contracts.webhook_signing import verify
from tests.edge.conftest import Edge, until
from tests.edge.following import archived, head, put_item
from tests.edge.receiver import Receiver
from tests.edge.stock import APPLES
from tests.edge.warehouses import create


def test_every_event_reaches_the_archive_once_in_files_named_by_their_range(edge: Edge) -> None:
    name = create(edge, stock=[])
    for round_ in range(3):
        for number in range(5):
            put_item(edge, name, f"i{round_}-{number}")
        until(lambda: len(archived(edge.http, name)) == head(edge, name))
    events = archived(edge.http, name)
    assert [event["sequence"] for event in events] == list(range(1, 17))
    assert events == edge.http.get(f"/v1/warehouses/{name}/events").json()["items"]


def test_the_archive_is_for_admins_and_names_what_is_wrong(edge: Edge) -> None:
    name = create(edge, stock=[])
    path = f"/v1/warehouses/{name}/archive"
    key = edge.http.post("/v1/keys", json={"name": "x", "role": "operator"}).json()["key"]
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    operator = edge.http.get(f"{path}?day={today}", headers={"authorization": f"Bearer {key}"})
    assert operator.status_code == 403
    assert edge.http.get(path).status_code == 422
    assert edge.http.get(f"{path}?day=yesterday").json()["errors"][0]["pointer"] == "/query/day"
    assert edge.http.get(f"{path}?day=1999-01-01").json()["items"] == []
    assert edge.http.get(f"{path}/{today}/000000000001-000000999999.ndjson.gz").status_code == 404
    assert edge.http.get(f"{path}/{today}/secrets.txt").status_code == 400
    assert edge.http.get(f"/v1/warehouses/nowhere/archive?day={today}").status_code == 404


def hook(edge: Edge, **wish: Any) -> dict[str, Any]:
    answer = edge.http.post("/v1/webhooks", json=wish)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_agents_events_are_archived_once_each_beside_the_warehouses_for_the_bootstrap_key_alone(edge: Edge) -> None:
    session = f"archived-{time.time_ns()}"
    assert edge.http.get("/v1/agents/sync/health", headers={"x-session-id": session}, timeout=60).status_code == 200
    path = f"/v1/archive/agents/sync?day={datetime.now(UTC).strftime('%Y-%m-%d')}"

    def mine() -> list[dict[str, Any]]:
        found, following = [], path
        while following:
            answer = edge.http.get(following)
            assert answer.status_code == 200, answer.text
            found += [event for event in answer.json()["items"] if event["data"]["session"].endswith(session)]
            following = answer.links["next"]["url"] if "next" in answer.links else ""
        return found

    until(lambda: "agent.healthy" in {event["type"] for event in mine()}, 30)
    edge.http.post(f"/v1/agents/sync/sessions/{session}/stop")
    until(lambda: "agent.stopped" in {event["type"] for event in mine()}, 30)
    events = mine()
    told = [event["type"].removeprefix("agent.") for event in events]
    assert told == ["running", "healthy", "stopping", "stopped-with-code", "stopped"]  # each transition of its life
    assert len({event["id"] for event in events}) == len(events)
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    key = edge.http.post("/v1/keys", json={"name": "x", "role": "admin"}).json()["key"]
    assert edge.http.get(path, headers={"authorization": f"Bearer {key}"}).status_code == 403


def kv_copies(edge: Edge, path: str) -> int:
    """How many answers to this path lie in KV, as the local platform keeps it on disk."""
    found = 0
    for file in (edge.stack.state_dir / "cloudflare").glob("*/kv/*/*.sqlite"):
        opened = contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True))
        with contextlib.suppress(sqlite3.OperationalError), opened as store:  # another file of the platform's
            text = "SELECT count(*) FROM _mf_entries WHERE key LIKE ?"
            found += store.execute(text, (f"c:default:{path}?%",)).fetchone()[0]
    return found


def test_an_event_drops_the_copies_that_it_makes_old_and_no_others(edge: Edge, receiver: Receiver) -> None:
    """Layout and configuration are kept in KV. A change of the configuration makes its own copy old, one of the stock none.

    The warehouse's creation drops both, and the queue may bring it late or again: so each step is tried until it holds.
    """
    name = create(edge)
    made = hook(edge, url=receiver.url, warehouses=[name])
    layout, configuration = (f"/v1/warehouses/{name}/{part}" for part in ("layout", "configuration"))
    done: Counter[str] = Counter()

    def delivered(kind: str) -> int:
        events = [event for delivery in receiver.deliveries(name) for event in delivery["events"]]
        return len({event["sequence"] for event in events if event["type"] == kind})

    def copies_after(kind: str, change: Callable[[], httpx.Response]) -> tuple[int, int]:
        """How many copies of both there are when the consumer has had the event of a change."""
        for path in (layout, configuration):
            until(lambda path=path: edge.http.get(path) and kv_copies(edge, path))
        assert change().status_code == 200
        done[kind] += 1
        until(lambda: delivered(kind) == done[kind])
        return kv_copies(edge, layout), kv_copies(edge, configuration)

    def adjust() -> httpx.Response:
        path = f"/v1/warehouses/{name}/zones/fast/stock/{APPLES}/apple"
        return edge.http.post(path, json={"op": "adjust", "delta": 1})

    def configure() -> httpx.Response:
        return edge.http.patch(configuration, json={"labels": {"n": str(done["configuration.changed"])}})

    until(lambda: copies_after("stock.adjusted", adjust) == (1, 1), 60)
    until(lambda: copies_after("configuration.changed", configure) == (1, 0), 60)
    edge.http.delete(f"/v1/webhooks/{made['id']}")


def test_a_webhook_gets_the_events_it_wants_signed(edge: Edge, receiver: Receiver) -> None:
    name = create(edge, stock=[])
    made = hook(edge, url=receiver.url, warehouses=[name], types=["orders"])
    try:
        put_item(edge, name, "fig")
        order = {"id": "o1", "lines": [{"sku": "fig", "quantity": 1}]}
        edge.http.post(f"/v1/warehouses/{name}/orders", json={"orders": [order]})
        until(lambda: receiver.deliveries(name))
        headers, body = receiver.taken[0]
        assert [event["type"] for event in json.loads(body)["events"]] == ["orders.created"]
        assert verify(made["secret"], headers, body, time.time())
        assert not verify(made["secret"], headers, body + " ", time.time())
        shown = until(lambda: (s := edge.http.get(f"/v1/webhooks/{made['id']}").json())["delivered"] and s)
        assert (shown["failing"], shown["last_status"], "secret" in shown) == (0, 204, False)
    finally:
        assert edge.http.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    assert edge.http.get(f"/v1/webhooks/{made['id']}").status_code == 404


def test_a_receiver_that_fails_is_tried_again_with_the_same_id_and_a_redirect_is_a_failure(
    edge: Edge, receiver: Receiver
) -> None:
    name = create(edge, stock=[])
    receiver.answers = [500, 307, 200]
    made = hook(edge, url=receiver.url, warehouses=[name], types=["items"])
    put_item(edge, name, "fig")
    until(lambda: len(receiver.taken) == 3)
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1
    assert len({body for _, body in receiver.taken}) == 1
    until(lambda: edge.http.get(f"/v1/webhooks/{made['id']}").json()["delivered"] == 1)
    edge.http.delete(f"/v1/webhooks/{made['id']}")


def test_a_delivery_that_never_succeeds_becomes_a_dead_letter_and_one_that_is_gone_ends_the_webhook(
    edge: Edge, receiver: Receiver
) -> None:
    name = create(edge, stock=[])
    receiver.answers = [500]
    made = hook(edge, url=receiver.url, warehouses=[name], types=["items"])
    put_item(edge, name, "fig")
    shown = until(lambda: (s := edge.http.get(f"/v1/webhooks/{made['id']}").json())["dead"] and s, seconds=60)
    assert (shown["failing"], shown["last_status"], len(receiver.taken)) == (10, 500, 10)
    receiver.answers = [410]
    put_item(edge, name, "grape")
    until(lambda: not edge.http.get(f"/v1/webhooks/{made['id']}").json()["active"])
    edge.http.delete(f"/v1/webhooks/{made['id']}")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "ftp://example.com/"}, "/url"),
        ({"url": "https://user:pw@example.com/"}, "/url"),
        ({"types": ["itmes"]}, "/types"),
        ({"warehouses": ["a:b"]}, "/warehouses/0"),
        ({"secret": "mine"}, "/secret"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_and_not_kept(edge: Edge, change: dict[str, Any], pointer: str) -> None:
    before = edge.http.get("/v1/webhooks?limit=1000").json()["items"]
    answer = edge.http.post("/v1/webhooks", json={"url": "https://example.com/", **change})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert edge.http.get("/v1/webhooks?limit=1000").json()["items"] == before


def test_an_oversize_webhook_is_refused(edge: Edge) -> None:
    answer = edge.http.post("/v1/webhooks", json={"url": "https://example.com/", "label": "x" * 70_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_key_for_some_warehouses_sees_and_makes_webhooks_for_those_alone(edge: Edge) -> None:
    key = edge.http.post("/v1/keys", json={"name": "x", "role": "admin", "warehouses": ["berlin"]}).json()["key"]
    narrow = {"authorization": f"Bearer {key}"}
    wide = hook(edge, url="https://example.com/wide")
    for warehouses in ([], ["berlin", "paris"]):
        wish = {"url": "https://example.com/", "warehouses": warehouses}
        assert edge.http.post("/v1/webhooks", json=wish, headers=narrow).status_code == 403
    own = edge.http.post(
        "/v1/webhooks", json={"url": "https://example.com/", "warehouses": ["berlin"]}, headers=narrow
    ).json()
    assert [shown["id"] for shown in edge.http.get("/v1/webhooks", headers=narrow).json()["items"]] == [own["id"]]
    assert edge.http.delete(f"/v1/webhooks/{wide['id']}", headers=narrow).status_code == 404
    for made in (wide, own):
        edge.http.delete(f"/v1/webhooks/{made['id']}")
