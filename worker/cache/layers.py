"""Read through: isolate → KV → truth, with one refresh per key and isolate, and stale copies for a truth that fails."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from contracts.errors import ProblemError
from contracts.rpc import dumps
from worker.cache.memory import MEMORY, Entry
from worker.call import Call, Principal, Reply
from worker.log import event
from worker.routing import Caching

KV_PREFIX = "c:"
_KV_KEY_BYTES = 512  # the platform's limit; longer keys stay out of KV
_KV_VALUE_CHARACTERS = 4 * 1024 * 1024  # the platform takes 25 MiB; an isolate has memory for a few such texts alone
_POLL_S = 0.004
_PATIENCE_S = 2.0  # after this long a waiting request asks the truth itself
_KEPT_HEADERS = frozenset({"link", "content-disposition", "last-modified", "content-language"})
_refreshing: dict[str, float] = {}  # key → when its refresh began


def key_of(call: Call) -> str:
    """`{tenant}:{path}?{query}#{scope}`: events invalidate by tenant and path; the scope keeps narrower rights apart."""
    who = call.principal
    return f"{who.tenant}:{call.path}?{call.query_text}#{scope_of(who)}"


def scope_of(who: Principal) -> str:
    """What an answer may depend on besides tenant and path: the role, whether it runs the installation, the warehouses."""
    if who.platform:
        return "platform"
    if who.warehouses is None:
        return who.role
    return who.role + hashlib.sha256(",".join(sorted(who.warehouses)).encode()).hexdigest()[:16]


def etag_of(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


async def read(
    call: Call, policy: Caching, produce: Callable[[], Awaitable[Reply]], buffer: Callable[[bytes], Any]
) -> Entry | Reply:
    """A copy, or a Reply that cannot be kept (a stream). `produce` asks the truth; `buffer` makes a servable body.

    Raises what the truth raises when there is no copy to fall back on. Notes `cache` on the call: hit, kv, miss, stale.
    """
    key = key_of(call)
    copy = MEMORY.get(key, call.now)
    if copy is not None and copy.fresh_until > call.now:
        call.notes["cache"] = "hit"
        return copy
    began = _refreshing.get(key)
    if began is not None and call.now - began < _PATIENCE_S:
        if copy is not None:
            call.notes["cache"] = "updating"
            return copy
        found = await _wait_for_other(key, call.now)
        if found is not None:
            call.notes["cache"] = "hit"
            return found
    _refreshing[key] = call.now
    try:
        return await _refresh(call, key, policy, produce, buffer, copy)
    finally:
        _refreshing.pop(key, None)


async def _wait_for_other(key: str, now: float) -> Entry | None:
    """Another request of this isolate is asking. A request may not wait on another one's promise in a Worker, so poll."""
    for _ in range(int(_PATIENCE_S / _POLL_S)):
        await asyncio.sleep(_POLL_S)
        if key not in _refreshing:
            break
    return MEMORY.get(key, now)


async def _refresh(
    call: Call,
    key: str,
    policy: Caching,
    produce: Callable[[], Awaitable[Reply]],
    buffer: Callable[[bytes], Any],
    copy: Entry | None,
) -> Entry | Reply:
    began = time.time()
    in_kv = policy.kv_s > 0 and len((KV_PREFIX + key).encode()) <= _KV_KEY_BYTES
    if in_kv:
        kept = await _from_kv(call, key, policy, buffer)
        # Whoever has written through this isolate must not meet an older copy from KV, where deletions spread slowly.
        if kept is not None and not MEMORY.dropped_since(key, kept.stored):
            if kept.fresh_until > call.now:
                MEMORY.put(key, kept)
                call.notes["cache"] = "kv"
                return kept
            copy = copy or kept
    try:
        reply = await produce()
    except ProblemError as problem:
        if problem.status == 404 and policy.negative_s > 0:
            document = {**problem.document(), "instance": call.path}
            missing = _missing(call, policy, document, buffer)
            if not MEMORY.dropped_since(key, began):
                MEMORY.put(key, missing)
            return missing
        if problem.status < 500 or copy is None:
            raise
        return _stale(call, copy, problem)
    except Exception as fault:
        if copy is None:
            raise
        return _stale(call, copy, fault)
    if reply.status != 200 or reply.response is not None or reply.cookies:
        return reply
    entry = _entry(reply, call.now, policy, buffer)
    call.notes["cache"] = "miss"
    if MEMORY.dropped_since(key, began):  # changed while the truth was asked: an answer for this request alone
        return entry
    MEMORY.put(key, entry)
    if in_kv and len(entry.text) <= _KV_VALUE_CHARACTERS:
        call.context.waitUntil(_to_kv(call.env.CACHE, key, entry, policy))
    return entry


def _stale(call: Call, copy: Entry, cause: Exception) -> Entry:
    event("stale-served", trace_id=call.trace_id, path=call.path, error=str(cause))
    call.notes["cache"] = "stale"
    return copy


def _entry(reply: Reply, now: float, policy: Caching, buffer: Callable[[bytes], Any]) -> Entry:
    from worker.render import render

    content = render(reply.body)
    text = content if isinstance(content, str) else (content or b"").decode("utf-8", "replace")
    data = text.encode() if isinstance(content, str) else content or b""
    given = {name.lower(): value for name, value in reply.headers.items()}
    headers = tuple((name, value) for name, value in given.items() if name in _KEPT_HEADERS)
    etag = given.get("etag") or etag_of(data)
    fresh = now + policy.isolate_s
    return Entry(200, buffer(data), text, reply.media_type, etag, headers, now, fresh, fresh + policy.stale_s)


def _missing(call: Call, policy: Caching, document: dict[str, Any], buffer: Callable[[bytes], Any]) -> Entry:
    text = dumps(document)
    until = call.now + policy.negative_s
    call.notes["cache"] = "miss"
    return Entry(404, buffer(text.encode()), text, "application/problem+json", "", (), call.now, until, until)


async def _from_kv(call: Call, key: str, policy: Caching, buffer: Callable[[bytes], Any]) -> Entry | None:
    try:
        text = await call.env.CACHE.get(KV_PREFIX + key)
    except Exception as fault:  # noqa: BLE001 - a cache that fails is a miss
        event("cache-unreachable", trace_id=call.trace_id, error=repr(fault))
        return None
    if not isinstance(text, str):
        return None
    kept = json.loads(text)
    stored = float(kept["stored"])
    fresh = min(call.now + policy.isolate_s, stored + policy.kv_s)
    return Entry(
        200,
        buffer(kept["body"].encode()),
        kept["body"],
        kept["media_type"],
        kept["etag"],
        tuple((name, value) for name, value in kept["headers"]),
        stored,
        fresh,
        stored + policy.kv_s + policy.stale_s,
    )


async def _to_kv(kv: Any, key: str, entry: Entry, policy: Caching) -> None:
    kept = {
        "body": entry.text,
        "media_type": entry.media_type,
        "etag": entry.etag,
        "headers": [list(pair) for pair in entry.headers],
        "stored": entry.stored,
    }
    await kv.put(KV_PREFIX + key, dumps(kept), expirationTtl=max(60, int(policy.kv_s + policy.stale_s)))
