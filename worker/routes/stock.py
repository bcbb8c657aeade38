"""Stock: lines by zone, location and SKU, the operations that change them, the ledger and its audit."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from pydantic import RootModel

from contracts.errors import Fault, ProblemError
from contracts.paging import Page, PageQuery, decode_cursor, encode_cursor
from contracts.rpc import dumps
from contracts.stock import (
    LedgerQuery,
    Operation,
    StockAudit,
    StockLineChange,
    StockLineState,
    StockOperations,
    StockOutcome,
    StockQuery,
    ZoneSummary,
)
from worker.call import Call, Reply
from worker.etags import matches
from worker.objects import ask_state, fingerprint, if_match_version, json_of, page, tagged
from worker.routing import route
from worker.zones import ZONE_PATH, ask_zone, change, head, replay_headers, replayed_problem

TAG = "stock"
ZONES_AT_ONCE = 8  # asked together when a filter leaves few lines in each
AUDIT_SECONDS = 10.0  # after which an audit answers with what it has compared so far
AUDIT_SLICE = 2000  # locations compared in one call of the zone's object
REFUSALS = ("invalid", "version-conflict", "insufficient-stock", "capacity-exceeded")


class LineOperation(RootModel[Operation]):
    """One operation on the line that the path names."""


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}/stock",
    role="viewer",
    summary="What lies where, by zone, location and SKU",
    tag=TAG,
    query=StockQuery,
    answers={200: Page, 304: None},
    problems=("not-found",),
)
async def list_stock(call: Call) -> Reply:
    """Lines that hold something; `empty=true` lists the others too. The ETag changes with every change of a zone that is read."""
    query, limit = call.query, call.query.limit
    after = decode_cursor(call.query.cursor, str, str, str)
    zones = [query.zone] if query.zone else list((await ask_state(call, "summary"))["zones"])
    if after is not None:
        zones = [zone for zone in zones if zone >= after[0]]
    wish = {"location": query.location, "sku": query.sku, "empty": query.empty}
    found: list[dict[str, Any]] = []
    read: list[list[Any]] = []
    width = ZONES_AT_ONCE if query.location or query.sku else 1
    for start in range(0, len(zones), width):
        asked = zones[start : start + width]
        wanted = {**wish, "limit": limit - len(found)}
        starts = [after[1:] if after is not None and zone == after[0] else None for zone in asked]
        answers = await asyncio.gather(
            *(
                ask_zone(call, "lines", {**wanted, "after": begin}, zone)
                for zone, begin in zip(asked, starts, strict=True)
            )
        )
        for zone, answer in zip(asked, answers, strict=True):
            found += answer["lines"]
            read.append([zone, answer["ledger"]])
        if len(found) >= limit:
            break
    found = found[:limit]
    last = found[-1] if len(found) == limit else None
    following = [last["zone"], last["location"], last["sku"]] if last else None
    reply = page(call, f"/v1/warehouses/{call.warehouse()}/stock", found, following)
    reply.headers["etag"] = etag = f'"{fingerprint(read)[:32]}"'
    if matches(call.header.get("if-none-match", ""), etag):
        return Reply(304, None, reply.headers)
    return reply


@route(
    "GET",
    ZONE_PATH,
    role="viewer",
    summary="A zone's totals",
    tag=TAG,
    answers={200: ZoneSummary, 304: None},
    problems=("not-found",),
)
async def get_zone(call: Call) -> Reply:
    found = await ask_zone(call, "summary")
    return tagged(call, found, f'"{fingerprint(found)[:32]}"')


@route(
    "POST",
    ZONE_PATH + "/stock",
    role="operator",
    summary="Operations on stock, up to 10,000 at once",
    tag=TAG,
    cost=5,
    body=StockOperations,
    answers={200: StockOutcome},
    problems=REFUSALS,
    idempotent="object",
    max_body_bytes=8 * 1024 * 1024,
    examples={
        "receive and put aside": {
            "lines": [
                {"op": "receive", "location": "A01-L-001-1", "sku": "apple", "quantity": 12, "reference": "delivery-7"},
                {"op": "reserve", "location": "A01-L-001-1", "sku": "apple", "quantity": 2, "reference": "order-1"},
            ]
        }
    },
)
async def post_stock(call: Call) -> Reply:
    """Lines take effect in order: all, or none when one is refused; with `partial` each on its own. The answer's lines
    stand in the order of the request's."""
    text = call.body_bytes.decode()  # as it was sent: SQLite reads it, and nobody takes it apart on the way
    about = head(call, partial=call.body.partial, bytes=len(call.body_bytes))
    member, value, replayed = await change(call, "post", f"{dumps(about)}\n{text}")
    if member == "problem":
        return replayed_problem(value)
    return Reply(200, value, replay_headers(replayed))


@route(
    "GET",
    ZONE_PATH + "/stock/{location}/{sku}",
    role="viewer",
    summary="A SKU at a location",
    tag=TAG,
    answers={200: StockLineState, 304: None},
    problems=("not-found",),
)
async def get_stock_line(call: Call) -> Reply:
    line = await ask_zone(call, "line", {"location": call.params["location"], "sku": call.params["sku"]})
    return tagged(call, line, f'"v{line["version"]}"')


@route(
    "POST",
    ZONE_PATH + "/stock/{location}/{sku}",
    role="operator",
    summary="One operation on a SKU at a location",
    tag=TAG,
    body=LineOperation,
    answers={200: StockLineChange},
    problems=(*REFUSALS, "precondition-failed"),
    idempotent="object",
    max_body_bytes=64 * 1024,
    examples={"correct": {"op": "adjust", "delta": -1, "reference": "damaged"}},
)
async def change_stock_line(call: Call) -> Reply:
    """`If-Match` with the ETag of a read, or `version` in the body, refuses the operation when the line has changed since."""
    place = {"location": call.params["location"], "sku": call.params["sku"]}
    line = {**json_of(call.body), **place}
    expected = if_match_version(call)
    if expected is not None:
        line["version"] = expected

    def rewrite(problem: ProblemError) -> ProblemError:
        return _of_one_line(problem, expected is not None)

    body = dumps({"lines": [line]})
    about = head(call, partial=False, bytes=len(body.encode()))
    try:
        member, value, replayed = await change(call, "post", f"{dumps(about)}\n{body}")
    except ProblemError as problem:
        raise rewrite(problem) from None
    if member == "problem":
        return replayed_problem(value, rewrite)
    outcome = json.loads(value)
    state = outcome["lines"][0]
    available = state["quantity"] - state["reserved"]
    answer = {**place, **state, "available": available, "posting": outcome["posting"]}
    return Reply(200, answer, {"etag": f'"v{state["version"]}"', **replay_headers(replayed)})


def _of_one_line(problem: ProblemError, conditional: bool) -> ProblemError:
    """A refusal of the only line of a call, told as one of the resource: pointers, and the state as `current`."""
    if "refused" not in problem.extra:
        return problem
    refused = problem.extra["refused"][0]
    current = {name: refused[name] for name in ("quantity", "reserved", "version")}
    faults = tuple(Fault(fault.pointer.removeprefix("/lines/0"), fault.detail) for fault in problem.errors)
    code, headers = problem.code, {"etag": f'"v{refused["version"]}"'}
    if conditional and code == "version-conflict":
        code, faults = "precondition-failed", ()
    detail = problem.detail.removeprefix("/lines/0")
    return ProblemError(code, detail, errors=faults, extra={"current": current}, headers=headers)


@route(
    "GET",
    ZONE_PATH + "/ledger",
    role="viewer",
    summary="Every change of stock, oldest first",
    tag=TAG,
    query=LedgerQuery,
    answers={200: Page},
    problems=("not-found",),
)
async def list_ledger(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, int)
    wish = {"location": call.query.location, "sku": call.query.sku, "limit": call.query.limit}
    found = await ask_zone(call, "ledger", {**wish, "after": key[0] if key else 0})
    following = [found[-1]["sequence"]] if len(found) == call.query.limit else None
    return page(call, call.path, found, following)


@route(
    "GET",
    ZONE_PATH + "/audit",
    role="viewer",
    summary="Stock and reservations rebuilt from the ledger, and compared",
    tag=TAG,
    cost=50,
    priority="background",
    query=PageQuery,
    answers={200: StockAudit},
    problems=("not-found",),
)
async def audit_stock(call: Call) -> Reply:
    """No differences: what is stored is what the ledger says. Compares the whole zone, or as much as ten seconds allow;
    then `next_cursor` goes on. Each location is compared as of one moment."""
    key = decode_cursor(call.query.cursor, str)
    after: str | None = key[0] if key else ""
    report: dict[str, Any] = {"zone": call.params["zone_id"], "locations": 0, "lines": 0, "ledger_rows": 0}
    differences: list[Any] = []
    until = time.time() + AUDIT_SECONDS
    while after is not None:
        found = await ask_zone(call, "audit", {"after": after, "locations": AUDIT_SLICE})
        for name in ("locations", "lines", "ledger_rows"):
            report[name] += found[name]
        differences += found["differences"]
        after = found["next"]
        if time.time() > until:
            break
    cursor = None if after is None else encode_cursor([after])
    return Reply(200, {**report, "differences": differences, "next_cursor": cursor})
