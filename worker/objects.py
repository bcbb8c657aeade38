"""How routes reach the objects that own a warehouse's state, and the conditional answers that go with them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel

from contracts.errors import ProblemError
from contracts.paging import encode_cursor
from worker.call import Call, Reply
from worker.etags import matches

# Fifteen digits stay below 2^53, beyond which a number does not cross into a database unharmed.
_VERSION_TAG = re.compile(r'"v[0-9]{1,15}"')


async def ask_state(call: Call, method: str, payload: Any = None) -> Any:
    """Call the WarehouseState of the path's warehouse."""
    return await call.rpc(call.env.WAREHOUSE_STATE, call.object_name(call.warehouse()), method, payload)


async def stored_text(call: Call, key: str) -> str | None:
    """The text of an object in R2, or None. Raises ProblemError unavailable."""

    async def read(r2: Any) -> str | None:
        stored = await r2.get(key)
        return None if stored is None else str(await stored.text())

    found: str | None = await call.archive(read)
    return found


def json_of(model: BaseModel) -> Any:
    """A model as JSON-able data, only what the client sent: defaults may change with a release."""
    return model.model_dump(mode="json", exclude_none=True)


def fingerprint(value: Any) -> str:
    """The same for the same JSON content, whatever the order of its members."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def tagged(call: Call, body: Any, etag: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """An answer with an ETag: 304 without a body when the client has it already (RFC 9110, If-None-Match)."""
    all_headers = {**(headers or {}), "etag": etag}
    cached = call.route is not None and call.route.cache is not None  # then the gateway compares, and keeps the whole
    if status == 200 and not cached and matches(call.header.get("if-none-match", ""), etag):
        return Reply(304, None, all_headers)
    return Reply(status, body, all_headers)


def if_match_version(call: Call) -> int | None:
    """The version that the client started from, from `If-Match: "v7"`. None without the header."""
    text = call.header.get("if-match", "").strip()
    if not text or text == "*":
        return None
    if not _VERSION_TAG.fullmatch(text):
        raise ProblemError("precondition-failed", f'If-Match takes the ETag of a read, such as "v7", not {text}')
    return int(text[2:-1])


def page(call: Call, path: str, items: list[Any], next_key: list[Any] | None) -> Reply:
    """A list's answer, with `Link: rel="next"` while there is more. `path`: of this list."""
    cursor = encode_cursor(next_key) if next_key is not None else None
    headers = {}
    if cursor is not None:
        exclude = {"cursor"}
        given = call.query.model_dump(mode="json", exclude_defaults=True, exclude=exclude) if call.query else {}
        query = urlencode({**given, "cursor": cursor}, quote_via=quote)
        headers["link"] = f'<{path}?{query}>; rel="next"'
    return Reply(200, {"items": items, "next_cursor": cursor}, headers)
