"""From a Reply to the platform's Response, in few border crossings whatever the number of headers.

Measured on workerd: the SDK's Response class costs about 280 µs in a request. A header costs 2.5 µs when it comes as a
pair, so a constant set of them is made into a `Headers` object once; a Response copies that at C++'s speed (8 µs for 12).
"""

from __future__ import annotations

import json
import re
from typing import Any

import js
from pyodide.ffi import to_js

from worker.cache.memory import Entry
from worker.call import Call, Reply
from worker.cors import SECURITY
from worker.etags import matches
from worker.render import render

_NO_BODY = frozenset({101, 204, 205, 304})
# RFC 9110 field values: a CR, LF or NUL would split the response; anything beyond Latin-1 makes the platform throw.
_UNSAFE_IN_HEADER = re.compile(r"[^\t\x20-\x7e\xa0-\xff]")


def header_pairs(reply: Reply) -> list[tuple[str, str]]:
    """Every header of a reply in order; characters that may not stand in a header are replaced."""
    pairs = [] if reply.body is None else [("content-type", reply.media_type)]
    pairs += [(name, _UNSAFE_IN_HEADER.sub("?", str(value))) for name, value in reply.headers.items()]
    pairs += [("set-cookie", cookie) for cookie in reply.cookies]
    return pairs


def to_response(reply: Reply, *, head: bool = False) -> Any:
    """The JavaScript Response. `head`: without the body."""
    pairs = header_pairs(reply)
    body = None if head or reply.status in _NO_BODY else render(reply.body)
    if head and reply.body is not None:
        content = render(reply.body)
        size = len(content.encode() if isinstance(content, str) else content or b"")
        pairs.append(("content-length", str(size)))
    init = js.JSON.parse(json.dumps({"status": reply.status, "headers": pairs}))
    if body is None:
        return js.Response.new(None, init)
    return js.Response.new(to_js(body) if isinstance(body, bytes) else body, init)


def buffer(data: bytes) -> Any:
    """A JavaScript copy of a body, which any number of responses may be made of."""
    return to_js(data)


def serve(entry: Entry, call: Call, extra: dict[str, str]) -> Any:
    """A Response from a ready answer: conditional, with the headers that differ per request set on prepared ones."""
    headers, put, options = _prepared(entry, call)
    head = call.method == "HEAD"
    if extra or head:
        headers = js.Headers.new(headers)  # of this request alone: what it gets must not reach the next one
        put, options = headers.set, None
        for name, value in extra.items():
            put(name, value)
    if head:
        put("content-length", str(len(entry.text.encode())))
    put("x-trace-id", call.trace_id)
    if call.limit_headers:
        put(*call.limit_headers[0])
    status = entry.status
    condition = call.header.get("if-none-match")
    if condition and status == 200 and matches(condition, entry.etag):
        status = 304
    call.status = status
    if status == 200 and options is not None:
        return _response(entry.body, options)
    return _response(None if status == 304 or head else entry.body, status=status, headers=headers)


_response_class: Any = None


def _response(body: Any, *init: Any, **options: Any) -> Any:
    """`new Response(body, {status, headers})`; it copies `headers`, so they may be set anew for the next one."""
    global _response_class
    if _response_class is None:
        _response_class = js.Response.new
    return _response_class(body, *init, **options)


def _prepared(entry: Entry, call: Call) -> Any:
    """(JavaScript Headers of an entry, their `set`, {headers} for a Response), made again when the age, the outcome or the
    limit's policy has changed. Each is kept, because to get it anew is a border crossing."""
    cache = call.notes.get("cache", "hit")
    age = max(0, int(call.now - entry.stored))
    policy = call.limit_headers[1][1] if call.limit_headers else ""
    if entry.prepared_for == (cache, age, policy):
        return entry.prepared
    pairs = [*entry.headers, *SECURITY, ("content-type", entry.media_type), ("cache-control", "private, no-cache")]
    if entry.etag:
        pairs.append(("etag", entry.etag))
    if policy:
        pairs.append(("ratelimit-policy", policy))
    pairs.append(("x-cache", cache))
    if cache in ("hit", "stale", "kv", "updating"):
        pairs.append(("age", str(age)))
    if cache == "stale":
        pairs.append(("warning", '110 - "Response is Stale"'))
    safe = [(name, _UNSAFE_IN_HEADER.sub("?", value)) for name, value in pairs]
    headers, options = js.Headers.new(js.JSON.parse(json.dumps(safe))), js.JSON.parse("{}")
    options.headers = headers
    entry.prepared, entry.prepared_for = (headers, headers.set, options), (cache, age, policy)
    return entry.prepared
