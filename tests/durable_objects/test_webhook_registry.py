import pytest

from contracts.errors import ProblemError
from durable_objects.sqlite import migrate
from durable_objects.state import webhooks
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
