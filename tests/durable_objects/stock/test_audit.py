"""The audit finds whatever is stored wrongly: each table is spoilt once, behind the zone's back."""

from __future__ import annotations

import pytest

from durable_objects.stock import audit, transfers
from local.sqlite import LocalSql
from tests.durable_objects.stock.zones import HERE, NOW, THERE, differences, line, new_zone, run


def busy_zone() -> LocalSql:
    """9 apples here, 3 of them reserved for a; 4 there; 2 in transit, and 1 that came back."""
    sql = new_zone({"max_weight_g": 5000})
    run(sql, line("receive", 16), line("reserve", 5, reference="a"), line("pick", 1, reference="a", reserved=True))
    run(sql, line("release", 1, reference="a"), line("transfer", 4, to=THERE))
    for name, quantity in (("travels", 2), ("returns", 1)):
        move = {"sku": "apple", "location": HERE, "to": "x", "quantity": quantity}
        body = {"id": name, "to_zone": "b", "lines": [move]}
        transfers.begin(sql, "main", body, fingerprint="f", author="tester", now=NOW)
    transfers.settle(sql, "main", "returns", {"state": "refused", "problem": {}}, NOW)
    assert differences(sql) == []
    return sql


SPOILT = [
    ("UPDATE stock SET quantity = quantity + 1 WHERE location = 'A01-L-001-1'", {"quantity", "stock_quantity", "weight", "volume"}),
    ("UPDATE stock SET reserved = 0 WHERE location = 'A01-L-001-1'", {"reserved"}),
    ("UPDATE stock SET version = 99 WHERE location = 'A01-R-001-1'", {"version"}),
    ("DELETE FROM stock WHERE location = 'A01-R-001-1'", {"quantity", "reserved", "version", "stock_lines", "stock_quantity"}),
    ("INSERT INTO stock (location, sku, quantity, version, updated_at) VALUES ('A01-L-002-1', 'pear', 5, 1, 0)",
     {"quantity", "reserved", "version", "stock_lines", "stock_quantity", "weight", "volume"}),
    ("UPDATE reservation SET quantity = 2", {"reservation", "reserved_quantity"}),
    ("UPDATE reservation SET reference = 'b'", {"reservation"}),
    ("DELETE FROM reservation", {"reservation", "reserved_quantity"}),
    ("UPDATE load SET weight_g = 1", {"weight"}),
    ("DELETE FROM load", {"weight", "volume"}),
    ("UPDATE counter SET value = 0 WHERE name = 'in_transit_quantity'", {"in_transit_quantity"}),
    ("UPDATE counter SET value = value + 1 WHERE name = 'stock_lines'", {"stock_lines"}),
    ("DROP TRIGGER ledger_keeps; UPDATE ledger SET delta = 17 WHERE sequence = 1;", {"quantity", "ledger"}),
    ("DROP TRIGGER ledger_stays; DELETE FROM ledger WHERE sequence = 2;", {"reserved", "version", "reservation", "ledger", "ledger-rows"}),
    ("UPDATE transfer_out SET quantity = 3 WHERE id = 'travels'", {"in_transit_quantity", "transfer-sent"}),
    ("UPDATE transfer_out SET state = 'completed' WHERE id = 'returns'", {"transfer-returned"}),
    ("UPDATE transfer_out SET returned = NULL WHERE id = 'returns'", {"transfer-returned"}),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "kinds"), SPOILT, ids=[damage for damage, _ in SPOILT])
def test_a_spoilt_table_is_found(damage: str, kinds: set[str]) -> None:
    sql = busy_zone()
    sql.run(damage)
    assert {found["kind"] for found in differences(sql)} == kinds


def test_a_difference_names_the_line_and_both_values() -> None:
    sql = busy_zone()
    sql.run("UPDATE stock SET reserved = 7 WHERE location = 'A01-L-001-1'")
    place = {"location": HERE, "sku": "apple", "reference": ""}
    assert differences(sql) == [{"kind": "reserved", **place, "stored": 7, "rebuilt": 3}]


def test_slices_cover_every_location_once() -> None:
    sql = new_zone(bays=10)
    places = [row[0] for row in sql.rows("SELECT id FROM location")]
    run(sql, *[line("receive", 1, location=place) for place in places])
    sql.run("UPDATE stock SET quantity = 2")
    after: str | None = ""
    found, lines, slices = [], 0, 0
    while after is not None:
        part = audit.check(sql, after, 3)
        found += [entry["location"] for entry in part["differences"] if entry["kind"] == "quantity"]
        lines += part["lines"]
        slices += 1
        after = part["next"]
    assert (sorted(found), lines, slices) == (sorted(places), 20, 7)
