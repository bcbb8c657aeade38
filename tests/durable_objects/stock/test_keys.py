import pytest

from contracts.errors import ProblemError
from durable_objects.stock import keys
from durable_objects.stock.keys import HOUR_MS, KEPT_MS, Key
from tests.durable_objects.stock.zones import NOW, line, new_zone, run


def test_a_key_is_found_with_what_it_stands_for_and_refused_for_another_request() -> None:
    sql = new_zone()
    assert keys.find(sql, Key("k", "f")) is None
    keys.keep(sql, Key("k", "f"), NOW, posting=7)
    assert keys.find(sql, Key("k", "f")) == keys.Kept(7, None, None)
    with pytest.raises(ProblemError) as caught:
        keys.find(sql, Key("k", "other"))
    assert caught.value.code == "idempotency-key-reused"


def test_a_transfers_answer_is_added_when_there_is_one() -> None:
    sql = new_zone()
    keys.keep(sql, Key("k", "f"), NOW, transfer="t1")
    assert keys.find(sql, Key("k", "f")) == keys.Kept(None, "t1", None)
    keys.keep(sql, Key("k", "f"), NOW + 5, transfer="t1", answer="{}")
    assert keys.find(sql, Key("k", "f")) == keys.Kept(None, "t1", "{}")


def test_a_key_goes_with_its_change_when_that_is_rolled_back() -> None:
    sql = new_zone()

    def write() -> None:
        keys.keep(sql, Key("k", "f"), NOW, posting=1)
        raise RuntimeError("something after it failed")

    with pytest.raises(RuntimeError):
        sql.transaction(write)
    assert keys.find(sql, Key("k", "f")) is None


def test_keys_and_refusals_are_forgotten_after_a_day() -> None:
    sql = new_zone()
    run(sql, line("pick", 1), partial=True)
    keys.keep(sql, Key("k", "f"), NOW, posting=1)
    keys.sweep(sql, NOW + KEPT_MS)
    assert keys.any_kept(sql) and keys.find(sql, Key("k", "f")) is not None
    keys.sweep(sql, NOW + KEPT_MS + 1)
    assert not keys.any_kept(sql)


def test_of_too_many_keys_the_oldest_go_but_none_in_its_first_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 3)
    sql = new_zone()
    for n in range(5):
        keys.keep(sql, Key(f"k{n}", "f"), NOW + n, posting=n)

    def left() -> list[str]:
        return [row[0] for row in sql.rows("SELECT key FROM idempotency ORDER BY key")]

    keys.sweep(sql, NOW + HOUR_MS)
    assert left() == ["k0", "k1", "k2", "k3", "k4"]
    keys.sweep(sql, NOW + HOUR_MS + 1)
    assert left() == ["k1", "k2", "k3", "k4"]  # k1 is an hour old, not more
    keys.sweep(sql, NOW + HOUR_MS + 100)
    assert left() == ["k2", "k3", "k4"]
