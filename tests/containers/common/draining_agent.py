"""A program for the tests: an agent whose one request works until it is told to stop (or, stubborn, forever)."""

from __future__ import annotations

import asyncio
import os
import sys

from fastapi import APIRouter
from starlette.requests import Request

from containers.common.app_factory import create_app
from containers.common.server import serve

router = APIRouter()


@router.post("/work")
async def work(request: Request, stubborn: bool = False) -> dict[str, str]:
    print('{"event":"working"}', flush=True)
    stop = request.app.state.lifecycle.stop_requested
    while stubborn or not stop.is_set():
        await asyncio.sleep(0.01)
    return {"answer": "best so far"}


@router.post("/quick")
async def quick() -> dict[str, str]:
    return {"answer": "done"}


async def fail() -> None:
    raise RuntimeError("cannot start")


app = create_app("draining", routers=[router], on_startup=(lambda _app: fail()) if "--fail" in sys.argv else None)
status = serve(app, "127.0.0.1", int(os.environ["PORT"]))
sys.stdout.flush()
os._exit(status)
