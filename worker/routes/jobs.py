"""Jobs on a warehouse: hand over, follow, fetch the plan and its report."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated, Any

from pydantic import Field

from contracts.base import Model
from contracts.errors import ProblemError
from contracts.jobs import JobCreate, JobPlan, JobStatus
from contracts.optimize import OptimizeResult
from contracts.problems.parameters import check_parameters
from worker.call import Call, Reply
from worker.objects import stored_text
from worker.pick_lists import pick_list_csv
from worker.routing import Caching, route
from worker.websockets import require_websocket

JOBS = "/v1/warehouses/{warehouse_id}/jobs"
JOB = JOBS + "/{job_id}"
# A finished job's result never changes, but a plan may have megabytes: KV keeps it, an isolate only while it is in demand.
FINISHED = Caching(isolate_s=2.0, kv_s=3600, stale_s=86_400)


class JobList(Model):
    """The newest jobs first."""

    jobs: tuple[JobStatus, ...]
    next: str | None = None


class JobListQuery(Model):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=200)] = ""


class EventsQuery(Model):
    cursor: Annotated[int, Field(ge=0)] = 0


@route(
    "POST",
    JOBS,
    role="operator",
    cost=10,
    summary="Start a job",
    tag="jobs",
    body=JobCreate,
    answers={202: JobStatus},
    problems=("not-found", "invalid", "conflict"),
)
async def create_job(call: Call) -> Reply:
    warehouse = call.warehouse()
    request: JobCreate = call.body
    check_parameters(request.problem, request.parameters)
    key = call.header.get("idempotency-key")
    seed = f"{call.principal.tenant}\n{warehouse}\n{key}"
    job_id = hashlib.sha256(seed.encode()).hexdigest()[:32] if key else secrets.token_hex(16)
    payload = {
        "id": job_id,
        "tenant": call.principal.tenant,
        "warehouse": warehouse,
        "request": request.model_dump(mode="json"),
    }
    status = await call.rpc(call.env.OPTIMIZATION_JOB, call.object_name(job_id), "create", payload)
    return Reply(202, status, {"location": status["links"]["self"]})


@route(
    "GET",
    JOBS,
    role="viewer",
    summary="List jobs",
    tag="jobs",
    query=JobListQuery,
    answers={200: JobList},
    problems=("not-found",),
)
async def list_jobs(call: Call) -> Reply:
    query = {"limit": call.query.limit, "cursor": call.query.cursor}
    page = await call.rpc(call.env.WAREHOUSE_STATE, call.object_name(call.warehouse()), "list_jobs", query)
    headers = {}
    if page.get("next"):
        path = JOBS.format(warehouse_id=call.warehouse())
        headers["link"] = f'<{path}?limit={call.query.limit}&cursor={page["next"]}>; rel="next"'
    return Reply(body=page, headers=headers)


@route(
    "GET",
    JOB,
    role="viewer",
    summary="A job's state and best plan so far",
    tag="jobs",
    answers={200: JobStatus},
    problems=("not-found",),
)
async def get_job(call: Call) -> Reply:
    return Reply(body=await _job(call, "status"))


@route(
    "DELETE",
    JOB,
    role="operator",
    summary="Cancel a job",
    tag="jobs",
    answers={200: JobStatus},
    problems=("not-found", "conflict"),
)
async def cancel_job(call: Call) -> Reply:
    return Reply(body=await _job(call, "cancel"))


@route(
    "GET",
    JOB + "/best",
    role="viewer",
    summary="The best plan so far",
    tag="jobs",
    answers={200: JobPlan},
    problems=("not-found",),
    description=(
        "While the job runs: the best plan that the agent has sent, where the problem family sends them. After its end: the"
        " final plan, or of a job that was cancelled or ran out of time the last one."
    ),
)
async def get_best(call: Call) -> Reply:
    return Reply(body=await _job(call, "best"))


@route(
    "GET",
    JOB + "/result",
    role="viewer",
    summary="The finished plan",
    tag="jobs",
    answers={200: OptimizeResult},
    problems=("not-found", "conflict", "gone"),
    cache=FINISHED,
)
async def get_result(call: Call) -> Reply:
    return Reply(body=await result_text(call, call.params["job_id"]))


@route(
    "GET",
    JOB + "/result.csv",
    role="viewer",
    summary="The pick lists as CSV",
    tag="jobs",
    answers={200: "text/csv"},
    problems=("not-found", "conflict", "invalid", "gone"),
    cache=FINISHED,
)
async def get_pick_lists(call: Call) -> Reply:
    text = await result_text(call, call.params["job_id"])
    name = f"pick-lists-{call.params['job_id'][:12]}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Reply(body=pick_list_csv(text), headers=headers, media_type="text/csv; charset=utf-8")


@route(
    "GET",
    JOB + "/report",
    role="viewer",
    summary="The report for people",
    tag="jobs",
    answers={200: "text/html"},
    problems=("not-found", "gone"),
)
async def get_report(call: Call) -> Reply:
    found = await _job(call, "report")
    return Reply(body=await _archived(call, found["key"]), media_type="text/html; charset=utf-8")


@route(
    "GET",
    JOB + "/events",
    role="viewer",
    summary="Follow a job (WebSocket)",
    tag="jobs",
    query=EventsQuery,
    answers={101: None},
    problems=("not-found", "bad-request", "upgrade-required"),
    upgrade=True,
)
async def follow_job(call: Call) -> Reply:
    require_websocket(call)
    await _job(call, "status")
    return Reply(response=await call.fetch_from(call.env.OPTIMIZATION_JOB, call.object_name(call.params["job_id"])))


async def _job(call: Call, method: str, job: str = "") -> Any:
    payload = {"warehouse": call.warehouse()}
    name = call.object_name(job or call.params["job_id"])
    return await call.rpc(call.env.OPTIMIZATION_JOB, name, method, payload)


async def result_text(call: Call, job: str) -> str:
    """The result's JSON text: a large one lies in R2, and the object that owns it tells where.

    Raises ProblemError: not-found, conflict while there is none, gone.
    """
    found = await _job(call, "result", job)
    text = found.get("text")
    return str(text) if text is not None else await _archived(call, found["r2"])


async def _archived(call: Call, key: str) -> str:
    text = await stored_text(call, key)
    if text is None:
        raise ProblemError("gone", "this is no longer in the archive")
    return text
