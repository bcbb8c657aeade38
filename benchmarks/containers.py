"""Containers: cold start, first solve, what a warm request costs, and growing from one instance to five.

All through the public API of the local stack (real workerd; each container is Docker's, or a process of this machine).
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from benchmarks.results import record
from local.processes import free_port
from local.stack import Stack, answers
from local.toolchain import ROOT

COMMAND = "make bench ARGS=containers"
AGENT = "/v1/agents/optimizer"
INSTANCES = 5


def small_problem(seconds: float = 1.0) -> dict[str, Any]:
    """Eight orders of two lines in four aisles; the budget ends after 50 rounds of search."""
    places = [f"A{aisle:02d}-{side}-{bay:03d}-1" for aisle in range(1, 5) for side in "LR" for bay in range(1, 7)]
    return {
        "problem": "batching",
        "data": {
            "layout": {"type": "parametric", "aisles": 4, "bays_per_block": 6},
            "stock": [{"sku": f"S{n}", "location": place, "quantity": 100} for n, place in enumerate(places[:20])],
            "orders": [
                {"id": f"O{n}", "lines": [{"sku": f"S{(3 * n + k) % 20}", "quantity": 1} for k in (0, 7)]}
                for n in range(8)
            ],
            "cart": {"orders": 4},
        },
        "budget": {"seconds": seconds, "iterations": 50, "seed": 1},
    }


def program_start() -> float:
    """Seconds until the agent's program, started by hand, answers /ready."""
    port = free_port()
    env = {**os.environ, "PORT": str(port), "HOST": "127.0.0.1", "STOREMAX_ALLOW_UNSIGNED": "1"}
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "containers.run", "optimizer"], env=env, cwd=ROOT, stdout=subprocess.DEVNULL
    ) as program:
        try:
            while not answers(f"http://127.0.0.1:{port}/ready"):
                if time.perf_counter() - started > 60:
                    raise RuntimeError("the program did not become ready within a minute")
                time.sleep(0.02)
            return time.perf_counter() - started
        finally:
            program.terminate()


class Bench:
    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self.stack, self.http = stack, http

    def ask(self, session: str, path: str = "/ready", body: dict[str, Any] | None = None) -> float:
        """Seconds until the answer of a session's instance. Raises for anything but a 2xx."""
        headers = {"x-session-id": session}
        started = time.perf_counter()
        if body is None:
            answer = self.http.get(AGENT + path, headers=headers)
        else:
            answer = self.http.post(AGENT + path, headers=headers, json=body)
        seconds = time.perf_counter() - started
        if answer.status_code >= 300:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:500]}")
        return seconds

    def empty(self) -> None:
        """Stop all instances and wait until their places are free."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            fleet = next(one for one in self.http.get("/v1/agents").json()["agents"] if one["type"] == "optimizer")
            if fleet["occupied"] == 0:
                return
            for row in fleet["instances"]:
                if row["status"] in ("running", "healthy"):
                    self.http.post(f"{AGENT}/sessions/{row['session']}/stop")
            time.sleep(0.3)
        raise RuntimeError("the instances did not stop within a minute")

    def direct_url(self) -> str:
        """The address of the one running agent, beside Worker and object."""
        for name in self.stack._docker("ps", "-q").split():
            try:
                about = json.loads(self.stack._docker("inspect", name))[0]
            except subprocess.CalledProcessError:
                continue  # it ended between the two commands
            ports = about["NetworkSettings"]["Ports"]
            if "8000/tcp" in ports:
                return f"http://127.0.0.1:{ports['8000/tcp'][0]['HostPort']}"
        raise RuntimeError("no agent runs")

    def cold(self, samples: int) -> None:
        starts, solves, own = [], [], []
        for number in range(samples):
            starts.append(self.ask(f"cold-{number}"))
            self.empty()
            own.append(program_start())
        for number in range(samples):
            solves.append(self.ask(f"solve-{number}", "/optimize", small_problem()))
            self.empty()
        start, alone = statistics.median(starts), statistics.median(own)
        record("container.cold_start.median_s", start, "s", "the program's own start", start / alone, COMMAND)
        record("container.program_start.median_s", alone, "s", command=COMMAND)
        record("container.cold_start.max_s", max(starts), "s", command=COMMAND)
        record("container.first_solve.median_s", statistics.median(solves), "s", command=COMMAND)

    def warm(self, samples: int) -> None:
        """What object and proxying add: through both, less the Worker alone, less the agent alone."""
        self.ask("warm")
        with httpx.Client(base_url=self.direct_url()) as agent:
            calls: dict[str, Callable[[], Any]] = {
                "through": lambda: self.ask("warm", "/health"),
                "worker": lambda: self.http.get("/health").raise_for_status(),
                "agent": lambda: agent.get("/health").raise_for_status(),
            }
            times: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(samples):  # in turn, so that a slow moment of the machine meets all three
                for name, call in calls.items():
                    started = time.perf_counter()
                    call()
                    times[name].append((time.perf_counter() - started) * 1000)
        through, worker, agent_alone = (statistics.median(times[name]) for name in ("through", "worker", "agent"))
        record("container.warm_request.median_ms", through, "ms", "the agent directly", through / agent_alone, COMMAND)
        record(
            "container.warm_overhead.median_ms",
            through - worker - agent_alone,
            "ms",
            "the Worker's own /health",
            (through - agent_alone) / worker,
            COMMAND,
        )
        self.empty()

    def scale_out(self) -> None:
        self.ask("grow-0")
        started = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(INSTANCES - 1) as pool:
            list(pool.map(lambda number: self.ask(f"grow-{number}"), range(1, INSTANCES)))
        record("container.scale_out_1_to_5.seconds", time.perf_counter() - started, "s", command=COMMAND)
        self.empty()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=7, help="cold starts; warm requests are 30 times as many")
    samples = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder)) as stack:
        headers = {"authorization": f"Bearer {stack.admin_key}"}
        with httpx.Client(base_url=stack.url, headers=headers, timeout=120) as http:
            bench = Bench(stack, http)
            bench.ask(
                "first", "/optimize", small_problem(60)
            )  # compiled code and files are in their caches from here on
            bench.empty()
            bench.cold(samples)
            bench.warm(30 * samples)
            bench.scale_out()


if __name__ == "__main__":
    main()
