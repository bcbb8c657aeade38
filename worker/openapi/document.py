"""OpenAPI 3.1 from the route table: what the gateway does is what the document says, because both read one declaration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from contracts.errors import CATALOGUE, PROBLEM_TYPE_PREFIX
from contracts.events import WebhookDelivery
from worker.routing import Route

_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{([a-z_]+)\*?\}")
# Any route may answer these; the others come from its declaration.
_EVERY = ("bad-request", "rate-limited", "internal", "overloaded", "deadline-exceeded", "unavailable")
_WITH_BODY = ("malformed-body", "body-too-large", "unsupported-media-type", "invalid")
_WITH_KEY = ("idempotency-key-reused", "idempotency-in-progress")
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [PROBLEM_TYPE_PREFIX + code for code in CATALOGUE]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": list(CATALOGUE)},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "trace_id": {"type": "string"},
        "violated-policies": {"type": "array", "items": {"type": "string"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def problem_codes(route: Route) -> list[str]:
    """Every problem that a route may answer."""
    codes = [*_EVERY, *route.problems]
    if route.role != "public":
        codes += ["unauthenticated", "forbidden"]
    if route.media_types:
        codes.append("not-acceptable")
    if route.body is not None:
        codes += _WITH_BODY
    if route.query is not None:
        codes.append("invalid")
    if route.method in _UNSAFE and route.role != "public":
        codes += _WITH_KEY
    if "{" in route.path:
        codes.append("not-found")
    return list(dict.fromkeys(codes))


def document(routes: Iterable[Route], version: str = "1.0.0") -> dict[str, Any]:
    """The whole document as JSON-able data."""
    definitions: dict[str, Any] = {"Problem": PROBLEM_SCHEMA}
    paths: dict[str, dict[str, Any]] = {}
    tags: dict[str, None] = {}
    for route in routes:
        path = route.path.replace("*}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, definitions)
        tags[route.tag] = None
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "StoreMax",
            "version": version,
            "description": "Warehouse optimization. Errors are RFC 9457 problem documents with a stable `code`.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in tags],
        "paths": paths,
        "webhooks": {
            "events": {
                "post": {
                    "summary": "Events of a warehouse, to a receiver made with POST /v1/webhooks",
                    "description": "Signed as in Standard Webhooks 1.0. At least once, possibly out of order: docs/events.md.",
                    "parameters": [
                        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
                        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
                    ],
                    "requestBody": {
                        "content": {"application/json": {"schema": _schema(WebhookDelivery, definitions, "out")}}
                    },
                    "responses": {
                        "2XX": {"description": "taken"},
                        "410": {"description": "call this receiver no more"},
                    },
                }
            },
            "alert": {
                "post": {
                    "summary": "An alert rule has fired or has recovered",
                    "requestBody": {"content": {"application/json": {"schema": _ALERT}}},
                    "responses": {"2XX": {"description": "taken"}},
                }
            },
        },
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a JWT."},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-smx_session"},
            },
        },
    }


_ALERT: dict[str, Any] = {
    "type": "object",
    "required": ["rule", "state", "value", "threshold", "at"],
    "properties": {
        "rule": {"type": "string"},
        "state": {"type": "string", "enum": ["firing", "resolved"]},
        "value": {"type": "number"},
        "threshold": {"type": "number"},
        "at": {"type": "string", "format": "date-time"},
    },
}


def _schema(model: Any, definitions: dict[str, Any], mode: str) -> dict[str, Any]:
    """A reference to the model's schema, which is added to the components with all that it refers to."""
    schema = TypeAdapter(model).json_schema(ref_template=_REF, mode="validation" if mode == "in" else "serialization")
    for name, part in schema.pop("$defs", {}).items():
        definitions.setdefault(name, part)
    title = schema.get("title")
    if title and re.fullmatch(r"[A-Za-z0-9_]+", title) and schema.get("type") == "object":
        name = title if definitions.get(title, schema) == schema else f"{title}{mode.capitalize()}"
        definitions[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}
    return dict(schema)


def _parameters(route: Route, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 256}}
        for name in _PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        schema = TypeAdapter(route.query).json_schema(ref_template=_REF)
        for name, part in schema.pop("$defs", {}).items():
            definitions.setdefault(name, part)
        required = set(schema.get("required", ()))
        for name, part in schema.get("properties", {}).items():
            found.append({"name": name, "in": "query", "required": name in required, "schema": part})
    if route.method in _UNSAFE and route.role != "public" and route.idempotent is not False:
        text = "A repeat with the same key gets the first answer and acts no second time."
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"}
        found.append({"name": "Idempotency-Key", "in": "header", "description": text, "schema": schema})
    return found


def _lines(route: Route, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of an NDJSON body: a text, each line of which is one element of the body's list."""
    whole = _schema(route.body, definitions, "in")
    if "$ref" in whole:
        whole = definitions[whole["$ref"].rpartition("/")[2]]
    return {
        "type": "string",
        "minLength": 2,
        "description": f"One element of `{route.lines}` per line.",
        "contentMediaType": "application/x-ndjson",
        "contentSchema": whole["properties"][route.lines]["items"],
    }


def _operation(route: Route, definitions: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, model in route.answers.items():
        answer: dict[str, Any] = {"description": route.summary if status < 300 else "Not modified"}
        if isinstance(model, str):
            answer["content"] = {kind: {"schema": {}} for kind in route.produces or (model,)}
        elif model is not None:
            kind = route.produces[0] if route.produces else "application/json"
            answer["content"] = {kind: {"schema": _schema(model, definitions, "out")}}
        answers[str(status)] = answer
    if route.cache is not None:
        answers.setdefault("304", {"description": "Not modified"})
    by_status: dict[int, list[str]] = {}
    for code in problem_codes(route):
        by_status.setdefault(CATALOGUE[code][0], []).append(code)
    for status, codes in sorted(by_status.items()):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        answers.setdefault(str(status), {"description": ", ".join(f"`{code}`" for code in codes), "content": content})
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "x-role": route.role,
        "x-cost": route.cost,
        "parameters": _parameters(route, definitions),
        "responses": answers,
        "security": [] if route.role == "public" else [{"bearer": []}, {"session": []}],
    }
    if route.description:
        operation["description"] = route.description
    if route.body == "stream":
        content = {kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in route.accepts}
        operation["requestBody"] = {"required": True, "content": content}
        operation["x-stream"] = True  # whatever bytes come are passed on: the schema is a hint for people
    elif route.body is not None:
        media: dict[str, Any] = {"schema": _schema(route.body, definitions, "in")}
        if route.examples:
            media["examples"] = {name: {"value": value} for name, value in route.examples.items()}
        content = dict.fromkeys(route.accepts, media)
        if route.lines:
            content["application/x-ndjson"] = {"schema": _lines(route, definitions)}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
