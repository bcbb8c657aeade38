"""A zone's stock over HTTP, for tests."""

from __future__ import annotations

from typing import Any

import httpx

from tests.edge.conftest import Edge

APPLES, PEARS = "A01-L-001-1", "A03-R-002-1"  # 10 apples in zone fast, 20 pears in zone bulk; see tests.edge.warehouses
EMPTY = "A01-L-002-1"  # in zone fast


class Zone:
    """A zone of a warehouse, over HTTP."""

    def __init__(self, edge: Edge, warehouse: str, zone: str = "fast") -> None:
        self.http, self.path = edge.http, f"/v1/warehouses/{warehouse}/zones/{zone}"

    def post(self, *lines: dict[str, Any], key: str = "", **more: Any) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        return self.http.post(f"{self.path}/stock", json={"lines": list(lines), **more}, headers=headers)

    def operate(self, operation: dict[str, Any], location: str = APPLES, sku: str = "apple", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(f"{self.path}/stock/{location}/{sku}", json=operation, headers=named)

    def transfer(self, to_zone: str, *lines: dict[str, Any], key: str = "", **more: Any) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        body = {"to_zone": to_zone, "lines": list(lines), **more}
        return self.http.post(f"{self.path}/transfers", json=body, headers=headers)

    def line(self, location: str = APPLES, sku: str = "apple") -> dict[str, Any]:
        return dict(self.http.get(f"{self.path}/stock/{location}/{sku}").json())

    def state(self, location: str = APPLES, sku: str = "apple") -> tuple[int, int, int]:
        """quantity, reserved, version."""
        found = self.line(location, sku)
        return found["quantity"], found["reserved"], found["version"]

    def differences(self) -> list[Any]:
        """What the audit of the whole zone finds."""
        found = self.http.get(f"{self.path}/audit").json()
        assert found["next_cursor"] is None
        return list(found["differences"])


def line(op: str, amount: int, location: str = APPLES, sku: str = "apple", **more: Any) -> dict[str, Any]:
    return {"op": op, "location": location, "sku": sku, "delta" if op == "adjust" else "quantity": amount, **more}


def move(quantity: int, to: str, location: str = APPLES, sku: str = "apple") -> dict[str, Any]:
    return {"sku": sku, "location": location, "to": to, "quantity": quantity}
