"""Key figures by schedule: a warehouse's configuration names one, and the warehouse manager computes them into R2.

Each period's report is claimed in the tenant's directory, so it is made once however often the clock ticks; a try that
fails gives the claim back when it runs out, and a later tick makes it, for two hours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from contracts.errors import ProblemError
from contracts.rpc import Context, dumps
from contracts.signing import Identity
from durable_objects.agent_call import any_instance, call_agent
from durable_objects.resilience.objects import call_object
from worker.cron.directory import Known, warehouses
from worker.cron.runner import Tick
from worker.cron.schedule import period
from worker.log import event

MANAGER = "warehouse-manager"
LATEST_S = 7200.0  # a report that could not be made for so long is given up
IN_ONE_TICK = 10  # the others come with the next one


def folder(tenant: str, warehouse: str) -> str:
    return f"reports/{tenant}/{warehouse}/kpi/"


def name_of(end: float) -> str:
    """Of the report on the period that ends then: `2026-11-24T0600Z.json`."""
    return datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H%MZ.json")


async def make_due(env: Any, tick: Tick) -> dict[str, Any]:
    """Raises the last failure, after every due report has had its turn."""
    made, failure = 0, None
    async for place in warehouses(env):
        schedule = (place.about.get("reports") or {}).get("kpi")
        if not schedule:
            continue
        zone = str(place.about.get("time_zone") or "UTC")
        start, end = period(schedule, tick.at, partial(offset_of, zone))
        if tick.at - end > LATEST_S or not await _claim(env, tick, place, end):
            continue
        try:
            await _make(env, tick, place, start, end)
        except ProblemError as problem:
            failure = problem
            event(
                "report-failed",
                trace_id=tick.trace_id,
                tenant=place.tenant,
                warehouse=place.warehouse,
                error=str(problem),
            )
            continue
        made += 1
        if made >= IN_ONE_TICK:
            break
    if failure is not None:
        raise failure
    return {"made": made}


async def _claim(env: Any, tick: Tick, place: Known, end: float) -> bool:
    return bool(await _directory(env, tick, place, "claim_report", end))


async def _directory(env: Any, tick: Tick, place: Known, method: str, end: float) -> Any:
    payload = {"warehouse": place.warehouse, "due": int(end)}
    return await call_object(
        env.WAREHOUSE_DIRECTORY,
        "WAREHOUSE_DIRECTORY",
        place.tenant,
        method,
        payload,
        idempotent=method == "report_made",
        context=Context(tick.trace_id),
    )


async def _make(env: Any, tick: Tick, place: Known, start: float, end: float) -> None:
    context, name = Context(tick.trace_id), f"{place.tenant}:{place.warehouse}"
    span = {"start": int(start * 1000), "end": int(end * 1000)}
    orders = await call_object(
        env.WAREHOUSE_STATE, "WAREHOUSE_STATE", name, "orders_of_period", span, idempotent=True, context=context
    )
    tasks = await call_object(
        env.TASK_QUEUE, "TASK_QUEUE", name, "picks_of_period", span, idempotent=True, context=context
    )
    body = {"action": "kpis", "start": _instant(start), "end": _instant(end), "tasks": tasks, "orders": orders}
    response = await call_agent(
        env,
        agent=MANAGER,
        session=await any_instance(env, MANAGER, context),
        method="POST",
        path="/manage",
        identity=Identity(place.tenant, "cron:reports", "agent"),
        body=dumps(body),
        headers={"content-type": "application/json", "accept": "application/json"},
        context=context,
        idempotent=True,
    )
    text = await response.text()
    await env.ARCHIVE.put(
        folder(place.tenant, place.warehouse) + name_of(end), text, httpMetadata={"contentType": "application/json"}
    )
    await _directory(env, tick, place, "report_made", end)


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def offset_of(zone: str, instant: float) -> float:
    """Seconds that clocks in a time zone are ahead of UTC, from the platform's own tables (Python has none here). A zone
    that the platform does not know counts as UTC."""
    import js
    from pyodide.ffi import JsException

    options = {"timeZone": zone, "hourCycle": "h23"}
    options |= dict.fromkeys(("year", "month", "day", "hour", "minute", "second"), "numeric")
    try:
        format_ = js.Intl.DateTimeFormat.new("en-US", js.JSON.parse(dumps(options)))
        parts = format_.formatToParts(instant * 1000)
    except JsException:
        return 0.0
    found = {str(part.type): str(part.value) for part in parts}
    local = datetime(*(int(found[name]) for name in ("year", "month", "day", "hour", "minute", "second")), tzinfo=UTC)  # type: ignore[arg-type, misc]
    return local.timestamp() - int(instant)
