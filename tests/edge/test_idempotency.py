"""Idempotency keys on every kind of unsafe route, on real workerd: a repeat gets the first answer and acts no second time."""

from __future__ import annotations

import contextlib
from pathlib import Path

import httpx
import pytest

from tests.edge.conftest import Edge, until
from tests.edge.test_auth import bearer, make_key
from tests.edge.warehouses import create, fresh_id

CSV = {"content-type": "text/csv"}


def keyed(name: str = "") -> dict[str, str]:
    return {"idempotency-key": name or fresh_id("once")}


def on_disk(edge: Edge) -> dict[Path, bytes]:
    """What the platform keeps on the disk. An object that goes to rest takes its journal away: then all is read again."""
    while True:
        files = [file for file in (edge.stack.state_dir / "cloudflare").rglob("*") if file.is_file()]
        with contextlib.suppress(FileNotFoundError):
            return {file: file.read_bytes() for file in files}


def test_every_unsafe_operation_takes_the_header(edge: Edge) -> None:
    for path, methods in edge.http.get("/v1/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            named = {parameter["name"] for parameter in operation["parameters"]}
            assert ("Idempotency-Key" in named) == (method in ("post", "put", "patch", "delete")), (method, path)


def test_a_repeated_upload_is_the_same_upload_and_another_file_is_refused(edge: Edge) -> None:
    headers = {**CSV, **keyed()}
    first = edge.http.post("/v1/uploads", content=b"order_id,sku,quantity\no1,apple,1\n", headers=headers)
    again = edge.http.post("/v1/uploads", content=b"order_id,sku,quantity\no1,apple,1\n", headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = edge.http.post("/v1/uploads", content=b"order_id,sku,quantity\no2,pear,1\n", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    theirs = make_key(edge, role="operator")
    with httpx.Client(base_url=edge.stack.url, headers=bearer(theirs)) as http:  # another client's key is another key
        assert http.post("/v1/uploads", content=b"a,b\n", headers=headers).status_code == 201


def test_a_repeated_creation_of_a_key_shows_the_same_secret_which_is_stored_nowhere_in_the_clear(edge: Edge) -> None:
    wish, headers = {"name": "once", "role": "viewer"}, keyed()
    first = edge.http.post("/v1/keys", json=wish, headers=headers)
    again = edge.http.post("/v1/keys", json=wish, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert edge.http.post("/v1/keys", json={**wish, "name": "x"}, headers=headers).status_code == 422
    with httpx.Client(base_url=edge.stack.url, headers=bearer(again.json())) as http:
        assert http.get("/v1/me").status_code == 200
    # Nor is it on the disk, whatever the objects have written.
    secret = first.json()["key"].rpartition("_")[2].encode()
    written = on_disk(edge)
    assert any(first.json()["id"].encode() in content for content in written.values())
    assert not [file for file, content in written.items() if secret in content]
    turned = keyed()
    rotated = [edge.http.post(f"/v1/keys/{first.json()['id']}/rotate", json={}, headers=turned) for _ in range(2)]
    assert [answer.status_code for answer in rotated] == [201, 201]
    assert rotated[0].json() == rotated[1].json()


def test_a_repeated_login_opens_the_same_session(edge: Edge) -> None:
    key, headers = make_key(edge), keyed()
    with httpx.Client(base_url=edge.stack.url) as http:
        answers = [http.post("/v1/sessions", json={"api_key": key["key"]}, headers=headers) for _ in range(2)]
        other = http.post("/v1/sessions", json={"api_key": key["key"]}, headers=keyed())
    first, again = (answer.headers["set-cookie"].partition(";")[0] for answer in answers)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert first == again
    assert answers[0].json()["csrf_token"] == answers[1].json()["csrf_token"]
    assert other.headers["set-cookie"].partition(";")[0] != first


@pytest.mark.parametrize("path", ["/v1/webhooks", "/v1/alerts"])
def test_a_repeated_request_for_a_signing_secret_gets_the_same_one(edge: Edge, path: str) -> None:
    wish = (
        {"url": "https://erp.example.com/x"} if path == "/v1/webhooks" else {"webhook": "https://alerts.example.com/x"}
    )
    method, headers = ("POST" if path == "/v1/webhooks" else "PUT"), keyed()
    first, again = (edge.http.request(method, path, json=wish, headers=headers) for _ in range(2))
    assert first.json()["secret"].startswith("whsec_")
    assert again.json() == first.json()
    if path == "/v1/webhooks":
        listed = edge.http.get("/v1/webhooks?limit=1000").json()["items"]
        assert [hook["id"] for hook in listed].count(first.json()["id"]) == 1
        assert edge.http.delete(f"/v1/webhooks/{first.json()['id']}").status_code == 204
    else:
        assert edge.http.put("/v1/alerts", json={}).status_code == 200


def test_a_repeated_request_to_an_agent_is_answered_without_asking_it_again(edge: Edge) -> None:
    session = fresh_id("once")
    headers = {**CSV, **keyed(), "x-session-id": session}
    path, body = "/v1/agents/sync/sync?kind=order_lines", b"order_id,sku,quantity\no1,apple,1\n"
    first = edge.http.post(path, content=body, headers=headers, timeout=60)
    assert first.status_code == 200, first.text

    def repeated() -> httpx.Response:
        """The answer is remembered when its end has come; a repeat before that is told that the first one runs."""
        answer = edge.http.post(path, content=body, headers=headers, timeout=60)
        return answer if answer.status_code != 409 else None

    again = until(repeated, what="the first answer")
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.text) == (200, first.text)
    assert again.headers["content-type"] == first.headers["content-type"]
    other = edge.http.post(path, content=body + b"o2,pear,1\n", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    edge.http.post(f"/v1/agents/sync/sessions/{session}/stop")
    assert edge.http.post(path, content=body, headers=headers).headers["idempotent-replayed"] == "true"


def test_a_large_body_with_a_key_is_413_before_the_agent_is_asked(edge: Edge) -> None:
    body = b"x" * (33 * 1024 * 1024)
    answer = edge.http.post("/v1/agents/sync/sync", content=body, headers={**CSV, **keyed()}, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_repeated_heartbeat_gets_the_first_answer(edge: Edge) -> None:
    path = f"/v1/warehouses/{create(edge)}/tasks"
    edge.http.post(path, json={"tasks": [{"id": "t1", "type": "count"}]}).raise_for_status()
    task = edge.http.post(f"{path}/lease", json={"lease_seconds": 60}).json()["tasks"][0]
    headers = keyed()
    beats = [
        edge.http.post(f"{path}/t1/heartbeat", json={"lease": task["lease"], "lease_seconds": 300}, headers=headers)
        for _ in range(2)
    ]
    assert [beat.status_code for beat in beats] == [200, 200]
    assert beats[0].json() == beats[1].json()
    assert beats[1].headers["idempotent-replayed"] == "true"
