"""Stock: 10,000 lines in one call, and single changes, beside a bare Python Worker with a bare Durable Object.

    python -m benchmarks.state [--calls 7] [--rounds 10] [--connections 32]

Both run straight on workerd, in turn, so that slow moments of the machine fall on both. The product does all that it does:
it authenticates, limits, validates, judges each line by the rules, writes stock, ledger and events, and answers each line.
The yardstick upserts. Needs wrk.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import psutil

from benchmarks.gateway import Target, cpu_seconds, load, workerd_below
from benchmarks.results import record
from local.processes import free_port
from local.stack import Stack
from local.toolchain import ROOT

COMMAND = "make bench ARGS=state"
LINES = 10_000
LAYOUT = {
    "type": "parametric",
    "aisles": 50,
    "bays_per_block": 50,
    "levels": 4,
    "location_limits": {"max_weight_g": 2_000_000_000},
}
SKUS = [f"SKU-{n:05d}" for n in range(2_000)]
PLACE = "A01-L-001-1"


def bulk_body(seed: int) -> bytes:
    """10,000 adjustments at places all over the warehouse."""
    draw = random.Random(seed)
    lines = [
        {
            "op": "adjust",
            "location": f"A{draw.randint(1, 50):02d}-{draw.choice('LR')}-{draw.randint(1, 50):03d}-{draw.randint(1, 4)}",
            "sku": draw.choice(SKUS),
            "delta": draw.randint(1, 9),
        }
        for _ in range(LINES)
    ]
    return json.dumps({"lines": lines}).encode()


def timed(http: httpx.Client, url: str, body: bytes) -> float:
    """Seconds until the whole answer is there. Raises for anything but a 2xx."""
    started = time.perf_counter()
    answer = http.post(url, content=body, headers={"content-type": "application/json"})
    seconds = time.perf_counter() - started
    answer.raise_for_status()
    return seconds


def bulk(http: httpx.Client, zone: str, bare: str, calls: int, process: psutil.Process) -> None:
    """One call by itself: each begins when the events of the one before have gone their way into the warehouse's log.
    Then as many calls on end, which share the cores with the events of those before.

    `process`: the product's workerd. Its CPU time tells more than the clock on a machine that others use too.
    """
    ours, theirs, cpu = [], [], []
    for number in range(calls + 1):
        body, before = bulk_body(number), cpu_seconds(process)
        ours.append(timed(http, f"{zone}/stock", body))
        at_rest(process)
        cpu.append(cpu_seconds(process) - before)
        theirs.append(timed(http, f"{bare}/bulk", body))
    ours, theirs, cpu = ours[1:], theirs[1:], cpu[1:]  # the first call fills both with lines
    ratio = median(their / our for our, their in zip(ours, theirs, strict=True))
    what = "a bare object's upsert of the same lines"
    record("state.bulk_adjust.lines_per_second", LINES / median(ours), "lines/s", what, ratio, COMMAND)
    record("state.bulk_adjust.best.lines_per_second", LINES / min(ours), "lines/s", command=COMMAND)
    record("state.bulk_adjust.lines_per_cpu_second", LINES / median(cpu), "lines per second of CPU", command=COMMAND)
    record("state.bulk_adjust.seconds", median(ours), "s for 10,000 lines", command=COMMAND)
    on_end = sum(timed(http, f"{zone}/stock", bulk_body(calls + 1 + number)) for number in range(calls))
    record("state.bulk_adjust.on_end.lines_per_second", calls * LINES / on_end, "lines/s", command=COMMAND)


def at_rest(process: psutil.Process, share: float = 0.05, window: float = 0.2, seconds: float = 30) -> None:
    """Wait until the process uses less than `share` of a core. Raises TimeoutError when it keeps busy."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = cpu_seconds(process)
        time.sleep(window)
        if cpu_seconds(process) - before < share * window:
            return
    raise TimeoutError(f"workerd is still busy after {seconds} s")


def script(folder: Path, name: str, body: str) -> Path:
    """What makes wrk POST a body."""
    file = folder / f"{name}.lua"
    file.write_text(f'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [[{body}]]\n')
    return file


def single(ours: Target, bare: Target, rounds: int, connections: int) -> None:
    """Rounds of a second on one and then the other; the ratio is the median of the rounds' ratios."""
    for target in (ours, bare):
        for _ in range(3):
            load(target, connections)
    while len(ours.samples) < rounds:
        pair = load(ours, connections), load(bare, connections)
        if pair[0] and pair[1]:
            ours.samples.append(pair[0])
            bare.samples.append(pair[1])

    def ratio(figure: str) -> float:
        return median(a / b for a, b in zip(ours.all(figure), bare.all(figure), strict=True))

    what, value = "a bare RPC with one upsert", ratio("rate")
    record("state.single_adjust.vs_bare_rpc", value, "ratio of requests/s", what, value, COMMAND)
    record("state.single_adjust.cpu_ms", median(ours.all("cpu_ms")), "ms CPU", what, ratio("cpu_ms"), COMMAND)
    record("state.single_adjust.requests_per_second", median(ours.all("rate")), "1/s", command=COMMAND)
    record("state.single_adjust.p99_ms", median(ours.all("p99_ms")), "ms", command=COMMAND)


@contextmanager
def yardstick(folder: Path) -> Iterator[Stack]:
    """The bare Worker with its bare object."""
    worker = folder / "worker"
    shutil.copytree(Path(__file__).with_name("state_workers"), worker)
    (worker / "python_modules").symlink_to((ROOT / "python_modules").resolve())
    config = worker / "wrangler.toml"
    with Stack(
        folder, config=config, with_engine=False, health_path="/", direct_port=free_port(), start_seconds=180
    ) as bare:
        yield bare


@contextmanager
def product(folder: Path) -> Iterator[Stack]:
    """The product without agents, with limits that nobody meets."""
    limits = " ".join(f"{name}=1000000/1000000" for name in ("client", "tenant", "anonymous"))
    with Stack(
        folder,
        extra_vars={"RATE_LIMITS": limits},
        with_engine=False,
        extra_arguments=["--enable-containers=false"],
        direct_port=free_port(),
        start_seconds=180,
    ) as stack:
        yield stack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=7, help="bulk calls of 10,000 lines")
    parser.add_argument("--rounds", type=int, default=10, help="of single changes, a second each")
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smx-state-") as text:
        folder = Path(text)
        with product(folder / "product") as stack, yardstick(folder / "bare") as bare:
            key = {"authorization": f"Bearer {stack.admin_key}"}
            direct, beside = (f"http://127.0.0.1:{one.direct_port}" for one in (stack, bare))
            zone = f"{direct}/v1/warehouses/bench/zones/main"
            with httpx.Client(headers=key, timeout=120) as http:
                items = [{"sku": sku, "weight_g": 100} for sku in SKUS]
                made = http.post(f"{direct}/v1/warehouses", json={"id": "bench", "layout": LAYOUT, "items": items})
                made.raise_for_status()
                bulk(http, zone, beside, options.calls, workerd_below(stack.worker.pid))
                ours = Target(
                    "single_adjust",
                    f"{zone}/stock/{PLACE}/{SKUS[0]}",
                    workerd_below(stack.worker.pid),
                    key,
                    script(folder, "ours", '{"op":"adjust","delta":1}'),
                )
                line = json.dumps({"location": PLACE, "sku": SKUS[0], "delta": 1})
                plain = Target(
                    "bare_rpc", f"{beside}/", workerd_below(bare.worker.pid), {}, script(folder, "bare", line)
                )
                single(ours, plain, options.rounds, options.connections)
                audit = http.get(f"{zone}/audit").json()
                if audit["differences"]:
                    raise RuntimeError(f"the stock is not what the ledger says: {audit['differences'][:5]}")


if __name__ == "__main__":
    main()
