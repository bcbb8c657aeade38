"""The product straight on workerd, as production is configured, in two isolates that share their objects and KV.

Here a test can do what would disturb the others of the common workerd: use up rates, take objects away, fill an isolate.
"""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

from local.alone import Alone, product
from local.toolchain import ROOT
from tests.edge.issuer import AUDIENCE, Issuer

ADMIN_KEY = "a-key-for-these-tests-alone"
SIGNING_KEY = "signing-key-of-these-tests-alone"
OLD_SIGNING_KEY = "the-signing-key-before-the-rotation"
RATE, BURST = 20.0, 80.0  # of a client
AGENT_RATE, AGENT_BURST = 10.0, 50.0
MAX_INFLIGHT = 8
HS_ISSUER = "https://hs.example"
HS_SECRET = "a-secret-that-issuer-and-gateway-share"
ORIGIN = "https://wms.example"


def rpc_methods() -> list[str]:
    """Whatever an object can be asked for by RPC."""
    found = set()
    for file in (ROOT / "durable_objects").glob("*.py"):
        for kind in ast.parse(file.read_text()).body:
            if isinstance(kind, ast.ClassDef):
                found |= {part.name for part in kind.body if isinstance(part, ast.AsyncFunctionDef)}
    return sorted(name for name in found if not name.startswith(("_", "webSocket")) and name not in ("fetch", "alarm"))


@dataclass
class Apart:
    worker: Alone
    issuers: dict[str, Issuer]

    def client(self, token: str = ADMIN_KEY, isolate: int = 0, **headers: str) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}", **headers} if token else headers
        return httpx.Client(base_url=self.worker.urls[isolate], headers=headers, timeout=60)

    def key(self, **wish: Any) -> str:
        """A new API key: a client with a bucket of its own."""
        with self.client() as http:
            answer = patiently(http, "POST", "/v1/keys", json={"name": "x", "role": "operator", **wish})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    @contextmanager
    def faring(self, binding: str, state: Literal["lost", "held"]) -> Iterator[None]:
        """While it lasts, calls to these objects are lost, or held."""
        self.worker.fare(binding, state)
        try:
            yield
        finally:
            self.worker.fare(binding, "pass")

    def log_lines(self) -> list[dict[str, Any]]:
        text = (self.worker.folder / "log").read_text(errors="replace")
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"') and line.endswith("}")]


def patiently(http: httpx.Client, method: str, path: str, **how: Any) -> httpx.Response:
    """An answer that is no refusal for the rate: the administrator's own bucket is as small as the others'."""
    deadline = time.monotonic() + 30
    while (answer := http.request(method, path, **how)).status_code == 429:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    return answer


@contextmanager
def started(folder: Path) -> Iterator[Apart]:
    issuers = {algorithm: Issuer(algorithm) for algorithm in ("RS256", "ES256")} | {"lost": Issuer("ES256")}
    issuers["lost"].away = True
    trusted = [
        {
            "issuer": issuer.url,
            "audience": AUDIENCE,
            "algorithm": issuer.algorithm,
            "tenant": f"of-{name.lower()}",
            "jwks_url": issuer.url,
        }
        for name, issuer in issuers.items()
    ]
    trusted.append(
        {"issuer": HS_ISSUER, "audience": AUDIENCE, "algorithm": "HS256", "tenant": "of-hs256", "secret": "HS_SECRET"}
    )
    variables = {
        "ENVIRONMENT": "production",
        "STOREMAX_ADMIN_KEY": ADMIN_KEY,
        "STOREMAX_SIGNING_KEY": SIGNING_KEY,
        "STOREMAX_SIGNING_KEY_PREVIOUS": OLD_SIGNING_KEY,
        "JWT_ISSUERS": json.dumps(trusted),
        "HS_SECRET": HS_SECRET,
        "CORS_ORIGINS": f"*,{ORIGIN}",
        "RATE_LIMITS": f"client={RATE}/{BURST} tenant=1000/2000 agent={AGENT_RATE}/{AGENT_BURST} anonymous=1000/2000 refused=1000/2000",
        "MAX_INFLIGHT": str(MAX_INFLIGHT),
    }
    methods = rpc_methods()
    worker = product(
        folder,
        variables,
        kv=("CACHE",),
        queues=("EVENTS", "WEBHOOK_DELIVERIES"),
        lost_buckets=("ARCHIVE",),
        isolates=2,
        between=dict.fromkeys(
            ("WAREHOUSE_STATE", "RATE_LIMITER", "ACCESS_REGISTRY", "TELEMETRY", "IDEMPOTENCY"), methods
        ),
    )
    try:
        with worker:
            yield Apart(worker, issuers)
    finally:
        for issuer in issuers.values():
            issuer.close()
