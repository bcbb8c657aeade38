"""A small fleet to try: three instances, busy at two requests, two starts at once."""

from __future__ import annotations

from typing import Any

from durable_objects.fleet.agents import AgentType
from durable_objects.fleet.directory import Directory
from durable_objects.fleet.pool import Pool
from durable_objects.fleet.schema import MIGRATIONS
from durable_objects.sqlite import migrate
from local.sqlite import LocalSql

AGENT = AgentType("t", "T", 1, "1m", max_instances=3, busy_at=2, memory_mb=1, internet=False, parallel_starts=2)


def fleet(agent: AgentType = AGENT) -> tuple[Directory, Pool]:
    sql = LocalSql()
    migrate(sql, MIGRATIONS)
    kept = Directory(sql, agent)
    return kept, Pool(sql, kept)


def directory(agent: AgentType = AGENT) -> Directory:
    return fleet(agent)[0]


def news(status: str, at: float, **more: Any) -> dict[str, Any]:
    return {"status": status, "at": at, "incarnation": "i", "load": 0, "active": at, **more}


def run(kept: Directory, session: str, at: float, load: int = 0) -> None:
    """The instance of this session is ready at `at`."""
    assert kept.admit(session, at).granted
    kept.report(session, news("healthy", at, load=load), at)
