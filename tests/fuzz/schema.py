"""Cases from the served OpenAPI document, valid and invalid, sent to the running edge; every answer is held against it.

    python -m tests.fuzz.schema --cases 10000 --seed 1        (make fuzz; it starts a stack of its own)

Making a case costs more than answering it, so several processes share the operations. The same seed and document give
the same cases, however many they are.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.schemas import APIOperation

from local.stack import Stack

# What an answer is held against. A 5xx of any kind fails the first.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
WAREHOUSE = "fuzz"
MAX_BUDGET_S = 0.1  # solves of the cases' jobs are not what is tested here
TENANT = "fuzz"
JOB = {"problem": "batching", "parameters": {"cart": {"orders": 2}}, "budget": {"seconds": MAX_BUDGET_S}}
CSV = b"order_id,sku,quantity\no2,apple,1\n"


@dataclass
class Found:
    """One kind of failure, with the first case that showed it."""

    operation: str
    check: str
    message: str
    request: str
    times: int = 1


@dataclass
class Outcome:
    seed: int
    cases: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    found: dict[tuple[str, str, str], Found] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)

    def note(self, operation: str, check: str, message: str, request: str) -> None:
        known = self.found.get((operation, check, message.splitlines()[0]))
        if known:
            known.times += 1
        else:
            self.found[operation, check, message.splitlines()[0]] = Found(operation, check, message, request)

    def add(self, other: Outcome) -> None:
        self.cases += other.cases
        self.seconds = max(self.seconds, other.seconds)
        self.statuses += other.statuses
        self.found |= other.found
        self.untried += other.untried

    def text(self) -> str:
        lines = [
            f"{self.cases} cases in {self.seconds:.0f} s, seed {self.seed}; statuses {dict(sorted(self.statuses.items()))}"
        ]
        for item in self.found.values():
            lines.append(f"\n{item.operation}: {item.check}, {item.times} times\n  {item.message}\n  {item.request}")
        return "\n".join(lines)


def prepare(url: str, admin_key: str) -> tuple[str, dict[str, list[str]]]:
    """A tenant of its own with something in it: the key of its admin, and names that exist, by path parameter."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {admin_key}"}, timeout=120) as http:
        wish = {"name": "fuzz", "role": "admin", "tenant": TENANT}
        key = _ok(http.post("/v1/keys", json=wish))["key"]
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=120) as http:
        layout = {"type": "parametric", "aisles": 2, "bays_per_block": 3}
        items = [{"sku": sku, "weight_g": 100} for sku in ("apple", "pear")]
        stock = [{"sku": "apple", "location": "A01-L-001-1", "quantity": 5}]
        body = {"id": WAREHOUSE, "layout": layout, "items": items, "stock": stock}
        if http.get(f"/v1/warehouses/{WAREHOUSE}").status_code == 404:
            _ok(http.post("/v1/warehouses", json=body))
        orders = [{"id": "o1", "lines": [{"sku": "apple", "quantity": 1}]}]
        _ok(http.post(f"/v1/warehouses/{WAREHOUSE}/orders", json={"orders": orders}))
        upload = _ok(http.post("/v1/uploads", content=CSV, headers={"content-type": "text/csv"}))
        job = _ok(http.post(f"/v1/warehouses/{WAREHOUSE}/jobs", json=JOB))["id"]
        asked = {"upload": upload["id"], "on_bad_line": "skip-line"}
        imported = _ok(http.post(f"/v1/warehouses/{WAREHOUSE}/imports", json=asked, timeout=60))["id"]
        _until_finished(http, job)
        spare = _ok(http.post("/v1/keys", json={"name": "spare", "role": "viewer"}))
    known = {
        "warehouse_id": [WAREHOUSE],
        "order_id": ["o1"],
        "upload_id": [upload["id"]],
        "key_id": [spare["id"]],
        "job_id": [job],
        "import_id": [imported],
        "agent_type": ["sync"],
        "zone_id": ["main"],
    }
    return key, known


def _until_finished(http: httpx.Client, job: str) -> None:
    deadline = time.monotonic() + 120
    while (status := _ok(http.get(f"/v1/warehouses/{WAREHOUSE}/jobs/{job}")))["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
    assert status["state"] == "succeeded", status


def tidy(url: str, key: str, admin_key: str) -> None:
    """Stop the agents that the cases have started."""
    for token in (key, admin_key):
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30) as http:
            for agent in _ok(http.get("/v1/agents"))["agents"]:
                for instance in agent["instances"]:
                    if instance["status"] != "stopped":
                        http.post(f"/v1/agents/{agent['type']}/sessions/{instance['session']}/stop")


def _ok(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


def run_shared(url: str, key: str, known: dict[str, list[str]], cases: int, seed: int, workers: int) -> Outcome:
    """As `run`, by several processes."""
    outcome = Outcome(seed)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        parts = [pool.submit(run, url, key, known, cases, seed, (number, workers)) for number in range(workers)]
        for part in parts:
            outcome.add(part.result())
    return outcome


def run(
    url: str, key: str, known: dict[str, list[str]], cases: int, seed: int, part: tuple[int, int] = (0, 1)
) -> Outcome:
    """Send at least `cases` cases, about the same number to each operation, and collect what is wrong with the answers.
    `part` (k, n): the k-th of n, to every n-th operation."""
    outcome = Outcome(seed)
    began = time.monotonic()
    load_all_checks()
    checks = [schemathesis.checks.CHECKS.get_one(name) for name in CHECKS]
    schema = schemathesis.openapi.from_url(f"{url}/v1/openapi.json", wait_for_schema=10)
    operations = [result.ok() for result in schema.get_all_operations()]
    mine, wanted = operations[part[0] :: part[1]], -(-cases // part[1])
    each = max(1, -(-cases // len(operations)))
    while outcome.cases < wanted and mine:
        fruitful = []
        for operation in mine:
            before = outcome.cases
            _run_operation(operation, url, key, known, each, seed, checks, outcome)
            if outcome.cases - before >= each:
                fruitful.append(operation)
        # An operation without parameters has few cases: what it leaves over goes to those that have many.
        mine, seed = fruitful, seed + 1000
        each = max(1, -(-(wanted - outcome.cases) // max(1, len(mine))))
    outcome.seconds = time.monotonic() - began
    return outcome


def _run_operation(
    operation: APIOperation,
    url: str,
    key: str,
    known: dict[str, list[str]],
    cases: int,
    seed: int,
    checks: list[Callable[..., Any]],
    outcome: Outcome,
) -> None:
    headers = {"authorization": f"Bearer {key}"}

    def send(case: Any, existing: bool, accepts: bool) -> None:
        _tame(case, known if existing else {})
        sent = {**headers, "accept": "*/*"} if accepts else headers
        response = case.call(base_url=url, headers=sent, timeout=60)
        outcome.cases += 1
        outcome.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=_fitting(checks, case, existing), headers=sent)
        except FailureGroup as group:
            for failure in group.exceptions:
                outcome.note(operation.label, type(failure).__name__, _message(failure, response), _shown(case))
        for fault in own_faults(response):
            outcome.note(operation.label, "own", fault, _shown(case))

    modes = [operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    test = hypothesis.given(st.one_of(modes), st.sampled_from([True, True, True, False]), st.booleans())(send)
    test = hypothesis.seed(seed)(test)
    test = hypothesis.settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=False,
    )(test)
    try:
        test()
    except hypothesis.errors.Unsatisfiable:
        outcome.untried.append(operation.label)


def _fitting(checks: list[Callable[..., Any]], case: Any, existing: bool) -> list[Callable[..., Any]]:
    """Path and headers are replaced by ones that work, so a case counts as invalid only by its query or its JSON. What
    a stream holds (an upload, an agent's request) is not the gateway's to judge."""
    modes = {place.value: about.mode for place, about in case.meta.components.items()}
    negative = {place for place, mode in modes.items() if mode == GenerationMode.NEGATIVE}
    streams = case.operation.definition.raw.get("x-stream", False)
    if "query" in negative or ("body" in negative and not streams) or (not existing and "path" in negative):
        return checks
    return [check for check in checks if check.__name__ != "negative_data_rejection"]


def own_faults(response: Any) -> Iterator[str]:
    """Beyond the document: errors are problem documents with a trace id, and nothing internal shows."""
    if "x-trace-id" not in response.headers and response.status_code != 101:
        yield "no X-Trace-Id"
    text = response.content.decode("utf-8", "replace")
    if "Traceback" in text or "PythonError" in text:
        yield f"a traceback in the answer: {text[:300]}"
    if response.status_code >= 400 and response.request.method != "HEAD":
        if not response.headers["content-type"][0].startswith("application/problem+json"):
            yield f"{response.status_code} is no problem document"
        elif json.loads(text).get("status") != response.status_code:
            yield "the document's status is not the answer's"


def _tame(case: Any, known: dict[str, list[str]]) -> None:
    """Let cases meet what exists, and keep them from renting the machine for an hour."""
    for name in list(case.path_parameters or {}):
        if name in known:
            case.path_parameters[name] = known[name][0]
    if isinstance(case.body, dict):
        budget = case.body.get("budget")
        if isinstance(budget, dict) and isinstance(budget.get("seconds"), (int, float)):
            budget["seconds"] = min(budget["seconds"], MAX_BUDGET_S)
        if isinstance(case.body.get("session"), str):
            case.body["session"] = "default"


def _message(failure: Failure | Exception, response: Any) -> str:
    body = response.content[:400].decode("utf-8", "replace")
    return f"{failure}\n  answered {response.status_code}: {body}"


def _shown(case: Any) -> str:
    return str(case.as_curl_command())[:1500]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=max(1, min(4, os.cpu_count() or 1)))
    options = parser.parse_args(arguments)
    limits = " ".join(f"{name}=1000000/1000000" for name in ("client", "tenant", "agent", "anonymous", "refused"))
    with (
        tempfile.TemporaryDirectory(prefix="smx-fuzz-") as folder,
        Stack(Path(folder), extra_vars={"RATE_LIMITS": limits}) as stack,
    ):
        key, known = prepare(stack.url, stack.admin_key)
        outcome = run_shared(stack.url, key, known, options.cases, options.seed, options.workers)
    print(outcome.text())
    return 1 if outcome.found or outcome.untried else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
