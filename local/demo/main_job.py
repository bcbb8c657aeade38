"""The main job through the public HTTP API, step by step: what the demo shows and the end-to-end tests repeat."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect


class Refused(RuntimeError):
    """StoreMax answered with a problem document; the message is what it says."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        try:
            self.problem: dict[str, Any] = response.json()
        except ValueError:
            self.problem = {"title": response.reason_phrase, "detail": response.text[:500]}
        faults = "".join(f"\n  {f['pointer']}: {f['detail']}" for f in self.problem.get("errors", ()))
        super().__init__(f"{self.status} {self.problem.get('title')}: {self.problem.get('detail')}{faults}")


@dataclass
class Outcome:
    """What the main job brought."""

    warehouse: str
    imported: dict[str, Any]
    job: dict[str, Any]
    result: dict[str, Any]
    pick_lists: str
    result_sources: tuple[str, str]  # where the first and the second read of the result came from
    incumbents: list[dict[str, Any]] = field(default_factory=list)


class Client:
    """StoreMax over HTTP, for one API key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._headers = {"authorization": f"Bearer {key}"}
        self.http = httpx.Client(base_url=url, headers=self._headers, timeout=120)

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Raises Refused for any answer that is not a success."""
        response = self.http.request(method, path, **options)
        if not response.is_success:
            raise Refused(response)
        return response

    def create_warehouse(self, body: dict[str, Any]) -> dict[str, Any]:
        return dict(self.call("POST", "/v1/warehouses", json=body).json())

    def import_order_lines(self, warehouse: str, content: bytes, **options: Any) -> dict[str, Any]:
        """Upload the CSV (to R2) and have it read in by the sync agent."""
        upload = self.call("POST", "/v1/uploads", content=content, headers={"content-type": "text/csv"}).json()
        body = {"upload": upload["id"], "kind": "order_lines", **options}
        return dict(self.call("POST", f"/v1/warehouses/{warehouse}/imports", json=body).json())

    def start_job(self, warehouse: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self.call("POST", f"/v1/warehouses/{warehouse}/jobs", json=body)
        assert response.status_code == 202
        assert response.headers["location"] == response.json()["links"]["self"]
        return dict(response.json())

    def follow(self, job: dict[str, Any], cursor: int = 0, seconds: float = 120) -> Iterator[dict[str, Any]]:
        """The job's events until it is over, by WebSocket."""
        address = f"{self.url.replace('http', 'ws', 1)}{job['links']['events']}?cursor={cursor}"
        with connect(address, additional_headers=self._headers, open_timeout=30) as socket:
            while True:
                event = json.loads(socket.recv(timeout=seconds))
                yield event
                if event["state"] in ("succeeded", "failed", "cancelled"):
                    return

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        return dict(self.call("GET", job["links"]["self"]).json())

    def close(self) -> None:
        self.http.close()


def run(
    client: Client,
    warehouse: dict[str, Any],
    csv_file: Path,
    parameters: dict[str, Any],
    budget: dict[str, Any],
    tell: Callable[[str], None] = lambda _: None,
    on_event: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Outcome:
    """Create the warehouse, import the orders, plan their batches and fetch the plan."""
    tell(f"POST /v1/warehouses — {len(warehouse['items'])} items, {len(warehouse['stock'])} stock lines")
    client.create_warehouse(warehouse)
    tell(f"POST /v1/uploads, POST …/imports — {csv_file.name}")
    imported = client.import_order_lines(warehouse["id"], csv_file.read_bytes())
    tell(f"POST …/jobs — batching of {imported['orders']} orders, {imported['lines']} lines")
    job = client.start_job(warehouse["id"], {"problem": "batching", "parameters": parameters, "budget": budget})
    incumbents = []
    for event in client.follow(job):
        on_event(event)
        if event["type"] == "incumbent":
            incumbents.append(event)
    status = client.job(job)
    if status["state"] != "succeeded":
        raise RuntimeError(f"the job {status['state']}: {json.dumps(status['error'])}")
    first = client.call("GET", status["links"]["result"])
    pick_lists = client.call("GET", status["links"]["result_csv"]).text
    second = _read_past_the_isolate(client, status["links"]["result"])
    return Outcome(
        warehouse=warehouse["id"],
        imported=imported,
        job=status,
        result=second.json(),
        pick_lists=pick_lists,
        result_sources=(first.headers.get("x-cache", ""), second.headers.get("x-cache", "")),
        incumbents=incumbents,
    )


def _read_past_the_isolate(client: Client, link: str, seconds: float = 15) -> httpx.Response:
    """Read again as a client elsewhere would: once the isolate that answered first has dropped its copy of 2 s."""
    deadline = time.monotonic() + seconds
    while (answer := client.call("GET", link)).headers.get("x-cache") == "hit" and time.monotonic() < deadline:
        time.sleep(0.25)
    return answer
