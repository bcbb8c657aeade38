"""Readers of a warehouse's events, for tests: over WebSocket, and as Server-Sent Events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from local.stack import Stack
from tests.edge.conftest import Edge


def open_socket(stack: Stack, warehouse: str, query: str = "") -> ClientConnection:
    """A WebSocket on a warehouse's events. Raises websockets' InvalidStatus when it is refused."""
    url = f"{stack.url.replace('http', 'ws')}/v1/warehouses/{warehouse}/events?{query}"
    headers = {"authorization": f"Bearer {stack.admin_key}"}
    return connect(url, additional_headers=headers, max_size=None, legacy=True)


class Socket:
    """The messages of one connection, in order."""

    def __init__(self, edge: Edge, warehouse: str, query: str = "") -> None:
        self.connection = open_socket(edge.stack, warehouse, query)
        self.messages: list[dict[str, Any]] = []

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    @property
    def sequences(self) -> list[int]:
        """Of the events, without heartbeats."""
        return [message["sequence"] for message in self.messages if message["type"] != "heartbeat"]

    def read(self, seconds: float = 10.0) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.connection.recv(timeout=seconds))
        self.messages.append(message)
        return message

    def read_until(self, sequence: int, seconds: float = 20.0) -> list[int]:
        """Read until the connection has told everything up to `sequence`; the events' numbers so far."""
        deadline = time.monotonic() + seconds
        while not self.messages or self.messages[-1]["sequence"] < sequence:
            self.read(deadline - time.monotonic())
        return self.sequences


@contextmanager
def event_stream(edge: Edge, warehouse: str, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    """Server-Sent Events as {"event", "id", "data"}."""
    path = f"/v1/warehouses/{warehouse}/events?{query}"
    with edge.http.stream("GET", path, headers={"accept": "text/event-stream", **headers}) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream"
        yield _events(response)


def _events(response: httpx.Response) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if not line:
            yield fields
            fields = {}
        else:
            name, _, value = line.partition(": ")
            fields[name] = value


def put_item(edge: Edge, warehouse: str, sku: str) -> None:
    """One change, one event."""
    answer = edge.http.post(f"/v1/warehouses/{warehouse}/items", json={"items": [{"sku": sku}]})
    assert answer.status_code == 200, answer.text


def head(edge: Edge, warehouse: str) -> int:
    return int(edge.http.get(f"/v1/warehouses/{warehouse}/events?limit=1").json()["head"])


def archived(http: httpx.Client, warehouse: str) -> list[dict[str, Any]]:
    """Every event in the archive's files of yesterday and today, file by file as they are listed."""
    events: list[dict[str, Any]] = []
    for ago in (86_400, 0):
        day = datetime.fromtimestamp(time.time() - ago, UTC).strftime("%Y-%m-%d")
        path = f"/v1/warehouses/{warehouse}/archive?day={day}&limit=2"
        while path:
            answer = http.get(path)
            assert answer.status_code == 200, answer.text
            for file in answer.json()["items"]:
                text = http.get(f"/v1/warehouses/{warehouse}/archive/{day}/{file['name']}").text
                found = [json.loads(line) for line in text.splitlines()]
                assert [found[0]["sequence"], found[-1]["sequence"]] == [file["first"], file["last"]]
                events += found
            path = answer.links["next"]["url"] if "next" in answer.links else ""
    return events
