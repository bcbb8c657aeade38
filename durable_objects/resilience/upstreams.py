"""The upstreams of this isolate: a breaker for each object or agent session that is called, a retry budget for each kind.

Breakers are per object and not per class: objects fail one by one (each is one thread on one machine), and one tenant's
broken object must not close the door to another's.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contracts.deadline import passed
from contracts.errors import ProblemError
from durable_objects.log import log
from durable_objects.resilience.breaker import Breaker, BreakerPolicy, Outcome
from durable_objects.resilience.failures import Verdict, judge
from durable_objects.resilience.retry import RetryBudget, RetryPolicy, next_pause

T = TypeVar("T")
CAPACITY = 1024  # breakers kept; the least recently used closed ones go first
SLOW_S = 5.0  # a call that was given up at its caller's deadline counts as failed only when it had this long


@dataclass(slots=True)
class Counts:
    """Since the isolate's start, per kind."""

    calls: int = 0
    failures: int = 0
    repeats: int = 0
    refused: int = 0


@dataclass
class Upstreams:
    """`kind` is a binding's name or `agent:<type>`; `name` is the object's or the session's."""

    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Callable[[], float] = random.random
    on_change: Callable[[str, str, str], None] | None = None  # (kind, name, new state)
    counts: dict[str, Counts] = field(default_factory=dict)
    _breakers: OrderedDict[tuple[str, str], Breaker] = field(default_factory=OrderedDict)
    _budgets: dict[str, RetryBudget] = field(default_factory=dict)

    async def call(
        self,
        kind: str,
        name: str,
        attempt: Callable[[], Awaitable[T]],
        *,
        idempotent: bool,
        deadline: float | None = None,
        refuse: bool = True,
        broken: Callable[[T], bool] | None = None,
    ) -> T:
        """The result of `attempt()`, made again after a failure of the platform when `idempotent`. `broken` says of a
        result that it tells of a failure, for the breaker alone.

        Raises what the last attempt raised, with a failure of the platform as ProblemError unavailable; unavailable with
        Retry-After while the circuit is open (unless `refuse` is off); deadline-exceeded.
        """
        counts, budget = self._kind(kind)
        budget.called()
        failures = 0
        while True:
            breaker = self._breaker(kind, name)
            began = self.now()
            if deadline is not None and began >= deadline:
                raise passed()
            if not breaker.admit(began) and refuse:
                counts.refused += 1
                raise open_circuit(kind, breaker.wait(began))
            counts.calls += 1
            try:
                result = await attempt()
            except BaseException as error:
                verdict = self._failed(kind, name, breaker, error, began)
                counts.failures += verdict.outcome == "failed"
                failures += 1
                pause = self._pause(verdict, failures, idempotent, budget, deadline)
                if pause is None:
                    if verdict.platform:
                        raise unreachable(kind, idempotent) from error
                    raise
                counts.repeats += 1
                await self.sleep(pause)
                continue
            failed = broken is not None and broken(result)
            counts.failures += failed
            self._record(kind, name, breaker, "failed" if failed else "ok")
            return result

    def report(self) -> dict[str, dict[str, Any]]:
        """kind → {state, open, half_open, failure_rate, calls, failures, repeats, refused}: the worst state of its
        breakers, how many are open or half-open, and the highest failure rate of the last seconds."""
        now = self.now()
        found: dict[str, dict[str, Any]] = {}
        for kind, counts in self.counts.items():
            found[kind] = {
                "state": "closed",
                "open": 0,
                "half_open": 0,
                "failure_rate": 0.0,
                "calls": counts.calls,
                "failures": counts.failures,
                "repeats": counts.repeats,
                "refused": counts.refused,
            }
        for (kind, _), breaker in self._breakers.items():
            entry, state = found[kind], breaker.state(now)
            if state != "closed":
                entry[state.replace("-", "_")] += 1
                entry["state"] = "open" if "open" in (state, entry["state"]) else "half-open"
            entry["failure_rate"] = max(entry["failure_rate"], round(breaker.failure_rate(now), 3))
        return found

    def _failed(self, kind: str, name: str, breaker: Breaker, error: BaseException, began: float) -> Verdict:
        verdict = judge(error)
        slow = isinstance(error, asyncio.CancelledError) and self.now() - began >= SLOW_S
        self._record(kind, name, breaker, "failed" if slow else verdict.outcome)
        return verdict

    def _record(self, kind: str, name: str, breaker: Breaker, outcome: Outcome) -> None:
        now = self.now()
        if breaker.record(outcome, now) and self.on_change is not None:
            self.on_change(kind, name, breaker.state(now))

    def _pause(
        self, verdict: Verdict, failures: int, idempotent: bool, budget: RetryBudget, deadline: float | None
    ) -> float | None:
        if not (idempotent and verdict.repeatable):
            return None
        return next_pause(
            failures,
            policy=self.policy,
            budget=budget,
            deadline=deadline,
            now=self.now(),
            draw=self.draw(),
            asked=verdict.retry_after,
        )

    def _kind(self, kind: str) -> tuple[Counts, RetryBudget]:
        if kind not in self.counts:
            self.counts[kind], self._budgets[kind] = Counts(), RetryBudget()
        return self.counts[kind], self._budgets[kind]

    def _breaker(self, kind: str, name: str) -> Breaker:
        key = (kind, name)
        breaker = self._breakers.get(key)
        if breaker is None:
            breaker = self._breakers[key] = Breaker(self.breaker)
            if len(self._breakers) > CAPACITY:
                self._make_room()
        else:
            self._breakers.move_to_end(key)
        return breaker

    def _make_room(self) -> None:
        """An open circuit is kept before a closed one: forgetting it would let calls through."""
        for key, breaker in self._breakers.items():
            if breaker.open_until is None:
                del self._breakers[key]
                return
        self._breakers.popitem(last=False)


def open_circuit(kind: str, wait: float) -> ProblemError:
    seconds = max(1, round(wait + 0.5))
    return ProblemError(
        "unavailable",
        f"{described(kind)} has failed too often just now and is not asked for a moment; try again in {seconds} s",
        headers={"retry-after": str(seconds)},
    )


def unreachable(kind: str, idempotent: bool) -> ProblemError:
    detail = f"{described(kind)} cannot be reached; try again"
    if not idempotent:
        detail += ": whether this request took effect is not known, so repeat it with its Idempotency-Key or look first"
    return ProblemError("unavailable", detail, headers={"retry-after": "1"})


def described(kind: str) -> str:
    """A kind of upstream in words: binding names are nothing that a client knows."""
    if kind.startswith("agent:"):
        return f"the {kind[6:]} agent"
    return "the part that keeps this (" + kind.lower().replace("_", " ") + ")"


def _tell(kind: str, name: str, state: str) -> None:
    log("circuit", upstream=kind, name=name, state=state)


UPSTREAMS = Upstreams(on_change=_tell)
