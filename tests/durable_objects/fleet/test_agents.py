"""The table of agent types, and what an environment may change in it."""

from __future__ import annotations

import re

from durable_objects.container.durations import seconds
from durable_objects.fleet.agents import AGENTS, session_of
from tests.tools.test_upload import ENVIRONMENTS, configuration

# Memory of Cloudflare's instance types in MiB.
INSTANCE_MB = {
    "lite": 256,
    "basic": 1024,
    "standard-1": 4096,
    "standard-2": 6144,
    "standard-3": 8192,
    "standard-4": 12288,
}


def test_the_agents_are_as_promised() -> None:
    table = {agent.name: (agent.port, agent.sleep_after, agent.max_instances) for agent in AGENTS.values()}
    assert table == {
        "optimizer": (8000, "10m", 5),
        "sync": (8001, "20m", 3),
        "warehouse-manager": (8002, "30m", 2),
    }


def test_an_environment_may_set_minimum_maximum_memory_sleep_and_when_idle_ones_make_room() -> None:
    variables = {
        "OPTIMIZER_MIN_INSTANCES": "2",
        "OPTIMIZER_MAX_INSTANCES": "4",
        "OPTIMIZER_SLEEP_AFTER": "3s",
        "OPTIMIZER_MEMORY_MB": "100",
        "OPTIMIZER_RECLAIM_SECONDS": "1.5",
    }
    agent = AGENTS["optimizer"].as_set(lambda name: variables.get(name, ""))
    assert (agent.min_instances, agent.max_instances, agent.sleep_after, agent.memory_mb) == (2, 4, "3s", 100)
    assert agent.reclaim_after == 1.5
    assert AGENTS["optimizer"].as_set(lambda name: "") == AGENTS["optimizer"]
    assert AGENTS["sync"].as_set(lambda name: variables.get(name, "")) == AGENTS["sync"]


def test_the_minimum_is_never_more_than_the_maximum() -> None:
    variables = {"SYNC_MIN_INSTANCES": "9"}
    assert AGENTS["sync"].as_set(lambda name: variables.get(name, "")).min_instances == 3


def test_every_environment_gives_each_agent_its_container_with_room_for_what_the_program_may_hold() -> None:
    whole = configuration()
    for environment in ENVIRONMENTS:
        section = whole if environment == "development" else whole["env"][environment]
        containers = {entry["class_name"]: entry for entry in section["containers"]}
        assert len(containers) == len(AGENTS)
        for listed in AGENTS.values():
            agent = listed.as_set(lambda name, known=section["vars"]: str(known.get(name, "")))  # type: ignore[misc]
            entry = containers["".join(word.title() for word in re.split("-", agent.name)) + "Container"]
            assert entry["max_instances"] == listed.max_instances
            assert agent.max_instances <= entry["max_instances"]
            # What is left is for the first process, the kernel's own and the page cache.
            assert agent.memory_mb <= 0.95 * INSTANCE_MB[entry["instance_type"]], (environment, agent.name)
            assert seconds(agent.sleep_after) >= 60


def test_sessions_of_two_tenants_never_share_a_name() -> None:
    assert session_of("acme", "default") != session_of("other", "default")
