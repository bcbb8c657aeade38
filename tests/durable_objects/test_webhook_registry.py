import pytest

from contracts.errors import ProblemError
from durable_objects.sqlite import migrate
from durable_objects.state import deliveries, webhooks
from local.sqlite import LocalSql
from tests.durable_objects.warehouses import NOW


def registry() -> LocalSql:
    sql = LocalSql()
    migrate(sql, webhooks.MIGRATIONS)
    return sql


def test_a_webhooks_secret_is_shown_by_no_list() -> None:
    sql = registry()
    wish = {"url": "https://a.example/x", "types": ["orders"], "warehouses": ["north"]}
    shown = webhooks.create(sql, wish, "wh_1", "whsec_x", NOW)
    assert (shown["types"], shown["warehouses"], shown["zones"], shown["active"]) == (["orders"], ["north"], [], True)
    assert "whsec_x" not in str(shown) + str(webhooks.page(sql, 0, 10)) + str(webhooks.active(sql))
    assert webhooks.target(sql, "wh_1") == {"url": "https://a.example/x", "secret": "whsec_x"}


def test_failures_count_until_a_success_and_a_receiver_that_is_gone_is_called_no_more() -> None:
    sql = registry()
    webhooks.create(sql, {"url": "https://a.example"}, "wh_1", "s", NOW)
    for _ in range(2):
        webhooks.attempted(sql, {"id": "wh_1", "ok": False, "status": 500, "error": "answered 500"}, NOW)
    assert webhooks.one(sql, "wh_1")["failing"] == 2
    webhooks.attempted(sql, {"id": "wh_1", "ok": True, "status": 204}, NOW)
    assert [webhooks.one(sql, "wh_1")[key] for key in ("failing", "delivered", "last_status")] == [0, 1, 204]
    webhooks.attempted(sql, {"id": "wh_1", "ok": False, "status": 410, "gone": True}, NOW)
    assert webhooks.active(sql) == []
    assert webhooks.target(sql, "wh_1") is None


def test_the_same_dead_letter_twice_counts_once() -> None:
    sql = registry()
    webhooks.create(sql, {"url": "https://a.example"}, "wh_1", "s", NOW)
    for message in ("m1", "m1", "m2"):
        webhooks.dead(sql, "wh_1", message)
    assert webhooks.one(sql, "wh_1")["dead"] == 2


def test_pages_leave_none_out_and_a_deleted_webhook_is_gone() -> None:
    sql = registry()
    for number in range(5):
        webhooks.create(sql, {"url": "https://a.example"}, f"wh_{number}", "s", NOW)
    webhooks.delete(sql, "wh_1")
    first = webhooks.page(sql, 0, 2)
    assert [shown["id"] for shown in first["items"]] == ["wh_0", "wh_2"]
    assert first["next"]
    with pytest.raises(ProblemError, match="no webhook"):
        webhooks.delete(sql, "wh_1")


def test_a_tenant_has_a_bounded_number_of_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 1)
    sql = registry()
    webhooks.create(sql, {"url": "https://a.example"}, "wh_1", "s", NOW)
    with pytest.raises(ProblemError) as caught:
        webhooks.create(sql, {"url": "https://a.example"}, "wh_2", "s", NOW)
    assert caught.value.code == "conflict"


PAUSE = 900_000


def expected(sql: LocalSql, *names: str, now: int = NOW) -> list[str]:
    wishes = [{"id": name, "webhook": "wh_1", "body": f'{{"n":"{name}"}}'} for name in names]
    return deliveries.expect(sql, wishes, now, PAUSE)


def test_a_batch_that_comes_twice_makes_each_delivery_once_also_when_it_has_arrived_long_ago() -> None:
    sql = registry()
    assert expected(sql, "a", "b") == ["a", "b"]
    assert expected(sql, "b", "c") == ["c"]
    deliveries.settle(sql, "a", NOW)
    assert not deliveries.is_open(sql, "a")
    assert expected(sql, "a", now=NOW + 86_400_000) == []
    assert not deliveries.is_open(sql, "a")
    assert not deliveries.is_open(sql, "never heard of")


def test_a_delivery_of_which_nothing_is_heard_is_sent_again_later_and_later_until_it_is_settled() -> None:
    sql = registry()
    expected(sql, "a")
    now, pauses = NOW, []
    for _ in range(6):
        due = deliveries.next_due(sql)
        assert due is not None
        assert deliveries.overdue(sql, due - 1) == []
        assert deliveries.overdue(sql, due) == [("a", '{"n":"a"}')]
        pauses.append((due - now) // 1000)
        now = due
        deliveries.repeated(sql, "a", now, PAUSE)
    assert pauses == [900, 1800, 3600, 7200, 14_400, 21_600]
    deliveries.settle(sql, "a", now)
    assert deliveries.overdue(sql, now + 86_400_000) == []


def test_a_delivery_that_the_queue_will_try_again_is_left_to_it_and_a_late_word_opens_nothing_again() -> None:
    sql = registry()
    expected(sql, "a")
    deliveries.expect_again(sql, "a", NOW + 5 * PAUSE)
    assert deliveries.overdue(sql, NOW + 4 * PAUSE) == []
    deliveries.settle(sql, "a", NOW)
    deliveries.expect_again(sql, "a", NOW + 1)
    deliveries.repeated(sql, "a", NOW, PAUSE)
    assert deliveries.overdue(sql, NOW + deliveries.KEPT_MS) == []
    deliveries.sweep(sql, NOW + deliveries.KEPT_MS)
    assert deliveries.next_due(sql) is None


def test_deliveries_end_with_their_webhook() -> None:
    sql = registry()
    webhooks.create(sql, {"url": "https://a.example"}, "wh_1", "s", NOW)
    expected(sql, "a", "b")
    webhooks.delete(sql, "wh_1")
    assert deliveries.next_due(sql) is None


def test_webhooks_of_version_1_are_kept() -> None:
    sql = LocalSql()
    migrate(sql, webhooks.MIGRATIONS[:1])
    webhooks.create(sql, {"url": "https://a.example"}, "wh_1", "s", NOW)
    assert migrate(sql, webhooks.MIGRATIONS) == 1
    assert webhooks.target(sql, "wh_1") == {"url": "https://a.example", "secret": "s"}
    assert expected(sql, "a") == ["a"]
