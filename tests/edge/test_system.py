from tests.edge.conftest import Edge


def test_health_answers_without_credentials(edge: Edge) -> None:
    response = edge.http.get("/health", headers={"authorization": ""})
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_an_unknown_path_is_a_problem_document_with_the_trace_id(edge: Edge) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    response = edge.http.get("/v1/nothing", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["trace_id"] == trace
