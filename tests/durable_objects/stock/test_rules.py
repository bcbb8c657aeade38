"""Each rule that refuses an operation, alone, with its arithmetic."""

from __future__ import annotations

from typing import Any

import pytest

from durable_objects.stock import program
from durable_objects.stock.posting import LinesRefused, Refused
from local.sqlite import LocalSql
from tests.durable_objects.stock.zones import HERE, THERE, differences, line, new_zone, run, state

TEN = ({"sku": "apple", "location": HERE, "quantity": 10},)


def refused(sql: LocalSql, *lines: dict[str, Any]) -> Refused:
    """The one line that is refused; nothing has changed."""
    before = sql.rows("SELECT * FROM stock ORDER BY location, sku"), sql.rows("SELECT count(*) FROM ledger")
    with pytest.raises(LinesRefused) as caught:
        run(sql, *lines)
    assert (sql.rows("SELECT * FROM stock ORDER BY location, sku"), sql.rows("SELECT count(*) FROM ledger")) == before
    assert sql.rows("SELECT count(*) FROM movement") == [[0]]
    assert len(caught.value.refused) == 1
    return caught.value.refused[0]


def test_an_unknown_location_is_refused() -> None:
    assert refused(new_zone(), line("receive", 1, location="nowhere")).fault == "unknown-location"


def test_an_unknown_sku_is_refused() -> None:
    assert refused(new_zone(), line("receive", 1, sku="fig")).fault == "unknown-sku"


def test_a_version_that_is_not_the_lines_own_is_refused_and_told() -> None:
    sql = new_zone(stock=TEN)
    found = refused(sql, line("adjust", 1, version=0))
    assert (found.fault, found.code, found.version) == ("version", "version-conflict", 1)
    run(sql, line("adjust", 1, version=1))
    assert state(sql) == (11, 0, 2)


def test_within_a_call_a_version_counts_the_lines_before() -> None:
    sql = new_zone(stock=TEN)
    run(sql, line("adjust", 1, version=1), line("adjust", 1, version=2))
    assert refused(sql, line("adjust", 1, version=3), line("adjust", 1, version=3)).line == 1


def test_more_cannot_leave_than_lies_there() -> None:
    sql = new_zone(stock=TEN)
    for lines in ([line("pick", 11)], [line("adjust", -11)], [line("transfer", 11, to=THERE)]):
        assert refused(sql, *lines).fault == "below-zero"
    run(sql, line("pick", 10))
    assert state(sql) == (0, 0, 2)


def test_what_is_reserved_cannot_leave_for_somebody_else() -> None:
    # 10 lie there, 7 of them reserved: 3 are available
    sql = new_zone(stock=TEN)
    run(sql, line("reserve", 7, reference="a"))
    for lines in ([line("pick", 4)], [line("adjust", -4)], [line("transfer", 4, to=THERE)], [line("count", 6)]):
        assert refused(sql, *lines).fault == "reserved"
    run(sql, line("count", 7), line("adjust", 1), line("pick", 1))
    assert state(sql)[:2] == (7, 7)


def test_more_cannot_be_reserved_than_is_available() -> None:
    sql = new_zone(stock=TEN)
    run(sql, line("reserve", 7, reference="a"))
    assert refused(sql, line("reserve", 4, reference="b")).fault == "nothing-to-reserve"
    run(sql, line("reserve", 3, reference="b"))
    assert state(sql)[:2] == (10, 10)


def test_a_reservation_can_only_be_used_by_its_reference_and_up_to_its_size() -> None:
    sql = new_zone(stock=TEN)
    run(sql, line("reserve", 7, reference="a"), line("reserve", 2, reference="b"))
    for lines in (
        [line("release", 3, reference="b")],
        [line("pick", 3, reference="b", reserved=True)],
        [line("release", 1)],
    ):
        assert refused(sql, *lines).fault == "not-reserved"
    run(sql, line("pick", 5, reference="a", reserved=True), line("release", 2, reference="b"))
    # 10 - 5 lie there; 7 - 5 + 2 - 2 are reserved
    assert state(sql)[:2] == (5, 2)
    assert differences(sql) == []


def test_a_zone_that_allows_it_goes_below_zero_but_does_not_reserve_what_is_not_there() -> None:
    sql = new_zone(stock=TEN, allow_negative=True)
    run(sql, line("pick", 12))
    assert state(sql)[0] == -2
    assert refused(sql, line("reserve", 1)).fault == "nothing-to-reserve"
    run(sql, line("receive", 5), line("reserve", 3))
    assert state(sql)[:2] == (3, 3)
    assert differences(sql) == []


def test_a_location_bears_its_weight_limit_and_no_more() -> None:
    # an apple weighs 100 g, a pear 200 g; 10 apples are there; 1,400 g may be
    sql = new_zone({"max_weight_g": 1400}, TEN)
    found = refused(sql, line("receive", 3, sku="pear"))
    assert (found.fault, found.code) == ("weight", "capacity-exceeded")
    run(sql, line("receive", 2, sku="pear"))
    assert refused(sql, line("receive", 1)).fault == "weight"
    assert refused(sql, line("adjust", 1)).fault == "weight"
    assert differences(sql) == []


def test_lines_of_one_call_share_a_locations_limit() -> None:
    # 10 apples are there and 12 may be: after 1 more and 2 fewer, 3 more make 12; one more is too many
    sql = new_zone({"max_weight_g": 1200}, TEN)
    run(sql, line("receive", 1), line("pick", 2), line("receive", 3))
    assert refused(sql, line("pick", 1), line("receive", 1), line("receive", 1)).line == 2


def test_a_location_holds_its_volume_limit_and_no_more() -> None:
    # an apple has 80 mm x 80 mm x 80 mm = 512,000 mm3
    sql = new_zone({"max_volume_mm3": 12 * 512_000}, TEN)
    assert refused(sql, line("receive", 3)).fault == "volume"
    run(sql, line("receive", 2), line("receive", 1000, sku="idea"))  # without measures: it counts as nothing
    assert differences(sql) == []


def test_an_item_must_fit_in_some_rotation() -> None:
    # a pear has 60 x 60 x 120 mm; a location of 130 x 70 x 65 mm takes it lying, one of 110 mm does not
    sql = new_zone({"width_mm": 130, "depth_mm": 70, "height_mm": 65})
    run(sql, line("receive", 1, sku="pear"))
    assert refused(sql, line("receive", 1)).fault == "size"  # an apple is 80 mm high, however it is turned
    assert (
        refused(new_zone({"width_mm": 110, "depth_mm": 110, "height_mm": 110}), line("receive", 1, sku="pear")).fault
        == "size"
    )
    run(new_zone({"height_mm": 60}), line("receive", 1, sku="pear"))  # the other sides are open
    assert refused(new_zone({"height_mm": 59}), line("receive", 1, sku="pear")).fault == "size"


def test_a_count_says_what_is_there_whatever_the_limits() -> None:
    sql = new_zone({"max_weight_g": 1000}, TEN)
    run(sql, line("count", 25))
    assert refused(sql, line("receive", 1)).fault == "weight"
    run(sql, line("pick", 5))
    assert state(sql) == (20, 0, 3)
    assert differences(sql) == []


def test_a_line_has_a_largest_quantity() -> None:
    sql = new_zone()
    for _ in range(10):
        run(sql, *[line("receive", 1_000_000_000)] * 100)
    assert refused(sql, line("receive", 1)).fault == "too-many"


def test_both_ends_of_a_transfer_move_or_neither() -> None:
    sql = new_zone({"max_weight_g": 1000}, TEN)
    run(sql, line("receive", 4, location=THERE, sku="pear"))
    # 800 g lie there: two apples of 100 g fit, three do not
    found = refused(sql, line("transfer", 3, to=THERE))
    assert (found.fault, found.part, found.location) == ("weight", 1, THERE)
    assert refused(sql, line("transfer", 1, to="nowhere")).fault == "unknown-location"
    assert refused(sql, line("transfer", 1, to=THERE, to_version=5)).fault == "version"
    run(sql, line("transfer", 2, to=THERE, version=1, to_version=0))
    assert (state(sql), state(sql, THERE)) == ((8, 0, 2), (2, 0, 1))
    assert differences(sql) == []


def test_in_a_partial_call_a_refused_line_has_no_effect_on_the_next() -> None:
    sql = new_zone(stock=TEN)
    done = run(
        sql, line("pick", 11), line("pick", 10), line("pick", 1), line("receive", 1), line("pick", 1), partial=True
    )
    assert (done.applied, done.refused) == (3, 2)
    assert state(sql) == (0, 0, 4)
    assert sql.rows("SELECT line, code FROM refusal ORDER BY line") == [
        [0, "insufficient-stock"],
        [2, "insufficient-stock"],
    ]


def test_the_rules_are_written_once_and_again_when_they_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = new_zone()
    assert program.install(sql) is False
    monkeypatch.setattr(program, "_MARK", "-- program of another release")
    assert program.install(sql) is True
    assert program.install(sql) is False
    run(sql, line("receive", 1))
