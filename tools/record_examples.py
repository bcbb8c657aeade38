"""The examples of the OpenAPI document: real requests and answers, recorded from a stack of its own.

    python -m tools.record_examples        writes worker/openapi/examples.py

Run it when an answer changes its shape; a test (tests/worker/test_examples.py) holds every operation to an example that fits
its schema. Long lists are cut to two elements; secrets are masked.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from local.stack import Stack
from local.toolchain import ROOT

FILE = ROOT / "worker" / "openapi" / "examples.py"
SHOWN = 2  # elements of a list
MAX_TEXT = 600  # characters of a text that is no JSON
_SECRET = re.compile(r"(smx_[a-z]+_|whsec_)[A-Za-z0-9_+/=\-]+")
_HEAD = '''"""Examples of the API's requests and answers, recorded by tools/record_examples.py: do not edit."""

# operation → {"request": body, "answers": {status: body}}
EXAMPLES = r"""
'''


class Recorder:
    def __init__(self, url: str, key: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=120)
        self.found: dict[str, dict[str, Any]] = {}
        paths = self.http.get("/v1/openapi.json").json()["paths"]
        self._operations = {
            (method.upper(), re.compile("^" + re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(path)) + "$")): operation
            for path, methods in paths.items()
            for method, operation in methods.items()
        }
        # A literal path comes before one with parameters, as the gateway finds them.
        self._ordered = sorted(self._operations, key=lambda known: known[1].pattern.count("[^/]+"))
        self.names = {operation["operationId"] for operation in self._operations.values()}

    def call(self, method: str, path: str, **how: Any) -> Any:
        """Make a request and keep it as its operation's example. Raises AssertionError unless it succeeds."""
        answer = self.http.request(method, path, **how)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        known = next(known for known in self._ordered if known[0] == method and known[1].match(answer.request.url.path))
        entry = self.found.setdefault(self._operations[known]["operationId"], {"answers": {}})
        if "json" in how:
            entry.setdefault("request", masked(how["json"]))
        elif "content" in how:
            entry.setdefault("request", str(how["content"]))
        if answer.status_code != 204:
            is_json = answer.headers["content-type"].startswith("application/json")
            shown = cut(answer.json()) if is_json else answer.text[:MAX_TEXT]
            entry["answers"].setdefault(str(answer.status_code), masked(shown))
        return answer.json() if answer.headers.get("content-type", "").startswith("application/json") else answer.text

    def until(self, path: str, state: str) -> Any:
        deadline = time.monotonic() + 120
        while (found := self.http.get(path).json())["state"] != state:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found


def cut(value: Any) -> Any:
    """The same with short lists and objects."""
    if isinstance(value, list):
        return [cut(part) for part in value[:SHOWN]]
    if isinstance(value, dict):
        return {name: cut(part) for name, part in value.items()}
    return value


def masked(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET.sub(lambda match: match[1] + "…", value)
    if isinstance(value, list):
        return [masked(part) for part in value]
    if isinstance(value, dict):
        return {name: masked(part) for name, part in value.items()}
    return value


ORDERS = [
    {"id": "O1", "lines": [{"sku": "apple", "quantity": 2}, {"sku": "pear", "quantity": 1}], "priority": 2},
    {"id": "O2", "lines": [{"sku": "apple", "quantity": 3}], "due_at": "2100-01-01T10:00:00Z"},
    {"id": "O3", "lines": [{"sku": "plum", "quantity": 4}]},
]
ZONES = [{"id": "fast", "first_aisle": 0, "last_aisle": 1}, {"id": "bulk", "first_aisle": 2, "last_aisle": 3}]
WAREHOUSE = {
    "id": "berlin",
    "name": "Berlin",
    "layout": {"type": "parametric", "aisles": 4, "bays_per_block": 5, "zones": ZONES},
    "items": [{"sku": sku, "weight_g": 100} for sku in ("apple", "pear", "plum")],
    "stock": [
        {"sku": "apple", "location": "A01-L-001-1", "quantity": 40},
        {"sku": "pear", "location": "A02-R-003-1", "quantity": 40},
        {"sku": "plum", "location": "A03-L-005-1", "quantity": 40},
    ],
}
ALERTS = {
    "webhook": "https://alerts.example.com/storemax",
    "rules": [
        {"name": "errors", "signal": "error_rate", "above": 0.01, "window_s": 300, "for_s": 60, "severity": "critical"},
        {"name": "solver-queue", "signal": "queue_age", "above": 60, "queue": "optimizer"},
    ],
}


def access(seen: Recorder) -> None:
    call = seen.call
    call("GET", "/health")
    call("GET", "/v1/me")
    key = call("POST", "/v1/keys", json={"name": "wall display", "role": "viewer", "warehouses": ["berlin"]})
    fresh = call("POST", f"/v1/keys/{key['id']}/rotate", json={"overlap_s": 3600})
    call("GET", "/v1/keys?limit=2")
    call("DELETE", f"/v1/keys/{fresh['id']}")
    login = call("POST", "/v1/keys", json={"name": "ann", "role": "operator"})
    session = call("POST", "/v1/sessions", json={"api_key": login["key"]})
    bearer = seen.http.headers.pop("authorization")  # what follows is the cookie's
    call("GET", "/v1/sessions/current")
    call("DELETE", "/v1/sessions/current", headers={"x-csrf-token": session["csrf_token"]})
    seen.http.cookies.clear()
    seen.http.headers["authorization"] = bearer
    call("PUT", "/v1/alerts", json=ALERTS)
    call("GET", "/v1/alerts")
    call("POST", "/v1/alerts/test")
    hook = call("POST", "/v1/webhooks", json={"url": "https://erp.example.com/storemax", "types": ["orders"]})
    call("GET", "/v1/webhooks")
    call("GET", f"/v1/webhooks/{hook['id']}")
    call("DELETE", f"/v1/webhooks/{hook['id']}")


def warehouse(seen: Recorder) -> None:
    call, here = seen.call, "/v1/warehouses/berlin"
    call("POST", "/v1/warehouses", json=WAREHOUSE)
    call("POST", "/v1/warehouses", json=WAREHOUSE)  # 200: it is there already, the same
    call("GET", "/v1/warehouses?limit=2")
    for part in ("", "/layout", "/locations?limit=2", "/zones", "/items?limit=2", "/stock?limit=2", "/zones/fast"):
        call("GET", here + part)
    call("POST", here + "/items", json={"items": [{"sku": "cherry", "weight_g": 8, "gtin": "04012345123456"}]})
    call("POST", here + "/orders", json={"orders": ORDERS})
    call("GET", here + "/orders?limit=2")
    call("GET", here + "/orders/O1")
    extra = {"orders": [{"id": "O9", "lines": [{"sku": "pear", "quantity": 1}]}]}
    seen.http.post(here + "/orders", json=extra).raise_for_status()
    call("DELETE", here + "/orders/O9")
    call("GET", here + "/configuration")
    call("PATCH", here + "/configuration", json={"time_zone": "Europe/Berlin"})
    etag = seen.http.get(here + "/configuration").headers["etag"]
    edited = {"name": "Berlin", "time_zone": "Europe/Berlin", "labels": {"region": "east"}}
    call("PUT", here + "/configuration", json=edited, headers={"if-match": etag})
    call("GET", here + "/configuration/history?limit=2")
    call("GET", here + "/events?limit=2")


def stock(seen: Recorder) -> None:
    call, zone = seen.call, "/v1/warehouses/berlin/zones/fast"
    place = "A01-L-001-1"
    lines = [
        {"op": "receive", "location": place, "sku": "apple", "quantity": 12, "reference": "delivery-7"},
        {"op": "reserve", "location": place, "sku": "apple", "quantity": 2, "reference": "order-1"},
    ]
    call("POST", zone + "/stock", json={"lines": lines})
    call("GET", f"{zone}/stock/{place}/apple")
    call("POST", f"{zone}/stock/{place}/apple", json={"op": "adjust", "delta": -1, "reference": "damaged"})
    move = {"sku": "apple", "location": place, "to": "A03-L-001-1", "quantity": 4}
    made = call("POST", zone + "/transfers", json={"to_zone": "bulk", "lines": [move]})
    call("GET", zone + "/transfers")
    call("GET", f"{zone}/transfers/{made['id']}")
    call("GET", zone + "/ledger?limit=2")
    call("GET", zone + "/audit")


def jobs(seen: Recorder) -> None:
    call, here = seen.call, "/v1/warehouses/berlin"
    wish = {"problem": "batching", "parameters": {"cart": {"orders": 2}}, "budget": {"seconds": 1}}
    job = call("POST", here + "/jobs", json=wish)["id"]
    seen.until(f"{here}/jobs/{job}", "succeeded")
    deadline = time.monotonic() + 60
    while seen.http.get(f"{here}/jobs/{job}/report").status_code == 404:  # it is made after the end
        assert time.monotonic() < deadline, "no report came"
        time.sleep(0.2)
    call("GET", here + "/jobs")
    for part in ("", "/best", "/result", "/result.csv", "/report"):
        call("GET", f"{here}/jobs/{job}{part}")
    for _ in range(2):  # the second time everything is known: 200
        call("POST", here + "/waves", json={"wave": "W7", "job": job, "release_at": "2026-01-01T06:00:00Z"})
    other = seen.http.post(here + "/jobs", json={**wish, "budget": {"seconds": 30}, "label": "too long"}).json()["id"]
    call("DELETE", f"{here}/jobs/{other}")


def tasks(seen: Recorder) -> None:
    call, path = seen.call, "/v1/warehouses/berlin/tasks"
    counts = [{"id": f"count.{number}", "type": "count", "priority": number} for number in range(1, 5)]
    call("POST", path, json={"tasks": counts})
    call("GET", path + "?limit=2")
    call("GET", path + "/statistics")
    leased = call("POST", path + "/lease", json={"types": ["count"], "limit": 3, "lease_seconds": 60})["tasks"]
    first, second, third = leased
    call("POST", f"{path}/{first['id']}/heartbeat", json={"lease": first["lease"], "lease_seconds": 300})
    call("GET", f"{path}/{first['id']}")
    call("POST", f"{path}/{first['id']}/ack", json={"lease": first["lease"], "result": {"counted": 3}})
    later = {"lease": second["lease"], "reason": "the aisle is blocked"}
    call("POST", f"{path}/{second['id']}/nack", json=later)
    never = {"lease": third["lease"], "reason": "no such location", "outcome": "rejected"}
    seen.http.post(f"{path}/{third['id']}/nack", json=never).raise_for_status()
    call("POST", path + "/replay", json={"tasks": [third["id"]]})
    call("DELETE", f"{path}/{third['id']}")


def files(seen: Recorder) -> None:
    call, here = seen.call, "/v1/warehouses/berlin"
    csv = {"content-type": "text/csv"}
    upload = call("POST", "/v1/uploads", content="order_id,sku,quantity\nO7,apple,1\n", headers=csv)["id"]
    call("GET", f"/v1/uploads/{upload}")
    made = call("POST", here + "/imports", json={"upload": upload})["id"]
    call("GET", f"{here}/imports/{made}")
    today = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")
    deadline = time.monotonic() + 60
    while not (archived := seen.http.get(f"{here}/archive?day={today}").json()["items"]):
        assert time.monotonic() < deadline, "no file came into the archive"
        time.sleep(0.2)
    call("GET", f"{here}/archive?day={today}")
    call("GET", f"{here}/archive/{today}/{archived[0]['name']}")
    call("GET", f"/v1/archive/agents/sync?day={today}")


def reports(seen: Recorder) -> None:
    """A report of a period that has ended, made by the platform's clock."""
    here, now = "/v1/warehouses/berlin", int(time.time()) // 3600 * 3600 - 3600
    at = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%H:%M")
    wish = {"time_zone": "UTC", "reports": {"kpi": {"every": "day", "at": at}}}
    seen.http.patch(here + "/configuration", json=wish).raise_for_status()
    deadline = time.monotonic() + 60
    while not (made := seen.http.get(here + "/reports").json()["items"]):
        assert time.monotonic() < deadline, "no report was made"
        seen.http.get("/cdn-cgi/handler/scheduled", params={"time": now * 1000})
    seen.call("GET", here + "/reports")
    seen.call("GET", f"{here}/reports/{made[0]['name']}")


def agents(seen: Recorder) -> None:
    call, path = seen.call, "/v1/agents/sync"
    session = {"x-session-id": "example"}
    call("GET", f"{path}/health", headers=session)
    call("GET", "/v1/agents")
    call("GET", "/v1/health")
    call("GET", "/v1/metrics")
    order = "order_id,sku,quantity\nO8,apple,1\n"
    call("POST", f"{path}/sync?kind=order_lines", content=order, headers={**session, "content-type": "text/csv"})
    call("POST", f"{path}/sessions/example/stop")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="smx-examples-") as folder:
        quick = {"ARCHIVE_SECONDS": "0.5", "ARCHIVE_REPEAT_SECONDS": "0.05"}
        with Stack(Path(folder), extra_vars=quick) as stack:
            seen = Recorder(stack.url, stack.admin_key)
            for part in (access, warehouse, stock, jobs, tasks, files, reports, agents):
                part(seen)
            for agent in seen.http.get("/v1/agents").json()["agents"]:
                for instance in agent["instances"]:
                    seen.http.post(f"/v1/agents/{agent['type']}/sessions/{instance['session']}/stop")
    text = json.dumps(seen.found, indent=1, ensure_ascii=False, sort_keys=True)
    assert '"""' not in text
    FILE.write_text(f'{_HEAD}{text}\n"""\n')
    print(f"written: {FILE.relative_to(ROOT)}; without an example: {sorted(seen.names - set(seen.found))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
