"""`make image-test`: build the image, start each agent as it would run, solve one problem each, stop it, weigh it.

Needs a Docker Engine; says so where there is none. ARGS: --base IMAGE (a Debian with Python 3.13 in its archive),
--host-network (for an engine without a bridge), --no-build, --record (write the size to benchmarks/results).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from durable_objects.fleet.agents import AGENTS
from tools.docker import Failed, docker, expect, no_docker
from tools.image_agent import Agent, optimize, report, stop_during_a_solve, sync

ROOT = Path(__file__).resolve().parents[1]
TAG = "storemax-agents:image-test"
SIZE_BUDGET_MB = 850
# What the limits of a container must look like from inside: not the machine's.
LIMITED_MB, LIMITED_CPUS = 768, 0.5
NO_DOCKER = """image-test needs a Docker Engine, and none answers ({why}).
Install Docker, or on Debian: apt-get install docker.io, then start the service (dockerd). Where the engine listens
elsewhere, set DOCKER_HOST. Everything else of StoreMax runs without it."""
UNWANTED = ("gcc", "cc", "g++", "clang", "ld", "as", "make", "curl", "wget", "pip", "git")


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
    wanted = {f"{agent.port}/tcp" for agent in AGENTS.values()}
    expect(set(config.get("ExposedPorts") or {}) == wanted, f"exposes {sorted(wanted)}")
    expect(config["User"].split(":")[0] not in {"", "0", "root"}, "runs as another user than root")
    expect(bool(config.get("Healthcheck")), "has a health check")
    labels = config.get("Labels") or {}
    for name in ("version", "revision"):
        label = f"org.opencontainers.image.{name}"
        expect(bool(labels.get(label)), f"has the label {name} ({labels.get(label)})")
    look = f"for tool in {' '.join(UNWANTED)}; do command -v $tool; done; dpkg-query -W -f '${{Package}}\\n'"
    found = docker("run", "--rm", "--network", "none", "--entrypoint", "sh", TAG, "-c", look).splitlines()
    bad = [line for line in found if line.startswith(("/", "g++", "cpp", "binutils", "python3-pip", "libc6-dev"))]
    expect(not bad, f"holds no compiler, linker, downloader or pip (found: {' '.join(bad) or 'none'})")
    megabytes = float(image["Size"]) / 1e6
    expect(megabytes <= SIZE_BUDGET_MB, f"weighs {megabytes:.0f} MB, budget {SIZE_BUDGET_MB} MB")
    return megabytes


def exercise(host_network: bool) -> None:
    result: dict[str, Any] = {}
    for name in AGENTS:
        print(name)
        agent = Agent(TAG, name, host_network)
        try:
            print(f"  ready {agent.wait_ready():.2f} s after docker run")
            agent.check_confinement()
            expect(httpx.post(agent.url + "/x").status_code == 401, "takes no unsigned work")
            begun = time.monotonic()
            if name == "optimizer":
                result = optimize(agent)
            elif name == "sync":
                sync(agent)
            else:
                report(agent, result)
            print(f"  first answer {time.monotonic() - begun:.2f} s")
            agent.check_log()
            agent.wait_healthy()
            print("  ok: its health check says healthy")
            agent.stop()
        finally:
            agent.remove()


def exercise_limits(host_network: bool) -> None:
    print(f"optimizer with {LIMITED_MB} MB and {LIMITED_CPUS} processors")
    memory, processors = f"--memory={LIMITED_MB}m", f"--cpus={LIMITED_CPUS}"
    agent = Agent(TAG, "optimizer", host_network, memory, processors)
    try:
        print(f"  ready {agent.wait_ready():.2f} s after docker run")
        megabytes = agent.metric("storemax_agent_memory_limit_bytes") / (1 << 20)
        expect(round(megabytes) == LIMITED_MB, f"knows its memory ({megabytes:.0f} MB)")
        expect(agent.metric("storemax_agent_cpus") == LIMITED_CPUS, f"knows its processors ({LIMITED_CPUS})")
        optimize(agent)
        stop_during_a_solve(agent)
        killed = docker("inspect", "--format", "{{.State.OOMKilled}}", agent.id)
        expect(killed == "false", "stays within its memory")
    finally:
        agent.remove()


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
        exercise_limits(options.host_network)
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
