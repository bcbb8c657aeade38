"""Creating a warehouse, its items, and its summary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contracts.errors import Fault, ProblemError
from contracts.layout import DEFAULT_ZONE
from durable_objects.sqlite import Sql, chunks, get_meta, get_text, put_text, scalar, set_meta
from durable_objects.state import hub
from durable_objects.state.clock import iso
from durable_objects.state.locations import fill_listed, fill_parametric

DIRECTORY = "@directory"
MAX_FAULTS = 1000  # listed in one answer


def refuse(faults: Sequence[Fault], code: str = "invalid") -> None:
    """Raises ProblemError with every fault, when there is one."""
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        detail = f"{faults[0].pointer}: {faults[0].detail}{more}"
        raise ProblemError(code, detail, errors=tuple(faults[:MAX_FAULTS]))


def exists(sql: Sql) -> bool:
    return bool(get_meta(sql, "created_at"))


def require(sql: Sql, warehouse: str) -> None:
    if not exists(sql):
        raise ProblemError("not-found", f"there is no warehouse {warehouse!r}: create it with POST /v1/warehouses")


def create(sql: Sql, body: Mapping[str, Any], fingerprint: str, author: str, now: int) -> bool:
    """Create the warehouse from a WarehouseCreate (as JSON data). True when it is new, False when the same request came
    before. Raises ProblemError: conflict when another warehouse has the id, invalid with every fault.
    """
    if exists(sql):
        if get_meta(sql, "fingerprint") == fingerprint:
            return False
        raise ProblemError("conflict", f"a warehouse {body['id']!r} exists already, with other content")

    def write() -> None:
        layout = body["layout"]
        text = json.dumps(layout, ensure_ascii=False, separators=(",", ":"))
        put_text(sql, "layout", text)
        _fill_locations(sql, layout, text)
        sql.run("UPDATE counter SET value = (SELECT count(*) FROM location) WHERE name = 'locations'")
        sql.run("INSERT INTO zone (id, locations) SELECT zone, count(*) FROM location GROUP BY zone")
        _refuse_repeated_items(body.get("items", ()))
        put_items(sql, body.get("items", ()))
        _stage_stock(sql, body.get("stock", ()))
        refuse(_stock_faults(sql))
        for key, value in (("id", body["id"]), ("layout_type", layout["type"]), ("fingerprint", fingerprint)):
            set_meta(sql, key, value)
        set_meta(sql, "created_at", now)
        set_meta(sql, "name", body.get("name", ""))
        document = json.dumps({"name": body.get("name", "")}, ensure_ascii=False)
        sql.run("INSERT INTO configuration (version, at, author, document) VALUES (1, ?, ?, ?)", now, author, document)
        _order_deliveries(sql, body)
        data = {"id": body["id"], "name": body.get("name", ""), "locations": counter(sql, "locations")}
        hub.append(sql, "warehouse.created", data, now)

    sql.transaction(write)
    return True


def _fill_locations(sql: Sql, layout: Mapping[str, Any], text: str) -> None:
    if layout["type"] == "parametric":
        fill_parametric(sql, text)
        return
    # From the data as they are: the model has checked them, and 200,000 more models would take seconds.
    nodes = {node["id"]: node for node in layout["nodes"]}
    places = [
        {
            "id": place["id"],
            "zone": place.get("zone", DEFAULT_ZONE),
            "x_m": nodes[place["node"]]["x_m"],
            "y_m": nodes[place["node"]]["y_m"],
            "z_m": place.get("height_m", 0.0),
            "limits": place.get("limits", {}),
        }
        for place in layout["locations"]
    ]
    ordinal = 0
    for part in chunks(places):
        fill_listed(sql, part, ordinal)
        ordinal = int(scalar(sql, "SELECT max(ordinal) + 1 FROM location"))


def _refuse_repeated_items(items: Sequence[Mapping[str, Any]]) -> None:
    first: dict[str, int] = {}
    faults = []
    for index, item in enumerate(items):
        earlier = first.setdefault(item["sku"], index)
        if earlier != index:
            faults.append(Fault(f"/items/{index}/sku", f"SKU {item['sku']!r} is also at /items/{earlier}: keep one"))
    refuse(faults)


def put_items(sql: Sql, items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Insert or change items by SKU, in the caller's transaction. Every change gets a higher revision."""
    before, revision = counter(sql, "items"), counter(sql, "item_revision") + 1
    changed = 0
    # Sets have no order of their own: sorted, the same item is the same text.
    ordered = [{**item, "attributes": sorted(item.get("attributes", ()))} for item in items]
    for part in chunks(ordered):
        changed += len(
            sql.rows(
                "INSERT INTO item (sku, body, revision) SELECT value ->> 'sku', value, ? FROM json_each(?) WHERE true"
                " ON CONFLICT (sku) DO UPDATE SET body = excluded.body, revision = excluded.revision"
                " WHERE body <> excluded.body RETURNING 1",
                revision,
                part,
            )
        )
    if changed:
        sql.run("UPDATE counter SET value = ? WHERE name = 'item_revision'", revision)
    created = counter(sql, "items") - before
    return {"created": created, "updated": changed - created, "unchanged": len(items) - changed}


def upsert_items(sql: Sql, items: Sequence[Mapping[str, Any]], now: int) -> dict[str, int]:
    """POST …/items. Raises ProblemError invalid when a SKU comes twice."""
    _refuse_repeated_items(items)

    def write() -> dict[str, int]:
        before = counter(sql, "item_revision")
        outcome = put_items(sql, items)
        after = counter(sql, "item_revision")
        if after != before:
            for (zone,) in sql.rows("SELECT id FROM zone ORDER BY id"):
                deliver(sql, zone, "items", {"after": before, "through": after})
            hub.append(sql, "items.changed", outcome, now)
        return outcome

    return sql.transaction(write)


def _stage_stock(sql: Sql, stock: Sequence[Mapping[str, Any]]) -> None:
    sql.run("DELETE FROM staged_stock")
    offset = 0
    for part in chunks(stock):
        sql.run(
            "INSERT INTO staged_stock SELECT ? + key, value ->> 'location', value ->> 'sku', value ->> 'quantity' FROM json_each(?)",
            offset,
            part,
        )
        offset = int(scalar(sql, "SELECT count(*) FROM staged_stock"))


def _stock_faults(sql: Sql) -> list[Fault]:
    faults = [
        Fault(f"/stock/{n}/location", f"the layout has no location {location!r}")
        for n, location in sql.rows(
            "SELECT n, location FROM staged_stock WHERE location NOT IN (SELECT id FROM location) ORDER BY n LIMIT ?",
            MAX_FAULTS,
        )
    ]
    faults += [
        Fault(f"/stock/{n}/sku", f"there is no item {sku!r}: add it to items")
        for n, sku in sql.rows(
            "SELECT n, sku FROM staged_stock WHERE sku NOT IN (SELECT sku FROM item) ORDER BY n LIMIT ?", MAX_FAULTS
        )
    ]
    faults += [
        Fault(f"/stock/{n}", f"SKU {sku!r} at {location!r} is also at /stock/{first}: add the quantities up")
        for n, first, sku, location in sql.rows(
            "SELECT n, first, sku, location FROM (SELECT *, min(n) OVER (PARTITION BY location, sku) AS first FROM staged_stock)"
            " WHERE n > first ORDER BY n LIMIT ?",
            MAX_FAULTS,
        )
    ]
    faults += [
        Fault(f"/stock/{n}/quantity", f"location {location!r} would hold {held} {unit}; its limit is {limit}")
        for n, location, held, limit, unit in sql.rows(
            """
            WITH load AS (
                SELECT min(n) AS n, location, sum(quantity * coalesce(body ->> 'weight_g', 0)) AS weight,
                       sum(quantity * coalesce((body ->> 'length_mm') * (body ->> 'width_mm') * (body ->> 'height_mm'), 0)) AS volume
                FROM staged_stock JOIN item USING (sku) GROUP BY location)
            SELECT n, location, weight, max_weight_g, 'g' FROM load JOIN location ON location.id = location WHERE weight > max_weight_g
            UNION ALL
            SELECT n, location, volume, max_volume_mm3, 'mm3' FROM load JOIN location ON location.id = location WHERE volume > max_volume_mm3
            ORDER BY 1 LIMIT ?""",
            MAX_FAULTS,
        )
    ]
    return faults


def _order_deliveries(sql: Sql, body: Mapping[str, Any]) -> None:
    """What the zones and the directory must be told, written in the transaction that creates the warehouse."""
    revision = counter(sql, "item_revision")
    for (zone,) in sql.rows("SELECT id FROM zone ORDER BY id"):
        deliver(sql, zone, "layout", {})
        deliver(sql, zone, "items", {"after": 0, "through": revision})
        lines = sql.rows(
            "SELECT s.sku, s.location, s.quantity FROM staged_stock s JOIN location l ON l.id = s.location WHERE l.zone = ? ORDER BY n",
            zone,
        )
        for part in chunks([{"sku": sku, "location": place, "quantity": number} for sku, place, number in lines]):
            sql.run("INSERT INTO delivery (target, kind, body) VALUES (?, 'stock', ?)", zone, part)
        sql.run(
            "UPDATE zone SET stock_lines = ?, stock_quantity = ? WHERE id = ?",
            len(lines),
            sum(row[2] for row in lines),
            zone,
        )
    sql.run("DELETE FROM staged_stock")
    deliver(sql, DIRECTORY, "register", {"id": body["id"], "name": body.get("name", "")})


def deliver(sql: Sql, target: str, kind: str, body: Any) -> None:
    """Note, in the caller's transaction, what a target must be told; drained in order until it has acknowledged."""
    sql.run("INSERT INTO delivery (target, kind, body) VALUES (?, ?, ?)", target, kind, json.dumps(body))


def pending(sql: Sql, target: str) -> tuple[int, str, str] | None:
    """The oldest delivery to a target that is not acknowledged."""
    found = sql.rows("SELECT id, kind, body FROM delivery WHERE target = ? ORDER BY id LIMIT 1", target)
    return (int(found[0][0]), found[0][1], found[0][2]) if found else None


def pending_targets(sql: Sql) -> list[str]:
    return [row[0] for row in sql.rows("SELECT DISTINCT target FROM delivery ORDER BY target")]


def acknowledge(sql: Sql, delivery: int) -> None:
    sql.run("DELETE FROM delivery WHERE id = ?", delivery)


def zone_calls(sql: Sql, zone: str, delivery: int, kind: str, body: str) -> Iterator[str]:
    """The RPC texts that carry one delivery to a zone; each can be repeated without harm."""
    head = f'{{"delivery":{delivery},"kind":"{kind}",'
    if kind == "layout":
        if get_meta(sql, "layout_type") == "parametric":
            yield f'{head}"layout":{get_text(sql, "layout")}}}'
            return
        rows = sql.rows(
            "SELECT id, x_m, y_m, z_m, max_weight_g, max_volume_mm3, width_mm, depth_mm, height_mm, ordinal"
            " FROM location WHERE zone = ? ORDER BY ordinal",
            zone,
        )
        names = ("max_weight_g", "max_volume_mm3", "width_mm", "depth_mm", "height_mm")
        places = [
            {
                "id": r[0],
                "zone": zone,
                "x_m": r[1],
                "y_m": r[2],
                "z_m": r[3],
                "limits": dict(zip(names, r[4:9], strict=True)),
            }
            for r in rows
        ]
        for part in chunks(places):
            yield f'{head}"locations":{part}}}'
        return
    if kind == "items":
        span = json.loads(body)
        found = sql.rows(
            "SELECT body FROM item WHERE revision > ? AND revision <= ? ORDER BY sku", span["after"], span["through"]
        )
        for part in chunks([_measures(json.loads(row[0])) for row in found]):
            yield f'{head}"items":{part}}}'
        return
    yield f'{head}"{"lines" if kind == "stock" else "body"}":{body}}}'


def _measures(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a zone needs of an item: what it weighs and how large it is."""
    return {name: item.get(name) for name in ("sku", "weight_g", "length_mm", "width_mm", "height_mm")}


def counter(sql: Sql, name: str) -> int:
    return int(scalar(sql, "SELECT value FROM counter WHERE name = ?", name))


def summary(sql: Sql) -> dict[str, Any]:
    """A WarehouseSummary: a handful of rows, whatever the size of the warehouse."""
    values = {row[0]: row[1] for row in sql.rows("SELECT name, value FROM counter")}
    zones = sql.rows(
        "SELECT id, stock_lines, stock_quantity, reserved_quantity, in_transit_quantity FROM zone ORDER BY id"
    )
    version, _ = sql.rows("SELECT version, at FROM configuration ORDER BY version DESC LIMIT 1")[0]
    sequence = hub.head(sql)
    updated = scalar(sql, "SELECT at FROM event WHERE sequence = ?", sequence) or get_meta(sql, "created_at")
    return {
        "id": get_meta(sql, "id"),
        "name": get_meta(sql, "name"),
        "version": version,
        "layout_type": get_meta(sql, "layout_type"),
        "zones": [row[0] for row in zones],
        "locations": values["locations"],
        "items": values["items"],
        "orders_open": values["orders_open"],
        "order_lines_open": values["order_lines_open"],
        "stock_lines": sum(row[1] for row in zones),
        "stock_quantity": sum(row[2] for row in zones),
        "reserved_quantity": sum(row[3] for row in zones),
        "in_transit_quantity": sum(row[4] for row in zones),
        "created_at": iso(get_meta(sql, "created_at")),
        "updated_at": iso(updated),
        "sequence": sequence,
        "ready": not sql.rows("SELECT 1 FROM delivery LIMIT 1"),
    }


def list_zones(sql: Sql, after: str, limit: int) -> list[dict[str, Any]]:
    """Zones by id, after an id: how many locations, and what each zone last reported to hold."""
    names = ("id", "locations", "stock_lines", "stock_quantity", "reserved_quantity", "in_transit_quantity")
    found = sql.rows(f"SELECT {', '.join(names)} FROM zone WHERE id > ? ORDER BY id LIMIT ?", after, limit)
    return [dict(zip(names, row, strict=True)) for row in found]


def list_items(sql: Sql, after: str, limit: int) -> list[dict[str, Any]]:
    return [
        json.loads(r[0]) for r in sql.rows("SELECT body FROM item WHERE sku > ? ORDER BY sku LIMIT ?", after, limit)
    ]


def list_locations(sql: Sql, after: int, limit: int, zone: str = "") -> list[tuple[int, dict[str, Any]]]:
    """Locations in walking order with their ordinals, after an ordinal."""
    names = ("id", "zone", "x_m", "y_m", "z_m", "aisle", "block", "bay", "level", "side")
    limits = ("max_weight_g", "max_volume_mm3", "width_mm", "depth_mm", "height_mm")
    where = "ordinal > ?" + (" AND zone = ?" if zone else "")
    found = sql.rows(
        f"SELECT ordinal, {', '.join(names + limits)} FROM location WHERE {where} ORDER BY ordinal LIMIT ?",
        after,
        *([zone] if zone else []),
        limit,
    )
    return [
        (
            row[0],
            {
                **dict(zip(names, row[1:11], strict=True)),
                "limits": {name: value for name, value in zip(limits, row[11:], strict=True) if value is not None},
            },
        )
        for row in found
    ]
