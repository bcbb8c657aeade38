"""The agent types, once: the objects, the routes and the tests read this table. wrangler.toml repeats max_instances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

POOL = "pool-"  # sessions of this prefix belong to nobody: requests without a session go to them


@dataclass(frozen=True, slots=True)
class AgentType:
    """`busy_at`: with so many requests in flight an instance counts as busy. Durations as in Container.sleep_after."""

    name: str
    binding: str
    port: int
    sleep_after: str
    max_instances: int
    busy_at: int
    memory_mb: int  # what the instance type leaves to the program
    internet: bool
    min_instances: int = 0
    parallel_starts: int = 2  # many starts at once fail more often than one by one
    reclaim_after: float = 15.0  # seconds that nobody asks it until an instance makes room for a start that finds none

    @property
    def variable_prefix(self) -> str:
        return self.name.upper().replace("-", "_")

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """The first program keeps the end of the second one's log, for the error that a crash loop answers with."""
        return ("python", "-m", "containers.common.last_words", "python", "-m", "containers.run", self.name)

    def as_set(self, variable: Callable[[str], str]) -> AgentType:
        """As an environment sets it. `variable`: the value of <AGENT>_MIN_INSTANCES, _MAX_INSTANCES, _MEMORY_MB,
        _SLEEP_AFTER and _RECLAIM_SECONDS, empty where it keeps the table's. Raises ValueError for what is no number."""
        minimum, maximum, memory, sleep, reclaim = (
            variable(f"{self.variable_prefix}_{name}")
            for name in ("MIN_INSTANCES", "MAX_INSTANCES", "MEMORY_MB", "SLEEP_AFTER", "RECLAIM_SECONDS")
        )
        most = int(maximum or self.max_instances)
        return replace(
            self,
            max_instances=most,
            min_instances=min(int(minimum or self.min_instances), most),
            memory_mb=int(memory or self.memory_mb),
            sleep_after=sleep or self.sleep_after,
            reclaim_after=float(reclaim or self.reclaim_after),
        )


AGENTS: dict[str, AgentType] = {
    agent.name: agent
    for agent in (
        AgentType("optimizer", "OPTIMIZER_CONTAINER", 8000, "10m", 5, 1, 5500, internet=False),
        AgentType("sync", "SYNC_CONTAINER", 8001, "20m", 3, 8, 900, internet=True),
        AgentType("warehouse-manager", "WAREHOUSE_MANAGER_CONTAINER", 8002, "30m", 2, 8, 900, internet=False),
    )
}


def session_of(tenant: str, session: str) -> str:
    """The session part of an object's name: tenants never meet in one. A tenant's id holds no colon."""
    return f"{tenant}.{session}"


def pool_session(number: int) -> str:
    return f"{POOL}{number}"
