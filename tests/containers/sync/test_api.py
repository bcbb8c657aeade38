"""`POST /sync` and `/sync/diff` over HTTP."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from containers.common.app_factory import create_app
from containers.sync.api import router
from tests.containers.common.agents import OPEN, client_of
from tests.containers.common.processes import running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app("sync", routers=[router], settings=OPEN)) as made:
        yield made


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_answer_holds_orders_then_quarantine_then_a_summary(client: httpx.AsyncClient) -> None:
    body = b"order_id,sku,quantity\nO1,A,1\nO2,B,none\n"
    answer = await client.post("/sync?dry_run=true", content=body, headers={"content-type": "text/csv"})
    orders, quarantine, summary = lines(answer)
    assert orders == {"type": "orders", "orders": [{"id": "O1", "lines": [{"sku": "A", "quantity": 1}]}]}
    assert quarantine["type"] == "quarantine"
    assert {"line": 3, "raw": "O2,B,none", "reason": "not-a-number", "field": "quantity"}.items() <= quarantine["rows"][
        0
    ].items()
    assert summary["type"] == "summary"
    assert (summary["orders"], summary["lines"], summary["rows_read"], summary["quarantined"]) == (1, 1, 2, 1)
    assert summary["sha256"] == hashlib.sha256(body).hexdigest()
    assert summary["dry_run"] is True


@pytest.mark.parametrize(
    ("query", "media", "body", "status", "told"),
    [
        ("", "text/csv", b"order_id,sku\nO1,A\n", 422, "'quantity' is missing"),
        ("", "text/csv; charset=klingon", b"a\n", 422, "unknown encoding"),
        ("", "text/csv; charset=base64", b"a\n", 422, "not a text encoding"),
        ("", "application/json", b"{}", 415, "text/csv"),
        ("", "text/csv", b"", 400, "no header"),
        ("", "text/csv", b"PK\x03\x04\x00\x00,\n", 400, "binary"),
        ("?kind=customers", "text/csv", b"a\n", 422, "kind"),
        ("?columns=%5B1%5D", "text/csv", b"a\n", 422, "JSON object"),
        ("?delimiter=x", "text/csv", b"a\n", 422, "delimiter"),
        ("?timezone=Mars%2FBase", "text/csv", b"a\n", 422, "IANA"),
        ("?colour=red", "text/csv", b"a\n", 422, "colour"),
    ],
)
async def test_bad_input_is_a_problem_that_names_the_cure(
    client: httpx.AsyncClient, query: str, media: str, body: bytes, status: int, told: str
) -> None:
    answer = await client.post("/sync" + query, content=body, headers={"content-type": media})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert told in json.dumps(answer.json(), ensure_ascii=False)


async def test_a_declared_charset_is_used(client: httpx.AsyncClient) -> None:
    body = "order_id,sku,quantity,note\nO1,A,1,grün\n".encode("latin-1")
    answer = await client.post("/sync", content=body, headers={"content-type": 'text/csv; charset="latin-1"'})
    assert lines(answer)[-1]["quarantined"] == 0


async def test_a_fault_after_the_header_ends_the_stream_with_a_problem_and_no_record(client: httpx.AsyncClient) -> None:
    answer = await client.post("/sync", content=b"order_id,sku,quantity\n", headers={"content-type": "text/csv"})
    assert [line["type"] for line in lines(answer)] == ["problem"]
    assert lines(answer)[0]["problem"]["status"] == 422


async def test_a_diff_lists_what_would_be_added_changed_and_left(client: httpx.AsyncClient) -> None:
    current = [
        {"id": "O1", "lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}], "priority": 5},
        {"id": "O2", "lines": [{"sku": "A", "quantity": 1}], "due_at": None},
        {"id": "O3", "lines": [{"sku": "A", "quantity": 1}]},
    ]
    incoming = [
        {"id": "O1", "lines": [{"sku": "B", "quantity": 3}, {"sku": "C", "quantity": 1}], "priority": 5},
        {"id": "O2", "lines": [{"sku": "A", "quantity": 1}]},
        {"id": "O4", "lines": [{"sku": "A", "quantity": 1}]},
    ]
    answer = await client.post("/sync/diff", json={"kind": "order_lines", "current": current, "incoming": incoming})
    assert answer.json() == {
        "added": 1,
        "changed": 1,
        "unchanged": 1,
        "absent": 1,
        "added_keys": ["O4"],
        "changes": [{"key": "O1", "fields": {"lines/A": [1, None], "lines/B": [2, 3], "lines/C": [None, 1]}}],
        "absent_keys": ["O3"],
    }


def test_a_large_body_is_read_to_its_end_while_the_answer_streams() -> None:
    """Over a real socket: a server may hand the body's later parts to whoever asks first. 60,000 rows are 0.8 MB."""
    body = b"order_id,sku,quantity\n" + b"".join(b"%d,S%d,1\n" % (i // 10, i) for i in range(120_000))
    with running(["-m", "containers.run", "sync"], STOREMAX_ALLOW_UNSIGNED="1") as agent:
        agent.wait_ready()
        answer = httpx.post(agent.url + "/sync", content=body, headers={"content-type": "text/csv"}, timeout=60)
        got = [json.loads(line) for line in answer.text.splitlines()]
    summary = got[-1]
    assert (summary["rows_read"], summary["orders"], summary["bytes"]) == (120_000, 12_000, len(body))
    assert summary["sha256"] == hashlib.sha256(body).hexdigest()
    assert sum(len(line["orders"]) for line in got if line["type"] == "orders") == 12_000
    assert got[0]["type"] in {"progress", "heartbeat"}
