"""How the Worker and the objects talk: one JSON text each way.

RPC loses exception types and turns containers into proxies that cost a border crossing per member; so a method takes
one JSON text and answers one JSON text: {"ok": value} or {"problem": document}.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from contracts.errors import ProblemError, from_document


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def answer(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[str]]:
    """Decorate an RPC method `async def m(self, payload)`: JSON text in, JSON text out, problems as data."""

    @wraps(method)
    async def call(self: Any, text: str = "null") -> str:
        try:
            return dumps({"ok": await method(self, json.loads(text))})
        except ProblemError as problem:
            return dumps({"problem": problem.document()})

    return call


def unwrap(text: str) -> Any:
    """The value of an answer, or the ProblemError that it carries."""
    message = json.loads(text)
    if "problem" in message:
        raise from_document(message["problem"])
    return message["ok"]
