import json

from tests.edge.conftest import Edge
from tests.edge.warehouses import body, create, fresh_id


def test_a_created_warehouse_reports_its_layout_items_and_stock(edge: Edge) -> None:
    name = fresh_id()
    response = edge.http.post("/v1/warehouses", json=body(name))
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"/v1/warehouses/{name}"
    summary = edge.http.get(f"/v1/warehouses/{name}").json()
    # 4 aisles x 5 bays x 2 sides
    assert summary["locations"] == 40
    assert (summary["items"], summary["stock_lines"], summary["stock_quantity"]) == (3, 2, 30)
    assert summary["zones"] == ["bulk", "fast"]
    assert summary["ready"] is True


def test_creating_the_same_warehouse_again_changes_nothing_and_other_content_is_a_conflict(edge: Edge) -> None:
    name = create(edge)
    again = edge.http.post("/v1/warehouses", json=body(name))
    assert again.status_code == 200
    other = edge.http.post("/v1/warehouses", json=body(name, name="Another floor"))
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert edge.http.get(f"/v1/warehouses/{name}").json()["name"] == "Test floor"


def test_every_fault_of_a_new_warehouse_is_named_and_nothing_is_created(edge: Edge) -> None:
    name = fresh_id()
    stock = [
        {"sku": "apple", "location": "A01-L-001-1", "quantity": 1},
        {"sku": "apple", "location": "A99-L-001-1", "quantity": 1},
        {"sku": "fig", "location": "A01-L-002-1", "quantity": 1},
        {"sku": "apple", "location": "A01-L-001-1", "quantity": 2},
    ]
    response = edge.http.post("/v1/warehouses", json=body(name, stock=stock))
    assert response.status_code == 422
    pointers = {fault["pointer"] for fault in response.json()["errors"]}
    assert pointers == {"/stock/1/location", "/stock/2/sku", "/stock/3"}
    assert edge.http.get(f"/v1/warehouses/{name}").status_code == 404


def test_every_fault_of_a_graph_is_named_at_its_own_place(edge: Edge) -> None:
    layout = {
        "type": "graph",
        "nodes": [{"id": n, "x_m": 0.0, "y_m": 0.0} for n in ("door", "a", "b", "c")],
        "edges": [
            {"from_node": "door", "to_node": "a", "length_m": 2.0},
            {"from_node": "a", "to_node": "b", "length_m": 2.0, "one_way": True},
        ],
        "locations": [{"id": n.upper(), "node": n} for n in ("a", "b", "c")],
        "depot": "door",
    }
    name = fresh_id()
    refused = edge.http.post("/v1/warehouses", json=body(name, layout=layout, stock=[]))
    assert refused.status_code == 422
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    assert pointers == {"/layout/edges/1", "/layout/locations/1/node", "/layout/locations/2/node"}
    layout["edges"] = [{**e, "one_way": False} for e in layout["edges"]] + [
        {"from_node": "b", "to_node": "c", "length_m": 1.0}
    ]
    created = edge.http.post("/v1/warehouses", json=body(name, layout=layout, stock=[]))
    assert created.status_code == 201, created.text
    places = edge.http.get(f"/v1/warehouses/{name}/locations").json()["items"]
    assert [(place["id"], place["zone"]) for place in places] == [("A", "main"), ("B", "main"), ("C", "main")]


def test_stock_above_a_locations_weight_limit_is_refused(edge: Edge) -> None:
    # 11 apples of 100 g weigh 1,100 g; the location bears 1,000 g
    layout = {"type": "parametric", "aisles": 1, "bays_per_block": 2, "location_limits": {"max_weight_g": 1000}}
    stock = [{"sku": "apple", "location": "A01-L-001-1", "quantity": 11}]
    response = edge.http.post("/v1/warehouses", json=body(fresh_id(), layout=layout, stock=stock))
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/stock/0/quantity"
    assert "1100 g" in response.json()["errors"][0]["detail"]


def test_a_summary_read_again_with_its_etag_is_not_sent_again(edge: Edge) -> None:
    name = create(edge)
    etag = edge.http.get(f"/v1/warehouses/{name}").headers["etag"]
    assert edge.http.get(f"/v1/warehouses/{name}", headers={"if-none-match": etag}).status_code == 304
    edge.http.post(f"/v1/warehouses/{name}/items", json={"items": [{"sku": "fig"}]})
    assert edge.http.get(f"/v1/warehouses/{name}", headers={"if-none-match": etag}).status_code == 200


def test_the_list_of_warehouses_is_paged_without_loss_or_repeat(edge: Edge) -> None:
    mine = {create(edge) for _ in range(3)}
    seen: list[str] = []
    path: str | None = "/v1/warehouses?limit=2"
    while path:
        response = edge.http.get(path)
        seen += [entry["id"] for entry in response.json()["items"]]
        path = response.links["next"]["url"] if "next" in response.links else None
    assert mine <= set(seen)
    assert len(seen) == len(set(seen))


def test_layout_locations_and_items_can_be_read(edge: Edge) -> None:
    name = create(edge)
    assert edge.http.get(f"/v1/warehouses/{name}/layout").json()["aisles"] == 4
    fast = edge.http.get(f"/v1/warehouses/{name}/locations?zone=fast&limit=1000").json()["items"]
    assert len(fast) == 20
    assert fast[0]["id"] == "A01-L-001-1"
    items = edge.http.get(f"/v1/warehouses/{name}/items?limit=2")
    assert [item["sku"] for item in items.json()["items"]] == ["apple", "pear"]
    assert [item["sku"] for item in edge.http.get(items.links["next"]["url"]).json()["items"]] == ["plum"]


def test_zones_are_listed_with_their_locations_and_what_they_hold(edge: Edge) -> None:
    name = create(edge)
    first = edge.http.get(f"/v1/warehouses/{name}/zones?limit=1")
    assert [(z["id"], z["locations"]) for z in first.json()["items"]] == [("bulk", 20)]
    assert [z["id"] for z in edge.http.get(first.links["next"]["url"]).json()["items"]] == ["fast"]


def test_an_unknown_warehouse_is_not_found(edge: Edge) -> None:
    for path in ("", "/layout", "/zones", "/items", "/orders", "/configuration", "/locations"):
        assert edge.http.get(f"/v1/warehouses/nowhere{path}").status_code == 404


def test_a_foreign_cursor_is_refused(edge: Edge) -> None:
    response = edge.http.get(f"/v1/warehouses/{create(edge)}/items?cursor=bm90LWEtY3Vyc29y")
    assert (response.status_code, response.json()["code"]) == (400, "bad-request")


def order(order_id: str, *lines: tuple[str, int]) -> dict[str, object]:
    return {"id": order_id, "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}


def test_orders_are_upserted_by_id_and_the_same_again_changes_nothing(edge: Edge) -> None:
    name = create(edge)
    path = f"/v1/warehouses/{name}/orders"
    orders = [order("o1", ("apple", 2), ("pear", 1)), order("o2", ("plum", 3))]
    assert edge.http.post(path, json={"orders": orders}).json() == {"created": 2, "updated": 0, "unchanged": 0}
    assert edge.http.post(path, json={"orders": orders}).json() == {"created": 0, "updated": 0, "unchanged": 2}
    changed = [order("o2", ("plum", 4))]
    assert edge.http.post(path, json={"orders": changed}).json() == {"created": 0, "updated": 1, "unchanged": 0}
    assert edge.http.get(f"{path}/o2").json()["version"] == 2
    summary = edge.http.get(f"/v1/warehouses/{name}").json()
    assert (summary["orders_open"], summary["order_lines_open"]) == (2, 3)
    assert edge.http.delete(f"{path}/o1").json()["status"] == "cancelled"
    assert edge.http.get(f"/v1/warehouses/{name}").json()["order_lines_open"] == 1


def test_an_order_with_an_unknown_sku_is_named_by_pointer_and_no_order_is_stored(edge: Edge) -> None:
    name = create(edge)
    orders = [order("o0", ("apple", 1)), order("o1", ("apple", 1), ("fig", 1))]
    response = edge.http.post(f"/v1/warehouses/{name}/orders", json={"orders": orders})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/orders/1/lines/1/sku"
    assert edge.http.get(f"/v1/warehouses/{name}/orders").json()["items"] == []


def test_concurrent_edits_of_different_settings_are_merged(edge: Edge) -> None:
    path = f"/v1/warehouses/{create(edge)}/configuration"
    first = edge.http.get(path)
    assert first.headers["etag"] == '"v1"'
    one = edge.http.patch(path, json={"time_zone": "Europe/Berlin"}, headers={"if-match": '"v1"'})
    assert one.status_code == 200, one.text
    two = edge.http.patch(path, json={"labels": {"site": "north"}}, headers={"if-match": '"v1"'})
    assert two.json()["merged"] is True
    assert two.headers["etag"] == '"v3"'
    merged = edge.http.get(path).json()["configuration"]
    assert (merged["time_zone"], merged["labels"]) == ("Europe/Berlin", {"site": "north"})
    versions = edge.http.get(f"{path}/history").json()["items"]
    assert [entry["version"] for entry in versions] == [3, 2, 1]


def test_a_true_conflict_is_returned_with_both_values_and_nothing_changes(edge: Edge) -> None:
    path = f"/v1/warehouses/{create(edge)}/configuration"
    edge.http.patch(path, json={"name": "North"}, headers={"if-match": '"v1"'})
    response = edge.http.patch(path, json={"name": "South"}, headers={"if-match": '"v1"'})
    assert (response.status_code, response.json()["code"]) == (409, "version-conflict")
    assert response.json()["conflicts"] == [
        {"pointer": "/name", "base": "Test floor", "yours": "South", "current": "North"}
    ]
    assert edge.http.get(path).json()["version"] == 2


def test_a_put_without_if_match_is_asked_for_it(edge: Edge) -> None:
    path = f"/v1/warehouses/{create(edge)}/configuration"
    assert edge.http.put(path, json={"name": "x"}).status_code == 428
    assert edge.http.put(path, json={"name": "x"}, headers={"if-match": '"v9"'}).status_code == 412


def test_a_whole_document_edited_from_an_old_version_is_merged_and_every_version_stays_readable(edge: Edge) -> None:
    path = f"/v1/warehouses/{create(edge)}/configuration"
    edge.http.patch(path, json={"picking": {"walk_speed_m_s": 1.2}, "labels": {"a": "1", "b": "2"}})
    mine = {"name": "Test floor", "picking": {"walk_speed_m_s": 1.2}, "labels": {"a": "9", "b": "2"}}
    edge.http.patch(path, json={"labels": {"b": None}, "picking": {"seconds_per_line": 7}})
    merged = edge.http.put(path, json=mine, headers={"if-match": '"v2"'})
    assert (merged.status_code, merged.json()["version"], merged.json()["merged"]) == (200, 4, True)
    expected = {"name": "Test floor", "picking": {"walk_speed_m_s": 1.2, "seconds_per_line": 7.0}, "labels": {"a": "9"}}
    shown = edge.http.get(path).json()["configuration"]
    assert {key: value for key, value in shown.items() if key in expected} == expected
    assert edge.http.get(f"{path}?version=2").json()["configuration"]["labels"] == {"a": "1", "b": "2"}
    assert edge.http.get(path, headers={"if-none-match": '"v4"'}).status_code == 304
    first = edge.http.get(f"{path}/history?limit=3")
    rest = edge.http.get(first.links["next"]["url"]).json()["items"]
    assert [entry["version"] for entry in first.json()["items"] + rest] == [4, 3, 2, 1]
    assert edge.http.get(f"{path}?version=9").status_code == 404


def test_an_edit_that_is_not_valid_changes_nothing(edge: Edge) -> None:
    path = f"/v1/warehouses/{create(edge)}/configuration"
    for patch, place in (
        ({"zones": {"fsat": {"allow_negative": True}}}, "/zones/fsat"),
        ({"picking": {"walk_speed_m_s": -1}}, "/picking/walk_speed_m_s"),
        ({"colour": "blue"}, "/colour"),
    ):
        refused = edge.http.patch(path, json=patch)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, place)
    assert edge.http.get(path).json()["version"] == 1


def test_orders_and_items_can_be_sent_line_by_line(edge: Edge) -> None:
    name = create(edge)
    ndjson = {"content-type": "application/x-ndjson"}
    items = '{"sku":"fig","weight_g":10}\n{"sku":"kiwi","weight_g":20}\n'
    assert edge.http.post(f"/v1/warehouses/{name}/items", content=items, headers=ndjson).json()["created"] == 2
    lines = [json.dumps(order(f"n{number}", ("fig", 1))) for number in range(3)]
    path = f"/v1/warehouses/{name}/orders"
    assert edge.http.post(path, content="\n".join(lines), headers=ndjson).json()["created"] == 3
    bad = "\n".join([lines[0], "{", json.dumps(order("n4", ("fig", 0)))])
    refused = edge.http.post(path, content=bad, headers=ndjson)
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed-body")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/orders/1", "/orders/2/lines/0/quantity"]
    assert len(edge.http.get(path).json()["items"]) == 3
