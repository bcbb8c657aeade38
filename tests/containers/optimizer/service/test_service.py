"""The front door: streams, joins, cancels, and keeps answering while solves run."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import threading
import time
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from containers.common.app_factory import create_app
from containers.common.settings import Settings
from containers.optimizer.api import routes
from containers.optimizer.jobs import Board
from contracts.optimize import OptimizeRequest
from tests.containers.optimizer.warehouses import batching_data

NDJSON = {"Accept": "application/x-ndjson"}
Post = Callable[..., Any]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    board = Board()
    app = create_app("optimizer", routers=[routes(board)], settings=Settings(allow_unsigned=True))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent", timeout=240) as one:
        yield one
        await board.drain(0.0)


def _body(seconds: float = 1.0, job: str | None = None, attempt: int = 1, orders: int = 20) -> dict[str, Any]:
    body: dict[str, Any] = {
        "problem": "batching",
        "data": batching_data(1, orders=orders),
        "budget": {"seconds": seconds},
    }
    if job is not None:
        body["stamp"] = {"job": job, "attempt": attempt}
    return body


async def test_a_stream_ends_with_the_result_and_its_incumbents_fall(client: httpx.AsyncClient) -> None:
    answer = await client.post("/optimize", json=_body(), headers=NDJSON)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    objectives = [line["objective"] for line in lines if line["type"] == "incumbent"]
    assert lines[-1]["type"] == "result"
    assert objectives == sorted(objectives, reverse=True)
    assert lines[-1]["result"]["objective"]["value"] <= objectives[-1] + 1e-6


async def test_the_same_stamp_joins_and_later_gets_the_finished_result(client: httpx.AsyncClient) -> None:
    both = await asyncio.gather(*(client.post("/optimize", json=_body(job="j1")) for _ in range(2)))
    again = await client.post("/optimize", json=_body(job="j1"))
    assert both[0].content == both[1].content == again.content
    changed = await client.post("/optimize", json=_body(job="j1", orders=21))
    assert changed.status_code == 409


async def test_a_cancelled_job_answers_its_best_long_before_its_budget(client: httpx.AsyncClient) -> None:
    running = asyncio.create_task(client.post("/optimize", json=_body(seconds=600, job="j2", orders=120)))
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        about = await client.get("/optimize/j2")
        if about.status_code == 200 and "incumbent" in about.json():
            break
        await asyncio.sleep(0.05)
    assert (await client.get("/health")).status_code == 200
    assert (await client.delete("/optimize/j2")).status_code == 200
    result = (await running).json()
    assert result["stopped_by"] == "cancelled"
    assert result["elapsed_s"] < 300


async def test_a_job_that_is_cancelled_while_a_large_problem_is_read_ends_without_waiting_for_it(
    client: httpx.AsyncClient,
) -> None:
    """20,000 orders take seconds until there is a first plan, and reading cannot be interrupted from within."""
    body = _body(seconds=3600, job="j3", orders=20_000)
    running = asyncio.create_task(client.post("/optimize", json=body))
    async with asyncio.timeout(120):
        while (await client.get("/optimize/j3")).status_code != 200:
            await asyncio.sleep(0.01)
        assert (await client.delete("/optimize/j3")).status_code == 200
        answer = await running
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "before it had a plan" in answer.json()["detail"]
    # Its place is free, and the next attempt is another solve.
    again = await client.post("/optimize", json=_body(job="j3", attempt=2))
    assert again.status_code == 200


async def test_faults_have_their_own_status_even_when_a_stream_was_asked_for(client: httpx.AsyncClient) -> None:
    unknown = await client.post("/optimize", json={"problem": "nothing_known", "data": {}}, headers=NDJSON)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/problem")
    broken = await client.post("/optimize", content=b'{"problem":', headers=NDJSON)
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed-body")
    invalid = await client.post("/optimize", json={"problem": "batching", "data": {"surplus": 1}})
    assert invalid.status_code == 422
    assert "/data/surplus" in {fault["pointer"] for fault in invalid.json()["errors"]}
    assert (await client.delete("/optimize/nobody")).status_code == 404


class _Slow:
    """A solver process that answers at once and is long in ending."""

    pid = 0

    def __init__(self, pipe: Connection, ended: threading.Event) -> None:
        self._pipe, self._ended = pipe, ended

    def start(self) -> None:
        self._pipe.send(("result", b"{}"))

    def join(self, timeout: float | None = None) -> None:
        self._ended.wait(60)

    def is_alive(self) -> bool:
        return False


async def test_nobody_waits_for_a_process_that_has_answered_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    board = Board()

    def process(args: tuple[Any, ...], **_: Any) -> _Slow:
        return _Slow(args[0], ended)

    monkeypatch.setattr(board, "_context", SimpleNamespace(Pipe=multiprocessing.Pipe, Process=process))
    try:
        body = _body()
        job = board.submit(OptimizeRequest.model_validate(body), json.dumps(body).encode(), "tenant")
        await asyncio.wait_for(job.done.wait(), 30)
        assert job.outcome == ("result", b"{}")
        assert (board.running, ended.is_set()) == (0, False)
    finally:
        ended.set()
