"""The agents: what runs, stopping one, and passing requests on to them.

`X-Session-ID` names the instance: the same session always meets the same container. Without it any instance of the pool
serves, the less loaded of two drawn at random.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from contracts.agents import AgentList
from contracts.base import Model
from contracts.errors import CATALOGUE, ProblemError
from durable_objects.fleet.agents import AGENTS, POOL, AgentType, session_of
from durable_objects.resilience.upstreams import UPSTREAMS
from worker.agent_listing import listing
from worker.call import Call, Reply
from worker.forwarding import object_fetch, request_onward, target_of
from worker.routing import Caching, route
from worker.websockets import asks_for_websocket

SESSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,63}$")
_COMMON = ("not-found", "no-capacity", "unavailable", "agent-failed")


class Stopped(Model):
    agent: str
    session: str
    status: str


@route(
    "GET",
    "/v1/agents",
    role="viewer",
    summary="Agent types and their instances",
    tag="agents",
    answers={200: AgentList},
    problems=("unavailable",),
    cache=Caching(isolate_s=1.0),  # a directory per agent type would be asked for every look at the dashboard
)
async def list_agents(call: Call) -> Reply:
    listings = await asyncio.gather(*(listing(call, name) for name in AGENTS))
    return Reply(body={"agents": listings})


@route(
    "POST",
    "/v1/agents/{agent_type}/sessions/{session_id}/stop",
    role="operator",
    summary="Stop the instance of a session",
    tag="agents",
    answers={202: Stopped},
    problems=_COMMON,
    description="The program is told to end and does so in order; the next request of the session starts it again.",
)
async def stop_session(call: Call) -> Reply:
    agent = _agent(call)
    session = _session(call, call.params["session_id"])
    state = await call.rpc(getattr(call.env, agent.binding), f"{agent.name}:{session}", "halt")
    return Reply(202, {"agent": agent.name, "session": call.params["session_id"], "status": state["status"]})


FORWARD = "/v1/agents/{agent_type}/{path*}"
# What an agent answers is its own; these are the media types that today's agents write.
_WRITTEN = ("application/json", "application/x-ndjson", "text/html", "text/plain")
_READ = ("application/json", "application/x-ndjson", "text/csv", "text/plain", "application/octet-stream")
_FORWARDING: dict[str, Any] = {
    "role": "operator",
    "tag": "agents",
    "cost": 5,
    "query": "any",
    "answers": {200: "application/json"},
    "produces": _WRITTEN,
    "problems": tuple(CATALOGUE),
    "description": "Streams both ways. `X-Session-ID` chooses the instance; without it any free one serves. With an"
    " `Idempotency-Key` the request is read whole before it is passed on.",
}


@route("GET", FORWARD, summary="Ask an agent, or open a WebSocket to it", upgrade=True, **_FORWARDING)
async def get_from_agent(call: Call) -> Reply:
    return await _forward(call)


@route("POST", FORWARD, summary="Send work to an agent", body="stream", accepts=_READ, **_FORWARDING)
async def post_to_agent(call: Call) -> Reply:
    return await _forward(call)


@route("PUT", FORWARD, summary="Put something to an agent", body="stream", accepts=_READ, **_FORWARDING)
async def put_to_agent(call: Call) -> Reply:
    return await _forward(call)


@route("PATCH", FORWARD, summary="Change something at an agent", body="stream", accepts=_READ, **_FORWARDING)
async def patch_at_agent(call: Call) -> Reply:
    return await _forward(call)


@route("DELETE", FORWARD, summary="Delete something at an agent", **_FORWARDING)
async def delete_at_agent(call: Call) -> Reply:
    return await _forward(call)


async def _forward(call: Call) -> Reply:
    agent = _agent(call)
    session = await _session_of_request(call, agent)
    namespace = getattr(call.env, agent.binding)
    target = target_of(call.params["path"], call.query_text)
    upgrade = asks_for_websocket(call)

    async def attempt() -> Any:
        return await object_fetch(namespace, f"{agent.name}:{session}", request_onward(call, target, upgrade=upgrade))

    response = await UPSTREAMS.call(
        f"agent:{agent.name}",
        session,
        attempt,
        idempotent=call.method in ("GET", "HEAD") and not upgrade,  # anything else has a body, and a stream goes once
        deadline=call.deadline,
        broken=lambda answer: answer.status in (500, 502, 504),
    )
    return Reply(status=response.status, response=response)


async def _session_of_request(call: Call, agent: AgentType) -> str:
    named = call.header.get("x-session-id") or ""
    if named:
        return _session(call, named)
    choice = await call.rpc(call.env.AGENT_FLEET, agent.name, "pick", idempotent=True)
    return str(choice["session"])


def _agent(call: Call) -> AgentType:
    name = call.params["agent_type"]
    if name not in AGENTS:
        raise ProblemError("not-found", f"there is no agent type {name!r}; known are {', '.join(AGENTS)}")
    return AGENTS[name]


def _session(call: Call, named: str) -> str:
    """The session's name inside the object's. The pool's own belong to whoever runs the installation."""
    if not SESSION.fullmatch(named):
        raise ProblemError("bad-request", "a session id is 1 to 64 letters, digits, dots, dashes and underscores")
    if named.startswith(POOL) and call.principal.platform:
        return named
    return session_of(call.principal.tenant, named)
