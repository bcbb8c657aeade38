"""OptimizationJob (`{tenant}:{job}`): one optimization from request to result, whatever dies on the way.

The input is frozen when the job is accepted, so a retry solves the same problem. One alarm drives it: it starts the
work, watches over it, retries after a lost container, and makes the report. The agent knows job and attempt, so an object
that was restarted in the middle joins the solve that is still running instead of starting another.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import js
from pyodide.ffi import JsException
from workers import DurableObject, Response

from contracts.errors import ProblemError, from_document
from contracts.jobs import JobCreate
from contracts.rpc import Context, answer, current, dumps, unwrap
from contracts.signing import Identity
from durable_objects.agent_call import INCARNATION_HEADER, call_agent, lines, retryable
from durable_objects.job.admission import check
from durable_objects.job.inputs import problem_data
from durable_objects.job.machine import MAX_ATTEMPTS, Life, backoff_seconds, remaining_seconds
from durable_objects.job.store import JobStore
from durable_objects.log import log

# While work runs, the alarm is set this far ahead and moved on with each sign of life: should the object be lost, the
# alarm wakes it and it joins the work again.
WATCH_SECONDS = 20.0
MAX_SQLITE_RESULT = 1_000_000  # characters; a larger result goes to R2
REPORT_TRIES = 5


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class OptimizationJob(DurableObject):  # type: ignore[misc]
    """One optimization from request to result."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._sql = ctx.storage.sql
        self._store = JobStore(self._execute)
        self._store.migrate()
        self._working = False

    # --- RPC ---------------------------------------------------------------------------------------------------------

    @answer
    async def create(self, payload: Any) -> Any:
        """Accept a job: {id, tenant, warehouse, request} → its status. The same id again answers the same status."""
        row = self._store.row()
        if row is not None:
            return self._status(row)
        request = JobCreate.model_validate(payload["request"])
        tenant, warehouse = payload["tenant"], payload["warehouse"]
        state = self.env.WAREHOUSE_STATE.getByName(f"{tenant}:{warehouse}")
        orders = None if request.orders is None else list(request.orders)
        facts = unwrap(await state.problem_input(dumps({"orders": orders})))
        check(request.problem, facts, request.parameters)
        data = problem_data(request.problem, facts, request.parameters)
        if (row := self._store.row()) is not None:  # another call of the same id was quicker during the await
            return self._status(row)
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
                "agent": f"optimizer:{tenant}.{request.session}",
                "report": "waiting" if request.report else "off",
            }
        )
        self._announce("state")
        await self._wake_in(0)
        unwrap(await state.put_job(dumps(self._status(self._row()))))
        return self._status(self._row())

    @answer
    async def status(self, payload: Any) -> Any:
        return self._status(self._row(payload))

    @answer
    async def result(self, payload: Any) -> Any:
        """{state, text}: the OptimizeResult as JSON text, once there is one; else the problem says why not."""
        row = self._row(payload)
        text = self._store.text("result")
        if text is not None:
            return {"state": row["state"], "text": text}
        if (await self.env.ARCHIVE.head(self._result_key(row))) is not None:
            return {"state": row["state"], "r2": self._result_key(row)}
        detail = f"job {row['id']!r} is {row['state']}: it has no result"
        if row["state"] in ("queued", "running"):
            detail += " yet; follow its events, or ask again"
        raise ProblemError("conflict", detail, extra={"state": row["state"]})

    @answer
    async def report(self, payload: Any) -> Any:
        """{key}: where the report lies in R2, once it is made."""
        row = self._row(payload)
        if row["report"] != "done":
            raise ProblemError("not-found", f"job {row['id']!r} has no report (report: {row['report']})")
        return {"key": self._report_key(row)}

    @answer
    async def cancel(self, payload: Any) -> Any:
        """End the job; the best plan so far stays readable when there is one."""
        row = self._row(payload)
        life = self._store.life()
        following = life.after("cancel")
        if following is life:
            if life.state == "cancelled":
                return self._status(row)
            raise ProblemError("conflict", f"job {row['id']!r} is over: {life.state}", extra={"state": life.state})
        self._store.live(following, finished_at=now_text())
        self._announce("state")
        if life.state == "running":
            await self._tell_agent_to_stop(row)
        await self._wake_in(0)
        return self._status(self._row())

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
        if self._working or self._store.row() is None:
            return
        self._working = True
        try:
            await self._work()
        finally:
            self._working = False

    # --- the work ----------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        row = self._row()
        life = self._store.life()
        if life.over:
            await self._finish_up(row)
            return
        if remaining_seconds(float(row["deadline_at"]), time.time()) <= 0:
            problem = ProblemError("deadline-exceeded", "the job's deadline passed before a plan was ready")
            await self._fail(life, problem)
            return
        if life.state == "queued":
            life = life.after("start")
            self._store.live(life, started_at=row["started_at"] or now_text())
            self._announce("state")
        await self._wake_in(WATCH_SECONDS)
        try:
            await self._run(self._row(), life)
        except ProblemError as problem:
            if retryable(problem) and problem.code != "deadline-exceeded":
                await self._retry(life, problem)
            else:
                await self._fail(life, problem)
        except (OSError, JsException, ValueError) as fault:  # the stream broke: container or network is gone
            await self._retry(life, ProblemError("unavailable", f"the optimizer was lost: {fault}"))

    async def _run(self, row: dict[str, Any], life: Life) -> None:
        """One attempt, from request to final line. Returns early when the job was cancelled meanwhile."""
        request = JobCreate.model_validate_json(row["request"])
        body = dumps(
            {
                "problem": request.problem,
                "budget": request.budget.model_dump(),
                "stamp": {"job": f"{row['tenant']}.{row['id']}", "attempt": life.attempt},
            }
        )
        data = self._store.text("data") or "{}"
        body = f'{body[:-1]},"data":{data}}}'
        response = await call_agent(
            self.env,
            agent="optimizer",
            session=row["agent"].partition(":")[2],
            method="POST",
            path="/optimize",
            identity=self._identity(row),
            body=body,
            headers={"content-type": "application/json", "accept": "application/x-ndjson"},
            context=Context(self._trace(row), float(row["deadline_at"])),
            refuse=False,  # a job comes again by itself, and counts its attempts
        )
        incarnation = str(response.headers.get(INCARNATION_HEADER) or "")
        self._store.change(incarnation=incarnation)
        watched = time.monotonic()
        async for line in lines(response):
            if self._store.life() != life:
                return  # cancelled, or another attempt took over: this answer no longer counts
            message = json.loads(line)
            if message["type"] == "incumbent":
                self._take_incumbent(message, life)
            elif message["type"] == "result":
                await self._succeed(life, message["result"])
                return
            elif message["type"] == "problem":
                raise from_document(message["problem"])
            if remaining_seconds(float(row["deadline_at"]), time.time()) <= 0:
                await self._tell_agent_to_stop(row)
                raise ProblemError("deadline-exceeded", "the job's deadline passed before the plan was final")
            if time.monotonic() - watched > WATCH_SECONDS / 4:
                watched = time.monotonic()
                await self._wake_in(WATCH_SECONDS)
        raise OSError("the answer ended before its result")

    def _take_incumbent(self, message: dict[str, Any], life: Life) -> None:
        row = self._row()
        known = json.loads(row["best"]) if row["best"] else {}
        objective = float(message["objective"])
        best = {
            **known,
            "objective": min(objective, known.get("objective", objective)),
            "bound": message.get("bound"),
            "incumbents": int(known.get("incumbents", 0)) + 1,
            "elapsed_s": float(message.get("elapsed_s", 0.0)),
        }
        self._store.change(best=dumps(best))
        self._announce(
            "incumbent",
            objective=objective,
            bound=message.get("bound"),
            elapsed_s=message.get("elapsed_s"),
            attempt=life.attempt,
        )

    async def _succeed(self, life: Life, result: dict[str, Any]) -> None:
        row = self._row()
        text = dumps(result)
        if len(text) > MAX_SQLITE_RESULT:
            await self.env.ARCHIVE.put(self._result_key(row), text)
            if self._store.life() != life:
                return
        else:
            self._store.put_text("result", text)
        known = json.loads(row["best"]) if row["best"] else {}
        best = {
            **known,
            "objective": result["objective"]["value"],
            "unit": result["objective"]["unit"],
            "baseline": result["baseline"]["value"],
            "bound": result["bound"]["value"],
            "gap": result["bound"]["gap"],
            "elapsed_s": result["elapsed_s"],
        }
        self._store.live(life.after("succeed"), finished_at=now_text(), best=dumps(best), error=None)
        self._announce("state")
        await self._wake_in(0)

    async def _retry(self, life: Life, problem: ProblemError) -> None:
        if self._store.life() != life:
            return
        if life.attempt >= MAX_ATTEMPTS:
            await self._fail(life, problem)
            return
        retry_after = str(problem.headers.get("retry-after", ""))
        wait = max(backoff_seconds(life.attempt), float(retry_after) if retry_after.isdigit() else 0.0)
        self._store.live(life.after("retry"), error=dumps(problem.document()))
        self._announce("state")
        await self._wake_in(wait)

    async def _fail(self, life: Life, problem: ProblemError) -> None:
        if self._store.life() != life:
            return
        self._store.live(life.after("fail"), finished_at=now_text(), error=dumps(problem.document()), report="off")
        self._announce("state")
        await self._wake_in(0)

    async def _finish_up(self, row: dict[str, Any]) -> None:
        """After the end: tell the warehouse, make the report, drop the input."""
        state = self.env.WAREHOUSE_STATE.getByName(f"{row['tenant']}:{row['warehouse']}")
        unwrap(await state.put_job(dumps(self._status(row))))
        if row["state"] == "succeeded" and row["report"] == "waiting":
            try:
                await self._make_report(row)
            except (ProblemError, OSError, JsException) as fault:
                tries = int(row["report_tries"]) + 1
                given_up = tries >= REPORT_TRIES
                self._store.change(report_tries=tries, report="failed" if given_up else "waiting")
                if not given_up:
                    await self._wake_in(backoff_seconds(tries + 1))
                    return
                log("report-failed", job=row["id"], error=str(fault))
        self._store.drop_text("data")

    async def _make_report(self, row: dict[str, Any]) -> None:
        """The warehouse manager writes the report; this object puts it into R2, so the agent needs no credentials."""
        data = json.loads(self._store.text("data") or "{}")
        text = self._store.text("result")
        if text is None:
            stored = await self.env.ARCHIVE.get(self._result_key(row))
            text = str(await stored.text())
        body = dumps(
            {
                "action": "report",
                "job": self._status(row),
                "result": json.loads(text),
                "layout": data.get("layout"),
                "warehouse": row["warehouse"],
            }
        )
        response = await call_agent(
            self.env,
            agent="warehouse-manager",
            session=row["agent"].partition(":")[2],
            method="POST",
            path="/manage",
            identity=self._identity(row),
            body=body,
            headers={"content-type": "application/json", "accept": "text/html"},
            context=Context(self._trace(row)),
            idempotent=True,
        )
        html = await response.text()
        await self.env.ARCHIVE.put(
            self._report_key(row), html, httpMetadata={"contentType": "text/html; charset=utf-8"}
        )
        self._store.change(report="done")
        self._announce("state")

    async def _tell_agent_to_stop(self, row: dict[str, Any]) -> None:
        """Free the container's cores; should it be gone, there is nothing to free."""
        try:
            await call_agent(
                self.env,
                agent="optimizer",
                session=row["agent"].partition(":")[2],
                method="DELETE",
                path=f"/optimize/{row['tenant']}.{row['id']}",
                identity=self._identity(row),
                context=Context(self._trace(row)),
                refuse=False,
            )
        except (ProblemError, OSError, JsException) as fault:
            log("cancel-not-delivered", job=row["id"], error=str(fault))

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

    def _status(self, row: dict[str, Any]) -> dict[str, Any]:
        request = json.loads(row["request"])
        base = f"/v1/warehouses/{row['warehouse']}/jobs/{row['id']}"
        links = {"self": base, "events": f"{base}/events"}
        if row["state"] == "succeeded":
            links |= {"result": f"{base}/result", "result_csv": f"{base}/result.csv"}
        if row["report"] == "done":
            links["report"] = f"{base}/report"
        return {
            "id": row["id"],
            "warehouse": row["warehouse"],
            "problem": request["problem"],
            "label": request["label"],
            "state": row["state"],
            "attempt": row["attempt"],
            "created_at": row["created_at"],
            "started_at": row["started_at"],
            "finished_at": row["finished_at"],
            "best": json.loads(row["best"]) if row["best"] else None,
            "agent": row["agent"],
            "incarnation": row["incarnation"],
            "error": json.loads(row["error"]) if row["error"] else None,
            "links": links,
            "version": row["version"],
        }

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

    def _trace(self, row: dict[str, Any]) -> str:
        """The trace of the request that asked for the job: every attempt and the report belong to it."""
        return self._store.text("trace") or str(row["id"])[-32:]

    @staticmethod
    def _identity(row: dict[str, Any]) -> Identity:
        return Identity(row["tenant"], f"job:{row['id']}", "agent")

    @staticmethod
    def _result_key(row: dict[str, Any]) -> str:
        return f"results/{row['tenant']}/{row['warehouse']}/{row['id']}.json"

    @staticmethod
    def _report_key(row: dict[str, Any]) -> str:
        return f"reports/{row['tenant']}/{row['warehouse']}/{row['id']}.html"
