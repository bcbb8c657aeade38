"""What a request or an answer loses and gains on its way through the gateway to an agent and back (RFC 9110, 7.6).

The sets are plain Python; the two functions at the end work on the platform's own objects, so that bodies and WebSockets
pass without entering Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from contracts import agent_tokens
from contracts.errors import ProblemError
from contracts.protocol import HEADER as PROTOCOL_HEADER
from contracts.protocol import offer
from contracts.rpc import Context, dumps
from contracts.signing import SIGNED_HEADERS, Identity, sign
from durable_objects.agent_call import INCARNATION_HEADER, onward
from durable_objects.container.helpers import TARGET_PORT_HEADER
from worker.call import Call
from worker.cors import HTML_POLICY, SECURITY
from worker.headers import all_pairs
from worker.urls import split_url

# Meant for one connection alone (RFC 9110, 7.6.1; Keep-Alive and Proxy-Connection as senders still use them).
HOP_BY_HOP = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)
# What a client may not tell an agent: its own credentials, who it is, which port of the container it wants.
WITHHELD = (
    "authorization",
    "cookie",
    "x-csrf-token",
    PROTOCOL_HEADER,
    INCARNATION_HEADER,
    TARGET_PORT_HEADER,
    *SIGNED_HEADERS,
    agent_tokens.HEADER,
)
# What an agent may not tell a client: the gateway alone speaks for this origin.
RESERVED = (
    "set-cookie",
    agent_tokens.HEADER,
    "server",
    "alt-svc",
    "clear-site-data",
    "refresh",
    "service-worker-allowed",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    *(name for name, _ in SECURITY),
)


# Characters that the platform leaves as they are in a path or query.
_PLAIN_TARGET = re.compile(r"[A-Za-z0-9/_.~=&?,:@+-]*")
_TOKEN_STEP_S = 60  # agents get the same token for so long; it lives for fifteen of these


def named_by_connection(value: str | None) -> tuple[str, ...]:
    """The further header names that a Connection header binds to its connection, in lower case."""
    return tuple(name for part in (value or "").split(",") if (name := part.strip().lower()))


@lru_cache(maxsize=64)
def lost_on_the_way_in(connection: str | None, *, upgrade: bool) -> tuple[str, ...]:
    """The request headers that do not reach the agent. An upgrade to a WebSocket keeps what asks for it."""
    kept = {"connection", "upgrade"} if upgrade else set()
    names = (*HOP_BY_HOP, *named_by_connection(connection), *WITHHELD)
    return tuple(name for name in dict.fromkeys(names) if name not in kept)


@lru_cache(maxsize=64)
def lost_on_the_way_out(connection: str | None) -> tuple[str, ...]:
    """The response headers of an agent that do not reach the client."""
    return tuple(dict.fromkeys((*HOP_BY_HOP, *named_by_connection(connection), *RESERVED)))


def signed(call: Call, target: str) -> dict[str, str]:
    """What the gateway says of a request, in place of what the client said: who asks, its trace and its deadline."""
    who = call.principal
    headers = sign(
        str(call.env.STOREMAX_SIGNING_KEY),
        method=call.method,
        path=target,
        identity=Identity(who.tenant, who.subject, who.role),
        now=call.now,
    )
    callback = _callback_token(
        str(call.env.STOREMAX_SIGNING_KEY),
        who.tenant,
        f"agent:{call.params.get('agent_type', '')}:{who.subject}",
        who.warehouses,
        call.now // _TOKEN_STEP_S * _TOKEN_STEP_S,
    )
    passed_on = onward(Context(call.trace_id, call.deadline))
    return {**headers, agent_tokens.HEADER: callback, PROTOCOL_HEADER: offer(), **passed_on}


@lru_cache(maxsize=256)
def _callback_token(key: str, tenant: str, subject: str, warehouses: frozenset[str] | None, now: float) -> str:
    return agent_tokens.make(key, tenant=tenant, subject=subject, warehouses=warehouses, now=now)


def said_by_the_gateway(call: Call, media_type: str, cors: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """The response headers that every answer of this origin has."""
    policy = HTML_POLICY if media_type.startswith("text/html") else None
    for name, value in SECURITY:
        yield name, policy if policy and name == "content-security-policy" else value
    yield "x-trace-id", call.trace_id
    yield from call.limit_headers
    yield from cors.items()


def target_of(path: str, query: str) -> str:
    """The agent's request target. Raises bad-request for a path with segments that climb: two readers of it, this
    gateway's log and the agent's router, would see different paths."""
    for segment in path.split("/"):
        if unquote(segment, errors="replace") in (".", "..") or "\\" in segment:
            raise ProblemError("bad-request", "a path with . or .. segments, or with backslashes, is not passed on")
    return "/" + path + (f"?{query}" if query else "")


def exchanged(pairs: Iterable[tuple[str, str]], lost: Iterable[str], said: Mapping[str, str]) -> list[tuple[str, str]]:
    """The headers that pass: those of `pairs` that are not lost and not replaced by what is `said`, and that."""
    gone = {*lost, *said}
    return [*(pair for pair in pairs if pair[0] not in gone), *said.items()]


def request_onward(call: Call, target: str, *, upgrade: bool) -> Any:
    """The JavaScript Request for the agent, its body untouched."""
    import js

    raw = call.request.js_object
    address = f"http://agent{target}"
    # What is signed is the target as the agent will see it: the platform may encode some characters.
    if not _PLAIN_TARGET.fullmatch(target):
        address = js.URL.new(address).href
        _, path, query = split_url(address)
        target = path + (f"?{query}" if query else "")
    lost = lost_on_the_way_in(call.header.get("connection"), upgrade=upgrade)
    headers = exchanged(all_pairs(raw.headers), lost, signed(call, target))
    init = js.JSON.parse(dumps({"method": call.method, "headers": headers, "redirect": "manual"}))
    if call.whole_body is not None:
        init.body = call.whole_body
    elif raw.body:
        init.body = raw.body
    return js.Request.new(address, init)


def response_back(response: Any, call: Call, cors: Mapping[str, str]) -> Any:
    """The JavaScript Response for the client, its body untouched. A WebSocket passes as it is."""
    import js

    raw = getattr(response, "js_object", response)
    if raw.webSocket:
        return raw
    pairs = all_pairs(raw.headers)
    told = dict(pairs)
    said = dict(said_by_the_gateway(call, told.get("content-type", ""), cors))
    headers = exchanged(pairs, lost_on_the_way_out(told.get("connection")), said)
    return js.Response.new(raw.body, js.JSON.parse(dumps({"status": call.status, "headers": headers})))


def object_fetch(namespace: Any, name: str, request: Any) -> Any:
    """A promise of the JavaScript Response of an object's fetch(). The SDK's stub would turn request and response into
    objects of its own on the way, at some 0.3 ms; raises JsException where that one raises OSError."""
    return getattr(namespace, "_binding", namespace).getByName(name).fetch(request)
