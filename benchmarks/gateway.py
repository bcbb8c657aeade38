"""What the gateway costs: straight on workerd, in one run, beside a bare Python Worker and the same route in FastAPI.

    python -m benchmarks.gateway [--rounds 15] [--connections 32] [--parts cached stages start]

The three run as three workerd processes. Each round loads one after the other for a second, so that slow moments of the
machine fall on all; a ratio is the median over the rounds of the rounds' ratios. CPU per request is that of the workerd
process, as the system counts it. Needs wrk.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
import psutil

from benchmarks.results import record
from local.alone import EDGE_FOLDERS, Alone, product
from local.toolchain import ROOT

COMMAND = "make bench ARGS=gateway"
WORKERS = Path(__file__).with_name("gateway_workers")
LAYOUT = {"type": "parametric", "aisles": 4, "bays_per_block": 5}
PATH = "/v1/warehouses/bench/layout"
WARM_REQUESTS = 6000
STAGE_RUNS = 5000
PARTS = ("cached", "stages", "start")
KEY = "k" * 32
_REQUESTS = re.compile(r"Requests/sec:\s+([\d.]+)")
_TOTAL = re.compile(r"(\d+) requests in")
_PERCENTILE = re.compile(r"\s(50|99)%\s+([\d.]+)(us|ms|s)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Sample:
    """What one second of load showed."""

    requests: int
    rate: float  # per second
    cpu_ms: float  # per request
    p50_ms: float
    p99_ms: float


@dataclass
class Target:
    """One URL under load, and the workerd process that answers it."""

    name: str
    url: str
    process: psutil.Process
    headers: Mapping[str, str] = field(default_factory=dict)
    script: Path | None = None  # of wrk, for requests other than a GET
    samples: list[Sample] = field(default_factory=list)

    def all(self, figure: str) -> list[float]:
        return [getattr(sample, figure) for sample in self.samples]


def cpu_seconds(process: psutil.Process) -> float:
    """The CPU time of all threads so far: to the nanosecond where Linux tells it, else to the clock's tick."""
    total = 0
    for thread in process.threads():
        try:
            text = Path(f"/proc/{process.pid}/task/{thread.id}/schedstat").read_text()
        except OSError:
            return float(sum(process.cpu_times()[:2]))
        total += int(text.split()[0])
    return total / 1e9


def load(target: Target, connections: int) -> Sample | None:
    """One second of wrk. None when not one request was answered in it, which happens on a machine that others use too.

    Raises RuntimeError when any answer was not a success: a refusal is no throughput.
    """
    words = [word for name, value in target.headers.items() for word in ("-H", f"{name}: {value}")]
    words += ["-s", str(target.script)] if target.script else []
    command = ["wrk", "-t1", f"-c{connections}", "-d1s", "--latency", *words, target.url]
    before = cpu_seconds(target.process)
    text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    cpu = cpu_seconds(target.process) - before
    found, total = _REQUESTS.search(text), _TOTAL.search(text)
    if _BAD.search(text) or not found or not total:
        raise RuntimeError(f"{target.name}: {text}")
    requests = int(total.group(1))
    if not requests:
        return None
    percentiles = {share: float(value) * _MS[unit] for share, value, unit in _PERCENTILE.findall(text)}
    return Sample(requests, float(found.group(1)), cpu * 1000 / requests, percentiles["50"], percentiles["99"])


def measure(targets: list[Target], rounds: int, connections: int) -> None:
    for target in targets:
        # V8 compiles the interpreter's functions twice, the second time after thousands of calls, and that is CPU too.
        made = 0
        while made < WARM_REQUESTS:
            sample = load(target, connections)
            made += sample.requests if sample else 0
    while len(targets[0].samples) < rounds:
        found = [load(target, connections) for target in targets]
        for target, sample in zip(targets, found, strict=True):
            if sample is not None and None not in found:
                target.samples.append(sample)
                print(f"  {target.name:12}{sample.rate:6.0f}/s{sample.cpu_ms:6.2f} ms CPU", end="", flush=True)
        print(flush=True)


def ratio(above: list[float], below: list[float]) -> float:
    return median(a / b for a, b in zip(above, below, strict=True))


def report(bare: Target, fastapi: Target, cached: Target) -> None:
    for name, other, what in (("bare_worker", bare, "bare Python Worker"), ("fastapi", fastapi, "FastAPI on Workers")):
        value = ratio(cached.all("rate"), other.all("rate"))
        record(f"gateway.cached_get.vs_{name}", value, "ratio of requests/s", what, value, COMMAND)
        value = ratio(other.all("cpu_ms"), cached.all("cpu_ms"))
        record(f"gateway.cached_get.cpu_vs_{name}", value, "ratio of CPU per request", what, value, COMMAND)
    for target in (bare, fastapi, cached):
        for name, figure, unit in (
            ("requests_per_s", "rate", "1/s"),
            ("p50_ms", "p50_ms", "ms"),
            ("p99_ms", "p99_ms", "ms"),
            ("cpu_ms", "cpu_ms", "ms CPU per request"),
        ):
            record(f"gateway.{target.name}.{name}", median(target.all(figure)), unit, command=COMMAND)
    record("gateway.stage.platform.ms", median(bare.all("cpu_ms")), "ms CPU per request", command=COMMAND)


def stages(folder: Path) -> None:
    """CPU of each stage, by running it some thousand times within one request."""
    sources = [ROOT / name for name in EDGE_FOLDERS]
    headers = {"authorization": f"Bearer {'k' * 32}", "accept": "*/*", "user-agent": "benchmark"}
    with (
        Alone(folder, WORKERS / "stages.py", sources) as worker,
        httpx.Client(base_url=worker.url, headers=headers, timeout=120) as http,
    ):
        process = psutil.Process(worker.program.pid)

        def cost(stage: str) -> float:
            """Milliseconds for one; the least of five, for whatever disturbs makes it more."""
            times = []
            for _ in range(5):
                before = cpu_seconds(process)
                http.get("/", params={"stage": stage, "n": STAGE_RUNS}).raise_for_status()
                times.append((cpu_seconds(process) - before) * 1000 / STAGE_RUNS)
            return min(times)

        empty = cost("empty")
        for stage in http.get("/").json():
            record(f"gateway.stage.{stage}.ms", cost(stage) - empty, "ms CPU per request", command=COMMAND)


def start_cost(folder: Path, starts: int = 3) -> None:
    """What the product's imports add to the start of an isolate: CPU, for the machine's other work does not count.

    A deployment runs them once and keeps a snapshot of the memory, from which isolates start: that start is timed too.
    """
    sources = [ROOT / name for name in EDGE_FOLDERS]
    variants: dict[str, Callable[[Path], Alone]] = {
        "bare": lambda place: Alone(place, WORKERS / "bare.py"),
        "pydantic": lambda place: Alone(place, WORKERS / "pydantic_alone.py"),
        "contracts": lambda place: Alone(place, WORKERS / "contracts_alone.py", sources),
        "product": lambda place: Alone(place, ROOT / "worker" / "main.py", sources),
    }
    cpu: dict[str, list[float]] = {name: [] for name in variants}
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(starts):
        for name, make in variants.items():
            with make(folder / f"{name}{number}") as worker:
                cpu[name].append(cpu_seconds(psutil.Process(worker.program.pid)))
                seconds[name].append(worker.seconds)
    least = {name: min(values) for name, values in cpu.items()}
    bare = "the start of a bare Python Worker"
    for name, figure in (
        ("pydantic", "gateway.import.pydantic.seconds"),
        ("contracts", "gateway.import.models.seconds"),
        ("product", "gateway.import.seconds"),
    ):
        record(figure, least[name] - least["bare"], "s CPU", bare, least[name] / least["bare"] - 1, COMMAND)
    whole, other = min(seconds["product"]), min(seconds["bare"])
    record("gateway.start.seconds", whole, "s", "a bare Python Worker", whole / other, COMMAND)
    snapshots = folder / "snapshots"
    snapshots.mkdir()
    main = ROOT / "worker" / "main.py"
    with Alone(folder / "saving", main, sources, snapshots=snapshots, save=True):
        pass
    loaded = []
    for number in range(starts):
        with Alone(folder / f"loading{number}", main, sources, snapshots=snapshots, load=True) as worker:
            loaded.append(worker.seconds)
    record("gateway.start.snapshot.seconds", min(loaded), "s", "a bare Python Worker", min(loaded) / other, COMMAND)


def workerd_below(pid: int) -> psutil.Process:
    """The workerd process among a program's children."""
    found = [child for child in psutil.Process(pid).children(recursive=True) if child.name().startswith("workerd")]
    return max(found, key=lambda process: process.memory_info().rss)


def run(folder: Path, rounds: int, connections: int) -> None:
    limits = " ".join(f"{name}=1000000/1000000" for name in ("client", "tenant", "anonymous"))
    variables = {"STOREMAX_ADMIN_KEY": KEY, "STOREMAX_SIGNING_KEY": "s" * 32, "RATE_LIMITS": limits}
    with (
        Alone(folder / "bare", WORKERS / "bare.py") as bare_worker,
        Alone(folder / "fastapi", WORKERS / "fastapi_route.py", distribution="fastapi") as fastapi_worker,
        # No wrangler, no inspector and the same log, as the two yardsticks.
        product(folder / "product", variables, kv=("CACHE",), queues=("EVENTS", "WEBHOOK_DELIVERIES")) as worker,
        httpx.Client(base_url=worker.url, headers={"authorization": f"Bearer {KEY}"}, timeout=60) as http,
    ):
        http.post("/v1/warehouses", json={"id": "bench", "layout": LAYOUT}).raise_for_status()
        bare = Target("bare_worker", bare_worker.url + "/", psutil.Process(bare_worker.program.pid))
        fastapi = Target(
            "fastapi",
            fastapi_worker.url + PATH,
            psutil.Process(fastapi_worker.program.pid),
            {"authorization": "Bearer smx_dev_benchmark"},
        )
        cached = Target(
            "cached_get", worker.url + PATH, psutil.Process(worker.program.pid), {"authorization": f"Bearer {KEY}"}
        )
        measure([bare, fastapi, cached], rounds, connections)
        report(bare, fastapi, cached)
        heap = re.search(r"^storemax_heap_megabytes ([\d.]+)", http.get("/v1/metrics").text, re.MULTILINE)
        assert heap is not None, "the metrics no longer tell the heap"
        record(
            "gateway.heap.mb", float(heap.group(1)), "MB", "the limit of a Worker", float(heap.group(1)) / 128, COMMAND
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smx-bench-") as text:
        folder = Path(text)
        if "cached" in options.parts:
            run(folder, options.rounds, options.connections)
        if "stages" in options.parts:
            stages(folder / "stages")
        if "start" in options.parts:
            start_cost(folder)


if __name__ == "__main__":
    main()
