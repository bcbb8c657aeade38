"""Reports that are made by schedule: key figures of a warehouse's past periods."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from contracts.base import Model
from contracts.errors import ProblemError
from contracts.manage import Kpis
from contracts.paging import PageQuery, decode_cursor
from worker.call import Call, Reply
from worker.cron.reports import folder
from worker.objects import ask_state, page, stored_text
from worker.routing import route

TAG = "reports"
PATH = "/v1/warehouses/{warehouse_id}/reports"
_NAME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{4}Z\.json$")


class ReportFile(Model):
    """`name` tells the end of the period, in UTC."""

    name: str
    bytes: int


class ReportPage(Model):
    items: tuple[ReportFile, ...]
    next_cursor: Annotated[str | None, Field()] = None


@route(
    "GET",
    PATH,
    role="viewer",
    summary="The key figures that were computed by schedule",
    tag=TAG,
    query=PageQuery,
    answers={200: ReportPage},
    problems=("not-found",),
    description="The configuration's `reports.kpi` names the schedule.",
)
async def list_reports(call: Call) -> Reply:
    await ask_state(call, "summary")  # an unknown warehouse is told apart from one without reports
    place = folder(call.principal.tenant, call.warehouse())
    key = decode_cursor(call.query.cursor, str)
    options: dict[str, Any] = {"prefix": place, "limit": call.query.limit}
    if key:
        options["startAfter"] = place + key[0]
    found = await call.archive(lambda r2: r2.list(options))
    items = [{"name": str(entry.key).removeprefix(place), "bytes": int(entry.size)} for entry in found["objects"]]
    following = [items[-1]["name"]] if found["truncated"] and items else None
    return page(call, PATH.format(warehouse_id=call.warehouse()), items, following)


@route(
    "GET",
    PATH + "/{name}",
    role="viewer",
    summary="The key figures of one period",
    tag=TAG,
    answers={200: Kpis},
    problems=("not-found",),
)
async def get_kpi_report(call: Call) -> Reply:
    name = call.params["name"]
    place = folder(call.principal.tenant, call.warehouse())
    text = await stored_text(call, place + name) if _NAME.match(name) else None
    if text is None:
        raise ProblemError("not-found", f"there is no report {name!r}; see the list of reports")
    return Reply(body=text)
