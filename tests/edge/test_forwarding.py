"""Requests through the gateway to real agents, and their answers back."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websockets

from tests.containers.optimizer.warehouses import batching_data
from tests.edge.conftest import Edge, until
from tests.edge.test_auth import bearer, make_key

OPTIMIZE = "/v1/agents/optimizer/optimize"
SYNC = "/v1/agents/sync/sync"
ROWS = 40_000


def work(seconds: float, job: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"problem": "batching", "data": batching_data(1, orders=60), "budget": {"seconds": seconds}}
    return body | ({"stamp": {"job": job}} if job else {})


@pytest.fixture(scope="module")
def session(edge: Edge) -> Iterator[dict[str, str]]:
    """A session of this module's own; its instances are stopped at the end, for others count them."""
    name = f"fwd-{uuid.uuid4().hex[:8]}"
    yield {"x-session-id": name}
    for agent in ("optimizer", "sync"):
        edge.http.post(f"/v1/agents/{agent}/sessions/{name}/stop")


def test_an_answer_streams_while_it_is_made(edge: Edge, session: dict[str, str]) -> None:
    headers = {**session, "accept": "application/x-ndjson"}
    arrived = []
    with edge.http.stream("POST", OPTIMIZE, json=work(2.0), headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            arrived.append((time.monotonic(), json.loads(line)["type"]))
    assert arrived[-1][1] == "result"
    assert arrived[-1][0] - arrived[0][0] > 0.5, "the first lines came together with the last"
    assert answer.headers["content-type"] == "application/x-ndjson"


def test_a_request_streams_in_and_is_read_whole(edge: Edge, session: dict[str, str]) -> None:
    def body() -> Iterator[bytes]:
        yield b"order_id,sku,quantity\n"
        for start in range(0, ROWS, 1000):
            yield b"".join(b"o%d,sku-%d,1\n" % (n, n % 97) for n in range(start, start + 1000))

    headers = {**session, "content-type": "text/csv"}
    answer = edge.http.post(SYNC, content=body(), headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text[:500]
    summary = json.loads(answer.text.splitlines()[-1])
    assert (summary["type"], summary["rows_read"]) == ("summary", ROWS)


async def test_a_websocket_carries_messages_both_ways(edge: Edge, session: dict[str, str]) -> None:
    job = f"ws-{uuid.uuid4().hex[:8]}"
    token = {"authorization": f"Bearer {edge.stack.admin_key}", **session}
    async with httpx.AsyncClient(base_url=edge.url, headers=token, timeout=120) as http:
        solving = asyncio.create_task(http.post(OPTIMIZE, json=work(60.0, job)))
        address = f"ws://127.0.0.1:{edge.stack.port}{OPTIMIZE}/{job}/events"
        async with asyncio.timeout(60):
            while (await http.get(f"{OPTIMIZE}/{job}")).status_code != 200:
                await asyncio.sleep(0.05)
            async with websockets.connect(address, additional_headers=token) as stream:
                first = json.loads(await stream.recv())
                assert first["type"] in ("incumbent", "heartbeat")
                await stream.send("cancel")
                async for text in stream:
                    last = json.loads(text)
                assert stream.close_code == 1000
            answer = await solving
    assert last["type"] == "result"
    assert answer.json()["stopped_by"] == last["result"]["stopped_by"] == "cancelled"
    assert answer.json()["elapsed_s"] < 60


async def test_an_agent_can_refuse_an_upgrade(edge: Edge, session: dict[str, str]) -> None:
    token = {"authorization": f"Bearer {edge.stack.admin_key}", **session}
    with pytest.raises(websockets.InvalidStatus) as caught:
        await websockets.connect(
            f"ws://127.0.0.1:{edge.stack.port}{OPTIMIZE}/no-such-job/events", additional_headers=token
        )
    assert caught.value.response.status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_reaches_the_agent_and_its_problem_comes_back(
    edge: Edge, session: dict[str, str], method: str
) -> None:
    answer = edge.http.request(method, "/v1/agents/sync/no/such/path?x=%2Fy", headers=session)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert answer.headers["x-storemax-agent"] == "sync"
    assert answer.headers["x-trace-id"] == answer.json()["trace_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "ratelimit" in answer.headers


def raw(edge: Edge, text: str) -> bytes:
    """Send these bytes straight into workerd; the whole answer."""
    with socket.create_connection(("127.0.0.1", edge.direct_port), timeout=20) as connection:
        connection.sendall(text.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def test_a_header_that_connection_names_does_not_reach_the_agent(edge: Edge, session: dict[str, str]) -> None:
    """The sync agent refuses pictures with 415; with Content-Type bound to the connection it never learns of it."""
    csv = "order_id,sku,quantity\no1,apple,1\n"

    def post(connection: str) -> int:
        head = (
            f"POST {SYNC} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {edge.stack.admin_key}\r\n"
            f"x-session-id: {session['x-session-id']}\r\ncontent-type: image/png\r\nconnection: {connection}\r\n"
            f"content-length: {len(csv)}\r\n\r\n"
        )
        return int(raw(edge, head + csv).split()[1])

    assert post("close") == 415
    assert post("close, content-type") == 200


def test_the_agent_sees_tenant_trace_and_deadline_of_the_caller(edge: Edge, session: dict[str, str]) -> None:
    key = make_key(edge, tenant="acme", role="operator")
    trace = uuid.uuid4().hex
    headers = {**bearer(key), "traceparent": f"00-{trace}-00f067aa0ba902b7-01", "x-deadline": "+20"}
    body = {"kind": "items", "current": [], "incoming": []}
    with httpx.Client(base_url=edge.url, timeout=60) as http:
        answer = http.post(f"{SYNC}/diff", json=body, headers={**headers, **session})
        http.post(f"/v1/agents/sync/sessions/{session['x-session-id']}/stop", headers=bearer(key))
    assert answer.status_code == 200, answer.text

    def lines() -> list[dict[str, Any]]:
        return [line for line in edge.agent_log_lines() if line.get("trace_id") == trace]

    seen = until(lambda: [line for line in lines() if line["event"] == "sync.diff"], what="the agent's log line")
    assert seen[0]["tenant"] == "acme"
    assert any(line["event"] == "request" and line["route"] == "/sync/diff" for line in lines())
    edge_line = until(lambda: [line for line in edge.log_lines() if line.get("trace_id") == trace], what="our log line")
    assert (edge_line[0]["event"], edge_line[0]["tenant"], edge_line[0]["status"]) == ("request", "acme", 200)


def test_a_solve_ends_with_its_best_plan_before_the_callers_deadline(edge: Edge, session: dict[str, str]) -> None:
    edge.http.get("/v1/agents/optimizer/health", headers=session, timeout=60)  # started: the clock is the solve's alone
    began = time.monotonic()
    answer = edge.http.post(OPTIMIZE, json=work(60.0), headers={**session, "x-deadline": "+5"}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - began < 5.5
    assert answer.json()["solution"]["batches"]
