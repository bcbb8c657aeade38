"""The solves that this agent runs: start, join, cancel, watch, remember.

Each solve is a process forked from a warm server (compiled kernels loaded), driven by one thread here; HTTP handlers
listen through asyncio queues. Several solves run at once and the operating system shares the cores between them; each
gets as many threads as cores divided by solves. Beyond that number they wait in order of arrival.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from containers.common.limits import worker_count
from containers.common.logs import log
from containers.optimizer import child
from containers.optimizer.limits import Limits
from containers.optimizer.memory import Memory
from contracts.errors import ProblemError
from contracts.optimize import OptimizeRequest, WorkStamp

WATCH_INTERVAL_S = 0.1
RETRY_AFTER_S = 2
ANSWER_S = 0.1  # before a deadline, for the answer's own way
# A solve that is cancelled before it has told of a plan may still come to one within this time; then its process ends,
# because reading a large problem cannot be interrupted from within.
UNPLANNED_S = 0.7

Key = tuple[str, str, int]  # tenant, job, attempt
Message = tuple[str, bytes]  # ("incumbent" | "result" | "problem", JSON)


@dataclass(eq=False)
class Job:
    """One solve and those who listen to it. Lives on the event loop; only `stop_reason` is read by its thread."""

    tenant: str
    stamp: WorkStamp | None
    digest: int
    request: OptimizeRequest
    body: bytes
    deadline: float = float("inf")  # seconds since the epoch
    state: str = "waiting"  # waiting → running → finished
    created: float = field(default_factory=time.monotonic)
    finished: float = 0.0
    latest: bytes | None = None
    outcome: Message | None = None
    stop_reason: str | None = None
    listeners: set[asyncio.Queue[Message]] = field(default_factory=set)
    orphaned: asyncio.TimerHandle | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> asyncio.Queue[Message]:
        """A queue that gets the newest incumbent so far, then all that follows, and last the outcome."""
        queue: asyncio.Queue[Message] = asyncio.Queue()
        if self.latest is not None:
            queue.put_nowait(("incumbent", self.latest))
        if self.outcome is not None:
            queue.put_nowait(self.outcome)
        self.listeners.add(queue)
        return queue

    def publish(self, message: Message) -> None:
        if message[0] == "incumbent":
            self.latest = message[1]
        for queue in self.listeners:
            queue.put_nowait(message)

    def describe(self) -> dict[str, Any]:
        about: dict[str, Any] = {
            "state": self.state,
            "problem": self.request.problem,
            "age_s": round(time.monotonic() - self.created, 3),
        }
        if self.stamp is not None:
            about["stamp"] = self.stamp.model_dump()
        if self.latest is not None:
            about["incumbent"] = json.loads(self.latest)
        return about


class Board:
    """Every solve of this agent, by stamp."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.memory = Memory(self.limits.solve_memory)
        self._context = multiprocessing.get_context("forkserver")
        self._jobs: dict[Key, Job] = {}
        self._running: set[Job] = set()
        self._waiting: deque[Job] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self.solved_total = 0
        self.failed_total = 0

    def warm(self) -> None:
        """Start the fork server and let it load the compiled kernels. Blocks for the start of a process, no longer."""
        from multiprocessing import forkserver

        self._context.set_forkserver_preload(["containers.optimizer.preload"])
        forkserver.ensure_running()

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def submit(self, request: OptimizeRequest, body: bytes, tenant: str, deadline: float | None = None) -> Job:
        """Start this solve, or join the one with the same stamp. Raises ProblemError conflict, overloaded.

        `deadline` (seconds since the epoch): the plan is given before it, and the solve does not live past it.
        """
        stamp = request.stamp
        digest = hash(request.model_dump_json(include={"problem", "mode", "data"})) if stamp is not None else 0
        if stamp is not None:
            self._forget_old()
            known = self._jobs.get((tenant, stamp.job, stamp.attempt))
            if known is not None:
                if known.digest != digest:
                    detail = f"job {stamp.job!r} attempt {stamp.attempt} is already a solve of another problem"
                    raise ProblemError("conflict", detail)
                self._adopt(known)
                return known
            self._supersede(tenant, stamp)
        if self._draining:
            raise ProblemError("unavailable", "this agent is shutting down", headers={"Retry-After": "1"})
        if len(self._waiting) >= self.limits.waiting:
            detail = f"{len(self._running)} solves run and {len(self._waiting)} wait; try again"
            raise ProblemError("overloaded", detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        until = float("inf") if deadline is None else deadline
        job = Job(tenant=tenant, stamp=stamp, digest=digest, request=request, body=body, deadline=until)
        if stamp is not None:
            self._jobs[(tenant, stamp.job, stamp.attempt)] = job
        self._waiting.append(job)
        self._start_next()
        return job

    def find(self, tenant: str, job_id: str) -> Job | None:
        """The newest attempt of a tenant's stamped job."""
        attempts = [key for key in self._jobs if key[:2] == (tenant, job_id)]
        return self._jobs[max(attempts)] if attempts else None

    def cancel(self, job: Job) -> None:
        """Ask for the best so far, now. A waiting job ends without a plan."""
        if job.outcome is None and job.stop_reason is None:
            job.stop_reason = "cancelled"
            if job in self._waiting:
                self._waiting.remove(job)
                self._finish(job, _problem("conflict", "the job was cancelled before it started"))

    def leave(self, job: Job, queue: asyncio.Queue[Message]) -> None:
        """A listener went away; without any, an unstamped solve is cancelled, a stamped one after `orphan_s`."""
        job.listeners.discard(queue)
        if job.listeners or job.outcome is not None:
            return
        if job.stamp is None:
            self.cancel(job)
        elif job.orphaned is None:
            loop = asyncio.get_running_loop()
            job.orphaned = loop.call_later(self.limits.orphan_s, self._cancel_orphan, job)

    async def drain(self, grace_s: float) -> None:
        """Take nothing new; let solves run for `grace_s`, then ask for their best and wait for that."""
        self._draining = True
        active = [*self._running, *self._waiting]
        if not active:
            return
        try:
            await asyncio.wait_for(self._all_done(active), grace_s)
        except TimeoutError:
            for job in active:
                self.cancel(job)
            await self._all_done(active)

    @staticmethod
    async def _all_done(jobs: list[Job]) -> None:
        await asyncio.gather(*(job.done.wait() for job in jobs))

    def _cancel_orphan(self, job: Job) -> None:
        if not job.listeners:
            self.cancel(job)

    @staticmethod
    def _adopt(job: Job) -> None:
        if job.orphaned is not None:
            job.orphaned.cancel()
            job.orphaned = None

    def _supersede(self, tenant: str, stamp: WorkStamp) -> None:
        """A newer attempt ends the older; an older one than what is known is refused."""
        for (owner, job_id, attempt), job in list(self._jobs.items()):
            if (owner, job_id) != (tenant, stamp.job):
                continue
            if attempt > stamp.attempt:
                raise ProblemError("conflict", f"job {job_id!r} is already at attempt {attempt}")
            self.cancel(job)

    def _forget_old(self) -> None:
        now = time.monotonic()
        finished = sorted(
            ((key, job) for key, job in self._jobs.items() if job.outcome is not None), key=lambda kv: kv[1].finished
        )
        held = sum(len(job.outcome[1]) for _, job in finished if job.outcome is not None)
        for key, job in finished:
            if job.outcome is not None and (now - job.finished > self.limits.keep_s or held > self.limits.keep_bytes):
                held -= len(job.outcome[1])
                del self._jobs[key]

    def _start_next(self) -> None:
        while self._waiting and len(self._running) < self.limits.running:
            job = self._waiting.popleft()
            self._running.add(job)
            job.state = "running"
            task = asyncio.get_running_loop().create_task(self._run(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        workers = max(1, worker_count() // max(1, len(self._running)))
        process: BaseProcess | None = None
        try:
            outcome, process = await asyncio.to_thread(self._drive, job, workers, loop)
        except (OSError, EOFError) as error:
            log("solver.not_started", level="error", error=repr(error))
            outcome = _problem("unavailable", "the solver process could not be started; try again")
        self._running.discard(job)
        self._finish(job, outcome)
        self._start_next()
        if process is not None:  # it takes a while to give its memory back, and nobody needs to wait for that
            await asyncio.to_thread(_end, process)

    def _finish(self, job: Job, outcome: Message) -> None:
        job.state, job.finished, job.outcome = "finished", time.monotonic(), outcome
        job.body = b""
        if outcome[0] == "result":
            self.solved_total += 1
        else:
            self.failed_total += 1
        job.publish(outcome)
        job.done.set()

    def _drive(self, job: Job, workers: int, loop: asyncio.AbstractEventLoop) -> tuple[Message, BaseProcess | None]:
        """In a thread: start the process, pass on what it says, watch its memory and its time. Returns the outcome, and the
        process when it has had its say and is about to end by itself.
        """
        ours, theirs = self._context.Pipe(duplex=True)
        process = self._context.Process(target=child.main, args=(theirs, job.body, workers, job.deadline), daemon=True)
        process.start()
        theirs.close()
        answered = False
        try:
            outcome = self._listen(job, ours, process.pid or 0, loop)
            if isinstance(outcome, ProblemError):
                process.kill()  # it does not come to an end by itself
                return _problem(outcome.code, outcome.detail), None
            answered = True
            return outcome, process
        finally:
            self.memory.forget(process.pid or 0)
            ours.close()
            if not answered:
                _end(process)

    def _listen(self, job: Job, pipe: Connection, pid: int, loop: asyncio.AbstractEventLoop) -> Message | ProblemError:
        """What the process answers, or why it is to be killed."""
        told: str | None = None
        told_at = overdue = float("inf")
        look_at = 0.0
        planned = False
        while True:
            try:
                if pipe.poll(WATCH_INTERVAL_S):
                    kind, payload = pipe.recv()
                    if kind in ("result", "problem"):
                        return (kind, payload)
                    if kind == "started":
                        overdue = time.monotonic() + _patience(job.request.budget.seconds)
                    else:
                        planned = True
                        loop.call_soon_threadsafe(job.publish, (kind, payload))
            except (EOFError, ConnectionResetError):
                return _problem("agent-failed", "the solver process ended without an answer")
            now = time.monotonic()
            if now < look_at:  # messages come thick and fast
                continue
            look_at = now + WATCH_INTERVAL_S / 2
            verdict = self.memory.verdict(pid)
            reason = job.stop_reason or ("memory" if verdict != "fine" else None)
            if reason is not None and told is None:
                told, told_at = reason, now
                pipe.send(reason)
            if verdict == "kill":
                limit = self.limits.solve_memory >> 20
                return ProblemError(
                    "too-large-to-solve",
                    f"the solve needed more memory than this agent has for it ({limit} MB alone, less beside others); "
                    "send a smaller problem",
                )
            if time.time() > job.deadline - ANSWER_S:
                return ProblemError("deadline-exceeded", "the deadline passed before the plan was ready")
            if told == "cancelled" and not planned and now > told_at + UNPLANNED_S:
                return ProblemError("conflict", "the job was cancelled before it had a plan")
            if now > min(overdue, told_at + _patience(0.0)):
                return ProblemError("deadline-exceeded", "the solve did not end in time after it was asked to stop")


def _end(process: BaseProcess) -> None:
    """Wait for a process that has nothing more to say, and not for long."""
    process.join(timeout=1.0)
    if process.is_alive():
        process.kill()
        process.join()


def _patience(seconds: float) -> float:
    """How long to wait for an answer before the process is taken as stuck."""
    return seconds * 1.5 + 10.0


def _problem(code: str, detail: str) -> Message:
    return ("problem", json.dumps(ProblemError(code, detail).document()).encode())
