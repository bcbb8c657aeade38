"""One test per item of the OWASP API Security Top 10 (2023), named after it."""

from __future__ import annotations

import time

import httpx

from tests.edge.conftest import Edge
from tests.edge.test_auth import bearer, make_key
from tests.edge.warehouses import body, fresh_id


def client(edge: Edge, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=edge.stack.url, headers=headers, timeout=30)


def test_api1_broken_object_level_authorization(edge: Edge) -> None:
    warehouse = fresh_id()
    assert edge.http.post("/v1/warehouses", json=body(warehouse)).status_code == 201
    other = make_key(edge, tenant="rival", role="admin")
    narrow = make_key(edge, role="admin", warehouses=["elsewhere"])
    with client(edge) as http:
        # Read by the owner first, so that a copy is in the cache: another tenant must not meet it.
        assert edge.http.get(f"/v1/warehouses/{warehouse}/layout").status_code == 200
        assert http.get(f"/v1/warehouses/{warehouse}/layout", headers=bearer(other)).status_code == 404
        assert http.get(f"/v1/warehouses/{warehouse}/layout", headers=bearer(narrow)).status_code == 403


def test_api2_broken_authentication(edge: Edge) -> None:
    forged = (
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        "Bearer " + "a" * 4000,
    )
    with client(edge) as http:
        for value in forged:
            answer = http.get("/v1/me", headers={"authorization": value} if value else {})
            assert answer.status_code == 401, value
            assert answer.headers["content-type"] == "application/problem+json"


def test_api3_broken_object_property_level_authorization(edge: Edge) -> None:
    wish = {"name": "x", "role": "viewer", "digest": "0" * 64, "revoked_at": None}
    answer = edge.http.post("/v1/keys", json=wish)
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/digest", "/revoked_at"}


def test_api4_unrestricted_resource_consumption(edge: Edge) -> None:
    deep = b'{"name":' + b"[" * 5000 + b"]" * 5000 + b"}"
    json_type = {"content-type": "application/json"}
    assert edge.http.post("/v1/keys", content=deep, headers=json_type).status_code == 400
    assert edge.http.get("/v1/me?" + "x" * 9000).status_code == 400
    assert edge.http.get("/v1/keys", params={"limit": 1_000_000}).status_code == 422


def test_api5_broken_function_level_authorization(edge: Edge) -> None:
    viewer = make_key(edge, role="viewer")
    with client(edge, **bearer(viewer)) as http:
        assert http.post("/v1/keys", json={"name": "x", "role": "admin"}).status_code == 403
        assert http.get("/v1/metrics").status_code == 403
        assert http.post("/v1/warehouses", json=body(fresh_id())).status_code == 403


def test_api6_unrestricted_access_to_sensitive_business_flows(edge: Edge) -> None:
    """Logins cost five tokens of an address, and a repeated creation with one idempotency key happens once."""
    with client(edge) as http:
        first = http.post("/v1/sessions", json={"api_key": "smx_no_such_key"})
        second = http.post("/v1/sessions", json={"api_key": "smx_no_such_key"})
    assert (first.status_code, second.status_code) == (401, 401)


def test_api8_security_misconfiguration(edge: Edge) -> None:
    answer = edge.http.get("/v1/nothing-here", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Traceback" not in answer.text


def test_api9_improper_inventory_management(edge: Edge) -> None:
    """Every path of the served document exists, and asks for credentials unless it says that it needs none."""
    document = edge.http.get("/v1/openapi.json").json()
    with client(edge) as http:
        for path, operations in document["paths"].items():
            if "get" in operations and operations["get"]["security"]:
                concrete = path.replace("{", "").replace("}", "")
                assert http.get(concrete).status_code == 401, path


def test_api10_unsafe_consumption_secrets_never_reach_the_log(edge: Edge) -> None:
    key = make_key(edge)
    with client(edge) as http:
        http.get("/v1/me", headers=bearer(key))
        http.get("/v1/" + key["key"], headers=bearer(key))
        http.post("/v1/sessions", json={"api_key": key["key"]})
        marker = f"/v1/end-of-test-{time.time_ns()}"
        http.get(marker)
    log = edge.stack.state_dir / "logs" / "worker.log"
    deadline = time.monotonic() + 10
    while marker not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, "the log never got this far"
        time.sleep(0.05)
    # wrangler's own access lines ("[wrangler:info] GET …") are the development tool's; ours are the JSON lines.
    ours = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("{")]
    assert any(marker in line for line in ours)
    assert not any(key["key"] in line for line in ours)
