"""A reply's body as text or bytes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from contracts.rpc import dumps


def render(body: Any) -> str | bytes | None:
    if isinstance(body, BaseModel):
        return body.model_dump_json()
    if body is None or isinstance(body, str | bytes):
        return body
    return dumps(body)
