"""Transfers between zones over HTTP, in real workerd."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.edge.conftest import Edge, until
from tests.edge.stock import APPLES, Zone, line, move
from tests.edge.warehouses import create, fresh_id

THERE = "A03-L-001-1"  # in zone bulk


def totals(edge: Edge, name: str) -> tuple[int, int]:
    found = edge.http.get(f"/v1/warehouses/{name}").json()
    return found["stock_quantity"], found["in_transit_quantity"]


def test_pieces_move_to_another_zone_and_the_transfer_can_be_read(edge: Edge) -> None:
    name = create(edge)
    source, target = Zone(edge, name), Zone(edge, name, "bulk")
    answer = source.transfer("bulk", move(4, THERE), id="t-1")
    assert (answer.status_code, answer.json()["state"]) == (201, "completed"), answer.text
    assert answer.headers["location"] == f"{source.path}/transfers/t-1"
    assert (source.state(), target.state(THERE)) == ((6, 0, 2), (4, 0, 1))
    read = edge.http.get(answer.headers["location"])
    assert read.json() == answer.json()
    assert edge.http.get(answer.headers["location"], headers={"if-none-match": read.headers["etag"]}).status_code == 304
    assert source.differences() == target.differences() == []
    until(lambda: totals(edge, name) == (30, 0))


def test_what_the_target_cannot_hold_comes_back(edge: Edge) -> None:
    layout = {
        "type": "parametric",
        "aisles": 4,
        "bays_per_block": 5,
        "location_limits": {"max_weight_g": 1000},
        "zones": [
            {"id": "fast", "first_aisle": 0, "last_aisle": 1},
            {"id": "bulk", "first_aisle": 2, "last_aisle": 3},
        ],
    }
    stock = [{"sku": "apple", "location": place, "quantity": 9} for place in (APPLES, THERE)]
    name = create(edge, layout=layout, stock=stock)
    source, target = Zone(edge, name), Zone(edge, name, "bulk")
    # nine apples of 100 g are there, ten may be: two more are too many
    answer = source.transfer("bulk", move(2, THERE))
    assert (answer.status_code, answer.json()["state"]) == (201, "refused")
    problem = answer.json()["problem"]
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("capacity-exceeded", "/lines/0/quantity")
    assert (source.state(), target.state(THERE)) == ((9, 0, 3), (9, 0, 1))  # away and back: two versions
    assert [row["op"] for row in edge.http.get(f"{source.path}/ledger").json()["items"]] == ["open", "send", "return"]
    assert source.differences() == target.differences() == []


def test_what_cannot_leave_is_refused_at_once_and_nothing_changes(edge: Edge) -> None:
    name = create(edge)
    source = Zone(edge, name)
    too_many = source.transfer("bulk", move(4, THERE), move(7, THERE))
    assert (too_many.status_code, too_many.json()["code"]) == (409, "insufficient-stock")
    assert too_many.json()["errors"][0]["pointer"] == "/lines/1/quantity"
    nowhere = source.transfer("attic", move(1, THERE))
    assert (nowhere.status_code, nowhere.json()["errors"][0]["pointer"]) == (422, "/to_zone")
    itself = source.transfer("fast", move(1, "A01-L-002-1"))
    assert (itself.status_code, itself.json()["errors"][0]["pointer"]) == (422, "/to_zone")
    assert source.transfer("bulk", move(-1, THERE)).status_code == 422
    assert edge.http.get(f"{source.path}/transfers/none").status_code == 404
    assert source.state() == (10, 0, 1)


def test_a_location_that_the_target_does_not_have_is_named_and_the_pieces_come_back(edge: Edge) -> None:
    name = create(edge)
    source = Zone(edge, name)
    answer = source.transfer("bulk", move(4, "A09-L-001-1")).json()
    assert (answer["state"], answer["problem"]["errors"][0]["pointer"]) == ("refused", "/lines/0/to")
    assert source.state()[0] == 10


def test_an_id_is_one_transfer(edge: Edge) -> None:
    name = create(edge)
    source = Zone(edge, name)
    first = source.transfer("bulk", move(1, THERE), id="t")
    again = source.transfer("bulk", move(1, THERE), id="t")
    assert (again.status_code, again.json()) == (201, first.json())
    other = source.transfer("bulk", move(2, THERE), id="t")
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert source.state()[0] == 9


def test_the_same_key_sent_many_times_at_once_is_one_transfer(edge: Edge) -> None:
    name = create(edge)
    source = Zone(edge, name)
    key = fresh_id("key")

    def send(_: int) -> tuple[int, Any]:
        answer = source.transfer("bulk", move(2, THERE), key=key)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(24)))
    bodies = [body for status, body in answers if status == 201]
    assert bodies and all(body == bodies[0] for body in bodies)
    others = {(status, body["code"]) for status, body in answers if status != 201}
    assert others <= {(409, "idempotency-in-progress")}
    assert source.state()[0] == 8
    assert len(edge.http.get(f"{source.path}/transfers").json()["items"]) == 1
    other = source.transfer("bulk", move(3, THERE), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


def test_transfers_are_listed_page_by_page_and_by_state(edge: Edge) -> None:
    name = create(edge)
    source = Zone(edge, name)
    for number in range(3):
        source.transfer("bulk", move(1, THERE), id=f"t-{number}")
    source.transfer("bulk", move(1, "nowhere"), id="t-3")
    path: str | None = f"{source.path}/transfers?limit=3"
    found: list[str] = []
    while path:
        answer = edge.http.get(path)
        found += [entry["id"] for entry in answer.json()["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert found == ["t-0", "t-1", "t-2", "t-3"]
    refused = edge.http.get(f"{source.path}/transfers", params={"state": "refused"}).json()["items"]
    assert [entry["id"] for entry in refused] == ["t-3"]


def test_a_transfer_of_many_lines_arrives_whole(edge: Edge) -> None:
    name = create(edge)
    source, target = Zone(edge, name), Zone(edge, name, "bulk")
    source.post(line("receive", 5000))
    answer = source.transfer("bulk", *[move(1, f"A03-L-{n % 5 + 1:03d}-1") for n in range(5000)])
    assert (answer.status_code, answer.json()["lines"]) == (201, 5000), answer.text[:500]
    assert (source.state()[0], target.state(THERE)[0]) == (10, 1000)
    assert source.differences() == target.differences() == []
