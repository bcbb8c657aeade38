"""Call an agent: the container of `agentType:sessionId`, with signed identity, trace and protocol headers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from contracts.deadline import HEADER as DEADLINE_HEADER
from contracts.deadline import written
from contracts.errors import CATALOGUE, ProblemError, from_document
from contracts.ndjson import LineSplitter
from contracts.protocol import HEADER as PROTOCOL_HEADER
from contracts.protocol import offer
from contracts.rpc import Context, current
from contracts.signing import Identity, sign
from contracts.trace import HEADER as TRACE_HEADER
from contracts.trace import traceparent
from durable_objects.resilience.objects import call_object
from durable_objects.resilience.upstreams import UPSTREAMS

BINDINGS = {
    "optimizer": "OPTIMIZER_CONTAINER",
    "sync": "SYNC_CONTAINER",
    "warehouse-manager": "WAREHOUSE_MANAGER_CONTAINER",
}
INCARNATION_HEADER = "x-storemax-incarnation"


async def any_instance(env: Any, agent: str, context: Context) -> str:
    """The session of an instance that anybody may use, for work that needs no memory of earlier work: named sessions
    would each hold an instance of their own. Raises ProblemError no-capacity."""
    choice = await call_object(env.AGENT_FLEET, "AGENT_FLEET", agent, "pick", None, idempotent=True, context=context)
    return str(choice["session"])


async def call_agent(
    env: Any,
    *,
    agent: str,
    session: str,
    method: str,
    path: str,
    identity: Identity,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    context: Context | None = None,
    idempotent: bool = False,
    refuse: bool = True,
) -> Any:
    """The agent's response, its body unread. Raises the ProblemError that it answers with, or `unavailable`.

    body: text, or a JavaScript stream that is passed through untouched. `context`: trace and deadline, those of the
    running RPC when absent. `idempotent`: may be sent again after a failure (never with a stream). `refuse`: whether an
    open circuit refuses the call; a caller that waits and comes again by itself switches it off.
    """
    known = current() if context is None else context
    namespace = getattr(env, BINDINGS[agent])

    async def attempt() -> Any:
        signed = sign(str(env.STOREMAX_SIGNING_KEY), method=method, path=path, identity=identity, now=time.time())
        sent = {PROTOCOL_HEADER: offer(), **signed, **(headers or {}), **onward(known)}
        options: dict[str, Any] = {"method": method, "headers": sent}
        if body is not None:
            options["body"] = body
        response = await namespace.getByName(f"{agent}:{session}").fetch(f"http://agent{path}", **options)
        if response.status >= 400:
            raise await _problem(agent, response)
        return response

    return await UPSTREAMS.call(
        f"agent:{agent}", session, attempt, idempotent=idempotent, deadline=known.deadline, refuse=refuse
    )


def onward(context: Context) -> dict[str, str]:
    """The headers that carry trace and deadline to an agent."""
    headers = {}
    if context.trace_id:
        headers[TRACE_HEADER] = traceparent(context.trace_id)
    if context.deadline is not None:
        headers[DEADLINE_HEADER] = written(context.deadline)
    return headers


async def _problem(agent: str, response: Any) -> ProblemError:
    text = str(await response.text())
    if "problem+json" in str(response.headers.get("content-type") or ""):
        import json

        problem = from_document(json.loads(text))
        retry_after = response.headers.get("retry-after")
        if retry_after:
            problem.headers = {**problem.headers, "retry-after": str(retry_after)}
        return problem
    code = "unavailable" if response.status in (429, 500, 502, 503, 504) else "agent-failed"
    return ProblemError(code, f"the {agent} agent answered {response.status}: {text[:300]}")


async def lines(response: Any) -> AsyncIterator[str]:
    """The lines of a streamed body, as they come. Raises OSError when the stream breaks before its end."""
    reader = response.js_object.body.getReader()
    splitter = LineSplitter()
    try:
        while True:
            part = await reader.read()
            if part.done:
                break
            for line in splitter.feed(part.value.to_bytes()):
                yield line
        for line in splitter.rest():
            yield line
    finally:
        reader.releaseLock()


def retryable(problem: ProblemError) -> bool:
    """May the same work be tried again elsewhere or later? A 4xx says that the work itself is wrong."""
    return CATALOGUE[problem.code][0] in (429, 502, 503, 504)
