"""Jobs while their container is killed every few seconds: all succeed, each once.

STOREMAX_FAULT_JOBS sets how many; `make faults` runs 200. It takes minutes, so without that variable it is left out. "Every few
seconds" is 2 to 5 s on a machine where a job on a cold container takes up to 2.5 s; on a slower one as much longer.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.demo.generate import FILE
from local.demo.main_job import Client
from local.demo.warehouse import derive
from local.stack import Stack

JOBS = int(os.environ.get("STOREMAX_FAULT_JOBS", "0"))
SECONDS_PER_JOB = 60.0
SESSION = "faults"
SEED = 20261124
COLD_JOB_SECONDS = 2.5
START_SECONDS = 180.0  # of the stack, on a machine that has more to do


class Killer(threading.Thread):
    """SIGKILL to the container of a session, 2 to 5 seconds (times `pace`) after it has become ready, each time anew."""

    def __init__(self, stack: Stack, session: str, pace: float) -> None:
        super().__init__(daemon=True)
        self.stack, self.session, self.pace = stack, session, pace
        self.over = threading.Event()
        self.kills = 0
        self._random = random.Random(SEED)

    def run(self) -> None:
        with httpx.Client(base_url=self.stack.url, headers={"authorization": f"Bearer {self.stack.admin_key}"}) as http:
            while not self.over.wait(0.3):
                if self._ready(http) and not self.over.wait(self.pace * self._random.uniform(2, 5)):
                    self._kill()

    def _ready(self, http: httpx.Client) -> bool:
        agents = http.get("/v1/agents", timeout=30).json()["agents"]
        rows = next(agent["instances"] for agent in agents if agent["type"] == "optimizer")
        return any((row["session"], row["status"]) == (self.session, "healthy") for row in rows)

    def _kill(self) -> None:
        with contextlib.suppress(LookupError, subprocess.CalledProcessError):  # it has ended by itself
            self.stack.kill_container(f"optimizer:default.{self.session}")
            self.kills += 1


@pytest.mark.skipif(JOBS == 0, reason="long form: make faults")
def test_all_jobs_succeed_once_each_although_their_container_is_killed_every_few_seconds() -> None:
    print(f"seed {SEED}, {JOBS} jobs")
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), start_seconds=START_SECONDS) as stack:
        client = Client(stack.url, stack.admin_key)
        client.create_warehouse(derive(FILE, "faults", "Faults"))
        client.import_order_lines("faults", FILE.read_bytes())
        finish(client, start(client, JOBS))  # kernels are compiled once
        with contextlib.suppress(LookupError):
            stack.kill_container(f"optimizer:default.{SESSION}")
        began = time.monotonic()
        finish(client, start(client, JOBS + 1))
        pace = max(1.0, (time.monotonic() - began) / COLD_JOB_SECONDS)
        print(f"a job on a cold container took {time.monotonic() - began:.1f} s: pace {pace:.1f}")
        killer = Killer(stack, SESSION, pace)
        killer.start()
        try:
            jobs = [start(client, number) for number in range(JOBS)]
            finished = [finish(client, job) for job in jobs]
        finally:
            killer.over.set()
            killer.join(timeout=60)
        failed = [(job["attempt"], job["error"]) for job in finished if job["state"] != "succeeded"]
        assert failed == [], f"{killer.kills} kills; first failure: {failed[0]}"
        assert len({job["id"] for job in finished}) == JOBS
        assert killer.kills >= 1
        for job in finished:
            assert final_events(client, job) == ["succeeded"]
        print(f"{killer.kills} kills, attempts {sorted(job['attempt'] for job in finished)}")
        client.close()


def start(client: Client, number: int) -> dict[str, Any]:
    budget = {"seconds": 1, "seed": number + 1}
    body = {"problem": "batching", "budget": budget, "session": SESSION, "report": False}
    return client.start_job("faults", {**body, "parameters": {"cart": {"orders": 8}}})


def finish(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS_PER_JOB * 3 + JOBS * 5
    while (status := client.job(job))["state"] not in ("succeeded", "failed", "cancelled"):
        assert time.monotonic() < deadline, f"still {status['state']}, attempt {status['attempt']}"
        time.sleep(0.3)
    return status


def final_events(client: Client, job: dict[str, Any]) -> list[str]:
    """The final states that the job's event log tells: exactly one if it ended once."""
    finals = ("succeeded", "failed", "cancelled")
    return [event["state"] for event in client.follow(job) if event["type"] == "state" and event["state"] in finals]
