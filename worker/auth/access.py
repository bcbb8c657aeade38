"""The one function that says whether a principal may use a route: tenant, role and warehouse. No route is served without it."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import ProblemError
from worker.call import Principal
from worker.routing import Route

# role of the principal → roles of routes that it may use. An agent acts for its tenant like an operator, and may call back.
GRANTS: dict[str, frozenset[str]] = {
    "public": frozenset({"public"}),
    "viewer": frozenset({"public", "viewer"}),
    "operator": frozenset({"public", "viewer", "operator"}),
    "agent": frozenset({"public", "viewer", "operator", "agent"}),
    "admin": frozenset({"public", "viewer", "operator", "agent", "admin"}),
}
INSTALLATION_TENANT = "default"  # of the bootstrap key, and of whoever runs the installation
_NOTHING: frozenset[str] = frozenset()


def authorize(principal: Principal, route: Route, params: Mapping[str, str]) -> None:
    """Raises ProblemError forbidden. Whatever an unknown role asks for is refused."""
    if route.role not in GRANTS.get(principal.role, _NOTHING):
        raise ProblemError("forbidden", f"this needs the role {route.role}; these credentials have {principal.role}")
    allowed = principal.warehouses
    if allowed is not None and route.role != "public":
        warehouse = params.get("warehouse_id")
        if warehouse is not None and warehouse not in allowed:
            raise ProblemError("forbidden", f"these credentials do not reach warehouse {warehouse!r}")


def require_installation(principal: Principal) -> None:
    """Raises ProblemError forbidden unless the principal speaks for the installation as a whole: what is told of all
    tenants together is for the bootstrap key and for admins of its tenant whose key is not bound to warehouses."""
    own = principal.tenant == INSTALLATION_TENANT and principal.role == "admin" and principal.warehouses is None
    if not (principal.platform or own):
        raise ProblemError("forbidden", f"this is for admins of the installation's own tenant, {INSTALLATION_TENANT!r}")
