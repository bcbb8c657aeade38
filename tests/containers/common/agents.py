"""A small agent to try the runtime on, and a client that speaks to an app in the same process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, FastAPI
from pydantic import Field
from starlette.requests import Request

from containers.common.app_factory import create_app
from containers.common.identity import CurrentIdentity
from containers.common.settings import Settings
from contracts.base import Model
from contracts.errors import ProblemError

OPEN = Settings(incarnation="inc-7", allow_unsigned=True)


class Line(Model):
    quantity: Annotated[int, Field(ge=1)]


class Basket(Model):
    lines: tuple[Line, ...]


router = APIRouter()


@router.post("/echo")
async def echo(basket: Basket, who: CurrentIdentity, limit: int = 1) -> dict[str, Any]:
    return {"lines": len(basket.lines), "tenant": who.tenant, "role": who.role, "limit": limit}


@router.post("/count")
async def count(request: Request) -> dict[str, int]:
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
    return {"bytes": total}


@router.post("/crash")
async def crash() -> None:
    raise RuntimeError("secret-path /srv/key")


@router.post("/refuse")
async def refuse() -> None:
    raise ProblemError("conflict", "no", headers={"Retry-After": "9"}, extra={"current": 3})


def build(settings: Settings = OPEN, **more: Any) -> FastAPI:
    return create_app("tester", routers=[router], settings=settings, **more)


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a started app (its lifespan has begun)."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
            yield client
