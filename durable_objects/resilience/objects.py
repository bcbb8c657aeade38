"""Calling another object's RPC method, with everything that a call needs to fail well."""

from __future__ import annotations

import json
from typing import Any

from contracts.rpc import Context, current, dumps, unwrap_text
from durable_objects.resilience.upstreams import UPSTREAMS


async def call_object(
    namespace: Any,
    kind: str,
    name: str,
    method: str,
    payload: Any = None,
    *,
    idempotent: bool,
    context: Context | None = None,
) -> Any:
    """The value that `method` of the object `name` answers. `context`: the request's; the running RPC's when absent.

    Raises the ProblemError that it answers; unavailable when it cannot be reached or its circuit is open.
    """
    text = await call_text(namespace, kind, name, method, dumps(payload), idempotent=idempotent, context=context)
    return json.loads(text)


async def call_text(
    namespace: Any,
    kind: str,
    name: str,
    method: str,
    text: str,
    *,
    idempotent: bool,
    context: Context | None = None,
) -> str:
    """As `call_object`, with texts as they are: for long ones, which nobody in between needs to take apart."""
    known = current() if context is None else context
    about = known.text()

    async def attempt() -> str:
        # A stub that has failed stays broken: each attempt gets a fresh one.
        return unwrap_text(await getattr(namespace.getByName(name), method)(text, about))

    return await UPSTREAMS.call(kind, name, attempt, idempotent=idempotent, deadline=known.deadline)


def binding_name(env: Any, namespace: Any) -> str:
    """The name under which `env` holds a namespace (the SDK keeps each binding's wrapper as an attribute)."""
    return next((name for name, value in vars(env).items() if value is namespace), "object")
