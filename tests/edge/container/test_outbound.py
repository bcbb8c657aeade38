"""What a container may reach. The process engine cannot hold programs to it, so the proxy is asked itself."""

from __future__ import annotations

from tests.edge.container.world import World


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
