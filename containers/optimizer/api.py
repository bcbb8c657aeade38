"""The optimizer's HTTP routes: POST /optimize (JSON, or NDJSON with incumbents), and GET, DELETE /optimize/{job}."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request, Response, WebSocket, WebSocketDisconnect
from pydantic import ValidationError
from starlette.responses import StreamingResponse

from containers.common.gate import DEADLINE_KEY
from containers.common.identity import CurrentIdentity
from containers.common.problems import problem_response
from containers.common.tracing import trace_id
from containers.optimizer.jobs import Board, Job, Message
from containers.optimizer.registry import FAMILIES, family_names
from contracts.errors import Fault, ProblemError, from_document, from_validation
from contracts.optimize import OptimizeRequest

HEARTBEAT_S = 1.0
NDJSON = "application/x-ndjson"


def routes(board: Board) -> APIRouter:
    """The routes over one board of solves."""
    router = APIRouter()

    @router.get("/optimize")
    async def overview() -> dict[str, Any]:
        return {
            "problems": family_names(),
            "running": board.running,
            "waiting": board.waiting,
            "limits": {
                "running": board.limits.running,
                "waiting": board.limits.waiting,
                "solve_memory_bytes": board.limits.solve_memory,
            },
        }

    @router.post("/optimize")
    async def optimize(request: Request, who: CurrentIdentity) -> Response:
        body = await request.body()
        job = board.submit(_envelope(body), body, who.tenant, request.scope.get(DEADLINE_KEY))
        if NDJSON in request.headers.get("accept", ""):
            return await _stream(board, job)
        return await _wait(board, job, request)

    @router.get("/optimize/{job_id}")
    async def look(job_id: str, who: CurrentIdentity) -> Response:
        job = _known(board, who.tenant, job_id)
        about = json.dumps(job.describe())
        if job.outcome is not None:
            kind, payload = job.outcome
            about = f'{about[:-1]}, "{kind}": {payload.decode()}}}'
        return Response(about, media_type="application/json")

    @router.delete("/optimize/{job_id}")
    async def cancel(job_id: str, who: CurrentIdentity) -> dict[str, Any]:
        job = _known(board, who.tenant, job_id)
        board.cancel(job)
        return job.describe()

    @router.websocket("/optimize/{job_id}/events")
    async def follow(socket: WebSocket, job_id: str, who: CurrentIdentity) -> None:
        """The lines of the stream as messages: incumbents, then the outcome. The message "cancel" ends the solve."""
        job = _known(board, who.tenant, job_id)
        await socket.accept()
        await _follow(board, job, socket)

    return router


def _known(board: Board, tenant: str, job_id: str) -> Job:
    job = board.find(tenant, job_id)
    if job is None:
        raise ProblemError("not-found", f"this agent knows no job {job_id!r}")
    return job


def _envelope(body: bytes) -> OptimizeRequest:
    """The request around the problem; the problem's own data is validated where it is solved."""
    try:
        envelope = OptimizeRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise ProblemError("malformed-body", f"the body is not JSON: {first['msg']}") from error
        raise from_validation(error) from error
    if envelope.problem not in FAMILIES:
        detail = f"no problem family {envelope.problem!r}; this agent solves {', '.join(family_names())}"
        raise ProblemError("invalid", detail, errors=(Fault("/problem", detail),))
    return envelope


async def _wait(board: Board, job: Job, request: Request) -> Response:
    """The outcome as one JSON document; a caller who hangs up is noticed within half a second."""
    queue = job.listen()
    try:
        while True:
            try:
                message = await asyncio.wait_for(queue.get(), HEARTBEAT_S / 2)
            except TimeoutError:
                if await request.is_disconnected():
                    return Response(status_code=499)
                continue
            if message[0] != "incumbent":
                return _document(message)
    finally:
        board.leave(job, queue)


def _document(message: Message) -> Response:
    kind, payload = message
    if kind == "result":
        return Response(payload, media_type="application/json")
    return problem_response(from_document(json.loads(payload)))


async def _stream(board: Board, job: Job) -> Response:
    """Incumbents as lines. A fault that shows within the first heartbeat gets its own HTTP status."""
    queue = job.listen()
    first: Message | None = None
    try:
        first = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
    except TimeoutError:
        pass
    except asyncio.CancelledError:
        board.leave(job, queue)
        raise
    if first is not None and first[0] == "problem":
        board.leave(job, queue)
        return _document(first)
    return StreamingResponse(_lines(board, job, queue, first), media_type=NDJSON)


async def _lines(
    board: Board, job: Job, queue: asyncio.Queue[Message], message: Message | None
) -> AsyncIterator[bytes]:
    try:
        while True:
            if message is None:
                yield b'{"type":"heartbeat"}\n'
            else:
                yield _line(message)
                if message[0] != "incumbent":
                    return
            try:
                message = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
            except TimeoutError:
                message = None
    finally:
        board.leave(job, queue)


async def _follow(board: Board, job: Job, socket: WebSocket) -> None:
    queue = job.listen()
    wishes = asyncio.create_task(_take_wishes(board, job, socket))
    try:
        while not wishes.done():
            try:
                message = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
            except TimeoutError:
                await socket.send_text('{"type":"heartbeat"}')
                continue
            await socket.send_text(_line(message).decode().rstrip())
            if message[0] != "incumbent":
                await socket.close(1000, "the job is over")
                return
    finally:
        wishes.cancel()
        board.leave(job, queue)


async def _take_wishes(board: Board, job: Job, socket: WebSocket) -> None:
    """Until the client has gone."""
    with suppress(WebSocketDisconnect):
        while True:
            if await socket.receive_text() == "cancel":
                board.cancel(job)


def _line(message: Message) -> bytes:
    kind, payload = message
    if kind == "problem":
        payload = json.dumps(json.loads(payload) | {"trace_id": trace_id.get()}).encode()
    if kind == "incumbent":
        return b'{"type":"incumbent",' + payload[1:] + b"\n"
    return b'{"type":"' + kind.encode() + b'","' + kind.encode() + b'":' + payload + b"}\n"
