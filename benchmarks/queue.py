"""The task queue on real workerd, straight at the Worker: how fast, and whether it gets slower when much waits.

    python -m benchmarks.queue [--waiting 100000] [--pairs 60] [--rounds 5]

A pair is a lease and its ack, one after the other over one connection. The two queues, with 1,000 and with 100,000 tasks
waiting, take turns in each round, so that slow moments of the machine fall on both; the growth is the median over all
pairs of the one against the other. Two plain reads of a task stand for what two requests cost anyway.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.results import record
from local.processes import free_port
from local.stack import Stack

COMMAND = "make bench ARGS=queue"
FEW = 1_000
BULK = 10_000
LIMITS = "client=100000/200000 tenant=100000/200000"
WAREHOUSE: dict[str, Any] = {"layout": {"type": "parametric", "aisles": 2, "bays_per_block": 5}}


class Queue:
    """One warehouse's tasks; `timings` are seconds per pair and per two reads."""

    def __init__(self, http: httpx.Client, name: str) -> None:
        self.http, self.path = http, f"/v1/warehouses/{name}/tasks"
        self.pairs: list[float] = []
        self.reads: list[float] = []
        self._post("/v1/warehouses", {"id": name, **WAREHOUSE})

    def fill(self, count: int) -> list[float]:
        """Enqueue tasks of three types and ten priorities, owned by five; seconds of each call."""
        seconds = []
        for start in range(0, count, BULK):
            tasks = [
                {
                    "id": f"t{n}",
                    "type": ("pick", "count", "replenish")[n % 3],
                    "priority": n % 10,
                    "owner": f"o{n % 5}",
                    "payload": {"lines": [{"location": f"A01-L-{n % 5:03}-1", "sku": f"S{n}", "quantity": 1}]},
                }
                for n in range(start, min(count, start + BULK))
            ]
            began = time.perf_counter()
            self._post(self.path, {"tasks": tasks})
            seconds.append(time.perf_counter() - began)
        return seconds

    def work(self, pairs: int) -> None:
        for _ in range(pairs):
            began = time.perf_counter()
            (task,) = self._post(f"{self.path}/lease", {"lease_seconds": 600})["tasks"]
            self._post(f"{self.path}/{task['id']}/ack", {"lease": task["lease"]})
            between = time.perf_counter()
            for _ in range(2):
                self.http.get(f"{self.path}/{task['id']}").raise_for_status()
            self.pairs.append(between - began)
            self.reads.append(time.perf_counter() - between)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(
            Path(folder),
            direct_port=port,
            with_engine=False,
            extra_arguments=["--enable-containers=false"],
            extra_vars={"RATE_LIMITS": LIMITS},
        ) as stack,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {stack.admin_key}"}, timeout=120
        ) as http,
    ):
        few, many = Queue(http, "few"), Queue(http, "many")
        few.fill(FEW)
        bulk = many.fill(options.waiting)
        few.work(20)
        many.work(20)
        for queue in (few, many):
            queue.pairs.clear()
            queue.reads.clear()
        for _ in range(options.rounds):
            few.work(options.pairs)
            many.work(options.pairs)
    per_second = BULK / median(bulk)
    record("state.queue.enqueue_bulk.tasks_per_second", per_second, "1/s", "", None, COMMAND)
    reads = median(few.reads)
    record(
        "state.queue.lease_ack.pairs_per_second",
        1 / median(few.pairs),
        "1/s",
        "two plain reads of a task",
        reads / median(few.pairs),
        COMMAND,
    )
    growth = median(many.pairs) / median(few.pairs)
    record(
        "state.queue.growth_100k_vs_1k", growth, "", f"{FEW} waiting ({options.waiting} against it)", growth, COMMAND
    )


if __name__ == "__main__":
    main()
