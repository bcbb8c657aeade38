"""The optimizer agent: `python -m containers.run optimizer` serves `app` on port 8000."""

from __future__ import annotations

import threading

from fastapi import FastAPI

from containers.common.app_factory import create_app
from containers.common.metrics import Gauge
from containers.common.settings import Settings
from containers.optimizer.api import routes
from containers.optimizer.jobs import Board

# Of the grace after SIGTERM, what a solve needs to turn its best into an answer and to send it.
FINISHING_S = 3.0

settings = Settings.from_env()
board = Board()


def _start(_app: FastAPI) -> None:
    """Ready at once; libraries and kernels load beside, in the process that solves are forked from."""
    threading.Thread(target=board.warm, daemon=True).start()


async def _drain() -> None:
    await board.drain(max(0.0, settings.grace_s - FINISHING_S))


app = create_app("optimizer", routers=[routes(board)], on_startup=_start, on_drain=_drain, settings=settings)
app.state.metrics.add(
    Gauge("storemax_optimizer_running", "Solves that run.", lambda: board.running),
    Gauge("storemax_optimizer_waiting", "Solves that wait for a free place.", lambda: board.waiting),
    Gauge("storemax_optimizer_solved_total", "Solves with an answer.", lambda: board.solved_total, kind="counter"),
    Gauge("storemax_optimizer_failed_total", "Solves without one.", lambda: board.failed_total, kind="counter"),
)
