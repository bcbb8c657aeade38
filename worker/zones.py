"""How routes reach a zone's object, and how its answers to operations with an idempotency key become replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from contracts.errors import ProblemError, from_document
from contracts.rpc import dumps
from worker.call import Call, Reply
from worker.idempotency import identify

PROBLEM_JSON = "application/problem+json"
ZONE_PATH = "/v1/warehouses/{warehouse_id}/zones/{zone_id}"


def zone_name(call: Call, zone: str | None = None) -> str:
    """The object of a zone of the path's warehouse, the path's own zone when none is named."""
    return call.object_name(call.warehouse(), zone or call.params["zone_id"])


async def ask_zone(call: Call, method: str, payload: Any = None, zone: str | None = None) -> Any:
    return await call.rpc(call.env.WAREHOUSE_ZONE, zone_name(call, zone), method, payload)


def head(call: Call, **more: Any) -> dict[str, Any]:
    """Who asks, and the idempotency key with all that a replay must repeat."""
    about = {"author": call.principal.subject, **more}
    if call.idempotency_key is not None:
        key, fingerprint = identify(call, call.idempotency_key)
        about |= {"key": key, "fingerprint": fingerprint, "instance": call.path, "trace_id": call.trace_id}
    return about


async def change(call: Call, method: str, text: str) -> tuple[str, str, bool]:
    """Ask the path's zone for a change: ("answer" or "problem", JSON text, whether it is a replay)."""
    found = await call.rpc_text(call.env.WAREHOUSE_ZONE, zone_name(call), method, text)
    flag, _, rest = found.partition(',"')
    member, _, value = rest.partition('":')
    replayed = flag.endswith("true")
    if replayed:
        call.notes["idempotent"] = "replayed"
    return member, value[:-1], replayed


def replay_headers(replayed: bool) -> dict[str, str]:
    return {"idempotent-replayed": "true"} if replayed else {}


def replayed_problem(text: str, rewrite: Callable[[ProblemError], ProblemError] | None = None) -> Reply:
    """The problem that was answered first, in the same bytes. `rewrite`: as the route rewrites a first one."""
    document: Mapping[str, Any] = json.loads(text)
    if rewrite is not None:
        problem = rewrite(from_document(document))
        document = {**problem.document(), "instance": document["instance"], "trace_id": document["trace_id"]}
    return Reply(document["status"], dumps(document), replay_headers(True), PROBLEM_JSON)
