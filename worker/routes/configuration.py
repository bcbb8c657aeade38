"""A warehouse's configuration: versions, edits from a version, merges and conflicts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, RootModel

from contracts.base import Model
from contracts.errors import ProblemError
from contracts.paging import Page, PageQuery, decode_cursor
from contracts.warehouse import ConfigurationVersion, WarehouseConfiguration
from worker.call import Call, Reply
from worker.copies import or_last_copy
from worker.objects import ask_state, if_match_version, page, tagged
from worker.routing import Caching, route

TAG = "configuration"
PATH = "/v1/warehouses/{warehouse_id}/configuration"


class VersionQuery(Model):
    version: Annotated[int, Field(ge=1)] | None = None


class MergePatch(RootModel[dict[str, Any]]):
    """RFC 7396: members given replace, null removes, the rest stays."""


@route(
    "GET",
    PATH,
    role="viewer",
    summary="The configuration, the newest or a version",
    tag=TAG,
    query=VersionQuery,
    answers={200: ConfigurationVersion, 304: None},
    problems=("not-found",),
    cache=Caching(isolate_s=2.0, kv_s=60, stale_s=86_400),
)
async def get_configuration(call: Call) -> Reply:
    async def answer() -> Reply:
        found = await ask_state(call, "configuration", {"version": call.query.version})
        return tagged(call, found, f'"v{found["version"]}"')

    return await (answer() if call.query.version else or_last_copy(call, "configuration", answer()))


@route(
    "GET",
    PATH + "/history",
    role="viewer",
    summary="Every version, newest first",
    tag=TAG,
    query=PageQuery,
    answers={200: Page},
    problems=("not-found",),
)
async def list_configurations(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, int)
    query = {"before": key[0] if key else None, "limit": call.query.limit}
    found = await ask_state(call, "configuration_history", query)
    following = [found[-1]["version"]] if len(found) == call.query.limit and found[-1]["version"] > 1 else None
    return page(call, f"/v1/warehouses/{call.warehouse()}/configuration/history", found, following)


@route(
    "PUT",
    PATH,
    role="admin",
    summary="Set the whole configuration, edited from the version in If-Match",
    tag=TAG,
    body=WarehouseConfiguration,
    answers={200: ConfigurationVersion},
    problems=("not-found", "precondition-required", "precondition-failed", "version-conflict"),
)
async def put_configuration(call: Call) -> Reply:
    """An edit of an older version is merged with what others changed since; the same value changed twice is a conflict."""
    base = if_match_version(call)
    if base is None and call.header.get("if-match", "").strip() != "*":
        raise ProblemError("precondition-required", 'send If-Match with the ETag that you edited, such as "v7", or *')
    return await _change(call, base, {"document": call.body.model_dump(mode="json", exclude_unset=True)})


@route(
    "PATCH",
    PATH,
    role="admin",
    summary="Change parts of the configuration (JSON merge patch)",
    tag=TAG,
    body=MergePatch,
    accepts=("application/merge-patch+json", "application/json"),
    answers={200: ConfigurationVersion},
    problems=("not-found", "invalid", "precondition-failed", "version-conflict"),
)
async def patch_configuration(call: Call) -> Reply:
    return await _change(call, if_match_version(call), {"patch": call.body.root})


async def _change(call: Call, base: int | None, edit: dict[str, Any]) -> Reply:
    payload = {"base": base, "author": call.principal.subject, **edit}
    found = await ask_state(call, "change_configuration", payload)
    return Reply(200, found, {"etag": f'"v{found["version"]}"'})
