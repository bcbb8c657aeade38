"""Tasks of a warehouse: for people's devices and for agents. How they work together: docs/tasks.md."""

from __future__ import annotations

from typing import Any

from contracts.tasks import (
    EnqueueOutcome,
    LeaseExtend,
    LeaseRequest,
    Leases,
    ReplayOutcome,
    ReplayRequest,
    Task,
    TaskAck,
    TaskNack,
    TaskPage,
    TaskQuery,
    TasksCreate,
    TaskStatistics,
)
from worker.call import Call, Reply
from worker.objects import fingerprint, json_of, tagged
from worker.resilience.shedding import INFLIGHT
from worker.routing import route

TAG = "tasks"
TASKS = "/v1/warehouses/{warehouse_id}/tasks"
TASK = TASKS + "/{task_id}"

_PICK: dict[str, Any] = {
    "id": "pick.W7.B1",
    "type": "pick",
    "priority": 3,
    "zone": "fast",
    "skills": ["forklift"],
    "due_at": "2026-11-24T10:00:00Z",
    "payload": {"lines": [{"location": "A01-L-001-1", "sku": "apple", "quantity": 3}]},
}


@route(
    "POST",
    TASKS,
    role="operator",
    summary="Enqueue tasks",
    tag=TAG,
    cost=10,
    body=TasksCreate,
    answers={200: EnqueueOutcome},
    problems=("not-found", "invalid"),
    description="A task whose id the queue knows stays as it is, so a call may be repeated.",
    examples={
        "a pick and a count": {
            "tasks": [_PICK, {"id": "count.1", "type": "count", "not_before": "2026-11-25T06:00:00Z"}]
        }
    },
)
async def enqueue_tasks(call: Call) -> Reply:
    return Reply(200, await _ask(call, "enqueue", json_of(call.body)))


@route(
    "GET",
    TASKS,
    role="viewer",
    summary="List tasks",
    tag=TAG,
    query=TaskQuery,
    answers={200: TaskPage, 304: None},
    problems=("not-found", "bad-request"),
    description="Dead letters are `?state=dead`; what a worker holds is `?state=leased&worker=…`.",
)
async def list_tasks(call: Call) -> Reply:
    found = await _ask(call, "page", call.query.model_dump())
    headers = {}
    if found["next"]:
        given = call.query.model_dump(exclude_defaults=True, exclude={"cursor"})
        query = "&".join(f"{name}={value}" for name, value in {**given, "cursor": found["next"]}.items())
        headers["link"] = f'<{TASKS.format(warehouse_id=call.warehouse())}?{query}>; rel="next"'
    body = {"items": found["items"], "next_cursor": found["next"]}
    return tagged(call, body, f'"{fingerprint(body)[:32]}"', headers=headers)


@route(
    "GET",
    TASKS + "/statistics",
    role="viewer",
    summary="How much waits, how old it is, how much gets done",
    tag=TAG,
    answers={200: TaskStatistics},
    problems=("not-found",),
)
async def task_statistics(call: Call) -> Reply:
    return Reply(200, await _ask(call, "statistics"))


@route(
    "POST",
    TASKS + "/lease",
    role="operator",
    summary="Take the next tasks",
    tag=TAG,
    body=LeaseRequest,
    answers={200: Leases},
    problems=("not-found", "invalid"),
    idempotent="object",
    description=(
        "The most urgent that suit this worker, each under a lease: nobody else gets it until the lease ends. With"
        " `wait_seconds` the call stays open until there is something. A repeat with the same Idempotency-Key gets the"
        " tasks of the first call that are still leased."
    ),
    examples={
        "a picker in two zones": {"zones": ["fast", "bulk"], "skills": ["forklift"], "wait_seconds": 20},
        "an agent": {"worker": "printer-1", "types": ["label"], "limit": 10, "lease_seconds": 60},
    },
)
async def lease_tasks(call: Call) -> Reply:
    wish = {**call.body.model_dump(mode="json"), "worker": call.body.worker or call.principal.subject}
    if call.idempotency_key:
        wish |= {"key": f"{call.principal.subject}\n{call.idempotency_key}", "fingerprint": fingerprint(wish)}
    with INFLIGHT.parked(wish["wait_seconds"] > 0):
        tasks = await _ask(call, "lease", wish, idempotent=call.idempotency_key is not None)
    return Reply(200, {"tasks": tasks})


@route(
    "POST",
    TASKS + "/replay",
    role="operator",
    summary="Give dead letters another chance",
    tag=TAG,
    body=ReplayRequest,
    answers={200: ReplayOutcome},
    problems=("not-found", "invalid"),
    examples={"two of them": {"tasks": ["pick.W7.B1", "count.1"]}, "all": {}},
)
async def replay_tasks(call: Call) -> Reply:
    return Reply(200, await _ask(call, "replay", json_of(call.body)))


@route(
    "GET",
    TASK,
    role="viewer",
    summary="One task",
    tag=TAG,
    answers={200: Task, 304: None},
    problems=("not-found",),
)
async def get_task(call: Call) -> Reply:
    task = await _ask(call, "task", {"id": call.params["task_id"]})
    return tagged(call, task, _tag(task))


@route(
    "DELETE",
    TASK,
    role="operator",
    summary="Cancel a task",
    tag=TAG,
    answers={200: Task},
    problems=("not-found", "conflict"),
    description="A worker who holds it learns of it at the next heartbeat: `lease-lost`.",
)
async def cancel_task(call: Call) -> Reply:
    return _task(await _ask(call, "cancel", {"id": call.params["task_id"]}))


@route(
    "POST",
    TASK + "/heartbeat",
    role="operator",
    summary="Keep a lease",
    tag=TAG,
    priority="critical",
    body=LeaseExtend,
    answers={200: Task},
    problems=("not-found", "lease-lost"),
    examples={"five minutes more": {"lease": "5f0c…", "lease_seconds": 300}},
)
async def heartbeat_task(call: Call) -> Reply:
    return await _on_lease(call, "heartbeat")


@route(
    "POST",
    TASK + "/ack",
    role="operator",
    summary="A task is done",
    tag=TAG,
    priority="critical",
    body=TaskAck,
    answers={200: Task},
    problems=("not-found", "lease-lost"),
    idempotent="object",
    description="The same lease again gets the same answer, whatever result comes with it.",
    examples={"picked": {"lease": "5f0c…", "result": {"picked": 3}}},
)
async def ack_task(call: Call) -> Reply:
    return await _on_lease(call, "ack")


@route(
    "POST",
    TASK + "/nack",
    role="operator",
    summary="A task is not done",
    tag=TAG,
    priority="critical",
    body=TaskNack,
    answers={200: Task},
    problems=("not-found", "lease-lost"),
    idempotent="object",
    examples={
        "try again later": {"lease": "5f0c…", "reason": "the aisle is blocked"},
        "end of shift": {"lease": "5f0c…", "reason": "end of shift", "outcome": "released"},
        "it cannot be done": {"lease": "5f0c…", "reason": "no such location", "outcome": "rejected"},
    },
)
async def nack_task(call: Call) -> Reply:
    return await _on_lease(call, "nack")


async def _ask(call: Call, method: str, payload: Any = None, *, idempotent: bool = True) -> Any:
    name = call.object_name(call.warehouse())
    return await call.rpc(call.env.TASK_QUEUE, name, method, payload, idempotent=idempotent)


async def _on_lease(call: Call, method: str) -> Reply:
    payload = {**call.body.model_dump(mode="json"), "id": call.params["task_id"]}
    return _task(await _ask(call, method, payload))


def _task(task: dict[str, Any]) -> Reply:
    return Reply(200, task, {"etag": _tag(task)})


def _tag(task: dict[str, Any]) -> str:
    return f'"v{task["version"]}"'
