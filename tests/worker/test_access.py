"""One function decides who may do what, and no route is served without it."""

from __future__ import annotations

import pytest

from contracts.errors import ProblemError
from worker.auth.access import authorize
from worker.call import Principal
from worker.routing import Route


def route(role: str) -> Route:
    return Route("GET", "/x", None, role, 1, None, None, {200: None}, (), "t", "s")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", {"public", "viewer"}),
        ("operator", {"public", "viewer", "operator"}),
        ("agent", {"public", "viewer", "operator", "agent"}),
        ("admin", {"public", "viewer", "operator", "agent", "admin"}),
        ("root", set()),  # a role that nobody knows gets nothing
    ],
)
def test_a_role_reaches_its_routes_and_no_other(role: str, allowed: set[str]) -> None:
    for wanted in ("public", "viewer", "operator", "agent", "admin"):
        if wanted in allowed:
            authorize(Principal("acme", "x", role), route(wanted), {})
        else:
            with pytest.raises(ProblemError, match="needs the role"):
                authorize(Principal("acme", "x", role), route(wanted), {})


def test_a_principal_of_one_warehouse_does_not_reach_another() -> None:
    who = Principal("acme", "x", "admin", frozenset({"berlin"}))
    authorize(who, route("viewer"), {"warehouse_id": "berlin"})
    with pytest.raises(ProblemError, match="do not reach"):
        authorize(who, route("viewer"), {"warehouse_id": "paris"})
