"""The process that solves one request: forked from a warm server, ended with its solve.

Talks over one duplex pipe. Out: (kind, JSON bytes) with kind "started", "incumbent", "result" or "problem".
In: a stop reason. When the pipe closes, the agent is gone and so is the reason to go on.
"""

from __future__ import annotations

import gc
import json
import os
import threading
import time
from multiprocessing.connection import Connection
from typing import cast

from pydantic import ValidationError

from containers.optimizer.execute import execute
from containers.optimizer.family import Run, StopReason
from containers.optimizer.registry import family
from contracts.deadline import passed
from contracts.errors import ProblemError, from_validation
from contracts.optimize import Budget, Incumbent, OptimizeRequest

# Below the agent's own priority, so that health checks are answered while every core solves.
NICENESS = 5
# What a plan still needs when its search has ended: at least so many seconds, and so much of the time there was.
FINISHING_S = 0.25
FINISHING_SHARE = 0.1


def main(connection: Connection, body: bytes, workers: int, deadline: float = float("inf")) -> None:
    """Solve the request in `body` and send what comes of it, before `deadline` (seconds since the epoch).

    Never raises ProblemError: it sends it.
    """
    os.nice(NICENESS)
    gc.freeze()  # what the fork came with is neither looked through nor, by that, copied
    send_lock = threading.Lock()

    def send(kind: str, payload: bytes) -> None:
        with send_lock:
            connection.send((kind, payload))

    try:
        request = OptimizeRequest.model_validate_json(body)
        family(request.problem).warm()  # the clock starts when the kernels are there
        run = Run(
            budget=_within(request.budget, deadline),
            warm_start=request.warm_start,
            locks=request.locks,
            on_incumbent=lambda incumbent: send("incumbent", _line(incumbent)),
            workers=max(1, min(workers, request.budget.workers)),
        )
        threading.Thread(target=_listen, args=(connection, run), daemon=True).start()
        send("started", b"{}")
        send("result", execute(request, run).model_dump_json().encode())
    except ProblemError as error:
        send("problem", json.dumps(error.document()).encode())
    except ValidationError as error:
        send("problem", json.dumps(from_validation(error).document()).encode())
    except MemoryError:
        detail = "the solve needed more memory than this agent has; send a smaller problem"
        send("problem", json.dumps(ProblemError("too-large-to-solve", detail).document()).encode())


def _within(budget: Budget, deadline: float) -> Budget:
    """The budget, shortened so that check, bound and answer still come before the deadline. Raises deadline-exceeded."""
    left = deadline - time.time()
    if left <= FINISHING_S:
        raise passed()
    usable = max(FINISHING_S, left * (1 - FINISHING_SHARE) - FINISHING_S)
    return budget if budget.seconds <= usable else budget.model_copy(update={"seconds": usable})


def _line(incumbent: Incumbent) -> bytes:
    return incumbent.model_dump_json().encode()


def _listen(connection: Connection, run: Run) -> None:
    while True:
        try:
            reason = connection.recv()
        except (EOFError, OSError):
            os._exit(1)
        run.stop(cast(StopReason, reason))
