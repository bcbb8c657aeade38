"""A mixed load on the running edge, over loopback: error rate, and latency beside a bare Python Worker in the same run.

    python -m benchmarks.load [--requests 40000] [--connections 32]        (make load)

The mix is what a warehouse does: mostly cached reads, some reads that ask an object, some writes. An error is a 5xx, a refused
connection or an answer that does not come. 40,000 requests, because n of them without an error show with 95 % confidence a
rate below 3/n: more than 30,000 are needed for 0.01 %. Ends with status 1 unless that is shown.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.results import record
from local.alone import Alone
from local.processes import free_port
from local.stack import Stack

COMMAND = "make load"
BARE = Path(__file__).with_name("gateway_workers") / "bare.py"
ERROR_BUDGET = 0.0001
PATIENCE_S = 30.0
WARM_REQUESTS = 2000
WAREHOUSE = "load"
SEED = 1
# (share of the requests, name)
MIX = ((0.70, "cached read"), (0.15, "summary"), (0.09, "orders page"), (0.06, "order upsert"))


@dataclass
class Seen:
    """What came of the requests of one kind."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)  # 0: no answer

    @property
    def errors(self) -> int:
        return sum(number for status, number in self.statuses.items() if status == 0 or status >= 500)

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


class Connection:
    """One kept-alive connection. Written by hand: a general client costs more than the server that it measures."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: bytes) -> int:
        """The status of the answer; 0 when there is none."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._streams
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                await self._rest(reader, head.lower())
                return int(head[9:12])
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            if self._streams is not None:
                self._streams[1].close()
                self._streams = None
            return 0

    @staticmethod
    async def _rest(reader: asyncio.StreamReader, head: bytes) -> None:
        if b"transfer-encoding: chunked" in head:
            while size := int(await reader.readline(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()
            return
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
        await reader.readexactly(int(length or 0))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


def request(method: str, path: str, key: str = "", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: load"]
    if key:
        lines.append(f"authorization: Bearer {key}")
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def product_request(kind: str, key: str, draw: random.Random) -> bytes:
    path = f"/v1/warehouses/{WAREHOUSE}"
    if kind == "cached read":
        return request("GET", path + "/layout", key)
    if kind == "summary":
        return request("GET", path, key)
    if kind == "orders page":
        return request("GET", path + "/orders?limit=5", key)
    order = {"id": f"o{draw.randrange(500)}", "lines": [{"sku": "apple", "quantity": draw.randint(1, 9)}]}
    return request("POST", path + "/orders", key, json.dumps({"orders": [order]}).encode())


async def load(port: int, requests: int, connections: int, key: str | None) -> tuple[dict[str, Seen], float]:
    """Each connection sends one request after the other until all are made; what was seen, and the seconds that it took.
    `key` None: the bare Worker's only path."""
    found: dict[str, Seen] = {}
    numbers = iter(range(requests))
    start = time.monotonic()

    async def client(number: int) -> None:
        draw, connection = random.Random(SEED * 1000 + number), Connection(port)
        for _ in numbers:
            if key is None:
                kind, text = "bare worker", request("GET", "/")
            else:
                kind = draw.choices([name for _, name in MIX], [share for share, _ in MIX])[0]
                text = product_request(kind, key, draw)
            began = time.perf_counter()
            status = await connection.exchange(text)
            seen = found.setdefault(kind, Seen())
            seen.statuses[status] += 1
            seen.seconds.append(time.perf_counter() - began)
        connection.close()

    await asyncio.gather(*map(client, range(connections)))
    return found, time.monotonic() - start


def prepare(stack: Stack) -> None:
    with httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.admin_key}"}, timeout=60) as http:
        layout = {"type": "parametric", "aisles": 4, "bays_per_block": 5}
        body = {"id": WAREHOUSE, "layout": layout, "items": [{"sku": "apple"}]}
        http.post("/v1/warehouses", json=body).raise_for_status()


def report(found: dict[str, Seen], seconds: float, bare: Seen, bare_seconds: float) -> float:
    """Prints and records; the error rate that is shown with 95 % confidence."""
    total = sum(len(seen.seconds) for seen in found.values())
    errors = sum(seen.errors for seen in found.values())
    rate = errors / total
    shown = rate if errors else 3 / total
    print(
        f"{total} requests in {seconds:.0f} s, {errors} errors; statuses {sum((s.statuses for s in found.values()), Counter())}"
    )
    if not errors:
        print(f"without an error among them, the rate is below {shown:.4%} with 95 % confidence (3 / requests)")
    every = Seen([value for seen in found.values() for value in seen.seconds])
    record("load.requests", total, "requests", command=COMMAND)
    record("load.error_rate", rate, "share of requests", command=COMMAND)
    record("load.error_rate_below", shown, "share of requests, 95 % confidence", command=COMMAND)
    per_second = total / seconds
    below = len(bare.seconds) / bare_seconds
    record("load.requests_per_s", per_second, "1/s", "bare Python Worker", per_second / below, COMMAND)
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        value, other = every.percentile(share), bare.percentile(share)
        record(f"load.{name}_ms", value, "ms", f"{name} of a bare Python Worker", value / other, COMMAND)
    for kind, seen in sorted(found.items()):
        print(
            f"  {kind:14} {len(seen.seconds):7} requests  p50 {seen.percentile(0.5):7.1f} ms  p99 {seen.percentile(0.99):7.1f} ms"
        )
    return shown


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--requests", type=int, default=40_000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args(arguments)
    limits = " ".join(f"{name}=1000000/1000000" for name in ("client", "tenant", "anonymous"))
    with (
        tempfile.TemporaryDirectory(prefix="smx-load-") as folder,
        Alone(Path(folder) / "bare", BARE) as bare,
        Stack(
            Path(folder) / "product",
            extra_vars={"RATE_LIMITS": limits},
            with_engine=False,
            extra_arguments=["--enable-containers=false"],
            direct_port=free_port(),
        ) as stack,
    ):
        prepare(stack)
        # Warm: code paths, caches, leases.
        asyncio.run(load(stack.direct_port, WARM_REQUESTS, options.connections, stack.admin_key))
        asyncio.run(load(bare.port, WARM_REQUESTS, options.connections, None))
        found, seconds = asyncio.run(load(stack.direct_port, options.requests, options.connections, stack.admin_key))
        few = options.requests // 4
        yardstick, bare_seconds = asyncio.run(load(bare.port, few, options.connections, None))
        shown = report(found, seconds, yardstick["bare worker"], bare_seconds)
    return 0 if shown < ERROR_BUDGET else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
