"""The warehouse manager's route: `POST /manage`, one action per request, each a pure function of what it is given."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from containers.common.identity import CurrentIdentity
from containers.common.logs import log
from contracts.base import Model
from contracts.manage import CountSchedule, KpiRequest, ManageRequest, Report

router = APIRouter()


@router.post("/manage")
async def manage(request: Annotated[ManageRequest, Body()], who: CurrentIdentity) -> Response:
    """A report as HTML, everything else as JSON. Seconds of computing run beside the event loop, so probes answer."""
    if isinstance(request, Report):
        from containers.warehouse_manager.report import render_report

        html = await run_in_threadpool(render_report, request)
        log("manage.report", tenant=who.tenant, bytes=len(html))
        return HTMLResponse(html, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})
    answer = await run_in_threadpool(_compute, request)
    log("manage." + request.action, tenant=who.tenant)
    return Response(answer.model_dump_json(exclude_none=False), media_type="application/json")


def _compute(request: ManageRequest) -> Model:
    if isinstance(request, KpiRequest):
        from containers.warehouse_manager.kpis import kpis

        return kpis(request)
    if isinstance(request, CountSchedule):
        from containers.warehouse_manager.count_schedule import count_schedule

        return count_schedule(request)
    assert not isinstance(request, Report)
    from containers.warehouse_manager.release_wave import release_wave

    return release_wave(request)
