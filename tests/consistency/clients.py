"""Concurrent clients of a zone's stock: random operations on few lines, recorded with start and end times."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from tests.consistency.linearizability import Operation, Verdict, check
from tests.consistency.stock_line import Answer, Call, State, StockLine

Key = tuple[str, str]  # location, SKU
RETRIED = (429, 503)  # not taken: whoever is told so may try again
TURNED_AWAY_S = 60.0  # for so long at most: nobody recovers from more


class NotAnswered(Exception):
    """The connection broke, or the answer says nothing about the effect."""


class NotSent(Exception):
    """Nobody listens: the request has never left."""


@dataclass
class Recorder:
    """Histories by line. Threads add to it."""

    def __post_init__(self) -> None:
        self.histories: dict[Key, list[Operation]] = defaultdict(list)
        self._lock = threading.Lock()

    def add(self, key: Key, call: Call, answer: Answer | None, began: float, ended: float, client: int) -> None:
        with self._lock:
            self.histories[key].append(Operation(call, answer, began, ended, client))

    def verdicts(self, starts: dict[Key, State]) -> dict[Key, Verdict[State]]:
        return {key: check(history, StockLine(starts[key])) for key, history in self.histories.items()}


class Client:
    """One client: an operation is recorded as unknown when no answer comes.

    `patience`: seconds for which half of the operations that got no answer are sent again with their key."""

    def __init__(
        self,
        number: int,
        http: httpx.Client,
        path: str,
        recorder: Recorder,
        rng: random.Random,
        patience: float = 0.0,
    ) -> None:
        self.number, self.http, self.path, self.recorder, self.rng = number, http, path, recorder, rng
        self.patience = patience
        self.known: dict[Key, State] = {}
        self.serial = 0  # of the changes that were begun
        self.sent: list[tuple[str, dict[str, Any], dict[str, str], Any]] = []

    def act(self, keys: Sequence[Key]) -> None:
        """One random operation on one of the lines, or a move between two of them. Raises NotSent."""
        key = self.rng.choice(keys)
        kind = self.rng.choice(
            ["read", "receive", "receive", "pick", "pick", "adjust", "reserve", "release", "count", "move"]
        )
        amount = self.rng.randint(1, 4)
        if kind == "read":
            self.read(key)
        elif kind == "move":
            others = [other for other in keys if other[1] == key[1] and other != key]
            if others:
                self.move(key, self.rng.choice(others), amount)
        else:
            self.operate(key, kind, self.rng.choice([-1, 1]) * amount if kind == "adjust" else amount)

    def read(self, key: Key) -> None:
        began = time.monotonic()
        try:
            body = self._ask("GET", f"{self.path}/stock/{key[0]}/{key[1]}")
        except NotAnswered:
            return
        self._note(key, Call("read"), Answer(_state(body)), began)

    def operate(self, key: Key, op: str, amount: int) -> None:
        expected = self.known[key].version if key in self.known and self.rng.random() < 0.3 else None
        body: dict[str, Any] = {"op": op, "delta" if op == "adjust" else "quantity": amount}
        if expected is not None:
            body["version"] = expected
        call, began = Call(op, amount, expected), time.monotonic()
        try:
            found = self._send(f"{self.path}/stock/{key[0]}/{key[1]}", body)
        except NotAnswered:
            self.recorder.add(key, call, None, began, float("inf"), self.number)
            return
        state = found["current"] if "code" in found else found
        self._note(key, call, Answer(_state(state), found.get("code", "")), began)

    def move(self, key: Key, to: Key, amount: int) -> None:
        line = {"op": "transfer", "location": key[0], "sku": key[1], "quantity": amount, "to": to[0]}
        out, into, began = Call("out", amount), Call("in", amount), time.monotonic()
        try:
            found = self._send(f"{self.path}/stock", {"lines": [line]})
        except NotAnswered:
            self.recorder.add(key, out, None, began, float("inf"), self.number)
            self.recorder.add(to, into, None, began, float("inf"), self.number)
            return
        if "code" in found:
            self._note(key, out, Answer(_state(found["refused"][0]), found["code"]), began)
            return
        outcome = found["lines"][0]
        self._note(key, out, Answer(_state(outcome)), began)
        self._note(to, into, Answer(_state(outcome["to"])), began)

    def _note(self, key: Key, call: Call, answer: Answer, began: float) -> None:
        self.known[key] = answer.state
        self.recorder.add(key, call, answer, began, time.monotonic(), self.number)

    def _send(self, path: str, body: dict[str, Any]) -> Any:
        """With an idempotency key; one in five is sent again at once: nothing may come of that."""
        self.serial += 1
        headers = {"idempotency-key": f"{self.number}-{self.serial}-{self.rng.getrandbits(64):x}"}
        found = self._until_answered(path, body, headers)
        if self.rng.random() < 0.2:
            with suppress(NotAnswered, NotSent):
                again = self._until_answered(path, body, headers)
                assert again == found, (found, again)
        self.sent.append((path, body, headers, found))
        return found

    def _until_answered(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
        """Raises NotAnswered when it may have arrived, NotSent when it has not."""
        deadline = time.monotonic() + (self.patience if self.rng.random() < 0.5 else 0.0)
        arrived: NotAnswered | None = None
        while True:
            try:
                return self._ask("POST", path, json=body, headers=headers)
            except (NotAnswered, NotSent) as fault:
                arrived = fault if isinstance(fault, NotAnswered) else arrived
                if time.monotonic() >= deadline:
                    raise arrived or fault from None
                time.sleep(0.2)

    def send_late_again(self, count: int) -> None:
        """Some of what was sent, long after and in another order: each gets its first answer."""
        for path, body, headers, first in self.rng.sample(self.sent, min(count, len(self.sent))):
            assert self._ask("POST", path, json=body, headers=headers) == first

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        deadline = time.monotonic() + TURNED_AWAY_S
        while True:
            try:
                answer = self.http.request(method, path, **options)
            except httpx.ConnectError as error:
                raise NotSent from error
            except httpx.TransportError as error:
                raise NotAnswered from error
            if answer.status_code in RETRIED:
                assert time.monotonic() < deadline, f"turned away for {TURNED_AWAY_S:g} s: {answer.text}"
                time.sleep(float(answer.headers.get("retry-after", "0.05")))
                continue
            if answer.status_code >= 500:
                raise NotAnswered(answer.text)
            assert answer.status_code in (200, 409), answer.text
            return answer.json()


def _state(body: Any) -> State:
    return State(body["quantity"], body["reserved"], body["version"])


def run(clients: Iterable[Client], keys: Sequence[Key], each: int) -> None:
    """All clients at once, `each` operations apiece, begun together."""
    crew = list(clients)
    gate = threading.Barrier(len(crew))

    def work(client: Client) -> None:
        gate.wait()
        for _ in range(each):
            client.act(keys)

    with ThreadPoolExecutor(len(crew)) as pool:
        for future in [pool.submit(work, client) for client in crew]:
            future.result()
