"""What a problem family is to the front door, and what the front door gives it.

A family is one package with `problem`, `solve`, `check`, `baseline` and `bound`, bound together as one `Family` value
in the package's `__init__`, and one line in registry.py. Nothing here imports numba, SciPy or OR-Tools.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Literal, TypeVar

from contracts.errors import Fault, ProblemError
from contracts.optimize import Bound, Budget, Incumbent, Objective, Reference, Unassigned

P = TypeVar("P")
StopReason = Literal["optimal", "seconds", "iterations", "cancelled", "memory", "complete"]

INCUMBENT_INTERVAL_S = 0.1
# Incumbents carry their plan at most so often, and making it may cost at most this share of the time; a plan whose JSON is
# longer is not sent on the way.
PLAN_INTERVAL_S = 1.0
PLAN_SHARE = 0.05
MAX_PLAN_BYTES = 512 * 1024
# Kept back from the time budget for turning the search's best into an answer that is checked.
FINISH_SHARE = 0.02
MOST_FINISHING = 0.7
# A plan that would come so many budgets after the start, and so many seconds after the budget's end, is not waited for, unless
# finishing is a matter of moments. A somewhat late plan is worth more than none, and a busy machine makes every estimate long.
LATE, PATIENCE_S, MOMENT_S = 1.5, 10.0, 0.5
# What is recommended then: so many times what reading, a first plan and finishing take.
ENOUGH = 2.0


def too_little_time(seconds: float, needed: float) -> ProblemError:
    """What a caller is told whose problem cannot be read, planned and checked in the time given, but in `needed` seconds."""
    enough = math.ceil(ENOUGH * needed)
    detail = (
        f"reading this problem, a first plan and its check take about {needed:.1f} s, and budget.seconds is {seconds:.3g}: "
        f"give {enough} or more, or send a smaller problem"
    )
    fault = Fault("/budget/seconds", detail)
    return ProblemError(
        "too-large-to-solve", detail, errors=(fault,), extra={"limit": round(seconds, 3), "enough": enough}
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What `solve` returns. `bound` may stay empty when the family's `bound` function computes it."""

    objective: Objective
    solution: dict[str, Any]  # JSON-ready
    status: Literal["optimal", "feasible", "infeasible"] = "feasible"
    unassigned: tuple[Unassigned, ...] = ()
    iterations: int = 0
    stopped_by: StopReason = "complete"
    bound: Bound | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What an independent reading of a solution found. `violations` empty means feasible.

    `untrue`: what the plan tells of itself (sums, loads, savings) and is not so; such a plan can be carried out all the same.
    """

    objective: Objective
    violations: tuple[Fault, ...] = ()
    unassigned: tuple[Unassigned, ...] = ()
    untrue: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Run:
    """One solve's budget, seed, start, locks, and its line to whoever waits.

    A solver asks `should_stop()` often (every few milliseconds of work) and calls `report()` for each better plan.
    `iterations` counts the family's own unit of search; set `Budget.iterations` for reproducible answers.
    """

    budget: Budget
    warm_start: dict[str, Any] | None = None
    locks: dict[str, Any] | None = None
    on_incumbent: Callable[[Incumbent], None] = lambda _incumbent: None
    workers: int = 1
    after_first: Callable[[], object] | None = None  # called once, when the first plan has been reported
    sense: Literal["min", "max"] = "min"  # a family that maximises says so before its first report
    show: Callable[[Any], Answer] | None = None  # what the search works on, as people read it: see `shown`
    constant: float = 0.0  # the part of the objective that no plan changes, where a search leaves it out of its reports
    started: float = field(default_factory=time.monotonic)
    stop_reason: StopReason | None = None
    kept_back_s: float = 0.0
    may_refuse: bool = True  # not where this is one part of a larger run
    reading_s: float = 0.0  # what it took to read the problem: to write a plan down takes about as long
    _sequence: int = 0
    _last_sent: float = -1.0
    _pending: Incumbent | None = None
    _latest: Incumbent | None = None  # as it was sent, while its plan was not
    _plan: Callable[[], Answer] | None = None  # makes the plan of the last that was reported
    _plan_due: float = PLAN_INTERVAL_S
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def seed(self) -> int:
        return self.budget.seed

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    @property
    def remaining_s(self) -> float:
        """Seconds of search left; a small share of the budget is kept back for finishing, or what the solver asked for."""
        return self.budget.seconds - max(FINISH_SHARE * self.budget.seconds, self.kept_back_s) - self.elapsed_s

    def keep_back(self, seconds: float) -> None:
        """Search ends so many seconds before the budget does, because finishing takes them; MOST_FINISHING of it at most."""
        self.kept_back_s = max(self.kept_back_s, min(seconds, MOST_FINISHING * self.budget.seconds))

    def finishing(self, seconds: float, ahead: float = 0.0) -> None:
        """Finishing is known to take so long, once what lies `ahead` (seconds) is done: it is kept back.

        Raises ProblemError too-large-to-solve, with the budget that suffices, where the answer would come too late by far.
        """
        self.keep_back(seconds)
        needed = self.elapsed_s + ahead + seconds
        if self.stop_reason is not None or not self.may_refuse:
            return
        latest = max(LATE * self.budget.seconds, self.budget.seconds + PATIENCE_S)
        if ahead + seconds > MOMENT_S and needed > latest:
            raise too_little_time(self.budget.seconds, needed)

    def stop(self, reason: StopReason) -> None:
        """Ask the solver to come to an end (from any thread); the first reason stays."""
        if self.stop_reason is None:
            self.stop_reason = reason

    def should_stop(self, iterations: int = 0) -> bool:
        """Whether to end now; the reason is then in `stop_reason`."""
        if self.stop_reason is None:
            if self.budget.iterations is not None and iterations >= self.budget.iterations:
                self.stop_reason = "iterations"
            elif self.remaining_s <= 0:
                self.stop_reason = "seconds"
        if self.stop_reason is None and self._plan is not None and self.elapsed_s >= self._due:
            with self._lock:
                self._pending = self._pending or self._latest
                self._send(self.elapsed_s)
        return self.stop_reason is not None

    def report(
        self,
        objective: float,
        bound: float | None = None,
        iterations: int = 0,
        plan: Callable[[], Answer] | None = None,
    ) -> None:
        """A better plan (or bound) was found. At most one incumbent per 100 ms goes out; the last is never lost.

        `plan` makes the answer of it, the same whenever it is called: about once a second an incumbent carries its
        solution, then or at the next `should_stop`.
        """
        with self._lock:
            now = self.elapsed_s
            self._plan = plan
            self._pending = Incumbent(
                sequence=self._sequence,
                elapsed_s=round(now, 4),
                objective=objective + self.constant,
                sense=self.sense,
                bound=None if bound is None else bound + self.constant,
                iterations=iterations,
            )
            if self._last_sent < 0 or now - self._last_sent >= INCUMBENT_INTERVAL_S:
                self._send(now)
            after, self.after_first = self.after_first, None
        if after is not None:
            after()

    def shown(self, found: Any) -> Callable[[], Answer] | None:
        """What makes the plan of `found` (an array) for `report`; the search goes on meanwhile, so it keeps a copy."""
        return None if self.show is None else partial(self.show, found.copy())

    def flush(self) -> None:
        """Send the incumbent that the interval held back, if any."""
        with self._lock:
            self._plan = None  # the answer itself comes next
            if self._pending is not None:
                self._send(self.elapsed_s)

    def _send(self, now: float) -> None:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        self._latest = pending
        sent = pending.model_copy(update={"sequence": self._sequence, **self._solution(now)})
        self._sequence += 1
        self._last_sent = now
        self.on_incumbent(sent)

    @property
    def _due(self) -> float:
        """When an incumbent may carry its plan next."""
        return max(self._plan_due, self.reading_s / PLAN_SHARE)

    def _solution(self, now: float) -> dict[str, Any]:
        """The plan of what was reported last, when one is due, and its objective in every digit."""
        if self._plan is None or now < self._due:
            return {}
        make, self._plan = self._plan, None
        answer = make()
        fits = len(json.dumps(answer.solution, ensure_ascii=False).encode()) <= MAX_PLAN_BYTES
        done = self.elapsed_s
        self._plan_due = done + max(PLAN_INTERVAL_S, (done - now) / PLAN_SHARE) if fits else float("inf")
        return {"objective": answer.objective.value, "solution": answer.solution} if fits else {}


def _no_bound(_problem: Any, _answer: Answer) -> Bound:
    return Bound(reason="this family has no proven bound")


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Family(Generic[P]):
    """One problem family.

    name: what requests say in `problem`.
    version: changes when the same input may get another answer.
    read: data → validated, immutable problem; raises ProblemError with pointers.
    solve: problem, run → Answer. Never raises for a full or impossible plan: leaves things out, with reasons.
    check: problem, solution, locks → CheckReport. Shares no code with solve.
    baseline: problem → what a warehouse does today, with the objective that it reaches.
    bound: problem, answer → a proven limit, quickly (the solver may also put one in its answer).
    warm: loads libraries and compiled kernels, so that the next solve does not wait for them.
    """

    name: str
    version: str
    read: Callable[[Mapping[str, Any]], P]
    solve: Callable[[P, Run], Answer]
    check: Callable[[P, Mapping[str, Any], Mapping[str, Any] | None], CheckReport]
    baseline: Callable[[P], Reference]
    bound: Callable[[P, Answer], Bound] = _no_bound
    warm: Callable[[], None] = _nothing
