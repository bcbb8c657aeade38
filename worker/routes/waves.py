"""Releasing a wave: the batches of a finished plan become tasks for pickers."""

from __future__ import annotations

import json
from typing import Any

from contracts.errors import Fault, ProblemError
from contracts.rpc import Context, dumps
from contracts.signing import Identity
from contracts.tasks import WaveCreate, WaveReleased
from durable_objects.agent_call import any_instance, call_agent
from worker.call import Call, Reply
from worker.objects import ask_state
from worker.routes.jobs import result_text
from worker.routing import route

MANAGER = "warehouse-manager"


@route(
    "POST",
    "/v1/warehouses/{warehouse_id}/waves",
    role="operator",
    cost=20,
    summary="Release a wave: a plan's batches become pick tasks",
    tag="tasks",
    body=WaveCreate,
    answers={201: WaveReleased, 200: WaveReleased},
    problems=("not-found", "invalid", "conflict", "gone", "no-capacity", "unavailable", "agent-failed"),
    description=(
        "The job must be a batching job that succeeded, and its orders must still be open. Task ids are made from the wave"
        " and the batch, so releasing the same wave again enqueues nothing twice."
    ),
    examples={"the morning's wave": {"wave": "W7", "job": "3f0e…", "release_at": "2026-11-24T06:00:00Z"}},
)
async def release_wave(call: Call) -> Reply:
    warehouse, asked = call.warehouse(), call.body
    text = await result_text(call, asked.job)
    result = json.loads(text)
    if result["problem"] != "batching":
        detail = f"job {asked.job!r} solved {result['problem']}: name a batching job"
        raise ProblemError("invalid", detail, errors=(Fault("/job", detail),))
    ordered = dict.fromkeys(order for batch in result["solution"]["batches"] for order in batch["orders"])
    orders = await ask_state(call, "open_orders", {"orders": list(ordered)})
    wave = await _manage(call, _release(asked, text, orders))
    queue = call.object_name(warehouse)
    payload = {"tasks": wave["tasks"], "wave": {"id": asked.wave, "job": asked.job}}
    outcome = await call.rpc(call.env.TASK_QUEUE, queue, "enqueue", payload, idempotent=True)
    return Reply(201 if outcome["created"] else 200, {**wave, "job": asked.job, **outcome})


def _release(asked: WaveCreate, result: str, orders: list[Any]) -> str:
    """The body of a contracts.tasks_plan.ReleaseWave, the result as the text that it is."""
    body: dict[str, Any] = {"action": "release_wave", "wave": asked.wave, "orders": orders}
    if asked.release_at is not None:
        body["release_at"] = asked.release_at.isoformat()
    return f'{dumps(body)[:-1]},"result":{result}}}'


async def _manage(call: Call, body: str) -> dict[str, Any]:
    """What the warehouse manager answers; any free instance will do, for it remembers nothing."""
    context = Context(call.trace_id, call.deadline)
    response = await call_agent(
        call.env,
        agent=MANAGER,
        session=await any_instance(call.env, MANAGER, context),
        method="POST",
        path="/manage",
        identity=Identity(call.principal.tenant, call.principal.subject, call.principal.role),
        body=body,
        headers={"content-type": "application/json", "accept": "application/json"},
        context=context,
        idempotent=True,
    )
    answer: dict[str, Any] = json.loads(str(await response.text()))
    return answer
