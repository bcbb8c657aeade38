"""Calling another object's RPC method, with everything that a call needs to fail well."""

from __future__ import annotations

from typing import Any

from contracts.rpc import Context, current, dumps, unwrap
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
    known = current() if context is None else context
    text, about = dumps(payload), known.text()

    async def attempt() -> Any:
        # A stub that has failed stays broken: each attempt gets a fresh one.
        return unwrap(await getattr(namespace.getByName(name), method)(text, about))

    return await UPSTREAMS.call(kind, name, attempt, idempotent=idempotent, deadline=known.deadline)


def binding_name(env: Any, namespace: Any) -> str:
    """The name under which `env` holds a namespace (the SDK keeps each binding's wrapper as an attribute)."""
    return next((name for name, value in vars(env).items() if value is namespace), "object")
