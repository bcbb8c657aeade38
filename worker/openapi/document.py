"""OpenAPI 3.1 from the route table: what the gateway does is what the document says, because both read one declaration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from contracts.alerts import AlertMessage
from contracts.errors import CATALOGUE, PROBLEM_TYPE_PREFIX, ProblemError
from contracts.events import Event, WebhookDelivery
from contracts.rpc import dumps
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
    if route.query != "any":
        codes.append("invalid")
    if route.method in _UNSAFE:
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
                    "operationId": "deliver_events",
                    "summary": "Events of a warehouse, to a receiver made with POST /v1/webhooks",
                    "description": "Signed as in Standard Webhooks 1.0. At least once, possibly out of order: docs/events.md.",
                    "parameters": _signed(),
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": _schema(WebhookDelivery, definitions, "out"),
                                "examples": {"an order was made": {"value": _DELIVERY.model_dump(mode="json")}},
                            }
                        }
                    },
                    "responses": {
                        "2XX": {"description": "taken"},
                        "410": {"description": "call this receiver no more"},
                    },
                }
            },
            "alert": {
                "post": {
                    "operationId": "deliver_alert",
                    "summary": "An alert rule has fired or has recovered, to the address set with PUT /v1/alerts",
                    "description": "Signed as in Standard Webhooks 1.0. At least once: docs/observability.md.",
                    "parameters": _signed(),
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": _schema(AlertMessage, definitions, "out"),
                                "examples": {"too many errors": {"value": _ALERT.model_dump(mode="json")}},
                            }
                        }
                    },
                    "responses": {"2XX": {"description": "taken"}},
                }
            },
        },
        "components": {
            "schemas": definitions,
            "examples": {code: {"summary": title, "value": _problem(code)} for code, (_, title) in CATALOGUE.items()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a JWT."},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-smx_session"},
            },
        },
    }


_DELIVERY = WebhookDelivery(
    warehouse="berlin",
    first=7,
    last=7,
    events=(
        Event(sequence=7, id="berlin-7", type="orders.created", at="2026-11-24T08:30:00.250Z", data={"orders": ["O1"]}),
    ),
)
_ALERT = AlertMessage(
    type="alert",
    rule="errors",
    state="firing",
    severity="critical",
    signal="error_rate",
    value=0.034,
    threshold=0.01,
    unit="share",
    at="2026-11-24T08:30:00Z",
    since="2026-11-24T08:29:00Z",
    environment="production",
    text="errors: error_rate is 0.034 share, above 0.01, for 60 s",
)


def _signed() -> list[dict[str, Any]]:
    """The headers of a delivery (Standard Webhooks 1.0)."""
    return [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]


def _problem(code: str) -> dict[str, Any]:
    """What a problem document of this code looks like; the detail says more, of the request at hand."""
    problem = ProblemError(code, f"{CATALOGUE[code][1]}: what is wrong, and with which value, stands here")
    return {**problem.document(), "instance": "/v1/warehouses/berlin", "trace_id": "138026a623c028bd971ce6ac570a6b9b"}


@cache
def _recorded() -> dict[str, Any]:
    from worker.openapi.examples import EXAMPLES  # a long text: parsed when the document is first asked for

    found: dict[str, Any] = json.loads(EXAMPLES)
    return found


def examples_of(operation: str) -> dict[str, Any]:
    """{"answers": {status: body}, "request": body} of an operation, as they were recorded."""
    found: dict[str, Any] = _recorded().get(operation, {"answers": {}})
    return found


def _schema(model: Any, definitions: dict[str, Any], mode: str) -> dict[str, Any]:
    """A reference to the model's schema, which is added to the components with all that it refers to."""
    schema = TypeAdapter(model).json_schema(ref_template=_REF, mode="validation" if mode == "in" else "serialization")
    _define(definitions, schema.pop("$defs", {}))
    title = schema.get("title")
    if title and re.fullmatch(r"[A-Za-z0-9_]+", title) and schema.get("type") == "object":
        name = title if definitions.get(title, schema) == schema else f"{title}{mode.capitalize()}"
        definitions[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}
    return dict(schema)


def _define(definitions: dict[str, Any], parts: dict[str, Any]) -> None:
    """Add the schemas that a model refers to. Raises ValueError when two models of one name are different things: all that
    refers to the one would show the other."""
    for name, part in parts.items():
        known = definitions.setdefault(name, part)
        if set(known.get("properties", ())) != set(part.get("properties", ())):
            raise ValueError(f"two models are called {name!r}: rename one")


def _parameters(route: Route, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 256}}
        for name in _PARAMETER.findall(route.path)
    ]
    if isinstance(route.query, type):
        schema = TypeAdapter(route.query).json_schema(ref_template=_REF)
        _define(definitions, schema.pop("$defs", {}))
        required = set(schema.get("required", ()))
        for name, part in schema.get("properties", {}).items():
            found.append({"name": name, "in": "query", "required": name in required, "schema": part})
    if route.method in _UNSAFE:
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
    recorded = examples_of(route.name)
    for status, model in route.answers.items():
        answer: dict[str, Any] = {"description": route.summary if status < 300 else "Not modified"}
        if isinstance(model, str):
            answer["content"] = {kind: {"schema": {}} for kind in route.produces or (model,)}
        elif model is not None:
            kind = route.produces[0] if route.produces else "application/json"
            answer["content"] = {kind: {"schema": _schema(model, definitions, "out")}}
        if str(status) in recorded["answers"]:
            for media in answer["content"].values():
                media["examples"] = {"recorded": {"value": recorded["answers"][str(status)]}}
        answers[str(status)] = answer
    if route.cache is not None:
        answers.setdefault("304", {"description": "Not modified"})
    by_status: dict[int, list[str]] = {}
    for code in problem_codes(route):
        by_status.setdefault(CATALOGUE[code][0], []).append(code)
    for status, codes in sorted(by_status.items()):
        examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
        media = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
        described = ", ".join(f"`{code}`" for code in codes)
        answers.setdefault(str(status), {"description": described, "content": {"application/problem+json": media}})
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
        content: dict[str, Any] = {
            kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in route.accepts
        }
        if "request" in recorded:
            text = recorded["request"]
            content["text/csv"]["examples"] = {"recorded": {"value": text if isinstance(text, str) else dumps(text)}}
        operation["requestBody"] = {"required": True, "content": content}
        operation["x-stream"] = True  # whatever bytes come are passed on: the schema is a hint for people
    elif route.body is not None:
        media = {"schema": _schema(route.body, definitions, "in")}
        examples = dict(route.examples)
        if not examples and "request" in recorded:
            examples["recorded"] = recorded["request"]
        media["examples"] = {name: {"value": value} for name, value in examples.items()}
        content = dict.fromkeys(route.accepts, media)
        if route.lines:
            content["application/x-ndjson"] = {"schema": _lines(route, definitions)}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
