"""GET /v1/agents: who sees which instances, and the copy that answers when a type's directory does not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.agents import AgentList
from contracts.errors import ProblemError
from contracts.rpc import dumps
from durable_objects.fleet.agents import AGENTS
from worker.agent_listing import listing as seen_listing
from worker.call import Call, Principal


def instance(session: str) -> dict[str, Any]:
    return {"session": session, "status": "healthy", "incarnation": "i1", "load": 2}


def listing(name: str, *sessions: str) -> dict[str, Any]:
    rows = [instance(session) for session in sessions]
    return {"type": name, "max_instances": 5, "min_instances": 0, "occupied": len(rows), "instances": rows}


class Fleet:
    """AGENT_FLEET: each type's directory answers, or is broken."""

    def __init__(self, broken: str = "", problem: ProblemError | None = None) -> None:
        self.broken, self.problem = broken, problem

    def getByName(self, name: str) -> Any:
        async def answer(*_arguments: Any) -> str:
            if name == self.broken:
                raise self.problem or OSError("Network connection lost")
            return dumps({"ok": listing(name, "acme.one", "other.two", "pool-0")})

        return SimpleNamespace(listing=answer)


class Cache:
    def __init__(self, **entries: Any) -> None:
        self.entries = entries

    async def get(self, key: str) -> str | None:
        return self.entries.get(key.replace(":", "_"))


async def ask(fleet: Fleet, cache: Cache, via: str = "key") -> dict[str, Any]:
    env = SimpleNamespace(AGENT_FLEET=fleet, CACHE=cache)
    call = Call(env, None, None, Principal("acme", "k", "viewer", via=via), {}, "t" * 32, method="GET")
    agents = [await seen_listing(call, name) for name in AGENTS]
    AgentList.model_validate_json(json.dumps({"agents": agents}))
    return {agent["type"]: agent for agent in agents}


async def test_a_tenant_sees_its_own_sessions_by_their_names_and_the_pool() -> None:
    seen = await ask(Fleet(), Cache())
    assert list(seen) == list(AGENTS)
    assert [row["session"] for row in seen["sync"]["instances"]] == ["one", "pool-0"]


async def test_whoever_runs_the_installation_sees_all() -> None:
    seen = await ask(Fleet(), Cache(), via="bootstrap")
    assert [row["session"] for row in seen["sync"]["instances"]] == ["one", "other.two", "pool-0"]


async def test_a_directory_that_does_not_answer_is_replaced_by_its_last_copy_marked_stale() -> None:
    copy = json.dumps({"at": 123.0, **listing("sync", "acme.one")})
    seen = await ask(Fleet(broken="sync"), Cache(agents_sync=copy))
    assert (seen["sync"]["stale"], seen["sync"]["at"]) == (True, 123.0)
    assert [row["session"] for row in seen["sync"]["instances"]] == ["one"]
    assert "stale" not in seen["optimizer"]


async def test_without_a_copy_the_fault_is_told() -> None:
    with pytest.raises(ProblemError) as told:
        await ask(Fleet(broken="sync"), Cache())
    assert told.value.code == "unavailable"
