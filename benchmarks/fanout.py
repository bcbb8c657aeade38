"""Fan-out: one change of a warehouse to 500 WebSocket readers, straight on workerd, beside bare objects that broadcast.

The product's change goes through the whole gateway and a transaction; the yardsticks store a text of the same length and
send it. Time is counted from the first byte of the request to the whole message at each reader. The three take turns,
message by message, so that slow moments of the machine fall on all. A figure is the median over the messages of what
one message took to half, or to 99 %, of its readers; a ratio is the median of the ratios turn by turn.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import resource
import select
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil

from benchmarks.gateway import workerd_below
from benchmarks.results import record
from local.processes import free_port
from local.stack import Stack
from local.toolchain import ROOT

COMMAND = "make bench ARGS=fanout"
WORKERS = Path(__file__).with_name("fanout_workers")
PATIENCE_S = 30.0


@dataclass
class Room:
    """One service with many readers on it. `message` is the request that makes it send something to all."""

    name: str
    port: int
    readers_path: str
    message: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    readers: list[socket.socket] = field(default_factory=list)
    turns: list[tuple[float, float]] = field(default_factory=list)  # p50 and p99 of each message, ms

    def join(self, count: int) -> None:
        """Open the readers' connections, and let each have said what it says at the beginning."""
        self.readers = [self._open() for _ in range(count)]
        time.sleep(1.0)  # greetings and buffers: not part of any figure
        for reader in self.readers:
            drain(reader)

    def _open(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        key = base64.b64encode(bytes(16)).decode()
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        made.sendall(
            f"GET {self.readers_path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += made.recv(1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"{self.name}: {head.decode()}")
        made.setblocking(False)
        return made

    def tell(self, keep: bool) -> None:
        """Send one message and wait until every reader has it."""
        taken: list[float] = []
        poll = select.epoll()
        waiting = {reader.fileno(): (reader, bytearray()) for reader in self.readers}
        for number in waiting:
            poll.register(number, select.EPOLLIN)
        sender = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        began = time.perf_counter()
        sender.sendall(self.message)
        while waiting:
            ready = poll.poll(PATIENCE_S)
            if not ready:
                raise RuntimeError(f"{self.name}: {len(waiting)} readers got nothing")
            for number, _ in ready:
                reader, data = waiting[number]
                data += reader.recv(65536)
                if is_whole(data):
                    taken.append((time.perf_counter() - began) * 1000)
                    poll.unregister(number)
                    del waiting[number]
        answer = sender.recv(65536)
        if b" 200 " not in answer.split(b"\r\n")[0]:
            raise RuntimeError(f"{self.name}: {answer.decode(errors='replace')}")
        sender.close()
        poll.close()
        if keep:
            cuts = quantiles(taken, n=100)
            self.turns.append((cuts[49], cuts[98]))

    def close(self) -> None:
        for reader in self.readers:
            reader.close()


def is_whole(frame: bytearray) -> bool:
    """Does one unmasked text frame end here? (RFC 6455, 5.2)"""
    if len(frame) < 2:
        return False
    length, start = frame[1] & 0x7F, 2
    if length == 126:
        if len(frame) < 4:
            return False
        length, start = int.from_bytes(frame[2:4]), 4
    return len(frame) >= start + length


def drain(reader: socket.socket) -> None:
    try:
        while reader.recv(65536):
            continue
    except BlockingIOError:
        return


def post(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + body


def yardstick(stack: ExitStack, folder: Path, language: str) -> Room:
    staged = folder / language
    shutil.copytree(WORKERS / language, staged)
    if language == "python":
        (staged / "python_modules").symlink_to((ROOT / "python_modules").resolve())
    running = stack.enter_context(alone(folder / f"{language}-state", staged / "wrangler.toml", "/"))
    text = b'{"sequence":1,"id":"bench-1","type":"items.changed","zone":"","at":"2026-11-24T21:47:57.975Z",'
    text += b'"data":{"created":1,"updated":0,"unchanged":0}}'  # as long as the product's event
    return Room(language, running.direct_port, "/", post("/", text, {}))


def alone(state: Path, config: Path, health: str) -> Stack:
    return Stack(
        state,
        config=config,
        health_path=health,
        with_engine=False,
        extra_arguments=["--enable-containers=false"],
        direct_port=free_port(),
        extra_vars={"RATE_LIMITS": "client=1000000/1000000 tenant=1000000/1000000"},
    )


def product(stack: ExitStack, folder: Path) -> tuple[Room, Stack]:
    running = stack.enter_context(alone(folder / "product", ROOT / "wrangler.toml", "/health"))
    key = {"authorization": f"Bearer {running.admin_key}"}
    body = {"id": "bench", "layout": {"type": "parametric", "aisles": 2, "bays_per_block": 5}}
    httpx.post(f"{running.url}/v1/warehouses", json=body, headers=key, timeout=30).raise_for_status()
    return Room("product", running.direct_port, "/v1/warehouses/bench/events", b"", key), running


def change(room: Room, number: int) -> None:
    """The product's next change: one item, one event."""
    body = json.dumps({"items": [{"sku": f"s{number}"}]}).encode()
    room.message = post("/v1/warehouses/bench/items", body, {**room.headers, "content-type": "application/json"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--messages", type=int, default=40)
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    with tempfile.TemporaryDirectory(prefix="smx-fanout-") as text, ExitStack() as stack:
        run(stack, Path(text), options.readers, options.messages)


def run(stack: ExitStack, folder: Path, readers: int, messages: int) -> None:
    ours, running = product(stack, folder)
    rooms = [ours, yardstick(stack, folder, "python"), yardstick(stack, folder, "javascript")]
    process = workerd_below(running.worker.pid)
    before, heap_before = resident(process), heap(running)
    for room in rooms:
        room.join(readers)
        stack.callback(room.close)
    after, heap_after = resident(process), heap(running)
    warm = 5
    for number in range(messages + warm):
        change(ours, number)
        for room in rooms:
            room.tell(keep=number >= warm)
    report(rooms, readers)
    record(
        f"state.fanout_{readers}.workerd.mb", after, "MB", "the same workerd without readers", after / before, COMMAND
    )
    record(f"state.fanout_{readers}.heap.mb", heap_after, "MB", "without readers", heap_after / heap_before, COMMAND)
    record(f"state.fanout_{readers}.per_reader.kb", (after - before) * 1000 / readers, "KB", command=COMMAND)


def report(rooms: list[Room], readers: int) -> None:
    ours, python, javascript = rooms
    for column, name in enumerate(("p50", "p99")):
        for room in (python, javascript):
            value = median(turn[column] for turn in room.turns)
            record(f"state.fanout_{readers}.bare_{room.name}.{name}_ms", value, "ms", command=COMMAND)
        value = median(turn[column] for turn in ours.turns)
        beside = "a bare Python object that stores and broadcasts"
        record(f"state.fanout_{readers}.{name}_ms", value, "ms", beside, ratio(ours, python, column), COMMAND)
    value, beside = ratio(ours, javascript, 1), "a bare JavaScript object that stores and broadcasts"
    record(f"state.fanout_{readers}.vs_bare_javascript", value, "ratio of p99", beside, value, COMMAND)


def ratio(one: Room, other: Room, column: int) -> float:
    return median(a[column] / b[column] for a, b in zip(one.turns, other.turns, strict=True))


def resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def heap(running: Stack) -> float:
    """Megabytes of the isolate's Python heap, in which Worker and objects live together here."""
    key = {"authorization": f"Bearer {running.admin_key}"}
    text = httpx.get(f"{running.url}/v1/metrics", headers=key, timeout=30).text
    found = re.search(r"^storemax_heap_megabytes ([\d.]+)", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


if __name__ == "__main__":
    main()
