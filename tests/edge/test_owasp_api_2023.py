"""One test or more per item of the OWASP API Security Top 10 (2023), named after it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.edge.conftest import Edge, until
from tests.edge.receiver import Receiver
from tests.edge.test_auth import bearer, make_key
from tests.edge.warehouses import body, create, fresh_id
from tests.fuzz import raw
from worker.events.target import fault_of
from worker.forwarding import lost_on_the_way_out

RANK = {"public": 0, "viewer": 1, "operator": 2, "agent": 3, "admin": 4}


def client(edge: Edge, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=edge.url, headers=headers, timeout=30)


def operations(edge: Edge) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of all that the served document tells."""
    for path, methods in edge.http.get("/v1/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def filled(path: str, **values: str) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda match: values.get(match[1], "x1"), path)


def test_api1_broken_object_level_authorization(edge: Edge) -> None:
    """No operation on a warehouse works for another tenant, or for a key of other warehouses; a copy in the cache neither."""
    warehouse = create(edge)
    assert edge.http.get(f"/v1/warehouses/{warehouse}/layout").status_code == 200  # now it is in the cache
    rival = make_key(edge, tenant="rival", role="admin")
    narrow = make_key(edge, role="admin", warehouses=["elsewhere"])
    tried = 0
    with client(edge) as http:
        for method, path, _ in operations(edge):
            if "{warehouse_id}" not in path:
                continue
            tried += 1
            target = filled(path, warehouse_id=warehouse)
            seen = http.request(
                method, target, headers={**bearer(narrow), "content-type": "application/json"}, content=b"{}"
            )
            assert seen.status_code == 403, f"{method} {path}: {seen.text}"
            other = http.request(
                method, target, headers={**bearer(rival), "content-type": "application/json"}, content=b"{}"
            )
            assert other.status_code in range(400, 500), f"{method} {path}: {other.text}"
            assert other.status_code != 403, "another tenant's warehouse does not exist for it"
    assert tried > 15


def test_api1_objects_without_a_warehouse_belong_to_their_tenant_too(edge: Edge) -> None:
    csv = {"content-type": "text/csv"}
    mine = {
        f"/v1/uploads/{edge.http.post('/v1/uploads', content=b'a,b', headers=csv).json()['id']}": "GET",
        f"/v1/keys/{make_key(edge)['id']}": "DELETE",
    }
    rival = make_key(edge, tenant="rival", role="admin")
    with client(edge, **bearer(rival)) as http:
        for path, method in mine.items():
            assert http.request(method, path).status_code == 404, path
        assert http.get("/v1/keys", params={"tenant": "default"}).status_code == 403


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
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_api2_no_operation_works_without_credentials_unless_it_says_so(edge: Edge) -> None:
    with client(edge) as http:
        for method, path, operation in operations(edge):
            if operation["x-role"] == "public":
                continue
            answer = http.request(method, filled(path))
            assert answer.status_code in (401, 429), f"{method} {path}: {answer.status_code}"


def test_api3_broken_object_property_level_authorization(edge: Edge) -> None:
    """What a client may not set is refused by name; what it may not see is not told."""
    wish = {"name": "x", "role": "viewer", "digest": "0" * 64, "revoked_at": None}
    answer = edge.http.post("/v1/keys", json=wish)
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/digest", "/revoked_at"}
    key = make_key(edge)
    listed = edge.http.get("/v1/keys", params={"limit": 1000}).text
    assert key["id"] in listed and key["key"] not in listed and "digest" not in listed


def test_api4_unrestricted_resource_consumption(edge: Edge) -> None:
    deep = b'{"name":' + b"[" * 5000 + b"]" * 5000 + b"}"
    json_type = {"content-type": "application/json"}
    assert edge.http.post("/v1/keys", content=deep, headers=json_type).status_code == 400
    assert edge.http.get("/v1/me?" + "x" * 9000).status_code == 400
    assert edge.http.get("/v1/keys", params={"limit": 1_000_000}).status_code == 422
    many = {"items": [{"sku": f"s{number}"} for number in range(10_001)]}
    assert edge.http.post(f"/v1/warehouses/{create(edge)}/items", json=many).status_code == 422
    assert "ratelimit-policy" in edge.http.get("/v1/me").headers


def test_api5_broken_function_level_authorization(edge: Edge) -> None:
    """Every operation refuses every role below its own."""
    keys = {role: make_key(edge, role=role) for role in ("viewer", "operator")}
    tried = 0
    with client(edge) as http:
        for method, path, operation in operations(edge):
            for role, key in keys.items():
                if RANK[operation["x-role"]] <= RANK[role]:
                    continue
                tried += 1
                answer = http.request(method, filled(path), headers=bearer(key))
                assert answer.status_code == 403, f"{method} {path} as {role}: {answer.status_code}"
    assert tried > 20


def test_api6_unrestricted_access_to_sensitive_business_flows(edge: Edge) -> None:
    """A login costs five times what another call costs; a creation repeated with its idempotency key happens once."""

    def left(answer: httpx.Response) -> int:
        return int(answer.headers["ratelimit"].partition("r=")[2].partition(";")[0])

    with client(edge) as http:
        before = left(http.get("/v1/openapi.json"))
        after = left(http.post("/v1/sessions", content=b"{}", headers={"content-type": "text/plain"}))
    assert before - after >= 3  # five, less what has flowed in meanwhile
    name = fresh_id()
    answers = [
        edge.http.post("/v1/warehouses", json=body(name), headers={"idempotency-key": f"owasp-{name}"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    "url",
    [
        "http://alerts.example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://metadata.google.internal/",
        "https://user@alerts.example.com/",
        "https://alerts.example.com:22/",
        "file:///etc/passwd",
    ],
)
def test_api7_server_side_request_forgery(url: str) -> None:
    """Webhooks and alerts are the only addresses that a client names: in production they must be public https."""
    assert fault_of(url, development=False) is not None
    assert fault_of("https://alerts.example.com/storemax", development=False) is None


def test_api7_an_address_cannot_lead_elsewhere_and_its_answer_is_not_shown(edge: Edge, receiver: Receiver) -> None:
    receiver.answers = [307]
    try:
        edge.http.put("/v1/alerts", json={"webhook": receiver.url})
        tried = edge.http.post("/v1/alerts/test")
        assert (tried.json()["ok"], tried.json()["status"]) == (False, 307)
        assert len(receiver.taken) == 1
        assert "elsewhere" not in tried.text
    finally:
        edge.http.put("/v1/alerts", json={})


def test_api8_security_misconfiguration(edge: Edge) -> None:
    """Every kind of answer carries the same protection, and none tells of the inside."""
    evil = {"origin": "https://evil.example"}
    answers = [
        edge.http.get("/v1/nothing-here", headers=evil),
        edge.http.get("/v1/me", headers=evil),
        edge.http.get("/v1/me", headers={**evil, "authorization": "Bearer x"}),
        edge.http.get("/v1/docs", headers=evil),
        edge.http.options("/v1/keys", headers={**evil, "access-control-request-method": "POST"}),
        edge.http.post("/v1/keys", content=b"{", headers={**evil, "content-type": "application/json"}),
        edge.http.get(f"/v1/warehouses/{create(edge)}/layout", headers=evil),
    ]
    for answer in answers:
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert "server" not in answer.headers and "x-powered-by" not in answer.headers
        assert "Traceback" not in answer.text and "/session/" not in answer.text


def test_api9_improper_inventory_management(edge: Edge) -> None:
    """Whatever is served stands in the document, under one version; other methods of its paths are refused."""
    paths: dict[str, set[str]] = {}
    for method, path, _ in operations(edge):
        paths.setdefault(path, set()).add(method)
    assert all(path.startswith("/v1/") or path == "/health" for path in paths)
    for path, methods in paths.items():
        told = edge.http.options(filled(path))
        allowed = {name.strip() for name in told.headers["allow"].split(",")} - {"OPTIONS", "HEAD"}
        assert allowed == methods, path
    for old in ("/v0/warehouses", "/v2/warehouses", "/warehouses", "/admin", "/debug", "/.env", "/v1/.git/config"):
        assert edge.http.get(old).status_code == 404, old


def test_api10_unsafe_consumption_of_apis(edge: Edge) -> None:
    """What agents and receivers answer is not believed: their cookies and policies stop here, their words are bounded."""
    lost = lost_on_the_way_out(None)
    assert {"set-cookie", "access-control-allow-origin", "content-security-policy", "clear-site-data"} <= set(lost)
    answer = edge.http.get("/v1/agents/sync/health", timeout=60)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers and "server" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    edge.http.post("/v1/agents/sync/sessions/pool-0/stop")


def test_planted_secrets_reach_neither_logs_nor_errors(edge: Edge, receiver: Receiver) -> None:
    key = make_key(edge, role="admin")
    made = edge.http.put("/v1/alerts", json={"webhook": receiver.url}).json()
    with client(edge) as http:
        login = http.post("/v1/sessions", json={"api_key": key["key"]})
    cookie = login.headers["set-cookie"].partition(";")[0]
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJub2JvZHkifQ.c2VjcmV0LXNpZ25hdHVyZQ"
    planted = [key["key"], made["secret"], cookie.partition("=")[2], token, edge.stack.admin_key]
    answers = []
    marker = fresh_id("end")
    with client(edge) as http:
        for secret in planted:
            answers += [
                http.get("/v1/me", headers={"authorization": f"Bearer {secret}x"}),
                http.get("/v1/me", headers={"authorization": f"Basic {secret}"}),
                http.get("/v1/nowhere/" + secret, headers=bearer(key)),
                http.get("/v1/keys?cursor=" + secret, headers=bearer(key)),
                http.post("/v1/sessions", json={"api_key": secret + "x"}),
                http.post("/v1/keys", json={"name": "x", "role": secret}, headers=bearer(key)),
                http.get("/v1/me", headers={"cookie": f"smx_session={secret}", "x-deadline": secret}),
            ]
        http.get(f"/v1/{marker}")
    edge.http.post("/v1/alerts/test")
    edge.http.put("/v1/alerts", json={})
    log = edge.stack.state_dir / "logs" / "worker.log"
    until(lambda: marker in log.read_text(errors="replace"), what="the end of the log")
    # wrangler's own access lines ("[wrangler:info] GET …") are the development tool's; ours are the JSON lines.
    ours = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("{")]
    for secret in planted:
        assert not [line for line in ours if secret in line], secret
        assert not [line for line in edge.agent_log_lines() if secret in json.dumps(line)]
    for answer in answers:
        # A client that sends a secret as a path gets its own path back; nobody else's secret ever shows.
        assert edge.stack.admin_key not in answer.text or answer.request.url.path.endswith(edge.stack.admin_key)
    assert not raw.unexpected(log) or marker not in raw.unexpected(log)[-1]
