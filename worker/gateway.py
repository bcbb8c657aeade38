"""One pass per request: trace id → CORS → route → authenticate → authorize → limit → cache → validate → handler → response."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from contracts.deadline import parse as parse_deadline
from contracts.errors import Fault, ProblemError, from_faults, from_validation, pointer
from contracts.redact import redact
from contracts.trace import new_trace_id, trace_id_of
from worker.auth.access import authorize
from worker.auth.authenticate import authenticate
from worker.body import NDJSON, validated, validated_lines
from worker.cache.invalidate import forget_copies
from worker.cache.layers import read
from worker.cache.memory import Entry
from worker.call import ANONYMOUS, Call, Reply
from worker.cors import HTML_POLICY, SECURITY, origin_headers, preflight_headers
from worker.deadline import before
from worker.forwarding import response_back
from worker.headers import RequestHeaders
from worker.idempotency import with_idempotency
from worker.limits.limiter import charge_failure, limit
from worker.log import event, request_line, write
from worker.media import acceptable
from worker.observability.record import record
from worker.resilience.shedding import INFLIGHT
from worker.respond import buffer, serve, to_response
from worker.routing import TABLE, Route
from worker.settings import Settings, settings
from worker.streams import broke_off, is_platform_error, read_bounded, too_large
from worker.urls import split_url

MAX_TARGET_CHARACTERS = 8192
MAX_PARAMETERS = 200
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


async def handle(env: Any, context: Any, request: Any) -> Any:
    """The platform's Response to a request. Every failure becomes a problem document."""
    now = time.time()
    source = request.js_object
    method: str = source.method
    origin, path, query_text = split_url(source.url)
    header = RequestHeaders(source.headers)
    configuration = settings(env)
    trace_id = trace_id_of(header.find("traceparent")) or new_trace_id()
    call = Call(
        env,
        context,
        request,
        ANONYMOUS,
        {},
        trace_id,
        header=header,
        method=method,
        path=path,
        query_text=query_text,
        origin=origin,
        now=now,
        allowed_origins=configuration.cors_origins,
    )
    response: Any
    try:
        with INFLIGHT:
            answer = await _answer(call, configuration)
    except ProblemError as problem:
        answer = problem_reply(problem, path, trace_id)
    except Exception as fault:  # noqa: BLE001 - the last line: the client gets a clean 500, the log the whole story
        event("unexpected", trace_id=trace_id, error=repr(fault), exception=fault)
        answer = problem_reply(ProblemError("internal", "an unexpected fault; quote the trace id"), path, trace_id)
    sender = header.find("origin")
    cors = origin_headers(sender, origin, configuration) if sender else {}
    response = serve(answer, call, cors) if isinstance(answer, Entry) else _respond(call, answer, cors)
    _note(call)
    return response


async def _answer(call: Call, configuration: Settings) -> Reply | Entry:
    method, path = call.method, call.path
    if len(path) + len(call.query_text) > MAX_TARGET_CHARACTERS:
        raise ProblemError("bad-request", f"the request target is longer than {MAX_TARGET_CHARACTERS} characters")
    if method == "OPTIONS":
        return Reply(204, headers=preflight_headers(TABLE.allowed(path)))
    found, call.params = TABLE.find(method, path)
    call.route = found
    if found.cost:
        INFLIGHT.admit(found.priority, configuration.max_inflight)
    deadline = call.header.get("x-deadline")
    if deadline:
        call.deadline = parse_deadline(deadline, call.now)
    if found.role != "public":
        try:
            call.principal = await authenticate(
                call.env,
                call.header,
                method=method,
                origin=call.origin,
                allowed_origins=configuration.cors_origins,
                now=call.now,
                context=call.passed_on,
            )
        except ProblemError:
            charge_failure(call, configuration.policies)
            raise
    authorize(call.principal, found, call.params)
    await limit(call, configuration.policies)
    if found.media_types and acceptable(call.header.get("accept", ""), found.media_types) is None:
        raise ProblemError("not-acceptable", f"this can be written as {', '.join(found.media_types)}")
    if found.cache is not None:
        return await read(call, found.cache, lambda: _run(call, found), buffer)
    reply = await _run(call, found)
    if method in _UNSAFE and reply.status < 400:
        forget_copies(call.principal.tenant, path, reply.headers.get("location", ""))
    return reply


async def _run(call: Call, found: Route) -> Reply:
    call.query = read_query(found, call.query_text)
    if found.body is not None and found.body != "stream":
        data = await read_json_bytes(found, call.request, call.header)
        call.body = _validated(found, data, call.header.get("content-type", ""))
        call.body_bytes = data
    return await before(call.deadline, call.now, with_idempotency(call, found))


def _respond(call: Call, reply: Reply, cors: Mapping[str, str]) -> Any:
    if reply.response is not None:
        call.status = int(reply.response.status)
        return response_back(reply.response, call, cors)
    headers = reply.headers
    headers.setdefault("x-trace-id", call.trace_id)
    for name, value in (*SECURITY, *call.limit_headers):
        headers.setdefault(name, value)
    if reply.media_type.startswith("text/html"):
        headers["content-security-policy"] = HTML_POLICY
    headers.update(cors)
    call.status = reply.status
    return to_response(reply, head=call.method == "HEAD")


def _note(call: Call) -> None:
    """The request's one log line, and its place in the metrics."""
    route = call.route.name if call.route else ""
    milliseconds = (time.time() - call.now) * 1000
    record(call, route, milliseconds)
    write(redact(request_line(call, route, milliseconds)))


def problem_reply(problem: ProblemError, path: str, trace_id: str) -> Reply:
    document = {**problem.document(), "instance": path, "trace_id": trace_id}
    return Reply(problem.status, document, dict(problem.headers), "application/problem+json")


def read_query(route: Route, text: str) -> BaseModel | None:
    """The query model. A name that the route does not know, or that stands twice, is a fault. Raises invalid."""
    if route.query == "any" or (route.query is None and not text):
        return None
    values: dict[str, Any] = {}
    repeated: list[str] = []
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise ProblemError("bad-request", f"the query holds more than {MAX_PARAMETERS} parameters") from None
    for name, value in pairs:
        if name in values:
            repeated.append(name)
        values[name] = value
    if repeated:
        faults = tuple(
            Fault(pointer(("query", name)), "the parameter stands more than once") for name in sorted(set(repeated))
        )
        raise from_faults("invalid", faults)
    if route.query is None:
        faults = tuple(Fault(pointer(("query", name)), "there is no such parameter here") for name in sorted(values))
        raise from_faults("invalid", faults)
    try:
        return route.query.model_validate(values)
    except ValidationError as error:
        raise from_validation(error, "/query") from None


async def read_json_bytes(route: Route, request: Any, header: Mapping[str, str]) -> bytes:
    """The body's bytes. Raises unsupported-media-type or body-too-large."""
    content_type = header.get("content-type", "")
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().replace(" ", "")
    if media_type not in route.accepts or ("charset=" in charset and "utf-8" not in charset.replace("utf8", "utf-8")):
        raise ProblemError(
            "unsupported-media-type",
            f"send the body as {' or '.join(route.accepts)}",
            headers={"accept": ", ".join(route.accepts)},
        )
    if header.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ProblemError("unsupported-media-type", "send the body without a content encoding")
    return await read_bytes(request, header, route.max_body_bytes)


def _validated(route: Route, data: bytes, content_type: str) -> BaseModel:
    """The body model. Raises malformed-body or invalid with every fault."""
    assert isinstance(route.body, type)
    if route.lines and content_type.partition(";")[0].strip().lower() == NDJSON:
        return validated_lines(route.body, route.lines, data)
    return validated(route.body, data)


async def read_bytes(request: Any, header: Mapping[str, str], limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises body-too-large, early when the length is announced."""
    announced = header.get("content-length", "")
    if not announced.isdigit():
        return await read_bounded(request.js_object.body, limit)
    if int(announced[:18]) > limit:
        raise too_large(limit)
    try:
        data: bytes = await request.bytes()
    except Exception as broken:
        if not is_platform_error(broken):
            raise
        raise broke_off() from broken
    return data
