"""Streams of JSON lines: heartbeats in silence, and a last line that says how it ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from containers.common.ndjson import ndjson_response
from contracts.errors import ProblemError


async def read(source: AsyncIterator[dict[str, Any]], heartbeat_s: float = 5) -> list[dict[str, Any]]:
    response = ndjson_response(source, heartbeat_s)
    text = b"".join([chunk async for chunk in response.body_iterator])  # type: ignore[misc]
    return [json.loads(line) for line in text.splitlines()]


async def test_a_silent_source_is_bridged_by_heartbeats() -> None:
    gate = asyncio.Event()

    async def source() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "first"}
        await gate.wait()
        yield {"type": "last"}

    asyncio.get_running_loop().call_later(0.05, gate.set)
    types = [item["type"] for item in await read(source(), heartbeat_s=0.01)]
    assert types[0] == "first"
    assert types[-1] == "last"
    assert set(types[1:-1]) == {"heartbeat"}


async def test_a_problem_on_the_way_is_the_last_line() -> None:
    async def source() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "first"}
        raise ProblemError("infeasible", "nothing fits")

    lines = await read(source())
    assert lines[-1]["type"] == "problem"
    assert lines[-1]["problem"]["code"] == "infeasible"


async def test_an_unexpected_fault_ends_the_stream_without_leaking() -> None:
    async def source() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "first"}
        raise KeyError("secret")

    lines = await read(source())
    assert lines[-1]["problem"]["code"] == "internal"
    assert "secret" not in json.dumps(lines)
