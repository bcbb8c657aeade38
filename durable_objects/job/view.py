"""A job as its readers see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def status(row: Mapping[str, Any]) -> dict[str, Any]:
    """The JobStatus of a row of JobStore, without its place in the queue."""
    request = json.loads(row["request"])
    best = json.loads(row["best"]) if row["best"] else None
    base = f"/v1/warehouses/{row['warehouse']}/jobs/{row['id']}"
    links = {"self": base, "events": f"{base}/events"}
    if best is not None and best.get("plan"):
        links["best"] = f"{base}/best"
    if row["state"] == "succeeded":
        links |= {"result": f"{base}/result", "result_csv": f"{base}/result.csv"}
    if row["report"] == "done":
        links["report"] = f"{base}/report"
    return {
        "id": row["id"],
        "warehouse": row["warehouse"],
        "problem": request["problem"],
        "label": request["label"],
        "state": row["state"],
        "attempt": row["attempt"],
        "created_at": row["created_at"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "best": best,
        "queue": None,
        "agent": row["agent"],
        "incarnation": row["incarnation"],
        "error": json.loads(row["error"]) if row["error"] else None,
        "links": links,
        "version": row["version"],
    }


def queue(row: Mapping[str, Any], place: Mapping[str, Any], now: float) -> dict[str, Any] | None:
    """The JobQueue of a queued job; None for one that has its place already. now: seconds since the epoch."""
    if place.get("lease"):
        return None
    age = now - datetime.fromisoformat(row["created_at"]).timestamp()
    return {"position": place["position"], "waiting": place["waiting"], "age_s": round(max(0.0, age), 3)}
