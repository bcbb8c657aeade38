"""From a Reply to the platform's Response, in two border crossings whatever the number of headers.

The SDK's Response class costs about 280 µs on workerd; `JSON.parse` of the init object and `Response.new` about 25 µs.
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
    """A Response from a ready answer: conditional, with the headers that differ per request added to a prepared text."""
    if not entry.head:
        pairs = [*entry.headers, *SECURITY, ("content-type", entry.media_type), ("cache-control", "private, no-cache")]
        if entry.etag:
            pairs.append(("etag", entry.etag))
        safe = [(name, _UNSAFE_IN_HEADER.sub("?", value)) for name, value in pairs]
        entry.head = json.dumps(safe)[:-1]
    cache = call.notes.get("cache", "hit")
    varying = [*call.limit_headers, ("x-trace-id", call.trace_id), ("x-cache", cache), *extra.items()]
    if cache in ("hit", "stale", "kv", "updating"):
        varying.append(("age", str(max(0, int(call.now - entry.stored)))))
    if cache == "stale":
        varying.append(("warning", '110 - "Response is Stale"'))
    more = ",".join([f'["{name}",{json.dumps(value)}]' for name, value in varying])
    status = entry.status
    condition = call.header.get("if-none-match")
    if condition and status == 200 and matches(condition, entry.etag):
        status = 304
    call.status = status
    init = js.JSON.parse(f'{{"status":{status},"headers":{entry.head},{more}]}}')
    return js.Response.new(None if status == 304 or call.method == "HEAD" else entry.body, init)
