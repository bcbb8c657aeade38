"""Idempotency keys: the answer to an unsafe request is remembered, so that a repeat acts no second time.

(draft-ietf-httpapi-idempotency-key-header.) A repeat with the same key and the same request gets the first answer; with
another request it is refused; while the first one still runs it is told to wait. Answers of 5xx are not kept: those may
be tried again.
"""

from __future__ import annotations

import hashlib
import re

from contracts.errors import Fault, ProblemError
from worker.call import Call, Reply
from worker.render import render
from worker.routing import Route

HEADER = "idempotency-key"
_FORM = re.compile(r"^[\x21-\x7e]{1,255}$")
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SHARDS = 16  # objects per tenant: one object would take every unsafe request of the tenant in turn


def identify(call: Call, key: str) -> tuple[str, str]:
    """Two hashes: of the key with whose it is, and of the request that it came with."""
    scope = f"{call.principal.subject}\n{key}"
    request = f"{call.method}\n{call.path}\n{call.query_text}\n".encode() + call.body_bytes
    return hashlib.sha256(scope.encode()).hexdigest(), hashlib.sha256(request).hexdigest()


async def with_idempotency(call: Call, route: Route) -> Reply:
    """Run the handler, once per key."""
    key = call.header.get(HEADER) if call.method in _UNSAFE else None
    if key is None:
        return await route.handler(call)
    key = key.strip('"')
    if not _FORM.match(key):
        detail = "an idempotency key has 1 to 255 printable characters without blanks"
        raise ProblemError("bad-request", detail, errors=(Fault("/header/idempotency-key", detail),))
    if route.idempotent == "object":
        call.idempotency_key = key
        return await route.handler(call)
    if route.idempotent is False or route.body == "stream" or route.upgrade:
        return await route.handler(call)
    name, fingerprint = identify(call, key)
    shard = call.object_name(f"i{int(name[:8], 16) % _SHARDS}")
    kept = await call.rpc(call.env.IDEMPOTENCY, shard, "begin", {"key": name, "fingerprint": fingerprint})
    if kept is not None:
        call.notes["idempotent"] = "replayed"
        return Reply(
            kept["status"], kept["body"], {**kept["headers"], "idempotent-replayed": "true"}, kept["media_type"]
        )
    try:
        reply = await route.handler(call)
    except ProblemError as problem:
        if problem.status >= 500 or problem.status == 429:
            await call.rpc(call.env.IDEMPOTENCY, shard, "forget", {"key": name})
        else:
            document = {**problem.document(), "instance": call.path, "trace_id": call.trace_id}
            record: dict[str, object] = {"status": problem.status, "body": render(document), "headers": {}}
            record["media_type"] = "application/problem+json"
            await call.rpc(call.env.IDEMPOTENCY, shard, "finish", {"key": name, "answer": record})
        raise
    except BaseException:  # cancelled or broken: nobody knows how far it came, so a repeat may try
        await call.rpc(call.env.IDEMPOTENCY, shard, "forget", {"key": name})
        raise
    content = render(reply.body) if reply.response is None else None
    if reply.response is not None or reply.cookies or isinstance(content, bytes) or reply.status >= 500:
        await call.rpc(call.env.IDEMPOTENCY, shard, "forget", {"key": name})
        return reply
    kept_headers = dict(reply.headers)
    record = {"status": reply.status, "body": content, "headers": kept_headers, "media_type": reply.media_type}
    await call.rpc(call.env.IDEMPOTENCY, shard, "finish", {"key": name, "answer": record})
    return reply
