"""Transfers of stock from one zone of a warehouse to another."""

from __future__ import annotations

import secrets

from contracts.errors import Fault, ProblemError
from contracts.paging import Page, decode_cursor
from contracts.rpc import dumps
from contracts.stock import Transfer, TransferCreate, TransferQuery
from worker.call import Call, Reply
from worker.objects import ask_state, fingerprint, json_of, page, tagged
from worker.routing import route
from worker.zones import ZONE_PATH, ask_zone, change, head, replay_headers, replayed_problem

TAG = "stock"
PATH = ZONE_PATH + "/transfers"


@route(
    "POST",
    PATH,
    role="operator",
    summary="Move stock to another zone",
    tag=TAG,
    cost=5,
    body=TransferCreate,
    answers={201: Transfer, 202: Transfer},
    problems=("not-found", "invalid", "conflict", "version-conflict", "insufficient-stock"),
    idempotent="object",
    max_body_bytes=8 * 1024 * 1024,
)
async def create_transfer(call: Call) -> Reply:
    """201: it has ended, `completed` or `refused` (then everything is back, and `problem` says why). 202: the target has not
    answered yet; it will be asked until it does, and the transfer's address tells what became of it."""
    body = json_of(call.body)
    content = fingerprint({**body, "id": ""})
    zones = (await ask_state(call, "summary"))["zones"]
    if body["to_zone"] not in zones:
        detail = f"the warehouse has no zone {body['to_zone']!r}; it has {', '.join(zones)}"
        raise ProblemError("invalid", f"/to_zone: {detail}", errors=(Fault("/to_zone", detail),))
    about = head(call, content=content)
    # The same key gives the same id, so that not even a forgotten key makes a second transfer.
    body.setdefault("id", f"t-{about['key'][:24]}" if "key" in about else f"t-{secrets.token_hex(12)}")
    member, value, replayed = await change(call, "transfer", dumps({**about, "body": body}))
    if member == "problem":
        return replayed_problem(value)
    headers = {"location": f"{call.path}/{body['id']}", **replay_headers(replayed)}
    return Reply(202 if '"state":"in-transit"' in value else 201, value, headers)


@route(
    "GET",
    PATH,
    role="viewer",
    summary="Transfers that have left a zone, oldest first",
    tag=TAG,
    query=TransferQuery,
    answers={200: Page},
    problems=("not-found",),
)
async def list_transfers(call: Call) -> Reply:
    after = decode_cursor(call.query.cursor, int, str)
    query = {"after": after, "limit": call.query.limit, "state": call.query.state}
    found = await ask_zone(call, "list_transfers", query)
    following = found[-1][0] if len(found) == call.query.limit else None
    return page(call, call.path, [entry for _, entry in found], following)


@route(
    "GET",
    PATH + "/{transfer_id}",
    role="viewer",
    summary="One transfer",
    tag=TAG,
    answers={200: Transfer, 304: None},
    problems=("not-found",),
)
async def get_transfer(call: Call) -> Reply:
    found = await ask_zone(call, "get_transfer", {"id": call.params["transfer_id"]})
    return tagged(call, found, f'"{fingerprint(found)[:32]}"')
