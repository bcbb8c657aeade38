"""Warehouses: create, read, items, locations, orders."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contracts.layout import Layout
from contracts.paging import Page, PageQuery, decode_cursor
from contracts.warehouse import ItemsUpsert, OrderStatus, OrdersUpsert, UpsertOutcome, WarehouseCreate, WarehouseSummary
from worker.call import Call, Reply
from worker.copies import or_last_copy
from worker.objects import ask_state, fingerprint, json_of, page, tagged
from worker.routing import Caching, route

TAG = "warehouses"


class LocationQuery(PageQuery):
    zone: Annotated[str, Field(max_length=64)] = ""


class OrderQuery(PageQuery):
    status: Literal["", "open", "completed", "cancelled"] = ""


def _summary_tag(summary: dict[str, int]) -> str:
    # The first stock of a new zone arrives without an event: readiness is part of the tag.
    return f'"s{summary["sequence"]}{"" if summary["ready"] else "-preparing"}"'


@route(
    "POST",
    "/v1/warehouses",
    role="admin",
    summary="Create a warehouse: layout, items and stock",
    tag=TAG,
    cost=20,
    body=WarehouseCreate,
    answers={201: WarehouseSummary, 200: WarehouseSummary},
    problems=("conflict", "invalid"),
)
async def create_warehouse(call: Call) -> Reply:
    """The same request again answers 200 with the same warehouse; another content under a known id is a conflict."""
    body = json_of(call.body)
    for item in body["items"]:
        item["attributes"] = sorted(item.get("attributes", ()))
    call.require_warehouse(call.body.id)
    payload = {"body": body, "fingerprint": fingerprint(body), "author": call.principal.subject}
    name = call.object_name(call.body.id)
    answer = await call.rpc(call.env.WAREHOUSE_STATE, name, "create", payload, idempotent=True)
    headers = {"location": f"/v1/warehouses/{call.body.id}", "etag": _summary_tag(answer["summary"])}
    return Reply(201 if answer["created"] else 200, answer["summary"], headers)


@route(
    "GET",
    "/v1/warehouses",
    role="viewer",
    summary="The tenant's warehouses",
    tag=TAG,
    query=PageQuery,
    answers={200: Page},
)
async def list_warehouses(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, str)
    query = {"after": key[0] if key else "", "limit": call.query.limit}
    found = await call.rpc(call.env.WAREHOUSE_DIRECTORY, call.principal.tenant, "page", query)
    following = [found[-1]["id"]] if len(found) == call.query.limit else None
    allowed = call.principal.warehouses
    visible = [entry for entry in found if allowed is None or entry["id"] in allowed]
    return page(call, "/v1/warehouses", visible, following)


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}",
    role="viewer",
    summary="A warehouse's summary",
    tag=TAG,
    answers={200: WarehouseSummary, 304: None},
    problems=("not-found",),
    cache=Caching(isolate_s=2.0),
)
async def get_warehouse(call: Call) -> Reply:
    async def answer() -> Reply:
        summary = await ask_state(call, "summary")
        return tagged(call, summary, _summary_tag(summary))

    return await or_last_copy(call, "summary", answer())


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}/layout",
    role="viewer",
    summary="The layout as it was sent",
    tag=TAG,
    answers={200: Layout, 304: None},  # type: ignore[dict-item]
    problems=("not-found",),
    cache=Caching(isolate_s=30.0, kv_s=300, stale_s=86_400),
)
async def get_layout(call: Call) -> Reply:
    layout = await ask_state(call, "layout")
    return tagged(call, layout, f'"{fingerprint(layout)[:32]}"')


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}/locations",
    role="viewer",
    summary="Storage locations in walking order",
    tag=TAG,
    query=LocationQuery,
    answers={200: Page},
    problems=("not-found",),
)
async def list_locations(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, int)
    query = {"after": key[0] if key else -1, "limit": call.query.limit, "zone": call.query.zone}
    found = await ask_state(call, "locations", query)
    following = [found[-1][0]] if len(found) == call.query.limit else None
    return page(call, f"/v1/warehouses/{call.warehouse()}/locations", [entry for _, entry in found], following)


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}/zones",
    role="viewer",
    summary="Zones with their locations, and what each holds as it last reported",
    tag=TAG,
    query=PageQuery,
    answers={200: Page},
    problems=("not-found",),
)
async def list_zones(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, str)
    found = await ask_state(call, "zones", {"after": key[0] if key else "", "limit": call.query.limit})
    following = [found[-1]["id"]] if len(found) == call.query.limit else None
    return page(call, f"/v1/warehouses/{call.warehouse()}/zones", found, following)


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}/items",
    role="viewer",
    summary="Items by SKU",
    tag=TAG,
    query=PageQuery,
    answers={200: Page},
    problems=("not-found",),
)
async def list_items(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, str)
    found = await ask_state(call, "items", {"after": key[0] if key else "", "limit": call.query.limit})
    following = [found[-1]["sku"]] if len(found) == call.query.limit else None
    return page(call, f"/v1/warehouses/{call.warehouse()}/items", found, following)


@route(
    "POST",
    "/v1/warehouses/{warehouse_id}/items",
    role="operator",
    summary="Insert or change items by SKU",
    tag=TAG,
    cost=10,
    body=ItemsUpsert,
    lines="items",
    answers={200: UpsertOutcome},
    problems=("not-found", "invalid"),
)
async def put_items(call: Call) -> Reply:
    return Reply(200, await ask_state(call, "put_items", json_of(call.body)))


@route(
    "POST",
    "/v1/warehouses/{warehouse_id}/orders",
    role="operator",
    summary="Insert or replace open orders by id",
    tag="orders",
    cost=10,
    body=OrdersUpsert,
    lines="orders",
    answers={200: UpsertOutcome},
    problems=("not-found", "invalid", "conflict"),
)
async def put_orders(call: Call) -> Reply:
    return Reply(200, await ask_state(call, "put_orders", json_of(call.body)))


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}/orders",
    role="viewer",
    summary="Orders in the order of their arrival",
    tag="orders",
    query=OrderQuery,
    answers={200: Page},
    problems=("not-found",),
)
async def list_orders(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, int)
    query = {"after": key[0] if key else 0, "limit": call.query.limit, "status": call.query.status}
    found = await ask_state(call, "orders", query)
    following = [found[-1][0]] if len(found) == call.query.limit else None
    return page(call, f"/v1/warehouses/{call.warehouse()}/orders", [entry for _, entry in found], following)


@route(
    "GET",
    "/v1/warehouses/{warehouse_id}/orders/{order_id}",
    role="viewer",
    summary="One order",
    tag="orders",
    answers={200: OrderStatus, 304: None},
    problems=("not-found",),
)
async def get_order(call: Call) -> Reply:
    order = await ask_state(call, "order", {"id": call.params["order_id"]})
    return tagged(call, order, f'"v{order["version"]}"')


@route(
    "DELETE",
    "/v1/warehouses/{warehouse_id}/orders/{order_id}",
    role="operator",
    summary="Cancel an open order",
    tag="orders",
    answers={200: OrderStatus},
    problems=("not-found",),
)
async def cancel_order(call: Call) -> Reply:
    order = call.params["order_id"]
    await ask_state(call, "order", {"id": order})
    await ask_state(call, "close_orders", {"orders": [order], "status": "cancelled"})
    return Reply(200, await ask_state(call, "order", {"id": order}))
