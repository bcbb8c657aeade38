"""Hostile and random requests against the running edge, in a short form; the long one is `make fuzz`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.edge.conftest import Edge
from tests.fuzz import raw, schema

CASES = int(os.environ.get("STOREMAX_FUZZ_CASES", "300"))
MUTATIONS = 300
SEED = 1
NAMES = list(raw.known_cases("key", "warehouse"))


@pytest.fixture(scope="module")
def prepared(edge: Edge) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """A tenant with a warehouse, a finished job and an import; its agents are stopped at the end."""
    key, known = schema.prepare(edge.url, edge.stack.admin_key)
    yield key, known
    schema.tidy(edge.url, key, edge.stack.admin_key)


@pytest.fixture(autouse=True)
def _the_isolate_goes_on(edge: Edge) -> Iterator[None]:
    """After each test the Worker answers, and its log tells of no fault that it did not expect."""
    log = edge.stack.state_dir / "logs" / "worker.log"
    before = len(raw.unexpected(log))
    yield
    assert edge.http.get("/health").json() == {"status": "ok"}
    assert raw.unexpected(log)[before:] == []


def test_every_answer_to_cases_from_the_document_is_as_documented(
    edge: Edge, prepared: tuple[str, dict[str, list[str]]]
) -> None:
    key, known = prepared
    outcome = schema.run(edge.url, key, known, CASES, SEED)
    assert not outcome.found and not outcome.untried, outcome.text()
    assert outcome.cases > CASES / 2


@pytest.mark.parametrize("name", NAMES)
def test_a_request_that_is_known_to_hurt_is_refused(
    edge: Edge, prepared: tuple[str, dict[str, list[str]]], name: str
) -> None:
    request, right = raw.known_cases(prepared[0], schema.WAREHOUSE)[name]
    answer = raw.exchange(edge.direct_port, request)
    assert answer.status in right, answer
    assert list(raw.faults(answer)) == [], answer


def test_requests_changed_at_random_never_break_the_worker(
    edge: Edge, prepared: tuple[str, dict[str, list[str]]]
) -> None:
    found = raw.run_mutations(edge.direct_port, prepared[0], schema.WAREHOUSE, MUTATIONS, SEED)
    assert not found, "\n".join(found)
