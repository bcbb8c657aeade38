"""What every agent does at its border, tried on a small one."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from containers.common import limits
from containers.common.settings import Settings
from contracts.signing import Identity, sign
from tests.containers.common.agents import build, client_of

GOOD = {"lines": [{"quantity": 2}]}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_health_says_who_it_is_and_needs_no_credentials() -> None:
    async with client_of(build(Settings(incarnation="inc-7", version="1.2.3", revision="abc"))) as client:
        answer = await client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert {key: body[key] for key in ("status", "agent", "incarnation", "version", "revision", "protocols")} == {
        "status": "ok",
        "agent": "tester",
        "incarnation": "inc-7",
        "version": "1.2.3",
        "revision": "abc",
        "protocols": [1],
    }
    assert answer.headers["x-storemax-incarnation"] == "inc-7"


async def test_ready_names_everything_that_it_waits_for_until_all_of_it_holds() -> None:
    opened = asyncio.Event()

    async def slow_start(_app: object) -> None:
        await opened.wait()

    app = build(on_startup=slow_start)
    warm: list[bool] = []
    app.state.lifecycle.readiness.add("kernels", lambda: None if warm else "compiling kernels")
    async with client_of(app) as client:
        early = await client.get("/ready")
        assert early.status_code == 503
        assert early.headers["content-type"] == "application/problem+json"
        assert early.headers["retry-after"] == "1"
        assert [item["check"] for item in early.json()["waiting_for"]] == ["startup", "kernels"]
        assert "compiling kernels" in early.json()["detail"]
        assert (await client.get("/health")).status_code == 200
        opened.set()
        warm.append(True)
        async with asyncio.timeout(5):
            while (answer := await client.get("/ready")).status_code != 200:
                await asyncio.sleep(0)
    assert answer.json()["status"] == "ready"


async def test_a_start_that_fails_never_becomes_ready_and_does_not_tell_its_secrets() -> None:
    def broken(_app: object) -> None:
        raise RuntimeError("password=hunter2")

    app = build(on_startup=broken)
    async with client_of(app) as client:
        async with asyncio.timeout(5):
            while not app.state.lifecycle.failure:
                await asyncio.sleep(0)
        answer = await client.get("/ready")
    assert answer.status_code == 503
    assert "RuntimeError" in answer.json()["detail"]
    assert "hunter2" not in answer.text


async def test_every_fault_of_a_body_is_listed_with_its_pointer() -> None:
    async with client_of(build()) as client:
        answer = await client.post("/echo", json={"lines": [{"quantity": 0}, {"quantity": 1, "colour": "red"}], "x": 1})
    assert answer.status_code == 422
    document = answer.json()
    assert document["code"] == "invalid"
    assert {fault["pointer"] for fault in document["errors"]} == {"/lines/0/quantity", "/lines/1/colour", "/x"}


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/echo", b'{"lines": [', 400, "malformed-body"),
        ("/echo", b"", 422, "invalid"),
        ("/echo?limit=many", json.dumps(GOOD).encode(), 422, "invalid"),
        ("/nowhere", b"{}", 404, "not-found"),
        ("/refuse", b"", 409, "conflict"),
        ("/crash", b"", 500, "internal"),
    ],
)
async def test_every_failure_is_problem_json_with_a_trace_id(path: str, content: bytes, status: int, code: str) -> None:
    async with client_of(build()) as client:
        answer = await client.post(
            path,
            content=content,
            headers={"content-type": "application/json", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"},
        )
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    document = answer.json()
    assert (document["code"], document["status"], document["trace_id"]) == (code, status, TRACE)
    assert answer.headers["x-storemax-trace"] == TRACE


async def test_a_crash_leaks_nothing_and_leaves_its_stack_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    async with client_of(build()) as client:
        answer = await client.post("/crash")
        assert (await client.post("/echo", json=GOOD)).status_code == 200
    assert "secret-path" not in answer.text
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failed = next(line for line in lines if line["event"] == "request.failed")
    assert failed["error"] == "RuntimeError"
    assert "secret-path" in failed["stack"]
    assert failed["trace_id"] == answer.json()["trace_id"]


async def test_each_request_is_one_json_line_with_route_status_and_trace(capsys: pytest.CaptureFixture[str]) -> None:
    async with client_of(build()) as client:
        await client.get("/health")
        await client.post("/echo", json=GOOD, headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["route"], line["status"], line["trace_id"], line["agent"], line["incarnation"]) == (
        "/echo",
        200,
        TRACE,
        "tester",
        "inc-7",
    )


@pytest.mark.parametrize(
    "bad", ["", "00-zz-00-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{TRACE}-00f067aa0ba902b7-01"]
)
async def test_a_broken_traceparent_begins_a_new_trace(bad: str) -> None:
    async with client_of(build()) as client:
        answer = await client.get("/health", headers={"traceparent": bad})
    trace = answer.headers["x-storemax-trace"]
    assert len(trace) == 32
    assert trace not in bad


async def test_an_unknown_protocol_is_refused_and_the_known_ones_are_told() -> None:
    async with client_of(build()) as client:
        fine = await client.post("/echo", json=GOOD, headers={"X-StoreMax-Protocol": "9, 1"})
        refused = await client.post("/echo", json=GOOD, headers={"X-StoreMax-Protocol": "9"})
        probe = await client.get("/health", headers={"X-StoreMax-Protocol": "9"})
    assert (fine.status_code, fine.headers["x-storemax-protocol"]) == (200, "1")
    assert (refused.status_code, refused.json()["code"]) == (503, "protocol-unsupported")
    assert refused.headers["x-storemax-protocol-supported"] == "1"
    assert probe.status_code == 200


async def test_only_signed_requests_pass_when_there_is_a_key() -> None:
    key = "0123456789abcdef"
    who = Identity("acme", "key-1", "operator")
    signed = sign(key, method="POST", path="/echo?limit=2", identity=who, now=time.time())
    async with client_of(build(Settings(signing_keys=(key,), allow_unsigned=True))) as client:
        good = await client.post("/echo?limit=2", json=GOOD, headers=signed)
        other_query = await client.post("/echo?limit=3", json=GOOD, headers=signed)
        unsigned = await client.post("/echo", json=GOOD)
    assert good.json() == {"lines": 1, "tenant": "acme", "role": "operator", "limit": 2}
    assert [other_query.status_code, unsigned.status_code] == [401, 401]


async def test_without_a_key_all_work_is_refused_unless_unsigned_is_allowed() -> None:
    async with client_of(build(Settings())) as client:
        refused = await client.post("/echo", json=GOOD)
        assert (await client.get("/ready")).status_code in {200, 503}
    assert refused.status_code == 401
    assert "STOREMAX_SIGNING_KEY" in refused.json()["detail"]
    async with client_of(build(Settings(allow_unsigned=True))) as client:
        assert (await client.post("/echo", json=GOOD)).json()["role"] == "admin"


@pytest.mark.parametrize("path", ["/echo", "/count"])
async def test_a_body_over_the_limit_is_refused_whether_or_not_it_tells_its_length(path: str) -> None:
    limit = Settings(allow_unsigned=True, max_body_mb=0.01)  # 10,485 bytes

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(3):
            yield b" " * 4096

    async with client_of(build(limit)) as client:
        known = await client.post(path, content=b" " * 12_288, headers={"content-type": "application/json"})
        streamed = await client.post(path, content=chunks(), headers={"content-type": "application/json"})
        within = await client.post("/count", content=b" " * 10_000)
    assert [known.status_code, streamed.status_code] == [413, 413]
    assert streamed.json()["limit_mb"] == 0.01
    assert within.json() == {"bytes": 10_000}


async def test_a_draining_agent_refuses_new_work_but_answers_probes() -> None:
    told: list[str] = []
    app = build(on_drain=lambda: told.append("drain"))
    async with client_of(app) as client:
        assert await app.state.lifecycle.drain(grace_s=5)
        refused = await client.post("/echo", json=GOOD)
        health, ready = await client.get("/health"), await client.get("/ready")
    assert told == ["drain"]
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (503, "1", "unavailable")
    assert (health.status_code, ready.status_code) == (200, 503)
    assert "draining" in ready.json()["detail"]


async def test_a_drain_waits_for_running_work_but_not_longer_than_its_grace() -> None:
    app = build()
    lifecycle = app.state.lifecycle
    lifecycle.enter()
    assert not await lifecycle.drain(grace_s=0.01)
    asyncio.get_running_loop().call_soon(lifecycle.leave)
    assert await lifecycle.drain(grace_s=5)


async def test_work_beyond_the_limit_of_concurrent_requests_is_sent_elsewhere() -> None:
    app = build(Settings(allow_unsigned=True, max_concurrent=1))
    async with client_of(app) as client:
        app.state.lifecycle.enter()
        refused = await client.post("/echo", json=GOOD)
        app.state.lifecycle.leave()
        taken = await client.post("/echo", json=GOOD)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "overloaded", "2")
    assert taken.status_code == 200


async def test_without_memory_left_no_new_work_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "memory_left_mb", lambda: 0.0)
    async with client_of(build()) as client:
        refused = await client.post("/echo", json=GOOD)
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")


async def test_metrics_count_requests_by_route_and_never_by_path() -> None:
    async with client_of(build()) as client:
        await client.post("/echo", json=GOOD)
        await client.post("/made-up-1")
        await client.post("/made-up-2")
        text = (await client.get("/metrics")).text
    assert 'storemax_agent_requests_total{method="POST",route="/echo",status="200"} 1' in text
    assert 'storemax_agent_requests_total{method="POST",route="unmatched",status="404"} 2' in text
    assert 'storemax_agent_request_seconds_bucket{route="/echo",le="+Inf"} 1' in text
    assert "made-up" not in text
