"""Solves that would pass the agent's memory end with their best plan, and the container lives."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from containers.common.app_factory import create_app
from containers.common.settings import Settings
from containers.optimizer.api import routes
from containers.optimizer.jobs import Board
from containers.optimizer.memory import Memory
from tests.containers.optimizer.warehouses import batching_data

MIB = 1 << 20
SELF = os.getpid()


def memory(held: dict[int, int], used: int = 0) -> Memory:
    """An agent of 1000 MiB whose solves may hold 350 each; `held` and `used` are MiB by process and of all."""
    return Memory(
        350 * MIB, lambda: 1000 * MIB, lambda: used * MIB, lambda pid: held.get(pid, 100 if pid == SELF else 0) * MIB
    )


@pytest.mark.parametrize(
    ("mine", "verdict", "why"),
    [
        (300, "fine", "within its share"),
        (351, "stop", "over its share"),
        (525, "stop", "one and a half times its share exactly"),
        (526, "kill", "more than that: it did not heed the stop"),
    ],
)
def test_a_solve_is_asked_to_end_at_its_share_and_killed_at_half_as_much_again(
    mine: int, verdict: str, why: str
) -> None:
    assert memory({7: mine}).verdict(7) == verdict, why


def test_of_several_solves_that_together_hold_too_much_the_largest_ends() -> None:
    """100 of the agent + 300 + 250 + 210 = 860 MiB, over 85 % of 1000."""
    held = {1: 300, 2: 250, 3: 210}
    watched = memory(held)
    assert [watched.verdict(pid) for pid in (3, 2, 1)] == ["fine", "fine", "stop"]
    held[3] = 340  # 990 MiB: over 95 %, and it is the largest now
    assert watched.verdict(3) == "kill"
    watched.forget(3)
    assert watched.verdict(2) == "fine"


def test_the_control_groups_count_is_believed_when_it_is_higher() -> None:
    assert memory({1: 200}, used=900).verdict(1) == "stop"


@pytest.fixture
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """An optimizer whose solves seem to hold as much of their share as the test says."""
    board = Board()
    held = int(board.limits.solve_memory * request.param)
    board.memory = Memory(board.limits.solve_memory, lambda: 1 << 50, lambda: 0, lambda pid: held if pid != SELF else 0)
    app = create_app("optimizer", routers=[routes(board)], settings=Settings(allow_unsigned=True))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent", timeout=240) as one:
        yield one
        await board.drain(0.0)


def body() -> dict[str, Any]:
    return {"problem": "batching", "data": batching_data(1, orders=120), "budget": {"seconds": 600}}


@pytest.mark.parametrize("client", [1.2], indirect=True)
async def test_a_solve_over_its_share_answers_its_best_plan_long_before_its_budget(client: httpx.AsyncClient) -> None:
    answer = await client.post("/optimize", json=body())
    assert answer.status_code == 200
    result = answer.json()
    assert result["stopped_by"] == "memory"
    assert sum(len(batch["orders"]) for batch in result["solution"]["batches"]) == 120


@pytest.mark.parametrize("client", [2.0], indirect=True)
async def test_a_solve_far_over_its_share_is_ended_with_a_cure_and_the_agent_goes_on(client: httpx.AsyncClient) -> None:
    answer = await client.post("/optimize", json=body())
    assert (answer.status_code, answer.json()["code"]) == (422, "too-large-to-solve")
    assert "send a smaller problem" in answer.json()["detail"]
    assert (await client.get("/health")).status_code == 200
