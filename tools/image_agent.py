"""One container of the agents' image as it runs in production, and what is asked of it: see `image_test`."""

from __future__ import annotations

import json
import re
import secrets
import socket
import threading
import time
from typing import Any

import httpx

from contracts.signing import Identity, sign
from durable_objects.fleet.agents import AGENTS
from tools.docker import Failed, docker, expect, fails

GRACE_S = 20
USER = "10001"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Agent:
    """Read-only root, no privileges, a small /tmp, the entrypoint that the Durable Object gives."""

    def __init__(self, image: str, name: str, host_network: bool, *more: str) -> None:
        self.name, self.key = name, secrets.token_hex(16)
        port = free_port() if host_network else AGENTS[name].port
        network = ["--network", "host"] if host_network else ["--publish", f"127.0.0.1::{port}"]
        env = {"STOREMAX_SIGNING_KEY": self.key, "STOREMAX_GRACE_SECONDS": str(GRACE_S), "PORT": str(port)}
        options = [
            *("--read-only", "--tmpfs", "/tmp:rw,size=256m", "--cap-drop", "ALL"),
            *("--security-opt", "no-new-privileges"),
            *(word for key, value in env.items() for word in ("--env", f"{key}={value}")),
        ]
        self.begun = time.monotonic()
        self.id = docker("run", "--detach", *network, *options, *more, image, *AGENTS[name].entrypoint)
        if not host_network:
            port = int(docker("port", self.id, f"{port}/tcp").splitlines()[0].rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{port}"

    def wait_ready(self, deadline_s: float = 60) -> float:
        """Seconds from `docker run` to the first ready answer."""
        while time.monotonic() - self.begun < deadline_s:
            try:
                if httpx.get(self.url + "/ready", timeout=5).status_code == 200:
                    return time.monotonic() - self.begun
            except httpx.TransportError:
                pass  # not listening yet
            time.sleep(0.02)
        raise Failed(f"{self.name} was not ready within {deadline_s:.0f} s:\n{docker('logs', self.id)[-3000:]}")

    def wait_healthy(self, deadline_s: float = 60) -> None:
        """Docker's own verdict, from the image's HEALTHCHECK."""
        deadline = time.monotonic() + deadline_s
        while (verdict := docker("inspect", "--format", "{{.State.Health.Status}}", self.id)) != "healthy":
            if time.monotonic() > deadline or verdict == "unhealthy":
                raise Failed(f"{self.name}'s health check says {verdict}")
            time.sleep(0.2)

    def post(self, path: str, **content: Any) -> httpx.Response:
        who = Identity("image-test", "image-test", "agent")
        signed = sign(self.key, method="POST", path=path, identity=who, now=time.time())
        signed |= {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        answer = httpx.post(self.url + path, headers=signed | content.pop("headers", {}), timeout=120, **content)
        if answer.status_code != 200:
            raise Failed(
                f"{self.name} answered {answer.status_code}: {answer.text[:1000]}\n{docker('logs', self.id)[-3000:]}"
            )
        return answer

    def metric(self, name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", httpx.get(self.url + "/metrics").text, re.MULTILINE)
        if found is None:
            raise Failed(f"{self.name} has no metric {name}")
        return float(found[1])

    def check_confinement(self) -> None:
        expect(docker("exec", self.id, "id", "-u") == USER, f"runs as user {USER}")
        root = [fails("exec", self.id, "touch", f"{folder}/x") for folder in ("", "/app", "/opt/venv", "/opt/numba")]
        expect(all(root), "cannot write outside /tmp")
        expect(not fails("exec", self.id, "touch", "/tmp/x"), "can write in /tmp")

    def check_log(self) -> None:
        lines = docker("logs", self.id).splitlines()
        strange = [line for line in lines if not _is_event(line)]
        expect(not strange, f"logs JSON lines alone (otherwise: {strange[:1]})")
        traced = [line for line in lines if json.loads(line).get("trace_id") == TRACE]
        expect(bool(traced), "logs a request under its caller's trace id")

    def stop(self) -> float:
        """Seconds from SIGTERM to the end, which must be an orderly one."""
        begun = time.monotonic()
        docker("stop", "--time", str(GRACE_S + 10), self.id, timeout=GRACE_S + 60)
        took = time.monotonic() - begun
        status = docker("inspect", "--format", "{{.State.ExitCode}}", self.id)
        expect(status == "0" and took < GRACE_S, f"stops on SIGTERM with status 0 (status {status}, {took:.1f} s)")
        return took

    def remove(self) -> None:
        docker("rm", "--force", self.id, check=False)


def _is_event(line: str) -> bool:
    try:
        return "event" in json.loads(line)
    except ValueError:
        return False


def problem() -> dict[str, Any]:
    """A small batching problem: twelve orders on two aisles."""
    stock = [{"sku": f"S{i}", "location": f"A{i % 2 + 1:02d}-L-{i % 10 + 1:03d}-1", "quantity": 100} for i in range(20)]
    orders = [
        {"id": f"O{i}", "lines": [{"sku": f"S{(3 * i + j) % 20}", "quantity": 1} for j in range(3)]} for i in range(12)
    ]
    layout = {"type": "parametric", "aisles": 2, "bays_per_block": 10}
    return {"layout": layout, "stock": stock, "orders": orders, "cart": {"orders": 4}}


def optimize(agent: Agent, seconds: float = 2) -> dict[str, Any]:
    body = {"problem": "batching", "data": problem(), "budget": {"seconds": seconds}}
    answer: dict[str, Any] = agent.post("/optimize", json=body).json()
    result: dict[str, Any] = answer.get("result", answer)
    served = sum(len(batch["orders"]) for batch in result["solution"]["batches"])
    expect(served == 12, f"plans all 12 orders ({result['objective']['value']:.0f} m)")
    return result


def sync(agent: Agent) -> None:
    csv = b"order_id,sku,quantity\nO1,A,2\nO2,B,x\n"
    answer = agent.post("/sync", content=csv, headers={"content-type": "text/csv"})
    summary = json.loads(answer.text.splitlines()[-1])
    expect((summary["orders"], summary["quarantined"]) == (1, 1), "reads a CSV and quarantines a bad row")


def report(agent: Agent, result: dict[str, Any]) -> None:
    status = {"state": "succeeded", "attempt": 1, "created_at": "2026-03-01T08:00:00Z"}
    job = {"id": "j1", "warehouse": "w", "problem": "batching"} | status
    body = {"action": "report", "job": job, "result": result, "layout": problem()["layout"], "warehouse": "w"}
    expect("<svg" in agent.post("/manage", json=body).text, "writes a report with drawings")


def stop_during_a_solve(agent: Agent) -> None:
    """SIGTERM while a solve has 60 s left: its best plan is answered, and the container ends in order."""
    answers: list[dict[str, Any]] = []
    solve = threading.Thread(target=lambda: answers.append(optimize(agent, 60)))
    solve.start()
    deadline = time.monotonic() + 30
    while agent.metric("storemax_optimizer_running") < 1:
        if time.monotonic() > deadline:
            raise Failed("the solve did not begin")
        time.sleep(0.05)
    agent.stop()
    solve.join(30)
    expect(len(answers) == 1, "answers with its best plan when it is stopped during a solve")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
