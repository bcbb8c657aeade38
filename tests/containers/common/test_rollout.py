"""A rollout mixes releases: a Worker and an image of neighbouring releases understand each other, both ways round.

Release A speaks protocol 1. Release B speaks 2 and still 1; its answers name the quantity `pieces` where 1 says `count`.
Release C has dropped 1.
"""

from __future__ import annotations

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from containers.common.app_factory import create_app
from containers.common.protocols import CurrentProtocol
from containers.common.settings import Settings
from contracts.errors import from_document
from contracts.protocol import HEADER, SUPPORTED, SUPPORTED_HEADER, offer
from tests.containers.common.agents import client_of

A, B, C = (1,), (2, 1), (3, 2)


def image(protocols: tuple[int, ...]) -> FastAPI:
    """The agent of a release."""
    router = APIRouter()

    @router.post("/count")
    async def count(speaks: CurrentProtocol) -> dict[str, int]:
        return {"count": 3} if speaks == 1 else {"pieces": 3}

    return create_app("tester", routers=[router], settings=Settings(allow_unsigned=True), protocols=protocols)


async def ask(worker: tuple[int, ...], agent: tuple[int, ...]) -> httpx.Response:
    """What a Worker of one release gets from an image of another."""
    async with client_of(image(agent)) as client:
        return await client.post("/count", headers={HEADER: offer(worker)})


@pytest.mark.parametrize(
    ("worker", "agent", "spoken", "answer"),
    [
        (A, A, "1", {"count": 3}),
        (B, A, "1", {"count": 3}),  # the Worker is deployed first: the image is a release behind
        (B, B, "2", {"pieces": 3}),
        (A, B, "1", {"count": 3}),  # the Worker was rolled back, the image was not
        (C, B, "2", {"pieces": 3}),
    ],
)
async def test_neighbouring_releases_speak_the_best_version_that_both_know(
    worker: tuple[int, ...], agent: tuple[int, ...], spoken: str, answer: dict[str, int]
) -> None:
    response = await ask(worker, agent)
    assert (response.status_code, response.json()) == (200, answer)
    assert (response.headers[HEADER], response.headers[SUPPORTED_HEADER]) == (spoken, offer(agent))


@pytest.mark.parametrize(("worker", "agent"), [(C, A), (A, C)])
async def test_releases_too_far_apart_are_a_state_that_passes_not_a_fault_of_the_client(
    worker: tuple[int, ...], agent: tuple[int, ...]
) -> None:
    """503 with Retry-After: whoever has work waits for the rollout, and jobs do so by themselves."""
    response = await ask(worker, agent)
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    problem = from_document(response.json())
    assert (problem.code, problem.status, problem.extra["supported"]) == ("protocol-unsupported", 503, list(agent))


async def test_probes_are_answered_whatever_the_caller_speaks() -> None:
    async with client_of(image(A)) as client:
        health = await client.get("/health", headers={HEADER: "9"})
    assert (health.status_code, health.json()["protocols"]) == (200, [1])


def test_this_release_speaks_the_version_before_its_own() -> None:
    assert list(SUPPORTED) == sorted(SUPPORTED, reverse=True)
    assert len(SUPPORTED) >= 2 or SUPPORTED == (1,)
