"""Stock and transfers while workerd is killed with SIGKILL: nothing acknowledged is lost, nothing happens twice.

STOREMAX_FAULT_KILLS sets how often workerd dies (`make faults` does it more often). Each time has lines of its own, so that
histories stay small.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local.stack import Stack
from tests.consistency.clients import Client, Key, NotSent, Recorder
from tests.consistency.linearizability import Operation
from tests.consistency.stock_line import Answer, Call, State

KILLS = int(os.environ.get("STOREMAX_FAULT_KILLS", "2"))
CLIENTS, CARRIERS = 6, 2
PLACES = ("A01-L-001-1", "A01-R-001-1")  # in zone fast
SHELVES = {"fast": "A01-L-002-1", "bulk": "A03-L-002-1"}  # what the carriers move between
START = 200  # pieces on each shelf
LAYOUT = {
    "type": "parametric",
    "aisles": 4,
    "bays_per_block": 2,
    "zones": [{"id": "fast", "first_aisle": 0, "last_aisle": 1}, {"id": "bulk", "first_aisle": 2, "last_aisle": 3}],
}
OPTIONS: dict[str, Any] = {
    "with_engine": False,
    "extra_arguments": ["--enable-containers=false"],
    "start_seconds": 240.0,
    "extra_vars": {"RATE_LIMITS": "client=100000/100000 tenant=100000/100000"},
}


@dataclass
class Carrier:
    """Moves pieces between the zones, and notes what became of each transfer: a state, or None without an answer."""

    http: httpx.Client
    warehouse: str
    name: str
    rng: random.Random
    known: dict[tuple[str, str], str | None] = field(default_factory=dict)  # (source zone, id) → state
    sizes: dict[tuple[str, str], int] = field(default_factory=dict)
    serial: int = 0

    def act(self, sku: str) -> None:
        source, target = self.rng.sample(sorted(SHELVES), 2)
        self.serial += 1
        name, quantity = f"{self.name}-{self.serial}", self.rng.randint(1, 3)
        # one in four goes to a location that is not there: it must come back
        to = SHELVES[target] if self.rng.random() < 0.75 else "nowhere"
        line = {"sku": sku, "location": SHELVES[source], "to": to, "quantity": quantity}
        path = f"/v1/warehouses/{self.warehouse}/zones/{source}/transfers"
        self.sizes[(source, name)] = quantity
        try:
            answer = self.http.post(path, json={"id": name, "to_zone": target, "lines": [line]})
        except httpx.ConnectError as error:
            raise NotSent from error
        except httpx.TransportError:
            self.known[(source, name)] = None
            return
        if answer.status_code >= 500:
            self.known[(source, name)] = None
        else:
            assert answer.status_code in (201, 202), answer.text
            self.known[(source, name)] = answer.json()["state"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("faults"), **OPTIONS) as running:
        yield running


@pytest.fixture(scope="module")
def http(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {stack.admin_key}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as client:
        yield client


def work(over: threading.Event, act: Any, failures: list[BaseException]) -> None:
    while not over.is_set():
        try:
            act()
        except NotSent:
            over.wait(0.1)
        except BaseException as failure:
            failures.append(failure)
            raise


def wait_for_work(clients: list[Client], carriers: list[Carrier], more: int) -> None:
    """Until so many further operations were answered."""

    def done() -> int:
        return sum(client.serial for client in clients) + sum(len(carrier.known) for carrier in carriers)

    goal, deadline = done() + more, time.monotonic() + 240
    while done() < goal:
        assert time.monotonic() < deadline, "the work does not go on"
        time.sleep(0.005)


def one_kill(stack: Stack, clients: list[Client], carriers: list[Carrier], number: int, rng: random.Random) -> None:
    """Everybody works; workerd dies at some moment, comes back, and work goes on for a moment."""
    over, failures = threading.Event(), list[BaseException]()
    keys = [(place, f"s{number}") for place in PLACES]
    acts = [lambda client=client: client.act(keys) for client in clients]
    acts += [lambda carrier=carrier: carrier.act(f"t{number}") for carrier in carriers]
    threads = [threading.Thread(target=work, args=(over, act, failures), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    try:
        wait_for_work(clients, carriers, rng.randint(40, 120))
        time.sleep(rng.uniform(0, 0.05))  # dies somewhere within a request, not between two
        stack.kill_worker()
        stack.restart_worker()
        wait_for_work(clients, carriers, 20)
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=240)
    assert not failures, failures[0]


def pages(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while path:
        answer = http.get(path)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    return found


def test_after_kills_at_random_moments_every_acknowledged_change_is_there_and_each_transfer_happened_once_or_not_at_all(
    stack: Stack, http: httpx.Client
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    skus = [f"{kind}{n}" for kind in "st" for n in range(KILLS)]
    stock = [{"sku": f"t{n}", "location": shelf, "quantity": START} for n in range(KILLS) for shelf in SHELVES.values()]
    body = {"id": "w", "layout": LAYOUT, "items": [{"sku": sku} for sku in skus], "stock": stock}
    assert http.post("/v1/warehouses", json=body).status_code == 201
    recorder, zone = Recorder(), "/v1/warehouses/w/zones/fast"
    clients = [Client(n, http, zone, recorder, random.Random(f"{seed}-{n}"), patience=240) for n in range(CLIENTS)]
    carriers = [Carrier(http, "w", f"c{n}", random.Random(f"{seed}-c{n}")) for n in range(CARRIERS)]
    for number in range(KILLS):
        one_kill(stack, clients, carriers, number, rng)
    settled(http)
    check_histories(http, recorder, zone, seed)
    check_transfers(http, carriers, seed)
    check_events(http)
    for name in SHELVES:
        assert http.get(f"/v1/warehouses/w/zones/{name}/audit").json()["differences"] == []


def settled(http: httpx.Client) -> None:
    """Wait until the alarms have brought every transfer to its end, and the warehouse knows of every change."""
    deadline = time.monotonic() + 240
    while True:
        zones = [http.get(f"/v1/warehouses/w/zones/{name}").json() for name in SHELVES]
        summary = http.get("/v1/warehouses/w").json()
        travelling = sum(zone["in_transit_quantity"] for zone in zones)
        held = sum(zone["stock_quantity"] for zone in zones)
        if not travelling and (summary["stock_quantity"], summary["in_transit_quantity"]) == (held, 0):
            return
        assert time.monotonic() < deadline, (zones, summary)
        time.sleep(0.3)


def check_histories(http: httpx.Client, recorder: Recorder, zone: str, seed: int) -> None:
    """Linearizable with what is there at the end as the last read: no acknowledged change is missing."""
    starts: dict[Key, State] = {}
    for key, history in list(recorder.histories.items()):
        starts[key] = State(0, 0, 0)
        found = http.get(f"{zone}/stock/{key[0]}/{key[1]}").json()
        state = State(found["quantity"], found["reserved"], found["version"])
        now = time.monotonic()
        history.append(Operation(Call("read"), Answer(state), now, now))
    verdicts = recorder.verdicts(starts)
    wrong = {key: recorder.histories[key] for key, verdict in verdicts.items() if not verdict}
    assert not wrong, f"seed {seed}: {wrong}"
    operations = [one for history in recorder.histories.values() for one in history]
    unknown = sum(one.answer is None for one in operations)
    print(f"{len(operations)} operations on {len(verdicts)} lines, {unknown} of them without an answer")
    assert len(verdicts) == KILLS * len(PLACES)


def check_transfers(http: httpx.Client, carriers: list[Carrier], seed: int) -> None:
    """Each transfer is, by the ledgers of both zones, fully done, or fully undone, or was never begun."""
    rows = {name: pages(http, f"/v1/warehouses/w/zones/{name}/ledger?limit=1000") for name in SHELVES}
    moved: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in SHELVES}
    for name, ledger in rows.items():
        for row in ledger:
            moved[name][(row["op"], row["reference"])] += row["delta"]
    states: Counter[str] = Counter()
    for carrier in carriers:
        for (source, name), known in carrier.known.items():
            target = "bulk" if source == "fast" else "fast"
            effects = tuple(
                moved[zone][(op, name)] for zone, op in ((source, "send"), (source, "return"), (target, "arrive"))
            )
            quantity = carrier.sizes[(source, name)]
            answer = http.get(f"/v1/warehouses/w/zones/{source}/transfers/{name}")
            state = answer.json()["state"] if answer.status_code == 200 else "never"
            expected = {"completed": (-quantity, 0, quantity), "refused": (-quantity, quantity, 0), "never": (0, 0, 0)}
            assert effects == expected[state], (seed, source, name, state, effects)
            assert known in (None, "in-transit", state), (seed, source, name, known, state)
            states[f"{state}, {'acknowledged' if known else 'no answer'}"] += 1
    print(f"transfers: {dict(states)}")
    for n in range(KILLS):
        held = [
            http.get(f"/v1/warehouses/w/zones/{zone}/stock/{shelf}/t{n}").json()["quantity"]
            for zone, shelf in SHELVES.items()
        ]
        assert sum(held) == 2 * START, (seed, n, held)


def check_events(http: httpx.Client) -> None:
    """The event sequence has no gap, and tells every row of the ledgers exactly once."""
    told: Counter[tuple[str, str, str, int]] = Counter()
    cursor, expected = 0, 1
    while True:
        page = http.get(f"/v1/warehouses/w/events?cursor={cursor}&limit=1000").json()
        for event in page["items"]:
            assert event["sequence"] == expected
            expected += 1
            if event["type"].startswith("stock."):
                for line in event["data"]["lines"]:
                    told[(event["zone"], line["location"], line["sku"], line["version"])] += 1
        if page["next_cursor"] == cursor:
            break
        cursor = page["next_cursor"]
    rows = Counter(
        (name, row["location"], row["sku"], row["version"])
        for name in SHELVES
        for row in pages(http, f"/v1/warehouses/w/zones/{name}/ledger?limit=1000")
    )
    assert told == rows
    assert set(rows.values()) == {1}
