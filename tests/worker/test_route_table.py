"""No route escapes authorization and tenant checks: every route of the real table goes through the real gateway."""

from __future__ import annotations

from typing import Any

import pytest

PUBLIC = {"health", "openapi", "reference", "create_session"}


def target(route: Any) -> str:
    """A path of the route, its parameters filled in."""
    return route.path.replace("{warehouse_id}", "berlin").replace("*}", "}").replace("{", "x").replace("}", "x")


class Untouchable:
    """Bindings that may not be used: a request that is refused reaches no object, no KV and no R2."""

    ENVIRONMENT = "production"
    STOREMAX_SIGNING_KEY = "k" * 32

    def __getattr__(self, name: str) -> Any:
        if name.isupper() and name not in ("CACHE", "ACCESS_REGISTRY", "RATE_LIMITER") and "_" in name:
            return None
        raise AssertionError(f"a refused request used {name}")


def made(gateway: Any, route: Any, header: dict[str, str]) -> Any:
    from worker.call import ANONYMOUS, Call

    path = target(route)
    return Call(
        Untouchable(), None, None, ANONYMOUS, {}, "t", header=header, method=route.method, path=path, origin="https://x"
    )


async def refusal(gateway: Any, route: Any, header: dict[str, str]) -> str:
    from contracts.errors import ProblemError
    from worker.settings import Settings

    with pytest.raises(ProblemError) as caught:
        await gateway._answer(made(gateway, route, header), Settings(environment="production"))
    return caught.value.code


async def test_without_credentials_every_route_but_the_public_ones_is_401(gateway: Any) -> None:
    checked = 0
    for route in gateway.TABLE.routes:
        if route.role == "public":
            assert route.name in PUBLIC, f"{route.method} {route.path} is open to everybody: is that meant?"
            continue
        assert await refusal(gateway, route, {}) == "unauthenticated", route.path
        checked += 1
    assert checked > 20


async def test_a_role_below_the_routes_is_403_on_every_route(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.auth.access import GRANTS
    from worker.call import Principal

    for role in ("viewer", "operator", "agent", "nobody"):

        async def as_role(*_: Any, role: str = role, **__: Any) -> Principal:
            return Principal("acme", "x", role)

        monkeypatch.setattr(gateway, "authenticate", as_role)
        for route in gateway.TABLE.routes:
            if route.role != "public" and route.role not in GRANTS.get(role, frozenset()):
                assert await refusal(gateway, route, {}) == "forbidden", (role, route.path)


async def test_credentials_of_another_warehouse_are_403_on_every_route_of_a_warehouse(
    gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from worker.call import Principal

    async def narrow(*_: Any, **__: Any) -> Principal:
        return Principal("acme", "x", "admin", frozenset({"paris"}))

    monkeypatch.setattr(gateway, "authenticate", narrow)
    of_a_warehouse = [route for route in gateway.TABLE.routes if "{warehouse_id}" in route.path]
    assert len(of_a_warehouse) > 15
    for route in of_a_warehouse:
        assert await refusal(gateway, route, {}) == "forbidden", route.path


def test_every_unsafe_route_says_what_a_repeat_does_and_every_one_its_cost(gateway: Any) -> None:
    for route in gateway.TABLE.routes:
        assert route.cost >= 1 or route.role == "public", route.path
        if route.method in ("POST", "PUT", "PATCH", "DELETE"):
            assert route.idempotent in ("store", "sealed", "object")


def test_what_depends_on_who_asks_is_not_cached(gateway: Any) -> None:
    """A copy is shared by everybody of a tenant with the same role: nothing that shows the caller may be one."""
    for route in gateway.TABLE.routes:
        if route.cache is not None:
            assert route.role != "public"
            assert not route.path.startswith(("/v1/me", "/v1/sessions", "/v1/keys")), route.path
