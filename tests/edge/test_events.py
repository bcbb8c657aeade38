"""Following a warehouse's events on real workerd: pages, WebSocket, Server-Sent Events."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.edge.conftest import Edge
from tests.edge.following import Socket, event_stream, head, open_socket, put_item
from tests.edge.warehouses import create, fresh_id


def test_pages_lead_from_the_first_event_to_the_head_and_on(edge: Edge) -> None:
    name = create(edge, stock=[])
    for number in range(4):
        put_item(edge, name, f"new-{number}")
    seen, path = [], f"/v1/warehouses/{name}/events?limit=2&types=items,warehouse"
    while path:
        answer = edge.http.get(path)
        page = answer.json()
        seen += [event["sequence"] for event in page["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    assert seen == [1, 2, 3, 4, 5]
    assert (page["next_cursor"], page["head"]) == (5, 5)
    event = edge.http.get(f"/v1/warehouses/{name}/events?cursor=4").json()["items"][0]
    assert (event["id"], event["type"], event["data"]["created"]) == (f"{name}-5", "items.changed", 1)


BAD_QUERIES = [
    ("cursor=999", 400, "/query/cursor", "the future"),
    ("cursor=-1", 422, "/query/cursor", "below zero"),
    ("cursor=x", 422, "/query/cursor", "no number"),
    ("types=items,itmes", 422, "/query/types", "a type that does not exist"),
    ("zones=fast,nowhere", 422, "/query/zones", "a zone that does not exist"),
    ("type=items", 422, "/query/type", "a filter that does not exist"),
    ("cursor=1&cursor=2", 422, "/query/cursor", "twice"),
]


@pytest.mark.parametrize(("query", "status", "pointer", "why"), BAD_QUERIES)
def test_bad_queries_are_told_alike_for_pages_streams_and_sockets(
    edge: Edge, query: str, status: int, pointer: str, why: str
) -> None:
    name = "bad-queries"
    edge.http.post(
        "/v1/warehouses", json={"id": name, "layout": {"type": "parametric", "aisles": 1, "bays_per_block": 1}}
    )
    path = f"/v1/warehouses/{name}/events?{query}"
    with pytest.raises(InvalidStatus) as refused:
        open_socket(edge.stack, name, query)
    answers = [
        edge.http.get(path),
        edge.http.get(path, headers={"accept": "text/event-stream, application/problem+json"}),
    ]
    for code, body in [(a.status_code, a.json()) for a in answers] + [
        (refused.value.response.status_code, json.loads(refused.value.response.body))
    ]:
        assert (code, body["errors"][0]["pointer"]) == (status, pointer), f"{why}: {body}"


def test_an_unknown_warehouse_has_no_events_to_follow(edge: Edge) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(edge.stack, fresh_id())
    assert refused.value.response.status_code == 404
    assert edge.http.get(f"/v1/warehouses/{fresh_id()}/events").status_code == 404


def test_a_reader_that_joins_while_others_write_gets_every_event_once_and_in_order(edge: Edge) -> None:
    name = create(edge, stock=[])
    for number in range(30):
        put_item(edge, name, f"before-{number}")
    with ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(lambda w=w: [put_item(edge, name, f"w{w}-{n}") for n in range(12)]) for w in range(4)]
        sockets = []
        for cursor in (0, 5, 31):  # they join one after the other, while the four write
            sockets.append(Socket(edge, name, f"cursor={cursor}"))
            put_item(edge, name, f"join-{cursor}")
        for writer in writers:
            writer.result()
        last = head(edge, name)
        assert last == 1 + 30 + 4 * 12 + 3
        for socket, cursor in zip(sockets, (0, 5, 31), strict=True):
            with socket:
                assert socket.read_until(last) == list(range(cursor + 1, last + 1))


def test_without_a_cursor_a_stream_begins_now_and_says_where(edge: Edge) -> None:
    name = create(edge, stock=[])
    with Socket(edge, name) as socket:
        assert socket.read() == {"type": "heartbeat", "sequence": 1}
        put_item(edge, name, "later")
        assert socket.read()["sequence"] == 2


def test_filters_by_type_family_and_zone(edge: Edge) -> None:
    name = create(edge, stock=[])
    with Socket(edge, name, "types=orders") as orders, Socket(edge, name, "zones=fast&cursor=0") as fast:
        order = {"id": "o1", "lines": [{"sku": "apple", "quantity": 1}]}
        put_item(edge, name, "fig")
        edge.http.post(f"/v1/warehouses/{name}/orders", json={"orders": [order]})
        edge.http.delete(f"/v1/warehouses/{name}/orders/o1")
        orders.read_until(4)
        assert [m["type"] for m in orders.messages[1:]] == ["orders.created", "orders.cancelled"]
        assert fast.read()["type"] == "heartbeat"
        with pytest.raises(TimeoutError):
            fast.read(0.3)


def test_a_reader_that_lost_its_connection_goes_on_with_its_cursor(edge: Edge) -> None:
    name, seen = create(edge, stock=[]), []
    cursor = 0
    for round_ in range(4):
        with Socket(edge, name, f"cursor={cursor}") as socket:
            put_item(edge, name, f"during-{round_}")
            seen += socket.read_until(head(edge, name))
            cursor = seen[-1]
        put_item(edge, name, f"between-{round_}")
    assert seen == list(range(1, 9))


def test_ping_is_answered_and_anything_else_ends_the_connection(edge: Edge) -> None:
    name = create(edge, stock=[])
    with Socket(edge, name) as socket:
        socket.read()
        socket.connection.send("ping")
        assert socket.connection.recv(timeout=5) == "pong"
        socket.connection.send('{"hello": "there"}')
        with pytest.raises(ConnectionClosed) as closed:
            socket.connection.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "this stream takes no messages but ping")


def test_server_sent_events_replay_go_on_live_and_honour_last_event_id(edge: Edge) -> None:
    name = create(edge, stock=[])
    put_item(edge, name, "one")
    with event_stream(edge, name, "cursor=0") as stream:
        assert [next(stream)["id"] for _ in range(2)] == ["1", "2"]
        assert next(stream) == {"event": "heartbeat", "id": "2", "data": '{"type":"heartbeat","sequence":2}'}
        put_item(edge, name, "two")
        live = next(stream)
        assert (live["id"], json.loads(live["data"])["type"], "event" in live) == ("3", "items.changed", False)
    put_item(edge, name, "three")
    with event_stream(edge, name, "cursor=0", **{"last-event-id": "3"}) as stream:
        assert next(stream)["id"] == "4"
    refused = edge.http.get(
        f"/v1/warehouses/{name}/events", headers={"accept": "text/event-stream", "last-event-id": "three"}
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/header/last-event-id")


def test_a_stream_whose_reader_left_disturbs_nobody(edge: Edge) -> None:
    name = create(edge, stock=[])
    with Socket(edge, name) as stays:
        for _ in range(3):
            with event_stream(edge, name) as stream, Socket(edge, name):
                next(stream)
            put_item(edge, name, "fig")
        put_item(edge, name, "grape")
        assert stays.read_until(head(edge, name)) == list(range(2, head(edge, name) + 1))


def test_another_tenant_and_a_narrower_key_follow_nothing_of_it(edge: Edge) -> None:
    name = create(edge, stock=[])
    for wish, status in (({"tenant": "stranger"}, 404), ({"warehouses": ["other"]}, 403)):
        key = edge.http.post("/v1/keys", json={"name": "x", "role": "viewer", **wish}).json()["key"]
        answer = edge.http.get(f"/v1/warehouses/{name}/events", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == status
