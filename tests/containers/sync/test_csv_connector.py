"""What the CSV connector takes, what it quarantines and why, and what it refuses before anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from containers.common import limits
from containers.sync import csv_connector
from contracts.errors import ProblemError
from tests.containers.sync.reading import read

HEAD = "order_id,sku,quantity,released_at,due_at,priority\n"
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "online-retail" / "order_lines.csv"


async def test_rows_become_orders_wherever_they_stand() -> None:
    got = await read(
        HEAD
        + "O1,A,2,2026-03-01T08:00:00Z,2026-03-01T12:00:00+02:00,3\n"
        + "O2,B,1,,,\n"
        + "O1,C,5,2026-03-01 07:30:00Z,2026-03-01T11:00:00Z,1\n"
    )
    assert got.records == [
        {
            "id": "O1",
            "lines": [{"sku": "A", "quantity": 2}, {"sku": "C", "quantity": 5}],
            "released_at": "2026-03-01T07:30:00Z",  # the earliest
            "due_at": "2026-03-01T10:00:00Z",  # the earliest: 12:00 at +02:00
            "priority": 1,  # the most urgent
        },
        {"id": "O2", "lines": [{"sku": "B", "quantity": 1}]},
    ]
    assert got.bad == []
    assert got.summary is not None
    assert (got.summary.records, got.summary.lines, got.summary.rows_read) == (2, 3, 3)


async def test_rows_of_the_same_order_and_sku_are_summed() -> None:
    got = await read("order_id,sku,quantity\nO1,A,2\nO1,A,3\n")
    assert got.records == [{"id": "O1", "lines": [{"sku": "A", "quantity": 5}]}]
    assert got.summary is not None
    assert got.summary.merged == 1


async def test_with_line_numbers_a_repeated_row_is_ignored_and_a_contradicting_one_is_bad() -> None:
    text = "order_id,line_no,sku,quantity\nO1,1,A,2\nO1,1,A,2\nO1,2,A,3\nO2,1,B,1\nO2,1,B,4\n"
    got = await read(text)
    assert got.records == [{"id": "O1", "lines": [{"sku": "A", "quantity": 5}]}]
    assert got.reasons == [(6, "conflicting-line", "line_no"), (5, "order-held", "order_id")]
    assert got.summary is not None
    assert (got.summary.repeated, got.summary.merged, got.summary.held) == (1, 1, 1)


async def test_an_order_with_a_bad_row_is_held_back_whole() -> None:
    got = await read("order_id,sku,quantity\nO1,A,2\nO2,A,1\nO1,B,zero\nO1,C,1\n")
    assert [record["id"] for record in got.records] == ["O2"]
    assert got.reasons == [
        (4, "not-a-number", "quantity"),
        (2, "order-held", "order_id"),
        (5, "order-held", "order_id"),
    ]
    assert "line 4" in got.bad[1].detail
    assert got.bad[1].raw == "O1,A,2"
    assert got.summary is not None
    assert (got.summary.quarantined, got.summary.held, got.summary.orders_held) == (1, 2, 1)


async def test_skip_line_takes_the_rest_of_an_order() -> None:
    got = await read("order_id,sku,quantity\nO1,A,2\nO1,B,zero\n", on_bad_line="skip-line")
    assert got.records == [{"id": "O1", "lines": [{"sku": "A", "quantity": 2}]}]
    assert got.reasons == [(3, "not-a-number", "quantity")]


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        (",A,1,,,", "missing-value", "order_id"),
        ("O1,,1,,,", "missing-value", "sku"),
        ("O1,A,,,,", "missing-value", "quantity"),
        ("O1,A/B,1,,,", "bad-identifier", "sku"),  # a slash cannot stand in a path
        ("O1," + "A" * 129 + ",1,,,", "bad-identifier", "sku"),
        ("O1,A,0,,,", "out-of-range", "quantity"),
        ("O1,A,-3,,,", "out-of-range", "quantity"),
        ("O1,A,1000000001,,,", "out-of-range", "quantity"),
        ("O1,A,2.5,,,", "not-a-number", "quantity"),
        ("O1,A,1e3,,,", "not-a-number", "quantity"),
        ('O1,A,"1,000",,,', "not-a-number", "quantity"),
        ("O1,A,1,yesterday,,", "bad-timestamp", "released_at"),
        ("O1,A,1,2026-02-30T08:00:00Z,,", "bad-timestamp", "released_at"),
        ("O1,A,1,2026-03-01T08:00:00,,", "bad-timestamp", "released_at"),  # no offset, no time zone given
        ("O1,A,1,2026-03-02T08:00:00Z,2026-03-01T08:00:00Z,", "due-before-release", "due_at"),
        ("O1,A,1,,,10", "out-of-range", "priority"),
        ("O1,A,1,,", "wrong-field-count", ""),
        ("O1,A,1,,,,extra", "wrong-field-count", ""),
        ('O1,"A,1,,,', "unclosed-quote", ""),
        ("O1,A\x00,1,,,", "unreadable", ""),
    ],
)
async def test_a_bad_row_is_quarantined_with_reason_field_and_cure(row: str, reason: str, field: str) -> None:
    got = await read(HEAD + row + "\nO9,Z,1,,,\n")
    assert got.reasons == [(2, reason, field)]
    assert got.bad[0].detail
    assert got.bad[0].cure
    assert got.bad[0].raw.startswith(row[:20])
    assert [record["id"] for record in got.records] == ["O9"]


async def test_a_row_of_other_bytes_is_quarantined_and_its_order_held() -> None:
    text = b"order_id,sku,quantity,note\nO1,A,1,fine\n" + "O1,B,1,grün\n".encode("latin-1") + b"O2,A,1,x\n"
    got = await read(text)
    assert got.reasons == [(3, "undecodable", ""), (2, "order-held", "order_id")]
    assert "charset" in got.bad[0].cure
    assert [record["id"] for record in got.records] == ["O2"]
    declared = await read(text, encoding="latin-1")
    assert declared.bad == []


async def test_a_broken_row_whose_order_cannot_be_told_is_counted_as_such() -> None:
    got = await read("sku,order_id,quantity\nA,O1,1\nA;O2;1\n")
    assert got.reasons == [(3, "wrong-field-count", "")]
    assert got.summary is not None
    assert got.summary.unattributed == 1


async def test_instants_without_offset_are_read_in_the_given_time_zone() -> None:
    got = await read(HEAD + "O1,A,1,2026-07-01 09:00,,\n", timezone="Europe/Berlin")
    assert got.records[0]["released_at"] == "2026-07-01T07:00:00Z"  # summer time: UTC+2


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "pipe"), (",", "comma")])
async def test_the_delimiter_is_found_in_the_header(mark: str, name: str) -> None:
    text = f'order_id{mark}sku{mark}"qty, really"{mark}quantity\nO1{mark}A{mark}"x{mark}\ny"{mark}4\n'
    assert (await read(text)).records == (await read(text, delimiter=name)).records
    assert (await read(text)).records == [{"id": "O1", "lines": [{"sku": "A", "quantity": 4}]}]


async def test_columns_are_matched_by_synonym_by_spelling_and_by_the_callers_map() -> None:
    by_synonym = await read("\ufeffInvoiceNo,Stock Code,QTY,Customer\nO1,A,1,Anna\n".encode())
    assert by_synonym.records == [{"id": "O1", "lines": [{"sku": "A", "quantity": 1}]}]
    assert by_synonym.summary is not None
    assert by_synonym.summary.columns == {"order_id": "InvoiceNo", "sku": "Stock Code", "quantity": "QTY"}
    assert by_synonym.summary.ignored_columns == ["Customer"]
    by_map = await read("Beleg,Ware,Menge\nO1,A,1\n", columns={"order_id": "Beleg", "sku": "Ware", "quantity": "menge"})
    assert by_map.records == by_synonym.records


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("order_id,sku\nO1,A\n", {}, "'quantity' is missing"),
        ("a,b\n1,2\n", {}, "'order_id' is missing"),
        ("order_id,sku,quantity\nO1,A,1\n", {"columns": {"sku": "Artikel"}}, "'Artikel', which is not in the header"),
        ("order_id,sku,quantity\nO1,A,1\n", {"columns": {"colour": "sku"}}, "'colour' is not a field"),
        ("order_id,item,article,quantity\nO1,A,B,1\n", {}, "several columns could be 'sku'"),
        ("order_id,sku,quantity\n", {}, "no rows"),
        ("", {}, "no header"),
        ("\n\n\n", {}, "no header"),
        ('order_id,"sku,quantity\n', {}, "no header"),
        ("sku,location,qty\nA,B,1\n", {"kind": "items", "columns": {"name": "nope"}}, "'nope'"),
    ],
)
async def test_a_wrong_structure_is_refused_with_its_cure(text: str, options: dict[str, object], told: str) -> None:
    with pytest.raises(ProblemError, match=told):
        await read(text, **options)


async def test_every_missing_column_is_named_at_once() -> None:
    with pytest.raises(ProblemError) as caught:
        await read("customer\nAnna\n")
    assert [fault.detail.split("'")[1] for fault in caught.value.errors] == ["order_id", "sku", "quantity"]
    assert caught.value.extra["header"] == ["customer"]


@pytest.mark.parametrize("size", [1, 7, 64, 65_536])
async def test_the_size_of_the_chunks_changes_nothing(size: int) -> None:
    text = 'order_id,sku,quantity,note\r\nO1,A,1,"two\r\nlines, ""quoted"""\r\nO2,B,x,\r\nO3,C,2,grün\r\n'
    got = await read(text, size=size)
    assert [record["id"] for record in got.records] == ["O1", "O3"]
    assert got.reasons == [(4, "not-a-number", "quantity")]


async def test_items_are_read_with_their_gtin_checked_and_contradictions_quarantined() -> None:
    got = await read(
        "sku,name,length_mm,weight,tags,ean\n"
        "A,Mug,120,350,fragile; gift,4006381333931\n"
        "A,Mug,120,350,gift;fragile,4006381333931\n"  # the same again, tags in another order
        "A,Cup,120,350,,\n"
        "B,Pen,,,,4006381333932\n"
        "C,,0,,,\n",
        kind="items",
    )
    assert got.records == [
        {
            "sku": "A",
            "name": "Mug",
            "length_mm": 120,
            "weight_g": 350,
            "attributes": ["fragile", "gift"],
            "gtin": "4006381333931",
        }
    ]
    assert got.reasons == [
        (4, "conflicting-item", "attributes"),
        (5, "bad-check-digit", "gtin"),
        (6, "out-of-range", "length_mm"),
    ]
    assert got.summary is not None
    assert got.summary.repeated == 1


async def test_stock_rows_of_one_place_are_summed_and_zero_is_a_quantity() -> None:
    got = await read("sku,bin,on_hand\nA,A01-L-001-1,4\nA,A01-L-001-1,6\nB,A01-L-002-1,0\nB,,1\n", kind="stock")
    assert got.records == [
        {"sku": "A", "location": "A01-L-001-1", "quantity": 10},
        {"sku": "B", "location": "A01-L-002-1", "quantity": 0},
    ]
    assert got.reasons == [(5, "missing-value", "location")]


async def test_a_file_where_nearly_everything_is_bad_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_connector, "MAX_BAD_ROWS", 3)
    with pytest.raises(ProblemError, match=r"more than 3 rows are bad .*line 2"):
        await read("order_id,sku,quantity\n" + "x,y\n" * 10)


async def test_a_file_of_too_many_rows_or_for_too_little_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_connector, "MAX_ROWS", 2)
    with pytest.raises(ProblemError, match="more than 2 rows"):
        await read("order_id,sku,quantity\nO1,A,1\nO1,B,1\nO1,C,1\n")
    monkeypatch.setattr(limits, "memory_left_mb", lambda: 0.0)
    with pytest.raises(ProblemError, match="memory"):
        await read("order_id,sku,quantity\nO1,A,1\n")


@pytest.mark.skipif(not REAL.exists(), reason="the real order lines are not beside the project")
async def test_the_real_order_lines_are_read_whole() -> None:
    """438 orders and 9,835 rows, says the data's description; 344 rows repeat a SKU within their order."""
    got = await read(REAL.read_bytes())
    assert got.summary is not None
    assert (got.summary.records, got.summary.rows_read, got.summary.quarantined) == (438, 9835, 0)
    assert got.summary.lines == 9835 - 344 == 9835 - got.summary.merged
