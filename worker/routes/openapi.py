"""The API's own description."""

from __future__ import annotations

from functools import cache

from contracts.rpc import dumps
from worker.call import Call, Reply
from worker.openapi.document import document
from worker.openapi.reference import page
from worker.routing import TABLE, route


@cache
def _text() -> str:
    return dumps(document(TABLE.routes))


@cache
def _page() -> str:
    return page(document(TABLE.routes))


@route(
    "GET",
    "/v1/openapi.json",
    role="public",
    summary="This API as an OpenAPI 3.1 document",
    tag="system",
    answers={200: "application/json"},
)
async def openapi(call: Call) -> Reply:  # noqa: ARG001
    return Reply(body=_text(), headers={"cache-control": "public, max-age=300"})


@route(
    "GET", "/v1/docs", role="public", summary="The API reference, for people", tag="system", answers={200: "text/html"}
)
async def reference(call: Call) -> Reply:  # noqa: ARG001
    return Reply(body=_page(), media_type="text/html; charset=utf-8", headers={"cache-control": "public, max-age=300"})
