"""How the Worker and the objects talk: one JSON text each way, and beside it the request's context as one short text.

RPC loses exception types and turns containers into proxies that cost a border crossing per member; so a method takes
one JSON text and answers one JSON text: {"ok": value} or {"problem": document}.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from contracts.deadline import passed
from contracts.errors import ProblemError, from_document


@dataclass(frozen=True, slots=True)
class Context:
    """What travels with a request through every hop: its trace, and the instant (seconds since 1970) when nobody wants
    its answer any more."""

    trace_id: str = ""
    deadline: float | None = None

    def text(self) -> str:
        """The form in which it crosses into an object: `<trace id>;<deadline or nothing>`."""
        return f"{self.trace_id};{'' if self.deadline is None else format(self.deadline, '.3f')}"

    @staticmethod
    def read(text: str) -> Context:
        trace_id, _, deadline = text.partition(";")
        return Context(trace_id, float(deadline) if deadline else None)


_OK = '{"ok":'
_NONE = Context()
_current: ContextVar[Context] = ContextVar("request_context", default=_NONE)


def current() -> Context:
    """The context of the RPC that this code runs for; an empty one in alarms and at start."""
    return _current.get()


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def answer(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[str]]:
    """Decorate an RPC method `async def m(self, payload)`: JSON text in, JSON text out, problems as data.

    Work whose deadline passed while it waited for its turn is not begun.
    """

    @wraps(method)
    async def values(self: Any, text: str) -> str:
        return dumps(await method(self, json.loads(text)))

    return text_answer(values)


def text_answer(method: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    """As `answer`, for long values: `async def m(self, text)` takes the text as it came and gives its value as JSON text."""

    @wraps(method)
    async def call(self: Any, text: str = "null", context: str = "") -> str:
        known = Context.read(context)
        if known.deadline is not None and known.deadline <= time.time():
            return dumps({"problem": passed().document()})
        token = _current.set(known)
        try:
            return f"{_OK}{await method(self, text)}}}"
        except ProblemError as problem:
            return dumps({"problem": _document(problem)})
        finally:
            _current.reset(token)

    return call


def _document(problem: ProblemError) -> dict[str, Any]:
    """The document, and the headers that its answer must carry."""
    document = problem.document()
    if problem.headers:
        document["headers"] = dict(problem.headers)
    return document


def unwrap(text: str) -> Any:
    """The value of an answer, or the ProblemError that it carries."""
    return json.loads(unwrap_text(text))


def unwrap_text(text: str) -> str:
    """As `unwrap`, the value being left as JSON text."""
    if text.startswith(_OK):
        return text[len(_OK) : -1]
    document = json.loads(text)["problem"]
    headers = document.pop("headers", {})
    problem = from_document(document)
    problem.headers = headers
    raise problem
