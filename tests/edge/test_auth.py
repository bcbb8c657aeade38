"""Keys, sessions and roles, against the running Worker."""

from __future__ import annotations

import httpx
import pytest

from tests.edge.conftest import Edge


@pytest.fixture
def anonymous(edge: Edge):
    with httpx.Client(base_url=edge.url, timeout=30) as client:
        yield client


def make_key(edge: Edge, **wish: object) -> dict:
    response = edge.http.post("/v1/keys", json={"name": "test", "role": "viewer", **wish})
    assert response.status_code == 201, response.text
    return response.json()


def bearer(key: dict | str) -> dict[str, str]:
    return {"authorization": f"Bearer {key if isinstance(key, str) else key['key']}"}


def test_a_new_key_opens_the_door_and_its_secret_is_shown_once(edge: Edge, anonymous: httpx.Client) -> None:
    key = make_key(edge, name="wall display")
    me = anonymous.get("/v1/me", headers=bearer(key))
    assert me.status_code == 200
    assert me.json() == {
        "tenant": "default",
        "subject": f"key:{key['id']}",
        "role": "viewer",
        "warehouses": None,
        "via": "key",
    }
    listed = edge.http.get("/v1/keys", params={"limit": 1000}).text
    assert key["id"] in listed
    assert key["key"] not in listed


def test_a_revoked_key_is_refused_at_once(edge: Edge, anonymous: httpx.Client) -> None:
    key = make_key(edge)
    assert anonymous.get("/v1/me", headers=bearer(key)).status_code == 200
    assert edge.http.delete(f"/v1/keys/{key['id']}").json()["revoked_at"] is not None
    refused = anonymous.get("/v1/me", headers=bearer(key))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")


def test_both_secrets_work_during_a_rotations_overlap_and_only_the_new_one_without(
    edge: Edge, anonymous: httpx.Client
) -> None:
    old = make_key(edge, role="operator", warehouses=["berlin"])
    new = edge.http.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_s": 600}).json()
    assert (new["role"], new["warehouses"]) == ("operator", ["berlin"])
    assert anonymous.get("/v1/me", headers=bearer(old)).status_code == 200
    assert anonymous.get("/v1/me", headers=bearer(new)).status_code == 200
    newest = edge.http.post(f"/v1/keys/{new['id']}/rotate", json={"overlap_s": 0}).json()
    assert anonymous.get("/v1/me", headers=bearer(new)).status_code == 401
    assert anonymous.get("/v1/me", headers=bearer(newest)).status_code == 200
    assert edge.http.post(f"/v1/keys/{old['id']}/rotate", json={}).status_code == 409


def test_a_session_carries_the_keys_rights_and_unsafe_requests_need_its_csrf_token(
    edge: Edge, anonymous: httpx.Client
) -> None:
    key = make_key(edge, role="admin")
    login = anonymous.post("/v1/sessions", json={"api_key": key["key"]})
    assert login.status_code == 201
    cookie = login.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    session = login.json()
    assert anonymous.get("/v1/sessions/current").json()["csrf_token"] == session["csrf_token"]
    wish = {"name": "made by a session", "role": "viewer"}
    assert anonymous.post("/v1/keys", json=wish).status_code == 403
    csrf = {"x-csrf-token": session["csrf_token"]}
    assert anonymous.post("/v1/keys", json=wish, headers={**csrf, "origin": "https://evil.example"}).status_code == 403
    assert anonymous.post("/v1/keys", json=wish, headers=csrf).status_code == 201
    held = dict(anonymous.cookies)
    assert anonymous.delete("/v1/sessions/current", headers=csrf).status_code == 204
    assert anonymous.get("/v1/me", cookies=held).status_code == 401


def test_revoking_the_key_ends_the_sessions_that_rest_on_it(edge: Edge, anonymous: httpx.Client) -> None:
    key = make_key(edge)
    assert anonymous.post("/v1/sessions", json={"api_key": key["key"]}).status_code == 201
    assert anonymous.get("/v1/me").status_code == 200
    edge.http.delete(f"/v1/keys/{key['id']}")
    assert anonymous.get("/v1/me").status_code == 401


def test_only_the_bootstrap_key_makes_keys_for_another_tenant(edge: Edge, anonymous: httpx.Client) -> None:
    theirs = make_key(edge, tenant="acme", role="admin")
    assert anonymous.get("/v1/me", headers=bearer(theirs)).json()["tenant"] == "acme"
    wish = {"name": "x", "role": "admin", "tenant": "default"}
    assert anonymous.post("/v1/keys", json=wish, headers=bearer(theirs)).status_code == 403
    listed = anonymous.get("/v1/keys", headers=bearer(theirs)).json()["items"]
    assert [item["id"] for item in listed if item["id"] == theirs["id"]] == [theirs["id"]]
    assert {item["tenant"] for item in listed} == {"acme"}
