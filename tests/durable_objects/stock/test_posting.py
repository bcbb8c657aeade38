import json

from contracts.events import known_type
from durable_objects.stock import answers, outbox, reading
from durable_objects.stock.books import EVENT_TYPES
from tests.durable_objects.stock.zones import HERE, THERE, differences, line, new_zone, run, state


def test_every_operation_leaves_one_ledger_row_with_what_moved_and_how_the_line_stood_afterwards() -> None:
    sql = new_zone()
    run(
        sql,
        line("receive", 10, reference="delivery-7"),
        line("reserve", 4, reference="order-1"),
        line("pick", 3, reference="order-1", reserved=True),
        line("release", 1, reference="order-1"),
        line("adjust", -1, reference="damaged"),
        line("transfer", 2, to=THERE),
        line("count", 4),
    )
    rows = reading.ledger(sql, 0, 100)
    names = ("sequence", "op", "location", "delta", "reserved_delta", "quantity", "reserved", "version", "reference")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (1, "receive", HERE, 10, 0, 10, 0, 1, "delivery-7"),
        (2, "reserve", HERE, 0, 4, 10, 4, 2, "order-1"),
        (3, "pick", HERE, -3, -3, 7, 1, 3, "order-1"),
        (4, "release", HERE, 0, -1, 7, 0, 4, "order-1"),
        (5, "adjust", HERE, -1, 0, 6, 0, 5, "damaged"),
        (6, "transfer", HERE, -2, 0, 4, 0, 6, ""),
        (7, "transfer", THERE, 2, 0, 2, 0, 1, ""),
        (8, "count", HERE, 0, 0, 4, 0, 7, ""),
    ]
    assert {row["author"] for row in rows} == {"tester"}
    assert differences(sql) == []


def test_totals_follow_without_counting_again() -> None:
    sql = new_zone()
    run(sql, line("receive", 10), line("receive", 5, sku="pear"), line("reserve", 2), line("pick", 5, sku="pear"))
    run(sql, line("transfer", 8, to=THERE))
    # 10 apples at two locations, 2 of them reserved; the pears are gone
    assert outbox.totals(sql) == {
        "stock_lines": 2,
        "stock_quantity": 10,
        "reserved_quantity": 2,
        "in_transit_quantity": 0,
    }


def test_events_carry_every_line_in_parts_and_are_numbered_without_a_gap() -> None:
    sql = new_zone()
    run(sql, *[line("receive", 1)] * 450, line("count", 7))
    news, _, texts = str(outbox.batch(sql, "main")).partition("\n")
    events = json.loads(texts)
    assert [(event["type"], len(event["data"]["lines"])) for event in events] == [
        ("stock.received", 200),
        ("stock.received", 200),
        ("stock.received", 50),
        ("stock.counted", 1),
    ]
    told = json.loads(news)
    assert (told["zone"], told["first"], told["count"], told["totals"]["stock_quantity"]) == ("main", 1, 4, 7)
    versions = [entry["version"] for event in events for entry in event["data"]["lines"]]
    assert versions == list(range(1, 452))
    outbox.taken(sql, 3)
    assert json.loads(str(outbox.batch(sql, "main")).partition("\n")[0])["first"] == 4
    outbox.taken(sql, 4)
    assert outbox.batch(sql, "main") is None


def test_a_batch_of_events_is_bounded_in_size_and_loses_none() -> None:
    sql = new_zone(bays=50)
    places = [row[0] for row in sql.rows("SELECT id FROM location")]
    for _ in range(30):
        run(sql, *[line("receive", 1, location=places[n % 100], reference="r" * 100) for n in range(200)])
    seen, batches = 0, 0
    while (batch := outbox.batch(sql, "main")) is not None:
        assert len(batch) < 500_000
        told = json.loads(batch.partition("\n")[0])
        assert told["first"] == seen + 1
        seen += told["count"]
        batches += 1
        outbox.taken(sql, seen)
    assert (seen, batches > 1) == (30, True)


def test_the_first_answer_is_the_same_bytes_as_a_later_one() -> None:
    sql = new_zone()
    for lines in (
        [line("receive", 5)],
        [line("reserve", 2, reference="a"), line("transfer", 2, to=THERE), line("count", 7)],
        [line("receive", 1, sku="idea")] * 5000,  # longer than one part
    ):
        done = run(sql, *lines)
        assert answers.latest_text(sql) == answers.posting_text(sql, done.id)


def test_the_answer_is_the_same_bytes_whenever_it_is_made() -> None:
    sql = new_zone()
    done = run(sql, line("receive", 5), line("pick", 9), line("transfer", 2, to=THERE), line("pick", 3), partial=True)
    first = answers.posting_text(sql, done.id)
    assert [entry["quantity"] for entry in json.loads(first)["lines"]] == [5, 5, 3, 0]
    assert json.loads(first)["lines"][2]["to"] == {"quantity": 2, "reserved": 0, "version": 1}
    run(sql, line("receive", 50))
    assert answers.posting_text(sql, done.id) == first


def test_an_answer_of_many_parts_keeps_the_order_of_the_lines() -> None:
    sql = new_zone()
    lines = [line("transfer", 1, to=THERE) if n % 3 == 2 else line("receive", 1) for n in range(9000)]
    done = run(sql, *lines)
    outcomes = json.loads(answers.posting_text(sql, done.id))["lines"]
    # after n + 1 lines, (n + 1) // 3 have been transfers, each of which takes one away
    assert [entry["quantity"] for entry in outcomes] == [n + 1 - 2 * ((n + 1) // 3) for n in range(9000)]
    assert [n for n, entry in enumerate(outcomes) if "to" in entry] == list(range(2, 9000, 3))


def test_positions_for_the_optimizer_hold_what_is_available() -> None:
    sql = new_zone(
        stock=[{"sku": "apple", "location": HERE, "quantity": 10}, {"sku": "pear", "location": HERE, "quantity": 2}]
    )
    run(sql, line("reserve", 4), line("reserve", 2, sku="pear"), line("receive", 1, location=THERE))
    assert json.loads(f"[{reading.positions_text(sql)}]") == [
        {"sku": "apple", "location": HERE, "quantity": 6},
        {"sku": "apple", "location": THERE, "quantity": 1},
    ]


def test_lines_come_page_by_page_without_loss_or_repeat() -> None:
    sql = new_zone()
    run(
        sql,
        *[
            line("receive", n + 1, location=place, sku=sku)
            for n, (place, sku) in enumerate([(HERE, "apple"), (HERE, "pear"), (THERE, "apple")])
        ],
    )
    first = reading.lines(sql, "main", None, 2)
    rest = reading.lines(sql, "main", (first[-1]["location"], first[-1]["sku"]), 2)
    assert [(entry["location"], entry["sku"], entry["quantity"]) for entry in first + rest] == [
        (HERE, "apple", 1),
        (HERE, "pear", 2),
        (THERE, "apple", 3),
    ]
    run(sql, line("pick", 1))
    assert state(sql) == (0, 0, 2)
    assert len(reading.lines(sql, "main", None, 9)) == 2
    assert len(reading.lines(sql, "main", None, 9, empty=True)) == 3


def test_every_event_of_a_zone_is_in_the_catalogue() -> None:
    told = [*EVENT_TYPES.values(), "transfer.started", "transfer.completed", "transfer.refused"]
    assert [name for name in told if not known_type(name)] == []
