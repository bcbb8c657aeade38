"""What a container may reach. The process engine cannot hold programs to it, so the proxy is asked itself."""

from __future__ import annotations

import pytest

from tests.edge.container.world import Refused, World


def test_a_fenced_container_starts_with_its_rules_told_to_the_platform(world: World) -> None:
    box = world.box("fenced")
    assert box.get("/").status_code == 200


def test_denied_hosts_and_hosts_that_are_not_allowed_get_520_and_handlers_answer_for_theirs(world: World) -> None:
    box = world.box("fenced")
    assert box.call("reach", "http://bad.good.test/") == [520, "Origin is disallowed"]
    assert box.call("reach", "http://elsewhere.test/") == [520, "Origin is disallowed"]
    assert box.call("reach", "http://api.good.test/") == [200, "handled for Playground"]


def test_lists_changed_at_run_time_take_effect_and_are_kept(world: World) -> None:
    box = world.box("fenced")
    box.call("deny_host", "api.good.test")
    assert box.call("reach", "http://api.good.test/")[0] == 520
    box.call("remove_denied_host", "api.good.test")
    assert box.call("reach", "http://api.good.test/")[0] == 200
    box.call("set_allowed_hosts", ["other.test"])
    assert box.call("reach", "http://api.good.test/")[0] == 520


def test_a_handler_set_at_run_time_answers_before_the_one_of_the_class_and_is_given_its_params(world: World) -> None:
    box = world.box("routed")
    assert box.call("reach", "http://api.good.test/") == [200, "handled for Playground"]
    box.call("set_outbound_by_host", "api.good.test", "answer_with_params", {"tenant": "acme"})
    assert box.call("reach", "http://api.good.test/") == [200, '{"tenant": "acme"}']
    box.call("remove_outbound_by_host", "api.good.test")
    assert box.call("reach", "http://api.good.test/") == [200, "handled for Playground"]


def test_all_handlers_of_single_hosts_can_be_replaced_at_once(world: World) -> None:
    box = world.box("routed")
    handlers = {"one.test": "answer_for_the_outside", "*.two.test": {"method": "answer_with_params", "params": 2}}
    box.call("set_outbound_by_hosts", handlers)
    assert box.call("reach", "http://one.test/") == [200, "handled for Playground"]
    assert box.call("reach", "http://a.two.test/") == [200, "2"]


def test_a_handler_for_all_other_hosts_can_be_set_at_run_time_and_the_lists_still_rule(world: World) -> None:
    box = world.box("fenced")
    box.call("set_outbound_handler", "answer_with_params", "everything")
    assert box.call("reach", "http://other.good.test/") == [200, '"everything"']
    assert box.call("reach", "http://api.good.test/") == [200, "handled for Playground"]
    assert box.call("reach", "http://bad.good.test/")[0] == 520
    assert box.call("reach", "http://elsewhere.test/")[0] == 520


@pytest.mark.parametrize("name", ["no_such_handler", "destroy", "journal", ""])
def test_only_a_static_method_of_the_class_can_be_a_handler(world: World, name: str) -> None:
    box = world.box("routed")
    with pytest.raises(Refused, match="no static method"):
        box.call("set_outbound_by_host", "api.good.test", name)
    assert box.call("reach", "http://api.good.test/") == [200, "handled for Playground"]


def test_handlers_for_hosts_named_in_full_leave_all_other_traffic_alone(world: World) -> None:
    box = world.box("routed")
    assert box.get("/").status_code == 200
    assert box.call("intercepted") == ["api.good.test"]


def test_lists_need_all_traffic_to_be_looked_at(world: World) -> None:
    box = world.box("fenced")
    assert box.get("/").status_code == 200
    assert box.call("intercepted") == []
