"""`make image-test`: build the image, start each agent as it would run, solve one problem each, stop it, weigh it.

Needs a Docker Engine; says so where there is none. ARGS: --base IMAGE (a Debian with Python 3.13 in its archive),
--host-network (for an engine without a bridge), --no-build, --record (write the size to benchmarks/results).
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from contracts.signing import Identity, sign

ROOT = Path(__file__).resolve().parents[1]
TAG = "storemax-agents:image-test"
SIZE_BUDGET_MB = 1100
GRACE_S = 20
PORTS = {"optimizer": 8000, "sync": 8001, "warehouse-manager": 8002}
NO_DOCKER = """image-test needs a Docker Engine, and none answers ({why}).
Install Docker, or on Debian: apt-get install docker.io, then start the service (dockerd). Where the engine listens
elsewhere, set DOCKER_HOST. Everything else of StoreMax runs without it."""


class Failed(Exception):
    """One thing that the image does not do as it should."""


def docker(*arguments: str, timeout: float = 120, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise Failed(f"docker {' '.join(arguments[:3])} … ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return (done.stdout + (done.stderr if arguments[0] == "logs" else "")).strip()


def no_docker() -> str:
    """Why there is no Docker to use; empty when there is."""
    if not shutil.which("docker"):
        return "no docker command on PATH"
    done = subprocess.run(["docker", "version"], capture_output=True, text=True, timeout=30, check=False)
    return (done.stderr.strip().splitlines() or ["docker version failed"])[-1] if done.returncode else ""


def build(base: str, host_network: bool) -> None:
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    command = ["docker", "build", "--tag", TAG, "--build-arg", f"REVISION={revision.strip() or 'unknown'}"]
    command += ["--build-arg", f"BASE={base}"] if base else []
    command += ["--network=host"] if host_network else []
    begun = time.monotonic()
    if subprocess.run([*command, str(ROOT)], timeout=1800, check=False).returncode:
        raise Failed("the image does not build; see the lines above")
    print(f"built in {time.monotonic() - begun:.0f} s")


def check_image() -> float:
    """What the image's description must say. Its size in MB (10^6 bytes)."""
    (image,) = json.loads(docker("image", "inspect", TAG))
    config = image["Config"]
    wanted = {f"{port}/tcp" for port in PORTS.values()}
    expect(set(config.get("ExposedPorts") or {}) == wanted, f"exposes {sorted(wanted)}")
    expect(config["User"].split(":")[0] not in {"", "0", "root"}, "runs as another user than root")
    expect("HEALTHCHECK" in str(config.get("Healthcheck")) or bool(config.get("Healthcheck")), "has a health check")
    labels = config.get("Labels") or {}
    for name in ("version", "revision"):
        expect(bool(labels.get(f"org.opencontainers.image.{name}")), f"has the label {name}")
    find = "command -v gcc cc g++ clang ld make curl pip || true"
    found = docker("run", "--rm", "--network", "none", "--entrypoint", "sh", TAG, "-c", find)
    expect(not found, f"holds no compiler, curl or pip (found: {found or 'none'})")
    megabytes = float(image["Size"]) / 1e6
    expect(megabytes <= SIZE_BUDGET_MB, f"weighs {megabytes:.0f} MB, budget {SIZE_BUDGET_MB} MB")
    return megabytes


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise Failed(f"not so: the image {what}")
    print(f"  ok: {what}", flush=True)


class Agent:
    """One running container, with a read-only root, no privileges and a small /tmp."""

    def __init__(self, name: str, host_network: bool) -> None:
        self.name, self.key = name, secrets.token_hex(16)
        port = _free_port() if host_network else PORTS[name]
        network = ["--network", "host"] if host_network else ["--publish", f"127.0.0.1::{port}"]
        options = [
            "--read-only",
            "--tmpfs",
            "/tmp:rw,size=256m",
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
        ]
        env = {"STOREMAX_SIGNING_KEY": self.key, "STOREMAX_GRACE_SECONDS": str(GRACE_S), "PORT": str(port)}
        variables = [word for key, value in env.items() for word in ("--env", f"{key}={value}")]
        self.begun = time.monotonic()
        self.id = docker("run", "--detach", *network, *options, *variables, TAG, "python", "-m", "containers.run", name)
        if not host_network:
            port = int(docker("port", self.id, f"{port}/tcp").splitlines()[0].rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{port}"

    def wait_ready(self, deadline_s: float = 60) -> float:
        while time.monotonic() - self.begun < deadline_s:
            try:
                if httpx.get(self.url + "/ready", timeout=5).status_code == 200:
                    return time.monotonic() - self.begun
            except httpx.TransportError:
                pass  # not listening yet
            time.sleep(0.02)
        raise Failed(f"{self.name} was not ready within {deadline_s:.0f} s:\n{docker('logs', self.id)[-3000:]}")

    def post(self, path: str, **content: Any) -> httpx.Response:
        who = Identity("image-test", "image-test", "agent")
        signed = sign(self.key, method="POST", path=path, identity=who, now=time.time())
        answer = httpx.post(self.url + path, headers=signed | content.pop("headers", {}), timeout=120, **content)
        if answer.status_code != 200:
            raise Failed(
                f"{self.name} answered {answer.status_code}: {answer.text[:1000]}\n{docker('logs', self.id)[-3000:]}"
            )
        return answer

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


def problem() -> dict[str, Any]:
    """A small batching problem: twelve orders on two aisles."""
    stock = [{"sku": f"S{i}", "location": f"A{i % 2 + 1:02d}-L-{i % 10 + 1:03d}-1", "quantity": 100} for i in range(20)]
    orders = [
        {"id": f"O{i}", "lines": [{"sku": f"S{(3 * i + j) % 20}", "quantity": 1} for j in range(3)]} for i in range(12)
    ]
    layout = {"type": "parametric", "aisles": 2, "bays_per_block": 10}
    return {"layout": layout, "stock": stock, "orders": orders, "cart": {"orders": 4}}


def exercise(host_network: bool) -> None:
    result: dict[str, Any] = {}
    layout = problem()["layout"]
    for name in PORTS:
        print(name)
        agent = Agent(name, host_network)
        try:
            print(f"  ready {agent.wait_ready():.2f} s after docker run")
            docker("exec", agent.id, "python", "-S", "-m", "containers.probe")
            print("  ok: its health check passes")
            expect(httpx.post(agent.url + "/x").status_code == 401, "takes no unsigned work")
            begun = time.monotonic()
            if name == "optimizer":
                body = {"problem": "batching", "data": problem(), "budget": {"seconds": 2}}
                result = agent.post("/optimize", json=body).json()
                result = result.get("result", result)
                served = sum(len(batch["orders"]) for batch in result["solution"]["batches"])
                expect(served == 12, f"plans all 12 orders ({result['objective']['value']:.0f} m)")
            elif name == "sync":
                csv = b"order_id,sku,quantity\nO1,A,2\nO2,B,x\n"
                answer = agent.post("/sync", content=csv, headers={"content-type": "text/csv"})
                summary = json.loads(answer.text.splitlines()[-1])
                expect((summary["orders"], summary["quarantined"]) == (1, 1), "reads a CSV and quarantines a bad row")
            else:
                status = {"state": "succeeded", "attempt": 1, "created_at": "2026-03-01T08:00:00Z"}
                job = {"id": "j1", "warehouse": "w", "problem": "batching"} | status
                body = {"action": "report", "job": job, "result": result, "layout": layout, "warehouse": "w"}
                expect("<svg" in agent.post("/manage", json=body).text, "writes a report with drawings")
            print(f"  first answer {time.monotonic() - begun:.2f} s")
            agent.stop()
        finally:
            agent.remove()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="")
    parser.add_argument("--host-network", action="store_true")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args(arguments)
    if why := no_docker():
        print(NO_DOCKER.format(why=why), file=sys.stderr)
        return 2
    try:
        if not options.no_build:
            build(options.base, options.host_network)
        megabytes = check_image()
        exercise(options.host_network)
    except Failed as failure:
        print(f"image-test failed: {failure}", file=sys.stderr)
        return 1
    if options.record:
        from benchmarks.results import record

        record("container.image.mb", megabytes, "MB", "the budget", megabytes / SIZE_BUDGET_MB, "make image-test")
    print(f"the image holds: {megabytes:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
