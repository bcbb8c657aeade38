"""Idempotency keys: the answer to an unsafe request is remembered, so that a repeat acts no second time.

(draft-ietf-httpapi-idempotency-key-header.) A repeat with the same key and the same request gets the first answer; with
another request it is refused; while the first one still runs it is told to wait. Answers of 5xx and 429 are not kept:
those may be tried again. An answer that shows a secret is kept sealed: with a key that is made from the client's
idempotency key, which is stored nowhere, and from the installation's signing key.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from contracts.errors import Fault, ProblemError
from contracts.rpc import dumps
from worker.auth.webcrypto import seal, unseal
from worker.call import Call, Reply
from worker.render import render
from worker.routing import Route
from worker.streams import copied, text_within, whole

HEADER = "idempotency-key"
_FORM = re.compile(r"^[\x21-\x7e]{1,255}$")
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MAX_STREAMED_BYTES = 400_000  # of an agent's answer; a longer one is repeated without its body
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
    if route.body == "stream":
        # The request is told from another one by its body, so it must be there before anything is done.
        call.whole_body, call.body_bytes = await whole(call.request.js_object.body, route.max_body_bytes)
    memory = _Memory(call, key, sealed=route.idempotent == "sealed")
    kept = await memory.begin()
    if kept is not None:
        call.notes["idempotent"] = "replayed"
        headers = {**kept["headers"], "idempotent-replayed": "true"}
        return Reply(kept["status"], kept["body"], headers, kept["media_type"])
    try:
        reply = await route.handler(call)
    except ProblemError as problem:
        if problem.status >= 500 or problem.status == 429:
            await memory.forget()
        else:
            document = {**problem.document(), "instance": call.path, "trace_id": call.trace_id}
            await memory.keep(problem.status, render(document), {}, "application/problem+json")
        raise
    except BaseException:  # cancelled or broken: nobody knows how far it came, so a repeat may try
        await memory.forget()
        raise
    if reply.response is not None:
        return await _streamed(call, memory, reply)
    content = render(reply.body)
    if reply.cookies or isinstance(content, bytes) or reply.status >= 500:
        await memory.forget()
        return reply
    await memory.keep(reply.status, content, dict(reply.headers), reply.media_type)
    return reply


async def _streamed(call: Call, memory: _Memory, reply: Reply) -> Reply:
    """An agent's answer goes to the client as it comes; a copy of it is remembered when it has come to its end."""
    if reply.status >= 500 or reply.status == 429:
        await memory.forget()
        return reply
    reply.response, copy, media_type = copied(reply.response)

    async def remember() -> None:
        try:
            content = await text_within(copy, MAX_STREAMED_BYTES)
        except Exception:  # it broke off: there is no whole answer that could be repeated
            await memory.forget()
            raise
        await memory.keep(reply.status, content, {}, media_type)

    call.context.waitUntil(remember())
    return reply


class _Memory:
    """What the object remembers of one key."""

    def __init__(self, call: Call, key: str, *, sealed: bool) -> None:
        self._call = call
        self._name, self._fingerprint = identify(call, key)
        self._shard = call.object_name(f"i{int(self._name[:8], 16) % _SHARDS}")
        who = f"{call.principal.tenant}\n{call.principal.subject}\n{key}"
        self._secret = f"{call.env.STOREMAX_SIGNING_KEY}\n{who}" if sealed else ""

    async def begin(self) -> dict[str, Any] | None:
        """None: run it. Otherwise the first answer. Raises idempotency-key-reused, idempotency-in-progress."""
        kept: dict[str, Any] | None = await self._ask("begin", {"fingerprint": self._fingerprint})
        if kept is None or "sealed" not in kept:
            return kept
        text = await unseal(self._secret, kept["sealed"])
        if text is None:
            detail = "the first answer was sealed with a signing key that is no longer used: it cannot be shown again"
            raise ProblemError("idempotency-key-reused", detail)
        opened: dict[str, Any] = json.loads(text)
        return opened

    async def keep(self, status: int, body: str | bytes | None, headers: dict[str, str], media_type: str) -> None:
        answer: dict[str, Any] = {"status": status, "body": body, "headers": headers, "media_type": media_type}
        if self._secret:
            answer = {"sealed": await seal(self._secret, dumps(answer))}
        await self._ask("finish", {"answer": answer})

    async def forget(self) -> None:
        await self._ask("forget", {})

    async def _ask(self, method: str, payload: dict[str, Any]) -> Any:
        return await self._call.rpc(self._call.env.IDEMPOTENCY, self._shard, method, {"key": self._name, **payload})
