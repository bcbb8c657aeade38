"""32 clients at once on few lines of stock: the recorded history of each line is linearizable, and no piece is lost."""

from __future__ import annotations

import random

import httpx

from tests.consistency.clients import Client, Key, Recorder, run
from tests.consistency.stock_line import State
from tests.edge.conftest import Edge
from tests.edge.stock import Zone
from tests.edge.warehouses import create

CLIENTS = 32
ROUNDS, EACH = 6, 4  # small histories, many of them: each round has lines of its own
PLACES = ("A01-L-001-1", "A01-R-002-1")


def test_every_history_of_32_clients_on_few_lines_is_linearizable(edge: Edge) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    name = create(edge, items=[{"sku": f"s{n}"} for n in range(ROUNDS)], stock=[])
    zone = Zone(edge, name)
    recorder = Recorder()
    keys = [[(place, f"s{n}") for place in PLACES] for n in range(ROUNDS)]
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    address = f"http://127.0.0.1:{edge.stack.direct_port}"  # past the proxy of wrangler, which would line requests up
    with httpx.Client(base_url=address, headers=edge.http.headers, timeout=60, limits=limits) as http:
        for number in range(ROUNDS):
            crew = [Client(n, http, zone.path, recorder, random.Random(f"{seed}-{number}-{n}")) for n in range(CLIENTS)]
            run(crew, keys[number], EACH)
            for client in crew[::8]:
                client.send_late_again(2)
    lines: list[Key] = [key for pair in keys for key in pair]
    verdicts = recorder.verdicts({key: State(0, 0, 0) for key in lines})
    wrong = {key: recorder.histories[key] for key, verdict in verdicts.items() if not verdict}
    assert not wrong, f"seed {seed}: {wrong}"
    assert len(verdicts) == 2 * ROUNDS
    overlapping = sum(_overlaps(history) for history in recorder.histories.values())
    print(f"{sum(map(len, recorder.histories.values()))} operations, {overlapping} pairs of them at the same time")
    assert overlapping > 100, "the clients did not meet"
    for key in lines:  # what is there at the end is what the acknowledged operations add up to
        history = recorder.histories[key]
        last = max((one.answer.state for one in history), key=lambda state: state.version)
        assert zone.state(*key) == tuple(last)
        changes = sum(one.answer.refused == "" and one.call.op != "read" for one in history)
        assert last.version == changes
    assert zone.differences() == []


def _overlaps(history: list) -> int:  # type: ignore[type-arg]
    ordered = sorted(history, key=lambda one: one.began)
    return sum(
        later.began < one.ended
        for n, one in enumerate(ordered)
        for later in ordered[n + 1 :]
        if later.client != one.client
    )
