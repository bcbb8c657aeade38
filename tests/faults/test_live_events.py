"""Events on a machine that fails: workerd killed while clients write and read, readers that stall, objects that sleep.

STOREMAX_FAULT_KILLS sets how often workerd is killed: once by itself, 20 times in `make faults`.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection

from local.processes import free_port
from local.stack import Stack
from tests.edge.conftest import json_lines, until
from tests.edge.following import archived, open_socket
from tests.edge.receiver import Receiver

KILLS = int(os.environ.get("STOREMAX_FAULT_KILLS", "1"))
SEED = int(os.environ.get("STOREMAX_FAULT_SEED", "0")) or random.randrange(1, 2**31)
SETTINGS = {
    "ARCHIVE_SECONDS": "1",
    "ARCHIVE_REPEAT_SECONDS": "0.5",
    "EVENTS_PATIENCE_SECONDS": "2",
    "WEBHOOK_RETRY_SECONDS": "1",
    "WEBHOOK_REPEAT_SECONDS": "2",
}
PATIENCE_S = 240.0  # for whatever must come: a machine that has more to do starts things in minutes
IDLE_S = 11.0  # workerd lets an object with nothing but hibernating sockets sleep after 10 seconds
LAYOUT = {"type": "parametric", "aisles": 1, "bays_per_block": 2}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    arguments = ["--enable-containers=false"]
    folder = tmp_path_factory.mktemp("events")
    with Stack(
        folder,
        with_engine=False,
        extra_arguments=arguments,
        extra_vars=SETTINGS,
        direct_port=free_port(),
        start_seconds=PATIENCE_S,
    ) as made:
        yield made


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {stack.admin_key}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def warehouse(http: httpx.Client, name: str) -> str:
    body = {"id": name, "layout": LAYOUT, "items": [{"sku": "apple"}]}
    answer = http.post("/v1/warehouses", json=body)
    assert answer.status_code == 201, answer.text
    return name


def put_orders(http: httpx.Client, name: str, ids: list[str]) -> httpx.Response:
    orders = [{"id": order, "lines": [{"sku": "apple", "quantity": 1}]} for order in ids]
    return http.post(f"/v1/warehouses/{name}/orders", json={"orders": orders})


def logged(stack: Stack, event: str, name: str) -> list[dict[str, Any]]:
    log = json_lines(stack.state_dir / "logs" / "worker.log")
    return [line for line in log if line["event"] == event and line["object"] == f"default:{name}"]


# --- readers that stall ----------------------------------------------------------------------------------------------


def stalled_reader(stack: Stack, name: str) -> socket.socket:
    """A WebSocket whose client reads nothing, straight on workerd, with a small buffer of its own."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(30)
    made.connect(("127.0.0.1", stack.direct_port))
    made.sendall(
        f"GET /v1/warehouses/{name}/events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {stack.admin_key}\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += made.recv(1)
    assert b" 101 " in head.split(b"\r\n")[0], head
    return made


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(opcode, payload) of the unmasked frames in `data` (RFC 6455, 5.2)."""
    at = 0
    while at < len(data):
        opcode, length, at = data[at] & 0x0F, data[at + 1] & 0x7F, at + 2
        for code, size in ((126, 2), (127, 8)):
            if length == code:
                length, at = int.from_bytes(data[at : at + size]), at + size
                break
        yield opcode, data[at : at + length]
        at += length


def test_a_reader_that_reads_nothing_is_dropped_with_the_reason_and_a_quick_one_misses_nothing(
    stack: Stack, http: httpx.Client
) -> None:
    """9 MB of events: more than lies in the buffers of the kernel (4 MB) and in what the object lets wait."""
    name = warehouse(http, "stalled")
    stalled = stalled_reader(stack, name)
    quick = Reader(stack, name)
    quick.start()
    for round_ in range(7):
        # 10,000 ids of 124 characters are 40 events of 32 kB.
        ids = [f"{round_:02d}-{number:05d}-".ljust(124, "x") for number in range(10_000)]
        assert put_orders(http, name, ids).status_code == 200
    (dropped,) = until(lambda: [x for x in logged(stack, "reader-dropped", name) if "slow" in x["reason"]], 60)
    assert dropped["reason"].startswith("too slow: nothing was read for 2 s")
    until(lambda: len(quick.events) == 281, 30)
    quick.over.set()
    quick.join(timeout=30)
    assert [event["sequence"] for event in quick.events] == list(range(1, 282))
    assert quick.connections == 1
    data = b""
    while b"too slow" not in data[-100:]:
        part = stalled.recv(1 << 20)
        assert part, "the connection ended without its reason"
        data += part
    stalled.close()
    *messages, (opcode, payload) = frames(data)
    assert (opcode, int.from_bytes(payload[:2])) == (8, 4008)
    received = [json.loads(text) for _, text in messages]
    events = [message["sequence"] for message in received if message["type"] != "heartbeat"]
    assert events == list(range(2, 2 + len(events)))
    assert len(events) < 250, "what waited for it was bounded"


# --- objects that sleep ----------------------------------------------------------------------------------------------


def test_a_socket_outlives_the_sleep_of_its_object_with_filter_and_place(stack: Stack, http: httpx.Client) -> None:
    name = warehouse(http, "sleepy")
    with (
        contextlib.closing(open_socket(stack, name, "types=orders")) as orders,
        contextlib.closing(open_socket(stack, name, "types=items&cursor=1")) as items,
    ):
        assert [json.loads(s.recv(timeout=10))["type"] for s in (orders, items)] == ["heartbeat", "heartbeat"]
        with pytest.raises(TimeoutError):
            orders.recv(timeout=IDLE_S + 1)
        assert put_orders(http, name, ["o1"]).status_code == 200
        event = next_event(orders)
        assert (event["sequence"], event["type"], event["data"]) == (2, "orders.created", {"orders": ["o1"]})
        (restored,) = logged(stack, "readers-restored", name)
        assert restored["readers"] == 2
        http.post(f"/v1/warehouses/{name}/items", json={"items": [{"sku": "fig"}]})
        assert next_event(items)["sequence"] == 3
        orders.send("ping")
        until(lambda: orders.recv(timeout=10) == "pong")


def next_event(connection: ClientConnection) -> dict[str, Any]:
    """The next message that is no heartbeat: after a sleep the object sends one of those too."""
    while (message := json.loads(connection.recv(timeout=10)))["type"] == "heartbeat":
        continue
    return dict(message)


# --- machines that die -----------------------------------------------------------------------------------------------


class Writer(threading.Thread):
    """Sends one order after the other; an answer that does not come leaves open whether the order is there."""

    def __init__(self, stack: Stack, name: str, number: int) -> None:
        super().__init__(daemon=True)
        self.stack, self.warehouse, self.number = stack, name, number
        self.over = threading.Event()
        self.acknowledged: list[str] = []
        self.sent = 0

    def run(self) -> None:
        headers = {"authorization": f"Bearer {self.stack.admin_key}"}
        with httpx.Client(base_url=self.stack.url, headers=headers, timeout=30) as http:
            while not self.over.is_set():
                order = f"w{self.number}-{self.sent}"
                self.sent += 1
                try:
                    answer = put_orders(http, self.warehouse, [order])
                except httpx.TransportError:
                    self.over.wait(0.05)
                    continue
                if answer.status_code == 200:
                    self.acknowledged.append(order)


class Reader(threading.Thread):
    """Follows from the first event on, with its own cursor through every loss of the connection."""

    def __init__(self, stack: Stack, name: str) -> None:
        super().__init__(daemon=True)
        self.stack, self.warehouse = stack, name
        self.over = threading.Event()
        self.events: list[dict[str, Any]] = []
        self.connections = 0
        self.refused: list[int] = []

    def run(self) -> None:
        while not self.over.is_set():
            cursor = self.events[-1]["sequence"] if self.events else 0
            try:
                with contextlib.closing(open_socket(self.stack, self.warehouse, f"cursor={cursor}")) as connection:
                    self.connections += 1
                    self._read(connection)
            except InvalidStatus as refusal:
                # The development server answers 5xx for a Worker that is not there yet; a refused cursor would be ours.
                self.refused += [refusal.response.status_code] if refusal.response.status_code < 500 else []
            except (OSError, EOFError, TimeoutError, InvalidHandshake, WebSocketException):
                self.over.wait(0.1)

    def _read(self, connection: Any) -> None:
        while not self.over.is_set():
            try:
                message = json.loads(connection.recv(timeout=1))
            except TimeoutError:
                continue
            if message["type"] != "heartbeat":
                self.events.append(message)


def test_workerd_is_killed_again_and_again_and_log_readers_archive_and_webhooks_lack_nothing(
    stack: Stack, http: httpx.Client, receiver: Receiver
) -> None:
    """And log, readers and archive have nothing twice; a webhook's delivery that comes twice has the same id."""
    print(f"seed {SEED}, {KILLS} kills")
    chance = random.Random(SEED)
    name = warehouse(http, "killed")
    hook = {"url": receiver.url, "warehouses": [name], "types": ["orders"]}
    assert http.post("/v1/webhooks", json=hook).status_code == 201
    writers = [Writer(stack, name, number) for number in range(3)]
    readers = [Reader(stack, name) for _ in range(3)]
    for thread in (*writers, *readers):
        thread.start()
    for _ in range(KILLS):
        before = sum(len(writer.acknowledged) for writer in writers)
        until(
            lambda before=before: sum(len(w.acknowledged) for w in writers) > before + chance.randrange(5, 30),
            PATIENCE_S,
        )
        stack.kill_worker()
        stack.restart_worker()
    done = sum(len(writer.acknowledged) for writer in writers)
    until(lambda: sum(len(writer.acknowledged) for writer in writers) > done + 5, PATIENCE_S)
    for writer in writers:
        writer.over.set()
        writer.join(timeout=30)
    head = http.get(f"/v1/warehouses/{name}/events?limit=1").json()["head"]
    for reader in readers:
        until(lambda reader=reader: reader.events and reader.events[-1]["sequence"] == head, PATIENCE_S)
        reader.over.set()
        reader.join(timeout=30)
        assert [event["sequence"] for event in reader.events] == list(range(1, head + 1))
        assert (reader.connections > KILLS, reader.refused) == (True, [])
    log = readers[0].events
    told = [order for event in log if event["type"] == "orders.created" for order in event["data"]["orders"]]
    acknowledged = [order for writer in writers for order in writer.acknowledged]
    assert set(acknowledged) <= set(told), "an acknowledged order has no event"
    assert len(told) == len(set(told)), "an order was told twice"
    until(lambda: len(archived(http, name)) >= head, PATIENCE_S)
    assert archived(http, name) == log
    wanted = [event for event in log if event["type"] == "orders.created"]
    until(lambda: len(delivered(receiver)) == len(wanted), PATIENCE_S)
    assert delivered(receiver) == wanted
    bodies = {headers["webhook-id"]: body for headers, body in receiver.taken}
    assert all(bodies[headers["webhook-id"]] == body for headers, body in receiver.taken)
    print(f"{len(receiver.taken)} deliveries, {len(bodies)} different ones")
    print(f"{len(acknowledged)} acknowledged, {head} events, {readers[0].connections} connections")


def delivered(receiver: Receiver) -> list[dict[str, Any]]:
    """The events that the webhook's receiver was told of, by their sequence, each once."""
    found = {event["sequence"]: event for _, text in list(receiver.taken) for event in json.loads(text)["events"]}
    return [found[sequence] for sequence in sorted(found)]


def test_state_lies_where_the_next_start_finds_it(stack: Stack) -> None:
    """The folder of the killed workerd is the one that the next one opens: otherwise the test above would show nothing."""
    assert list(Path(stack.state_dir / "cloudflare").rglob("*.sqlite"))
