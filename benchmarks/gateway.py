"""What the gateway costs: straight on workerd, in one run, beside a bare Python Worker and the same route in FastAPI.

    python -m benchmarks.gateway [--seconds 4] [--rounds 3] [--connections 32]

The three run as three workerd processes; each round loads one after the other, so that slow moments of the machine fall on
all. A ratio is the median over the rounds of the rounds' ratios. CPU per request is the workerd process's own. Needs wrk.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
import psutil

from benchmarks.results import record
from local.processes import Program, free_port
from local.stack import Stack
from local.toolchain import NODE_MODULES, OFFLINE_FLAGS, PYODIDE_DIR, ROOT, workerd_binary

COMMAND = "python -m benchmarks.gateway"
WORKERS = Path(__file__).with_name("gateway_workers")
_REQUESTS = re.compile(r"Requests/sec:\s+([\d.]+)")
_TOTAL = re.compile(r"(\d+) requests in")
_PERCENTILE = re.compile(r"\s(50|99)%\s+([\d.]+)(us|ms|s)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass
class Target:
    """One URL under load, and the workerd process that answers it."""

    name: str
    url: str
    process: psutil.Process
    headers: Mapping[str, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def load(target: Target, seconds: float, connections: int) -> None:
    """One round of wrk. Raises RuntimeError when any answer was not a success: a refusal is no throughput."""
    words = [word for name, value in target.headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", *words, target.url]
    before = sum(target.process.cpu_times()[:2])
    text = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    cpu = sum(target.process.cpu_times()[:2]) - before
    bad = _BAD.search(text)
    found, total = _REQUESTS.search(text), _TOTAL.search(text)
    if bad or not found or not total or not int(total.group(1)):
        raise RuntimeError(f"{target.name}: {text}")
    target.rates.append(float(found.group(1)))
    target.cpu_ms.append(cpu * 1000 / int(total.group(1)))
    for share, value, unit in _PERCENTILE.findall(text):
        (target.p50_ms if share == "50" else target.p99_ms).append(float(value) * _MS[unit])


def _modules(folder: Path, distribution: str) -> list[str]:
    """The module list of a text configuration, with everything linked below `folder`, from where workerd embeds it."""
    (folder / "python_modules").mkdir()
    links = {path.name: path for path in (ROOT / "python_modules").iterdir() if "dist-info" not in path.name}
    for name, path in _installed(distribution).items() if distribution else ():
        links.setdefault(name, path)
    for name, path in links.items():
        (folder / "python_modules" / name).symlink_to(path)
    lines = []
    for path in _walk(folder / "python_modules"):
        if path.is_file() and path.suffix in (".py", ".so", ".js", ".pth", "") and "__pycache__" not in path.parts:
            name = path.relative_to(folder)
            kind = "esModule" if path.suffix == ".js" else "data"
            lines.append(f'(name = "{name}", {kind} = embed "{name}")')
    return lines


def _installed(distribution: str) -> dict[str, Path]:
    """The files and folders in site-packages of a distribution and of all that it requires without an extra."""
    waiting, seen, links = [distribution], set[str](), dict[str, Path]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # not needed on this platform
        for file in found.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__"):
                links[top] = Path(str(found.locate_file(top)))
        waiting += [re.split(r"[^A-Za-z0-9._-]", text)[0] for text in found.requires or () if "extra ==" not in text]
    return links


def _walk(folder: Path) -> list[Path]:
    return [Path(base) / name for base, _, names in os.walk(folder, followlinks=True) for name in sorted(names)]


def start_alone(worker: Path, folder: Path, distribution: str = "") -> tuple[Program, str, float]:
    """A workerd with one Worker: the program, its address, and the seconds until it answered."""
    folder.mkdir(parents=True)
    (folder / "main.py").symlink_to(worker)
    (folder / "workerd").mkdir()
    (folder / "workerd" / "workerd.capnp").symlink_to(NODE_MODULES / "workerd" / "workerd.capnp")
    port = free_port()
    flags = ", ".join(f'"{flag}"' for flag in OFFLINE_FLAGS)
    modules = ",\n".join(['(name = "main.py", pythonModule = embed "main.py")', *_modules(folder, distribution)])
    (folder / "config.capnp").write_text(
        'using Workerd = import "/workerd/workerd.capnp";\n'
        "const config :Workerd.Config = (\n"
        '  services = [(name = "main", worker = .worker)],\n'
        f'  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")]);\n'
        f'const worker :Workerd.Worker = (compatibilityDate = "2026-11-01", compatibilityFlags = [{flags}],\n'
        f"modules = [{modules}]);\n"
    )
    command = [
        str(workerd_binary()),
        "serve",
        "--experimental",
        f"--pyodide-bundle-disk-cache-dir={PYODIDE_DIR}",
        f"--import-path={folder}",
        str(folder / "config.capnp"),
    ]
    began = time.monotonic()
    program = Program(worker.stem, command, log=folder / "log", cwd=folder)
    url = f"http://127.0.0.1:{port}"
    program.wait_until(lambda: _speaks(url), seconds=60, waiting_for="answer")
    return program, url, time.monotonic() - began


def _speaks(url: str) -> bool:
    try:
        httpx.get(url, timeout=2)
    except httpx.TransportError:
        return False
    return True


def workerd_below(pid: int) -> psutil.Process:
    """The workerd process among a program's children."""
    found = [child for child in psutil.Process(pid).children(recursive=True) if child.name().startswith("workerd")]
    return max(found, key=lambda process: process.memory_info().rss)


def measure(targets: list[Target], rounds: int, seconds: float, connections: int) -> None:
    for target in targets:  # warm: code paths, caches, leases
        load(target, 3.0, connections)
        for figures in (target.rates, target.cpu_ms, target.p50_ms, target.p99_ms):
            figures.clear()
    for number in range(rounds):
        for target in targets:
            load(target, seconds, connections)
            print(
                f"  round {number + 1} {target.name:12} {target.rates[-1]:8.0f} requests/s {target.cpu_ms[-1]:.2f} ms CPU"
            )


def report(bare: Target, fastapi: Target, cached: Target, health: Target, me: Target) -> None:
    def ratio(above: Target, below: Target) -> float:
        return median(a / b for a, b in zip(above.rates, below.rates, strict=True))

    for name, other, what in (
        ("vs_bare_worker", bare, "bare Python Worker"),
        ("vs_fastapi", fastapi, "FastAPI on Workers"),
    ):
        value = ratio(cached, other)
        record(f"gateway.cached_get.{name}", value, "ratio of requests/s", what, value, COMMAND)
    for target in (bare, fastapi, cached):
        for name, figures, unit in (
            ("requests_per_s", target.rates, "1/s"),
            ("p50_ms", target.p50_ms, "ms"),
            ("p99_ms", target.p99_ms, "ms"),
            ("cpu_ms", target.cpu_ms, "ms CPU per request"),
        ):
            record(f"gateway.{target.name}.{name}", median(figures), unit, command=COMMAND)
    # What a stage adds, as the CPU of a path with it less the CPU of a path without it.
    base, plain, known, hit = (median(t.cpu_ms) for t in (bare, health, me, cached))
    stages = {
        "platform": base,
        "route_respond_log": plain - base,
        "authenticate_limit": known - plain,
        "cache": hit - known,
    }
    for name, value in stages.items():
        record(f"gateway.stage.{name}.ms", value, "ms CPU per request", command=COMMAND)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smx-bench-") as text:
        run(Path(text), options)


def run(folder: Path, options: argparse.Namespace) -> None:
    programs: list[Program] = []
    limits = dict.fromkeys(("client", "tenant", "anonymous"), "1000000/1000000")
    variables = {"RATE_LIMITS": " ".join(f"{name}={value}" for name, value in limits.items())}
    stack = Stack(
        folder / "product",
        extra_vars=variables,
        with_engine=False,
        extra_arguments=["--enable-containers=false"],
        direct_port=free_port(),
    )
    try:
        bare_program, bare_url, bare_start = start_alone(WORKERS / "bare.py", folder / "bare")
        programs.append(bare_program)
        fastapi_program, fastapi_url, _ = start_alone(WORKERS / "fastapi_route.py", folder / "fastapi", "fastapi")
        programs.append(fastapi_program)
        with stack, httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.admin_key}"}) as http:
            made = http.post("/v1/warehouses", json={"id": "bench", "layout": LAYOUT}, timeout=30)
            made.raise_for_status()
            product = workerd_below(stack.worker.pid)
            key = {"authorization": f"Bearer {stack.admin_key}"}
            direct = f"http://127.0.0.1:{stack.direct_port}"
            path = "/v1/warehouses/bench/layout"
            bare = Target("bare_worker", bare_url + "/", psutil.Process(bare_program.pid))
            fastapi = Target(
                "fastapi",
                fastapi_url + path,
                psutil.Process(fastapi_program.pid),
                {"authorization": "Bearer smx_dev_benchmark"},
            )
            cached = Target("cached_get", direct + path, product, key)
            health = Target("health", direct + "/health", product)
            me = Target("me", direct + "/v1/me", product, key)
            measure([bare, fastapi, cached, health, me], options.rounds, options.seconds, options.connections)
            report(bare, fastapi, cached, health, me)
            text = http.get("/v1/metrics").text
            for name, figure, unit in (
                ("gateway.import.seconds", "import_seconds", "s"),
                ("gateway.heap.mb", "heap_megabytes", "MB"),
            ):
                found = re.search(rf"^storemax_{figure} ([\d.]+)", text, re.MULTILINE)
                if found:
                    record(name, float(found.group(1)), unit, command=COMMAND)
            record("gateway.bare_worker.start.seconds", bare_start, "s", command=COMMAND)
    finally:
        for program in programs:
            program.stop()


LAYOUT = {"type": "parametric", "aisles": 4, "bays_per_block": 5}

if __name__ == "__main__":
    main()
