"""A warehouse's events: pages, live streams, and the archive."""

from __future__ import annotations

import json
import re
from typing import Any

import js

from contracts.errors import Fault, ProblemError, from_document
from contracts.events import ArchiveFile, ArchiveQuery, EventPage, EventQuery
from contracts.paging import Page, decode_cursor
from worker.call import Call, Reply
from worker.events import archive
from worker.media import acceptable
from worker.objects import ask_state, page
from worker.routing import route

TAG = "events"
PATH = "/v1/warehouses/{warehouse_id}/events"
ARCHIVE = "/v1/warehouses/{warehouse_id}/archive"
AGENT_EVENTS_AT_ONCE = 100  # each lies in a file of its own
_EVENT_STREAM = "text/event-stream"
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@route(
    "GET",
    PATH,
    role="viewer",
    summary="What happened: a page, Server-Sent Events, or a WebSocket",
    tag=TAG,
    query=EventQuery,
    answers={200: EventPage, 101: None},
    produces=("application/json", _EVENT_STREAM),
    problems=("not-found", "gone"),
    upgrade=True,
    description=(
        "One gap-free sequence per warehouse. With `Accept: text/event-stream` the answer goes on with every new event"
        " (`Last-Event-ID` is honoured); with `Upgrade: websocket` each message is one event. Both begin after `cursor`, or"
        " from now on without one, and carry heartbeats. A cursor from the future is `bad-request`, one that is no longer"
        " kept is `gone` and tells the oldest. See docs/events.md."
    ),
)
async def get_events(call: Call) -> Reply:
    socket = call.header.get("upgrade", "").lower() == "websocket"
    accepted = acceptable(call.header.get("accept", ""), ("application/json", _EVENT_STREAM))
    if socket or accepted == _EVENT_STREAM:
        return Reply(response=await _follow(call))
    query: EventQuery = call.query
    found = await ask_state(call, "events", query.model_dump(mode="json"))
    path = PATH.format(warehouse_id=call.warehouse())
    wish = {**query.model_dump(mode="json", exclude_defaults=True), "cursor": found["next_cursor"]}
    link = "&".join(f"{name}={value}" for name, value in wish.items())
    return Reply(200, found, {"link": f'<{path}?{link}>; rel="next"'} if found["next_cursor"] < found["head"] else {})


async def _follow(call: Call) -> Any:
    """The object's own answer, untouched: a socket, or a stream that goes on. Raises the ProblemError that it tells."""
    response = await call.fetch_from(call.env.WAREHOUSE_STATE, call.object_name(call.warehouse()))
    if response.status >= 400:
        problem = from_document(json.loads(await response.text()))
        retry_after = response.headers.get("retry-after")
        if isinstance(retry_after, str):
            problem.headers = {"retry-after": retry_after}
        raise problem
    if response.status == 101:
        return response
    headers = [["content-type", _EVENT_STREAM], ["cache-control", "no-store"], ["x-trace-id", call.trace_id]]
    return js.Response.new(response.body, js.JSON.parse(json.dumps({"headers": headers})))


@route(
    "GET",
    ARCHIVE,
    role="admin",
    summary="The archive's files of one UTC day, in order",
    tag=TAG,
    query=ArchiveQuery,
    answers={200: Page},
    problems=("not-found",),
    description="Each file holds the events `first`..`last`, all of that day. Files appear some minutes after the events.",
)
async def list_archive(call: Call) -> Reply:
    await ask_state(call, "summary")  # an unknown warehouse is told apart from an empty day
    query: ArchiveQuery = call.query
    folder = archive.folder(call.principal.tenant, call.warehouse(), query.day)
    key = decode_cursor(query.cursor, str)
    options: dict[str, Any] = {"prefix": folder, "limit": query.limit}
    if key:
        options["startAfter"] = folder + key[0]
    found = await call.archive(lambda r2: r2.list(options))
    items = [_file(entry, folder) for entry in found["objects"]]
    following = [items[-1].name] if found["truncated"] and items else None
    path = ARCHIVE.format(warehouse_id=call.warehouse())
    return page(call, path, [item.model_dump(mode="json") for item in items], following)


def _file(entry: Any, folder: str) -> ArchiveFile:
    name = str(entry.key).removeprefix(folder)
    span = archive.range_of(name)
    assert span is not None, f"{entry.key} is no file of the archive"
    at = str(entry.uploaded.toISOString())
    return ArchiveFile(name=name, first=span[0], last=span[1], bytes=int(entry.size), archived_at=at)


@route(
    "GET",
    "/v1/archive/agents/{agent_type}",
    role="admin",
    summary="The archived events of an agent's instances on one UTC day, in order",
    tag=TAG,
    query=ArchiveQuery,
    answers={200: Page},
    description="They tell of every tenant's sessions, so they are for the bootstrap key alone.",
)
async def list_agent_events(call: Call) -> Reply:
    if not call.principal.platform:
        raise ProblemError("forbidden", "the agents' events tell of every tenant: only the bootstrap key reads them")
    query: ArchiveQuery = call.query
    agent = call.params["agent_type"]
    folder = archive.folder(archive.AGENTS, agent, query.day)
    key = decode_cursor(query.cursor, str)
    options: dict[str, Any] = {"prefix": folder, "limit": min(query.limit, AGENT_EVENTS_AT_ONCE)}
    if key:
        options["startAfter"] = folder + key[0]
    found = await call.archive(lambda r2: r2.list(options))
    names = [str(entry.key) for entry in found["objects"]]
    items = [json.loads(await _plain_text(call, name)) for name in names]
    following = [names[-1].removeprefix(folder)] if found["truncated"] and names else None
    return page(call, f"/v1/archive/agents/{agent}", items, following)


async def _plain_text(call: Call, key: str) -> str:
    async def read(r2: Any) -> str:
        stored = await r2.get(key)
        return str(await js.Response.new(stored.body.pipeThrough(js.DecompressionStream.new("gzip"))).text())

    return str(await call.archive(read))


@route(
    "GET",
    ARCHIVE + "/{day}/{name}",
    role="admin",
    summary="A file of the archive: one event a line",
    tag=TAG,
    answers={200: "application/x-ndjson"},
    problems=("not-found",),
)
async def get_archive_file(call: Call) -> Reply:
    day, name = call.params["day"], call.params["name"]
    if not _DAY.match(day) or archive.range_of(name) is None:
        detail = "a day is written 2026-11-24, and the name comes from the list of that day"
        raise ProblemError("bad-request", detail, errors=(Fault("/path/name", detail),))
    key = archive.folder(call.principal.tenant, call.warehouse(), day) + name
    stored = await call.archive(lambda r2: r2.get(key))
    if stored is None:
        raise ProblemError("not-found", f"the archive of {day} has no file {name!r}")
    plain = stored.body.pipeThrough(js.DecompressionStream.new("gzip"))
    headers = [["content-type", "application/x-ndjson"], ["x-trace-id", call.trace_id]]
    return Reply(response=js.Response.new(plain, js.JSON.parse(json.dumps({"headers": headers}))))
