"""Containers: cold start, first solve, what a warm request costs, waking after sleep, growing from one instance to five.

All through the public API, on the Worker's own socket (wrangler's development proxies are not what is measured); each
container is Docker's, or a process of this machine.
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
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks.results import record
from durable_objects.fleet.agents import AGENTS
from local.processes import free_port
from local.stack import Stack, answers
from local.toolchain import ROOT

COMMAND = "make bench ARGS=containers"
OPTIMIZER, SYNC = "/v1/agents/optimizer", "/v1/agents/sync"
INSTANCES = 5
SLEEP_AFTER = "2s"  # of the sync agent, in this run
NO_LIMITS = " ".join(f"{name}=100000/200000" for name in ("client", "tenant", "agent"))


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


def program_start(agent: str) -> float:
    """Seconds until the agent's program, started by hand, answers /ready."""
    port = free_port()
    env = {**os.environ, "PORT": str(port), "HOST": "127.0.0.1", "STOREMAX_ALLOW_UNSIGNED": "1"}
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "containers.run", agent], env=env, cwd=ROOT, stdout=subprocess.DEVNULL
    ) as program:
        try:
            while not answers(f"http://127.0.0.1:{port}/ready"):
                if time.perf_counter() - started > 60:
                    raise RuntimeError("the program did not become ready within a minute")
                time.sleep(0.01)
            return time.perf_counter() - started
        finally:
            program.terminate()


class Bench:
    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self.stack, self.http = stack, http

    def ask(
        self, session: str, path: str = "/ready", body: dict[str, Any] | None = None, base: str = OPTIMIZER
    ) -> float:
        """Seconds until the answer of a session's instance ("": of any). Raises for anything but a 2xx."""
        return self.answered(session, path, body, base)[0]

    def answered(
        self, session: str, path: str = "/ready", body: dict[str, Any] | None = None, base: str = OPTIMIZER
    ) -> tuple[float, str]:
        """As `ask`, and the incarnation that answered."""
        headers = {"x-session-id": session} if session else {}
        started = time.perf_counter()
        if body is None:
            answer = self.http.get(base + path, headers=headers)
        else:
            answer = self.http.post(base + path, headers=headers, json=body)
        seconds = time.perf_counter() - started
        if answer.status_code >= 300:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:500]}")
        return seconds, answer.headers["x-storemax-incarnation"]

    def fleet(self, agent: str = "optimizer") -> dict[str, Any]:
        listings = self.http.get("/v1/agents").json()["agents"]
        return next(one for one in listings if one["type"] == agent)

    def healthy(self) -> int:
        return sum(row["status"] == "healthy" for row in self.fleet()["instances"])

    def empty(self) -> None:
        """Stop all optimizers and wait until their places are free."""
        deadline = time.monotonic() + 90
        while (fleet := self.fleet())["occupied"]:
            if time.monotonic() > deadline:
                raise RuntimeError("the instances did not stop in time")
            for row in fleet["instances"]:
                if row["status"] in ("running", "healthy"):
                    self.http.post(f"{OPTIMIZER}/sessions/{row['session']}/stop")
            time.sleep(0.3)

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
        """From nothing to the first byte of /ready, and to the first plan of a small problem; beside the program's own
        start, in turn, so that a slow moment of the machine meets both."""
        starts, solves, own = [], [], []
        for number in range(samples):
            starts.append(self.ask(f"cold-{number}"))
            self.empty()
            own.append(program_start("optimizer"))
            solves.append(self.ask(f"solve-{number}", "/optimize", small_problem()))
            self.empty()
        start, alone = statistics.median(starts), statistics.median(own)
        record("container.cold_start.median_s", start, "s", "the program's own start", start / alone, COMMAND)
        record("container.cold_start.max_s", max(starts), "s", command=COMMAND)
        record("container.program_start.median_s", alone, "s", command=COMMAND)
        solve = statistics.median(solves)
        record("container.first_solve.median_s", solve, "s", "the cold start to /ready", solve / start, COMMAND)
        for agent in [name for name in AGENTS if name != "optimizer"]:
            seconds = statistics.median(program_start(agent) for _ in range(samples))
            name = agent.replace("-", "_")
            record(f"container.program_start.{name}.median_s", seconds, "s", command=COMMAND)

    def warm(self, samples: int) -> None:
        """One request at a time, through all of it and to the agent directly, in turn."""
        self.ask("warm")
        with httpx.Client(base_url=self.direct_url()) as agent:
            calls: dict[str, Callable[[], Any]] = {
                "through": lambda: self.ask("warm", "/health"),
                "worker": lambda: self.http.get("/health").raise_for_status(),
                "agent": lambda: agent.get("/health").raise_for_status(),
            }
            times: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(samples):
                for name, call in calls.items():
                    started = time.perf_counter()
                    call()
                    times[name].append((time.perf_counter() - started) * 1000)
        through, worker, alone = (statistics.median(times[name]) for name in ("through", "worker", "agent"))
        overhead = through - alone
        record("container.warm_request.median_ms", through, "ms", "the agent directly", through / alone, COMMAND)
        record("container.warm_overhead.median_ms", overhead, "ms", "the Worker's /health", overhead / worker, COMMAND)
        record("container.object_hop.median_ms", overhead - worker, "ms", command=COMMAND)
        self.empty()

    def wake(self, samples: int) -> None:
        """The first answer of an instance that has fallen asleep by itself, beside the cold start of one that never ran,
        in turn. The incarnations prove it: the one that ran has ended with status 0, and another one answers."""
        _, awake = self.answered("sleeper", base=SYNC)
        colds, wakes = [], []
        for number in range(samples):
            self.wait_asleep("sleeper", awake)
            seconds, now_awake = self.answered("sleeper", base=SYNC)
            if now_awake == awake:
                raise RuntimeError("the instance that slept has answered")
            wakes.append(seconds)
            awake = now_awake
            cold, fresh = self.answered(f"fresh-{number}", base=SYNC)
            colds.append(cold)
            self.wait_asleep(f"fresh-{number}", fresh)
        cold, wake = statistics.median(colds), statistics.median(wakes)
        record("container.wake_after_sleep.median_s", wake, "s", "its cold start", wake / cold, COMMAND)

    def wait_asleep(self, session: str, incarnation: str) -> None:
        """Until this incarnation has ended by itself, in order, and nothing runs in its place."""
        deadline = time.monotonic() + 60
        while True:
            row = next((row for row in self.fleet("sync")["instances"] if row["session"] == session), None)
            last = row and row["last_exit"]
            # The listing may be a copy of a second ago, from before the start: its exits tell whose sleep it shows.
            if row and row["status"] == "stopped" and last and last["incarnation"] == incarnation:
                if (last["exit_code"], last["reason"]) != (0, "exit"):
                    raise RuntimeError(f"the instance did not fall asleep in order: {last}")
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"the instance did not fall asleep within a minute: {row}")
            time.sleep(0.2)

    def scale_out(self) -> None:
        """One pool instance runs; ten requests without a session come at once and stay: until five instances are ready.

        The requests occupy their instances by sending their bodies slowly, not by computing: in production each instance
        has processors of its own, here they would share two with the starts that are measured.
        """
        self.ask("", "/ready")
        over = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(2 * INSTANCES) as pool:
            started = time.perf_counter()
            answers = [pool.submit(self.hold, over) for _ in range(2 * INSTANCES)]
            try:
                while self.healthy() < INSTANCES:
                    if time.perf_counter() - started > 60:
                        raise RuntimeError("there were no five instances within a minute")
                    time.sleep(0.05)
                seconds = time.perf_counter() - started
            finally:
                over.set()
            statuses = [answer.result() for answer in answers]
        if set(statuses) != {200}:
            raise RuntimeError(f"answers under load: {statuses}")
        record("container.scale_out_1_to_5.seconds", seconds, "s", command=COMMAND)
        self.empty()

    def hold(self, over: threading.Event) -> int:
        """Send a small problem, its last byte when `over` is set; the status of the answer."""
        body = json.dumps(small_problem()).encode()

        def parts() -> Iterator[bytes]:
            yield body[:-1]
            over.wait(60)
            yield body[-1:]

        headers = {"content-type": "application/json"}
        return self.http.post(OPTIMIZER + "/optimize", content=parts(), headers=headers).status_code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=7, help="cold starts; warm requests are 30 times as many")
    samples = parser.parse_args().samples
    port = free_port()
    variables = {"RATE_LIMITS": NO_LIMITS, "SYNC_SLEEP_AFTER": SLEEP_AFTER}
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), direct_port=port, extra_vars=variables) as stack:
        headers = {"authorization": f"Bearer {stack.admin_key}"}
        limits = httpx.Limits(max_connections=50)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120, limits=limits) as http:
            bench = Bench(stack, http)
            # Compiled code and files are in their caches from here on.
            bench.ask("first", "/optimize", small_problem(60))
            bench.empty()
            bench.cold(samples)
            bench.warm(30 * samples)
            bench.wake(samples)
            bench.scale_out()


if __name__ == "__main__":
    main()
