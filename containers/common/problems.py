"""Every failure of an agent becomes `application/problem+json`; nothing internal leaks into it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from containers.common.tracing import trace_id
from contracts.errors import CATALOGUE, Fault, ProblemError, pointer

MEDIA_TYPE = "application/problem+json"

_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large", 415: "unsupported-media-type"}


def problem_response(problem: ProblemError) -> Response:
    """The problem document with its trace id, and the headers that the problem asks for (Retry-After and so on)."""
    document = problem.document() | {"trace_id": trace_id.get()}
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(problem.headers))


def internal() -> ProblemError:
    """What the caller learns of an unexpected fault: that it was ours. The stack is in the log, under the trace id."""
    return ProblemError("internal", "an unexpected fault; the log has the details under this trace id")


def install(app: FastAPI) -> None:
    """Register the handlers. Exceptions without one reach the gate, which logs them and answers `internal()`."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)


def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error)


def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_fault(item, error.body) for item in error.errors()]
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem_response(ProblemError("malformed-body", faults[0].detail, errors=tuple(faults)))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    where = faults[0].pointer or "the body"
    return problem_response(ProblemError("invalid", f"{where}: {faults[0].detail}{more}", errors=tuple(faults)))


def _fault(item: dict[str, Any], body: Any) -> Fault:
    place, *rest = item["loc"]
    if item["type"] == "json_invalid":
        reason = item.get("ctx", {}).get("error", "cannot be parsed")
        return Fault("", f"the body is not JSON: {reason} at byte {rest[0] if rest else 0}")
    if place == "body":
        return Fault(pointer(_within(body, rest)), item["msg"])
    # A JSON pointer reaches into the body alone; other places are named in words.
    return Fault("", f"{place} parameter {'.'.join(map(str, rest))!r}: {item['msg']}")


def _within(body: Any, places: Sequence[str | int]) -> Iterator[str | int]:
    """A location without what pydantic adds to it: in a union it names the member chosen, which is no key of the body."""
    for i, place in enumerate(places):
        if isinstance(body, dict) and place not in body and i < len(places) - 1:
            continue
        yield place
        if isinstance(body, dict):
            body = body.get(place)
        elif isinstance(body, list) and isinstance(place, int) and place < len(body):
            body = body[place]


def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, ProblemError):  # FastAPI wraps what the body reader raised
        return problem_response(error.__cause__)
    code = _BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "bad-request")
    problem = ProblemError(code, str(error.detail) if code != "internal" else CATALOGUE[code][1])
    problem.headers = dict(error.headers or {})
    return problem_response(problem)
