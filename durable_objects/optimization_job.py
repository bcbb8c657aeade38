"""OptimizationJob (`{tenant}:{job}`): one optimization from request to result, whatever dies on the way.

The input is frozen when the job is accepted, so a retry solves the same problem. At most as many jobs run as the agent
type has instances: a job queues for its place, keeps it with signs of life and gives it back at its end. One alarm drives
it: it asks for the place, starts the work, watches over it, and makes the report. The agent knows job and attempt, so an
object that was restarted in the middle joins the solve that is still running instead of starting another.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import js
from pyodide.ffi import JsException
from workers import DurableObject, Response

from contracts.errors import ProblemError
from contracts.jobs import JobCreate
from contracts.rpc import answer, current, dumps, unwrap
from durable_objects.job import best, view
from durable_objects.job.admission import check
from durable_objects.job.archive import Archive, report_key
from durable_objects.job.inputs import problem_data
from durable_objects.job.machine import Life, backoff_seconds, remaining_seconds
from durable_objects.job.store import JobStore
from durable_objects.job.work import ASK_SECONDS, Work, named_agent, now_text, place_of, solver_of
from durable_objects.log import log

# A job that runs gives a sign of life this often, and looks whether its work goes on: should the object have been lost,
# the alarm wakes it and it joins the work again. Well below the lease of its place.
WATCH_SECONDS = 10.0
AGAIN_SECONDS = 2.0  # after something that must be done could not be
REPORT_TRIES = 5


class OptimizationJob(DurableObject):  # type: ignore[misc]
    """One optimization from request to result."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._sql = ctx.storage.sql
        self._store = JobStore(self._execute)
        self._store.migrate()
        self._archive = Archive(env, self._store)
        self._work = Work(env, self._store, self._archive, self._announce, self._wake_in)
        self._running: tuple[Life, asyncio.Task[None]] | None = None

    # --- RPC ---------------------------------------------------------------------------------------------------------

    @answer
    async def create(self, payload: Any) -> Any:
        """Accept a job: {id, tenant, warehouse, request} → its status. The same id again answers the same status."""
        row = self._store.row()
        if row is not None:
            return view.status(row)
        request = JobCreate.model_validate(payload["request"])
        tenant, warehouse = payload["tenant"], payload["warehouse"]
        state = self.env.WAREHOUSE_STATE.getByName(f"{tenant}:{warehouse}")
        orders = None if request.orders is None else list(request.orders)
        facts = unwrap(await state.problem_input(dumps({"orders": orders})))
        check(request.problem, facts, request.parameters)
        data = problem_data(request.problem, facts, request.parameters)
        if (row := self._store.row()) is not None:  # another call of the same id was quicker during the await
            return view.status(row)
        self._store.put_text("data", dumps(data))
        self._store.put_text("trace", current().trace_id)
        self._store.create(
            {
                "id": payload["id"],
                "tenant": tenant,
                "warehouse": warehouse,
                "request": request.model_dump_json(),
                "state": "queued",
                "attempt": 0,
                "created_at": now_text(),
                "deadline_at": time.time() + request.deadline_seconds,
                "agent": named_agent(tenant, request),
                "report": "waiting" if request.report else "off",
            }
        )
        self._announce("state")
        await self._wake_in(0)
        await self._tell_warehouse(self._row())
        return view.status(self._row())

    @answer
    async def status(self, payload: Any) -> Any:
        row = self._row(payload)
        about = view.status(row)
        if row["state"] != "queued":
            return about
        try:
            about["queue"] = view.queue(row, await place_of(self.env, row, self._work.trace()).look(), time.time())
        except ProblemError as fault:  # where it stands is worth less than the answer
            log("queue-unreachable", job=row["id"], error=str(fault))
        return about

    @answer
    async def result(self, payload: Any) -> Any:
        """{"text"}: the OptimizeResult as JSON text, or {"r2"}: its key; else the problem says why there is none."""
        row = self._row(payload)
        found = await self._archive.result(row) if row["state"] == "succeeded" else None
        if found is not None:
            return found
        detail = f"job {row['id']!r} is {row['state']}: it has no result"
        if row["state"] in ("queued", "running"):
            detail += " yet; follow its events, or ask again"
        raise ProblemError("conflict", detail, extra={"state": row["state"]})

    @answer
    async def best(self, payload: Any) -> Any:
        """The JobPlan: final, or the best so far. Raises ProblemError not-found while there is none."""
        row = self._row(payload)
        if row["state"] == "succeeded":
            return best.plan_of_result(json.loads(await self._archive.result_text(row)), row["attempt"], final=True)
        text = self._store.text("plan")
        if text is None:
            raise ProblemError("not-found", f"job {row['id']!r} is {row['state']}: no plan of it can be read")
        return json.loads(text)

    @answer
    async def report(self, payload: Any) -> Any:
        """{key}: where the report lies in R2, once it is made."""
        row = self._row(payload)
        if row["report"] != "done":
            raise ProblemError("not-found", f"job {row['id']!r} has no report (report: {row['report']})")
        return {"key": report_key(row)}

    @answer
    async def cancel(self, payload: Any) -> Any:
        """End the job; the best plan so far stays readable when there is one."""
        row = self._row(payload)
        life = self._store.life()
        following = life.after("cancel")
        if following is life:
            if life.state == "cancelled":
                return view.status(row)
            raise ProblemError("conflict", f"job {row['id']!r} is over: {life.state}", extra={"state": life.state})
        self._store.live(following, finished_at=now_text())
        self._announce("state")
        await self._wake_in(0)
        if life.state == "running":
            await solver_of(self.env, row, self._work.trace()).stop()
        return view.status(self._row())

    @answer
    async def take_place(self, payload: Any) -> bool:
        """{"lease"}, from the queue: the job may run. False: it is over and needs no place."""
        row = self._store.row()
        if row is None or self._store.life().over:
            return False
        self._store.change(lease=payload["lease"])
        await self._wake_in(0)
        return True

    # --- platform entry points ---------------------------------------------------------------------------------------

    async def fetch(self, request: Any) -> Any:
        """A WebSocket of JobEvent messages; `?cursor=N` replays what came after N."""
        if str(request.headers.get("upgrade") or "").lower() != "websocket":
            return Response("expected a WebSocket upgrade", status=426)
        if self._store.row() is None:
            return Response("no such job", status=404)
        pair = js.WebSocketPair.new()
        client, server = pair.object_values()
        self.ctx.acceptWebSocket(server)
        query = str(request.url).partition("cursor=")[2].partition("&")[0]
        for message in self._store.events_after(int(query) if query.isdigit() else 0):
            server.send(dumps(message))
        return js.Response.new(None, status=101, webSocket=client)

    async def webSocketMessage(self, ws: Any, message: Any) -> None:
        if str(message) == "ping":
            ws.send("pong")

    async def webSocketClose(self, ws: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: ARG002
        ws.close(1000, "bye")

    async def alarm(self, info: Any = None) -> None:  # noqa: ARG002
        """What is to be done next. The work itself goes on beside it: an alarm may not take as long as a solve."""
        row = self._store.row()
        if row is None:
            return
        if self._store.life().over:
            await self._finish_up(row)
            return
        left = remaining_seconds(float(row["deadline_at"]), time.time())
        if left <= 0:
            await self._miss_deadline(row)
            return
        await self._wake_in(min(WATCH_SECONDS, left))
        if not await self._has_place(row):
            return
        life = self._store.life()
        if life.state == "queued":
            life = life.after("start")
            self._store.live(life, started_at=row["started_at"] or now_text())
            self._announce("state")
        if life.over or self._works_on(life):
            return
        self._running = (life, asyncio.ensure_future(self._work.attempt(life)))
        try:
            await self._tell_warehouse(self._row())
        except (ProblemError, JsException) as fault:  # it is told again at the end
            log("start-not-told", job=row["id"], error=str(fault))

    def _works_on(self, life: Life) -> bool:
        return self._running is not None and self._running[0] == life and not self._running[1].done()

    # --- the place among the running ---------------------------------------------------------------------------------

    async def _has_place(self, row: dict[str, Any]) -> bool:
        """Keep the place, or ask for one. A queue that cannot be reached takes no place away."""
        place = place_of(self.env, row, self._work.trace())
        try:
            if row["lease"]:
                try:
                    await place.keep(row["lease"])
                except ProblemError as problem:
                    if problem.code not in ("lease-lost", "not-found"):
                        raise
                    self._lose_place(row["lease"])
                else:  # it may have been given back while we asked
                    return bool(self._row()["lease"])
            seconds = json.loads(row["request"])["budget"]["seconds"]
            found = await place.enter(row["tenant"], seconds)
        except ProblemError as problem:
            log("queue-unreachable", job=row["id"], error=str(problem))
            await self._wake_in(AGAIN_SECONDS)
            return bool(self._row()["lease"])
        if found["lease"]:
            self._store.change(lease=found["lease"])
        elif not self._row()["lease"]:  # nor has the queue told of one meanwhile
            left = remaining_seconds(float(row["deadline_at"]), time.time())
            await self._wake_in(min(ASK_SECONDS, left))
        return bool(self._row()["lease"])

    def _lose_place(self, lease: str) -> None:
        """The object was silent for too long: stop following until there is a place again. The solve goes on."""
        if self._row()["lease"] == lease:
            self._store.change(lease="")
        if self._running is not None:
            self._running[1].cancel()

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _miss_deadline(self, row: dict[str, Any]) -> None:
        life = self._store.life()
        when = "the plan was final" if life.state == "running" else "its turn came"
        await self._work.fail(life, ProblemError("deadline-exceeded", f"the job's deadline passed before {when}"))
        if life.state == "running":
            await solver_of(self.env, row, self._work.trace()).stop()

    async def _finish_up(self, row: dict[str, Any]) -> None:
        """After the end: give the place back, tell the warehouse, make the report, drop the input."""
        try:
            await place_of(self.env, row, self._work.trace()).leave()
            await self._tell_warehouse(row)
        except (ProblemError, JsException) as fault:
            log("end-not-told", job=row["id"], error=str(fault))
            await self._wake_in(AGAIN_SECONDS)
            return
        if row["state"] == "succeeded" and row["report"] == "waiting":
            try:
                await self._archive.make_report(row, self._work.trace())
            except (ProblemError, OSError, JsException) as fault:
                tries = int(row["report_tries"]) + 1
                given_up = tries >= REPORT_TRIES
                self._store.change(report_tries=tries, report="failed" if given_up else "waiting")
                if not given_up:
                    await self._wake_in(backoff_seconds(tries + 1))
                    return
                log("report-failed", job=row["id"], error=str(fault))
            else:
                self._store.change(report="done")
                self._announce("state")
        self._store.drop_text("data")

    async def _tell_warehouse(self, row: dict[str, Any]) -> None:
        """The warehouse keeps a list of its jobs; it passes over what is older than what it knows."""
        state = self.env.WAREHOUSE_STATE.getByName(f"{row['tenant']}:{row['warehouse']}")
        unwrap(await state.put_job(dumps(view.status(row))))

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _execute(self, statement: str, *parameters: Any) -> list[dict[str, Any]]:
        cursor = self._sql.exec(statement, *parameters)
        return [dict(row) for row in cursor.toArray()]

    def _row(self, payload: Any = None) -> dict[str, Any]:
        row = self._store.row()
        warehouse = (payload or {}).get("warehouse")
        if row is None or (warehouse is not None and row["warehouse"] != warehouse):
            raise ProblemError("not-found", "there is no such job in this warehouse")
        return row

    def _announce(self, kind: str, **values: Any) -> None:
        """Keep an event and send it to every subscriber."""
        row = self._row()
        message = {
            "type": kind,
            "at": now_text(),
            "job": row["id"],
            "state": row["state"],
            "attempt": row["attempt"],
            **values,
        }
        text = dumps(self._store.append(message))
        for socket in self.ctx.getWebSockets():
            socket.send(text)

    async def _wake_in(self, seconds: float) -> None:
        await self.ctx.storage.setAlarm(int((time.time() + seconds) * 1000))
