"""The served description says what the gateway does."""

from __future__ import annotations

import re

from tests.edge.conftest import Edge
from tests.edge.warehouses import create


def test_the_document_is_openapi_3_1_and_every_reference_in_it_resolves(edge: Edge) -> None:
    response = edge.http.get("/v1/openapi.json", headers={"authorization": ""})
    assert response.status_code == 200, response.text
    document = response.json()
    assert document["openapi"].startswith("3.1")
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', response.text))
    assert names <= set(document["components"]["schemas"])
    assert "/v1/warehouses/{warehouse_id}/jobs" in document["paths"]
    assert set(document["webhooks"]) >= {"events", "alert"}
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_the_reference_page_loads_nothing_from_elsewhere(edge: Edge) -> None:
    text = edge.http.get("/v1/docs", headers={"authorization": ""}).text
    assert "GET" in text and "/v1/keys" in text
    assert not re.search(r"<script|(href|url)\W*https?://|src=", text)  # an address in an example is text


def test_methods_that_a_resource_does_not_know_are_405_with_allow_and_options_tells_them(edge: Edge) -> None:
    refused = edge.http.patch("/v1/keys")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    told = edge.http.options("/v1/keys")
    assert (told.status_code, told.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def test_head_answers_like_get_without_a_body(edge: Edge) -> None:
    get, head = edge.http.get("/health"), edge.http.head("/health")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


def test_head_of_a_cached_answer_tells_the_length_that_get_would_have(edge: Edge) -> None:
    path = f"/v1/warehouses/{create(edge)}/layout"
    for _ in range(2):  # from the truth, and from memory
        head = edge.http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        get = edge.http.get(path)
        assert int(head.headers["content-length"]) == len(get.content)
        assert head.headers["etag"] == get.headers["etag"]


def test_a_query_parameter_that_nobody_knows_is_named_and_refused_also_where_answers_are_cached(edge: Edge) -> None:
    for path in ("/v1/me", "/health", "/v1/openapi.json", f"/v1/warehouses/{create(edge)}/layout"):
        for _ in range(2):
            answer = edge.http.get(f"{path}?depth=2&a/b=1")
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), path
            assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/query/a~1b", "/query/depth"]
    assert edge.http.get("/v1/me?" + "&".join(f"a{n}" for n in range(300))).status_code == 400


def test_what_the_client_does_not_accept_is_406_and_what_the_gateway_does_not_read_is_415(edge: Edge) -> None:
    assert edge.http.get("/v1/me", headers={"accept": "image/png"}).status_code == 406
    assert edge.http.post("/v1/keys", content=b"name=x", headers={"content-type": "text/plain"}).status_code == 415


def test_metrics_count_what_was_answered(edge: Edge) -> None:
    pattern = r'storemax_requests_total\{route="whoami",status="200"\} (\d+)'

    def count() -> int:
        found = re.search(pattern, edge.http.get("/v1/metrics").text)
        return int(found.group(1)) if found else 0

    before = count()
    for _ in range(3):
        edge.http.get("/v1/me")
    assert count() == before + 3
